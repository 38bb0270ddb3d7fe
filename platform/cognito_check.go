package platform

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// What Cognito accepts.
// https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateResourceServer.html
// https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateUserPoolDomain.html
// https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_SchemaAttributeType.html
var (
	cognitoDomain     = regexp.MustCompile(`^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$`)
	cognitoReserved   = regexp.MustCompile(`aws|amazon|cognito`)
	cognitoIdentifier = regexp.MustCompile(`^[\x21\x23-\x5B\x5D-\x7E]{1,256}$`)
	cognitoScope      = regexp.MustCompile(`^[\x21\x23-\x2E\x30-\x5B\x5D-\x7E]{1,256}$`)
	cognitoAttribute  = regexp.MustCompile(`^[A-Za-z0-9_-]{1,20}$`)
)

func (a *CognitoArgs) validate(name string) error {
	c := newChecks("Cognito", name)
	c.want(a.Region != "", "Region", "must be set")
	c.want(cognitoDomain.MatchString(a.DomainPrefix) && !cognitoReserved.MatchString(a.DomainPrefix), "DomainPrefix",
		"must be 1 to 63 lower-case letters, digits and inner hyphens, without aws, amazon and cognito, not %q", a.DomainPrefix)
	c.want(cognitoIdentifier.MatchString(a.ResourceServer), "ResourceServer", "must be 1 to 256 printable characters without quotes and backslashes, not %q", a.ResourceServer)
	c.want(len(a.Scopes) > 0, "Scopes", "must have at least one")
	for _, scope := range a.Scopes {
		c.want(cognitoScope.MatchString(scope.Name), "Scopes", "must be named without spaces, slashes, quotes and backslashes, not %q", scope.Name)
		c.want(scope.Description != "" && len(scope.Description) <= 256, "Scopes", "must each have a description of 1 to 256 bytes: %s", scope.Name)
	}
	c.want(len(a.CallbackURLs) > 0, "CallbackURLs", "must have at least one")
	for _, callback := range a.CallbackURLs {
		c.want(isCallback(callback), "CallbackURLs", "must be https, or http on localhost, without user, fragment and wildcard, not %q", callback)
	}
	c.want(cognitoAttribute.MatchString(a.tenantAttribute()), "TenantAttribute", "must be 1 to 20 letters, digits, - and _, not %q", a.TenantAttribute)
	c.want(a.PreTokenArchive != "", "PreTokenArchive", "must be the path of a zip")
	c.want(slices.Contains([]string{"OFF", "OPTIONAL", "ON"}, a.mfa()), "MFA", "must be OFF, OPTIONAL or ON, not %q", a.MFA)
	c.want(slices.Contains([]string{tierEssentials, tierPlus}, a.tier()), "Tier",
		"must be ESSENTIALS or PLUS, which can put a tenant into access tokens, not %q", a.Tier)
	if a.AccessTokenMinutes != 0 {
		c.between("AccessTokenMinutes", a.AccessTokenMinutes, 5, 24*60)
	}
	if a.RefreshTokenDays != 0 {
		c.between("RefreshTokenDays", a.RefreshTokenDays, 1, 3650)
	}
	c.retention("LogRetentionDays", a.LogRetentionDays)
	return c.err()
}

// isCallback reports whether Cognito may send a code to the URL. Cognito compares it
// exactly, port included; http is for localhost only.
// https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateUserPoolClient.html
func isCallback(text string) bool {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" || strings.Contains(text, "*") {
		return false
	}
	return u.Scheme == "https" || u.Scheme == "http" && u.Hostname() == "localhost"
}
