package platform

import (
	"cmp"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cognito"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// pool makes the user pool. Users come from administrators: who signs up by himself has
// no tenant (RULES 41).
func (a *CognitoArgs) pool(ctx *pulumi.Context, name string, trigger *Function, parent pulumi.ResourceOption) (*cognito.UserPool, error) {
	protection := "INACTIVE"
	if a.DeletionProtection {
		protection = "ACTIVE"
	}
	opts := []pulumi.ResourceOption{parent}
	if a.Retain {
		opts = append(opts, pulumi.Protect(true), pulumi.RetainOnDelete(true))
	}
	args := &cognito.UserPoolArgs{
		UserPoolTier:       pulumi.String(a.tier()),
		DeletionProtection: pulumi.String(protection),
		AdminCreateUserConfig: &cognito.UserPoolAdminCreateUserConfigArgs{
			AllowAdminCreateUserOnly: pulumi.Bool(true),
		},
		UsernameAttributes:     pulumi.ToStringArray([]string{"email"}),
		UsernameConfiguration:  &cognito.UserPoolUsernameConfigurationArgs{CaseSensitive: pulumi.Bool(false)},
		AutoVerifiedAttributes: pulumi.ToStringArray([]string{"email"}),
		AccountRecoverySetting: &cognito.UserPoolAccountRecoverySettingArgs{
			RecoveryMechanisms: cognito.UserPoolAccountRecoverySettingRecoveryMechanismArray{
				&cognito.UserPoolAccountRecoverySettingRecoveryMechanismArgs{Name: pulumi.String("verified_email"), Priority: pulumi.Int(1)},
			},
		},
		PasswordPolicy:   passwordPolicy(),
		MfaConfiguration: pulumi.String(a.mfa()),
		Schemas:          cognito.UserPoolSchemaArray{a.tenantSchema()},
		LambdaConfig: &cognito.UserPoolLambdaConfigArgs{
			PreTokenGenerationConfig: &cognito.UserPoolLambdaConfigPreTokenGenerationConfigArgs{
				LambdaArn: trigger.AliasARN, LambdaVersion: pulumi.String("V2_0"), // the first one that reaches access tokens of users
			},
		},
	}
	if a.mfa() != "OFF" {
		args.SoftwareTokenMfaConfiguration = &cognito.UserPoolSoftwareTokenMfaConfigurationArgs{Enabled: pulumi.Bool(true)}
	}
	if a.tier() == tierPlus { // what the tier is paid for: risky sign-ins and leaked passwords are stopped
		args.UserPoolAddOns = &cognito.UserPoolUserPoolAddOnsArgs{AdvancedSecurityMode: pulumi.String("ENFORCED")}
	}
	return cognito.NewUserPool(ctx, name+"-pool", args, opts...)
}

const (
	tierEssentials = "ESSENTIALS"
	tierPlus       = "PLUS"
)

func (a *CognitoArgs) tier() string { return cmp.Or(a.Tier, tierEssentials) }
func (a *CognitoArgs) mfa() string  { return cmp.Or(a.MFA, "ON") }

func passwordPolicy() *cognito.UserPoolPasswordPolicyArgs {
	return &cognito.UserPoolPasswordPolicyArgs{
		MinimumLength:    pulumi.Int(14),
		RequireLowercase: pulumi.Bool(true), RequireUppercase: pulumi.Bool(true),
		RequireNumbers: pulumi.Bool(true), RequireSymbols: pulumi.Bool(true),
		TemporaryPasswordValidityDays: pulumi.Int(3),
	}
}

// tenantSchema is the attribute that names a user's tenant: mutable, or an administrator
// could neither set it later nor correct it; the client may not write it. A pool's
// attributes cannot be changed or removed once it has them.
func (a *CognitoArgs) tenantSchema() *cognito.UserPoolSchemaArgs {
	return &cognito.UserPoolSchemaArgs{
		Name: pulumi.String(a.tenantAttribute()), AttributeDataType: pulumi.String("String"),
		Mutable: pulumi.Bool(true), Required: pulumi.Bool(false), DeveloperOnlyAttribute: pulumi.Bool(false),
		StringAttributeConstraints: &cognito.UserPoolSchemaStringAttributeConstraintsArgs{
			MinLength: pulumi.String("1"), MaxLength: pulumi.String("64"), // as long as a tenant id can be
		},
	}
}

// client makes the resource server and the one public client: code flow with PKCE, no secret.
func (a *CognitoArgs) client(ctx *pulumi.Context, name string, pool *cognito.UserPool, parent pulumi.ResourceOption) (*cognito.UserPoolClient, error) {
	server, err := a.resourceServer(ctx, name, pool, parent)
	if err != nil {
		return nil, err
	}
	providers := a.IdentityProviders
	if len(providers) == 0 {
		providers = []string{"COGNITO"}
	}
	return cognito.NewUserPoolClient(ctx, name+"-client", &cognito.UserPoolClientArgs{
		UserPoolId:                      pool.ID(),
		GenerateSecret:                  pulumi.Bool(false),
		AllowedOauthFlowsUserPoolClient: pulumi.Bool(true),
		AllowedOauthFlows:               pulumi.ToStringArray([]string{"code"}),
		AllowedOauthScopes:              pulumi.ToStringArray(a.scopes()),
		CallbackUrls:                    pulumi.ToStringArray(a.CallbackURLs),
		SupportedIdentityProviders:      pulumi.ToStringArray(providers),
		// Absent would mean every attribute, the tenant's too, and users could move themselves
		// (RULES 41). An attribute that a federated provider maps has to be in the list.
		WriteAttributes: pulumi.ToStringArray([]string{"email"}),
		ReadAttributes:  pulumi.ToStringArray([]string{"email", "email_verified"}),
		// The sign-in pages offer what the client's flows allow, so passwords need one that has
		// them: with ALLOW_CUSTOM_AUTH alone nobody gets past the form. SRP is the one that never
		// sends the password. It opens the API too, whose tokens carry the tenant and none of our
		// scopes; what else they allow of a user's own attributes, WriteAttributes bounds.
		// https://docs.aws.amazon.com/cognito/latest/developerguide/authentication-implement.html
		ExplicitAuthFlows: pulumi.ToStringArray([]string{"ALLOW_USER_SRP_AUTH"}),
		// A refresh token is good once, as RFC 9700 section 4.14.2 asks for public clients; for
		// a minute twice, as clients refresh in parallel and lose answers. Cognito wants
		// ALLOW_REFRESH_TOKEN_AUTH off for it:
		// https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-refresh-token.html
		RefreshTokenRotation: &cognito.UserPoolClientRefreshTokenRotationArgs{
			Feature: pulumi.String("ENABLED"), RetryGracePeriodSeconds: pulumi.Int(60),
		},
		AccessTokenValidity:  pulumi.Int(cmp.Or(a.AccessTokenMinutes, 60)),
		IdTokenValidity:      pulumi.Int(cmp.Or(a.AccessTokenMinutes, 60)),
		RefreshTokenValidity: pulumi.Int(cmp.Or(a.RefreshTokenDays, 30)),
		TokenValidityUnits: &cognito.UserPoolClientTokenValidityUnitsArgs{
			AccessToken: pulumi.String("minutes"), IdToken: pulumi.String("minutes"), RefreshToken: pulumi.String("days"),
		},
		EnableTokenRevocation:      pulumi.Bool(true),
		PreventUserExistenceErrors: pulumi.String("ENABLED"),
	}, parent, pulumi.DependsOn([]pulumi.Resource{server})) // whose scopes it names
}

func (a *CognitoArgs) resourceServer(ctx *pulumi.Context, name string, pool *cognito.UserPool, parent pulumi.ResourceOption) (*cognito.ResourceServer, error) {
	var scopes cognito.ResourceServerScopeArray
	for _, scope := range a.Scopes {
		scopes = append(scopes, &cognito.ResourceServerScopeArgs{
			ScopeName: pulumi.String(scope.Name), ScopeDescription: pulumi.String(scope.Description),
		})
	}
	return cognito.NewResourceServer(ctx, name+"-resource-server", &cognito.ResourceServerArgs{
		UserPoolId: pool.ID(), Identifier: pulumi.String(a.ResourceServer), Name: pulumi.String(name), Scopes: scopes,
	}, parent)
}

// scopes are as clients ask for them: Cognito puts the identifier before each (RULES 14).
// Neither openid, because nothing here reads an ID token and its `iss` is not the one of
// our metadata document, nor aws.cognito.signin.user.admin, with which a user edits himself.
func (a *CognitoArgs) scopes() []string {
	var all []string
	for _, scope := range a.Scopes {
		all = append(all, a.scopePrefix()+scope.Name)
	}
	slices.Sort(all)
	return all
}

func (a *CognitoArgs) scopePrefix() string { return a.ResourceServer + "/" }
