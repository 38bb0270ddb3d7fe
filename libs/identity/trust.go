package identity

import (
	"cmp"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/golang-jwt/jwt/v5"

	"leasehold.example/libs/outbound"
)

// trust is an Issuer that has been checked, with its defaults and its own keys.
type trust struct {
	Issuer
	keys *keySet
}

func newTrust(ctx context.Context, i Issuer, several bool, o VerifierOptions) (*trust, error) {
	setDefault(&i.Mode, ModeAudience)
	if i.Algorithms == nil {
		i.Algorithms = []string{"RS256", "ES256"}
	}
	if i.Audiences == nil && o.DefaultAudience != "" {
		i.Audiences = []string{o.DefaultAudience}
	}
	if err := i.check(several); err != nil {
		return nil, err
	}
	return &trust{Issuer: i, keys: newKeySet(ctx, newSource(i, o.InsecureTransport), o)}, nil
}

// check reports all that is wrong with a configuration whose defaults are filled in.
func (i Issuer) check(several bool) error {
	return errors.Join(i.checkURLs(), i.checkMode(), i.checkTenants(several), i.checkScopes(), i.checkDebugClaim())
}

func (i Issuer) checkURLs() error {
	var problems []error
	if err := outbound.CheckURL(i.Issuer, i.InsecureLoopback); err != nil {
		problems = append(problems, fmt.Errorf("issuer: %w", err))
	}
	if strings.ContainsAny(i.Issuer, "?#") {
		problems = append(problems, errors.New("issuer: query and fragment are not allowed (RFC 8414 section 2)"))
	}
	if i.JWKSURL != "" {
		if err := outbound.CheckURL(i.JWKSURL, i.InsecureLoopback); err != nil {
			problems = append(problems, fmt.Errorf("jwks_url: %w", err))
		}
	}
	return errors.Join(append(problems, i.checkAdvertisedAs())...)
}

func (i Issuer) checkAdvertisedAs() error {
	if i.AdvertisedAs == "" {
		return nil
	}
	var problems []error
	if !i.Advertised {
		problems = append(problems, errors.New("advertised_as: needs advertised"))
	}
	if err := outbound.CheckURL(i.AdvertisedAs, i.InsecureLoopback); err != nil {
		problems = append(problems, fmt.Errorf("advertised_as: %w", err))
	}
	if strings.ContainsAny(i.AdvertisedAs, "?#") {
		problems = append(problems, errors.New("advertised_as: query and fragment are not allowed (RFC 8414 section 2)"))
	}
	return errors.Join(problems...)
}

// checkDebugClaim refuses claims that say something else already.
func (i Issuer) checkDebugClaim() error {
	taken := []string{
		"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "client_id", "azp", "cid", "scope", "scp", "token_use", "cnf", cmp.Or(i.TenantClaim, "iss"),
	}
	if slices.Contains(taken, i.DebugClaim) {
		return fmt.Errorf("debug_claim: %q is a claim of another meaning", i.DebugClaim)
	}
	return nil
}

func (i Issuer) checkMode() error {
	var problems []error
	switch {
	case i.Mode != ModeAudience && i.Mode != ModeClientID:
		problems = append(problems, fmt.Errorf("mode %q is unknown", i.Mode))
	case i.Mode == ModeAudience && len(i.Audiences) == 0:
		problems = append(problems, errors.New("mode audience needs audiences"))
	case i.Mode == ModeClientID && len(i.ClientIDs) == 0:
		problems = append(problems, errors.New("mode client_id needs client_ids"))
	}
	if slices.Contains(i.Audiences, "") || slices.Contains(i.ClientIDs, "") {
		problems = append(problems, errors.New("audiences and client_ids must not be empty strings"))
	}
	if len(i.Algorithms) == 0 {
		problems = append(problems, errors.New("algorithms is empty; leave it out for RS256 and ES256"))
	}
	for _, alg := range i.Algorithms {
		if !slices.Contains(algorithms, alg) {
			problems = append(problems, fmt.Errorf("algorithm %q is not an asymmetric one that we know", alg))
		}
	}
	return errors.Join(problems...)
}

func (i Issuer) checkTenants(several bool) error {
	var problems []error
	switch {
	case (i.Tenant == "") == (i.TenantClaim == ""):
		problems = append(problems, errors.New("exactly one of tenant and tenant_claim must be set"))
	case i.Tenant != "" && !IsTenant(i.Tenant):
		problems = append(problems, fmt.Errorf("tenant %q is not a tenant id", i.Tenant))
	case i.Tenant != "" && i.Tenants != nil:
		problems = append(problems, errors.New("tenants belongs to tenant_claim, not to tenant"))
	case several && i.TenantClaim != "" && len(i.Tenants) == 0:
		problems = append(problems, errors.New("one of several issuers that names tenants by claim needs the list of tenants it may name"))
	case i.Tenants != nil && len(i.Tenants) == 0:
		problems = append(problems, errors.New("tenants is empty; leave it out for any"))
	}
	for _, pattern := range i.Tenants {
		// A bare * would be the missing list in disguise.
		if !IsTenant(strings.TrimSuffix(pattern, "*")) {
			problems = append(problems, fmt.Errorf("tenants: %q is neither a tenant id nor one with a trailing *", pattern))
		}
	}
	return errors.Join(problems...)
}

func (i Issuer) checkScopes() error {
	var problems []error
	if !slices.Contains([]string{"", "scope", "scp"}, i.ScopeClaim) {
		problems = append(problems, fmt.Errorf("scope_claim %q is neither scope nor scp", i.ScopeClaim))
	}
	if i.ScopePrefix != "" && !isScope(i.ScopePrefix) { // it becomes part of challenges
		problems = append(problems, fmt.Errorf("scope_prefix %q has characters that no scope has (RFC 6749 section 3.3)", i.ScopePrefix))
	}
	if i.BareScopes && i.ScopePrefix == "" {
		problems = append(problems, errors.New("bare_scopes needs scope_prefix"))
	}
	if i.Scopes != nil && len(i.Scopes) == 0 {
		problems = append(problems, errors.New("scopes is empty; leave it out for all"))
	}
	for _, scope := range i.Scopes {
		if !isScope(scope) {
			problems = append(problems, fmt.Errorf("scopes: %q is not a scope (RFC 6749 section 3.3)", scope))
		}
	}
	return errors.Join(problems...)
}

// IsTenant holds a tenant id to [A-Za-z0-9][A-Za-z0-9._-]{0,63}: it becomes part of a key.
// Who issues tokens and who reads them both check it.
func IsTenant(s string) bool {
	if s == "" || len(s) > 64 || strings.ContainsRune("._-", rune(s[0])) {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool { return !isTokenRune(r) })
}

// isScope holds a scope to the scope-token of RFC 6749 section 3.3.
func isScope(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || r == '"' || r == '\\'
	})
}

// signer returns the public key that must have signed the token, and its entry in the
// key set.
func (t *trust) signer(ctx context.Context, token *jwt.Token, kid string) (any, *key, error) {
	alg := token.Method.Alg()
	if !slices.Contains(t.Algorithms, alg) {
		return nil, nil, refuse("the issuer does not use this algorithm")
	}
	set, err := t.keys.find(ctx, kid)
	if err != nil {
		return nil, nil, err
	}
	public, err := set.keyfunc.KeyfuncCtx(ctx)(token)
	if err != nil || !fits(public, alg) {
		return nil, nil, refuse("the key is not one for this algorithm")
	}
	return public, set.keys[kid], nil
}

// fits reports whether public is a key for alg. golang-jwt checks the type but not the
// curve, which RFC 7518 section 3.4 ties to the algorithm.
func fits(public any, alg string) bool {
	switch k := public.(type) {
	case *rsa.PublicKey:
		return strings.HasPrefix(alg, "RS") || strings.HasPrefix(alg, "PS")
	case *ecdsa.PublicKey:
		curve := map[string]string{"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}[alg]
		return k.Curve.Params().Name == curve
	case ed25519.PublicKey:
		return alg == "EdDSA"
	}
	return false
}

// principal reads the claims of a token whose signature and times are good. The tenant
// comes last: its absence must not hide that the token is bad.
func (t *trust) principal(body claims) (Principal, error) {
	if _, bound := body.members["cnf"]; bound {
		return Principal{}, refuse("the token is bound to a key, whose proof is not checked here")
	}
	subject, err := body.GetSubject()
	if err != nil {
		return Principal{}, err
	}
	client, err := t.client(body)
	if err != nil {
		return Principal{}, err
	}
	if err := t.checkAudience(body); err != nil {
		return Principal{}, err
	}
	scopes, err := t.scopes(body)
	if err != nil {
		return Principal{}, err
	}
	expires, err := body.GetExpirationTime()
	if err != nil {
		return Principal{}, err
	}
	tenant, err := t.tenant(body)
	if err != nil {
		return Principal{}, err
	}
	return Principal{
		Tenant: tenant, Issuer: t.Issuer.Issuer, Subject: subject,
		ClientID: client, Scopes: scopes, ScopePrefix: t.ScopePrefix, ExpiresAt: expires.Time,
		Debug: t.DebugClaim != "" && body.members[t.DebugClaim].Kind() == 't',
	}, nil
}

// client returns `client_id` (RFC 9068), else `azp` (OpenID Connect), else `cid` (Okta); empty
// when there is none and none is needed.
func (t *trust) client(body claims) (string, error) {
	client, present, ok := body.text("client_id")
	for _, name := range []string{"azp", "cid"} {
		if !present && ok && t.Mode == ModeAudience {
			client, present, ok = body.text(name)
		}
	}
	switch {
	case !ok || present && !isName(client):
		return "", refuse("the client id is unusable")
	case len(t.ClientIDs) > 0 && !slices.Contains(t.ClientIDs, client):
		return "", refuse("the client is not one of ours")
	}
	return client, nil
}

// checkAudience holds the token to being one for us. In ModeClientID a missing `aud` is
// forgiven, a foreign one is not.
func (t *trust) checkAudience(body claims) error {
	use, present, ok := body.text("token_use")
	if !ok || present && use != "access" || !present && t.Mode == ModeClientID {
		return refuse("token_use is not access")
	}
	audiences, err := body.GetAudience()
	if err != nil {
		return err
	}
	if _, present := body.members["aud"]; !present && t.Mode == ModeClientID {
		return nil
	}
	if !slices.ContainsFunc(audiences, func(aud string) bool { return slices.Contains(t.Audiences, aud) }) {
		return refuse("the token is for another audience")
	}
	return nil
}

// scopes returns what the token grants: sorted, without duplicates, with the issuer's
// prefix removed, and nothing that the issuer may not grant.
func (t *trust) scopes(body claims) ([]string, error) {
	granted, err := t.rawScopes(body)
	if err != nil {
		return nil, err
	}
	prefix := t.ScopePrefix
	if t.BareScopes {
		prefix = ""
	}
	var scopes []string
	for _, scope := range granted {
		scope, ok := strings.CutPrefix(scope, prefix)
		if ok && isScope(scope) && t.grants(scope) {
			scopes = append(scopes, scope)
		}
	}
	slices.Sort(scopes)
	return slices.Compact(scopes), nil
}

func (t *trust) rawScopes(body claims) ([]string, error) {
	_, hasScope := body.members["scope"]
	if t.ScopeClaim == "scope" || t.ScopeClaim == "" && hasScope {
		scope, _, ok := body.text("scope")
		if !ok {
			return nil, refuse("scope is not a string")
		}
		return strings.Fields(scope), nil
	}
	scopes, ok := body.texts("scp")
	if !ok {
		return nil, refuse("scp is neither a string nor an array of strings")
	}
	if body.members["scp"].Kind() == '"' {
		return strings.Fields(scopes[0]), nil
	}
	return scopes, nil
}

// grants reports whether tokens of this issuer can carry scope.
func (t *trust) grants(scope string) bool {
	return t.Scopes == nil || slices.Contains(t.Scopes, scope)
}

// tenant returns the tenant that the issuer vouches for.
func (t *trust) tenant(body claims) (string, error) {
	if t.Tenant != "" {
		return t.Tenant, nil
	}
	tenant, present, ok := body.text(t.TenantClaim)
	switch {
	case !present:
		return "", &Error{Problem: NoTenant, Reason: "the token names no tenant"}
	case !ok || !IsTenant(tenant):
		return "", &Error{Problem: NoTenant, Reason: "the tenant is malformed"}
	case t.Tenants != nil && !slices.ContainsFunc(t.Tenants, func(p string) bool { return matches(p, tenant) }):
		return "", &Error{Problem: NoTenant, Reason: "the issuer may not name this tenant"}
	}
	return tenant, nil
}

// matches reports whether pattern, an id or a prefix with a trailing *, covers tenant.
func matches(pattern, tenant string) bool {
	if prefix, ok := strings.CutSuffix(pattern, "*"); ok {
		return strings.HasPrefix(tenant, prefix)
	}
	return pattern == tenant
}
