package pack

import (
	"regexp"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

const userPoolClient = "aws:cognito/userPoolClient:UserPoolClient"

var cognitoRules = []rule{
	{
		name:    "user-pool-mfa",
		why:     "A password alone is as strong as the weakest place that it was used in; in a protected stack everybody has a second factor",
		control: "Cognito.5", page: "https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-mfa.html",
		protected: true, types: []string{userPool}, each: want("mfaConfiguration", `"ON"`, oneOf("ON")),
	},
	{
		name:    "user-pool-password",
		why:     "Length is what makes a password hard to guess, and an invitation that works for months is a second password",
		control: "Cognito.3", page: "https://docs.aws.amazon.com/cognito/latest/developerguide/managing-users-passwords.html",
		types: []string{userPool}, each: every(want("passwordPolicy.minimumLength", "12 or more", atLeast(12)),
			want("passwordPolicy.temporaryPasswordValidityDays", "7 or fewer", func(v property.Value) bool {
				return v.IsNull() || v.IsNumber() && v.AsNumber() <= 7
			})),
	},
	{
		name: "user-pool-admin-only",
		why:  "Whoever signs up by himself is in nobody's tenant, or in one that he chose; tenants invite their people",
		page: "https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-admin-create-user-policy.html", types: []string{userPool},
		each: want("adminCreateUserConfig.allowAdminCreateUserOnly", "true", isTrue),
	},
	{
		name:    "user-pool-deletion-protection",
		why:     "A deleted pool cannot be brought back: every user, every password and every second factor is gone",
		control: "Cognito.6", page: "https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-deletion-protection.html",
		protected: true, types: []string{userPool}, each: want("deletionProtection", `"ACTIVE"`, oneOf("ACTIVE")),
	},
	{
		name: "user-pool-client-public",
		why:  "An MCP client runs on people's machines: a secret in it is none, and the implicit and password grants show tokens or passwords to it; it has the code grant, with PKCE",
		page: "https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-client-apps.html", types: []string{userPoolClient},
		each: every(want("generateSecret", "false", isOff), codeOnly),
	},
	{
		name:  "user-pool-client-attributes",
		why:   "A user may write every attribute of the pool unless the client's list is set, the tenant among them",
		page:  "https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-attributes.html#user-pool-settings-attribute-permissions-and-scopes",
		types: []string{userPoolClient}, each: writesNoCustom,
	},
	{
		name: "user-pool-client-silent",
		why:  "An error that tells an unknown user from a wrong password lets anybody list the users",
		page: "https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pool-managing-errors.html", types: []string{userPoolClient},
		each: want("preventUserExistenceErrors", `"ENABLED"`, oneOf("ENABLED")),
	},
	{
		name: "user-pool-client-callbacks",
		why:  "A code sent to an address in clear belongs to who listens on the way; only a loopback address needs no TLS (RFC 8252)",
		page: "https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-client-apps.html", types: []string{userPoolClient},
		each: safeCallbacks,
	},
}

// codeOnly wants no grant but the code grant, nor a sign-in that shows a password to the client.
func codeOnly(r item, report reporter) {
	flows, _ := r.list("allowedOauthFlows")
	for _, v := range flows {
		if flow, sure := textOf(v); sure && flow != "code" {
			report(r, "allowedOauthFlows has %q; expected code alone", flow)
		}
	}
	direct, _ := r.list("explicitAuthFlows")
	for _, v := range direct {
		if flow, _ := textOf(v); strings.Contains(flow, "PASSWORD") {
			report(r, "explicitAuthFlows has %s", flow)
		}
	}
}

func writesNoCustom(r item, report reporter) {
	attributes := r.at("writeAttributes")
	if attributes.IsNull() {
		report(r, "writeAttributes is not set; absent, it is every attribute")
	}
	all, _ := listOf(attributes)
	for _, v := range all {
		if name, _ := textOf(v); strings.HasPrefix(name, "custom:") || strings.HasPrefix(name, "dev:") {
			report(r, "writeAttributes has %s; only administrators write it", name)
		}
	}
}

var loopback = regexp.MustCompile(`^http://(localhost|127\.0\.0\.1|\[::1\])(:[0-9]+)?(/|$)`)

func safeCallbacks(r item, report reporter) {
	all, _ := r.list("callbackUrls")
	for _, v := range all {
		if url, sure := textOf(v); sure && !strings.HasPrefix(url, "https://") && !loopback.MatchString(url) {
			report(r, "callbackUrls has %s; expected https, or http on a loopback address", show(v))
		}
	}
}
