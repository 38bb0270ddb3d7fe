package program

import (
	"encoding/json"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"leasehold.example/libs/scopes"
	"leasehold.example/platform"
)

// issuer is what matters here of an element of Issuers; apps/mcp/config judges the rest.
type issuer struct {
	JWKSURL      string   `json:"jwks_url"`
	ScopePrefix  string   `json:"scope_prefix"`
	Scopes       []string `json:"scopes"`
	Advertised   bool     `json:"advertised"`
	AdvertisedAs string   `json:"advertised_as"`
}

// advertised is the one issuer that clients are told of, and its place. Without one, or
// with several, the place is -1.
func (c *Config) advertised() (issuer, int) {
	var all []issuer
	if json.Unmarshal([]byte(c.Issuers), &all) != nil { // the server's check has said so
		return issuer{}, -1
	}
	isAdvertised := func(i issuer) bool { return i.Advertised }
	place := slices.IndexFunc(all, isAdvertised)
	if place < 0 || slices.ContainsFunc(all[place+1:], isAdvertised) {
		return issuer{}, -1
	}
	return all[place], place
}

func (c *Config) checkAuthorizationServer(k *checks) {
	k.idle(c.Identity == IdentityCognito, "with leasehold:identity cognito, which has its own", "authorizationServer")
	if c.Identity != IdentityIssuers || !k.set["authorizationServer"] {
		return
	}
	const path = "authorizationServer"
	a := c.AuthorizationServer
	k.refuse(c.Edge == EdgeHTTP, path, "want leasehold:edge rest, which alone serves it")
	k.refuse(c.secret, path, "want leasehold:issuers without a secret: clients are told of the issuer")
	k.refuse(a.AuthorizationEndpoint == "", path+".authorizationEndpoint", "want "+patterns["https"].want+", it is not set")
	k.refuse(a.TokenEndpoint == "", path+".tokenEndpoint", "want "+patterns["https"].want+", it is not set")
	of, place := c.advertised()
	k.refuse(place < 0, path, "want exactly one issuer with advertised in leasehold:issuers, whose metadata this is")
	k.refuse(place >= 0 && of.JWKSURL == "", path, "want jwks_url in the advertised issuer, which clients are told, too")
	k.refuse(of.AdvertisedAs != "", path, "want the advertised issuer without advertised_as, which is the URL of this stack")
}

// foreign is the identity of an authorization server of others, of which this stack serves the
// metadata under url.
func (b *builder) foreign(url pulumi.StringOutput) identity {
	of, place := b.c.advertised()
	names := scopes.Names()
	if len(of.Scopes) > 0 {
		names = slices.DeleteFunc(names, func(name string) bool { return !slices.Contains(of.Scopes, name) })
	}
	a := b.c.AuthorizationServer
	metadata := platform.ServerMetadata{
		AuthorizationEndpoint: pulumi.String(a.AuthorizationEndpoint), TokenEndpoint: pulumi.String(a.TokenEndpoint),
		JWKSURI: pulumi.String(of.JWKSURL), Scopes: prefixed(of.ScopePrefix, names),
	}
	if a.RevocationEndpoint != "" {
		metadata.RevocationEndpoint = pulumi.String(a.RevocationEndpoint)
	}
	if a.RegistrationEndpoint != "" {
		metadata.RegistrationEndpoint = pulumi.String(a.RegistrationEndpoint)
	}
	return identity{
		issuers: url.ApplyT(func(url string) (string, error) {
			var all []map[string]any
			if err := json.Unmarshal([]byte(b.c.Issuers), &all); err != nil {
				return "", err
			}
			all[place]["advertised_as"] = url
			text, err := json.Marshal(all)
			return string(text), err
		}).(pulumi.StringOutput),
		metadata: metadata.Document(url).ToStringPtrOutput(),
		prefix:   of.ScopePrefix,
	}
}
