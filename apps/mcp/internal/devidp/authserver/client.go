package authserver

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"

	"leasehold.example/libs/privatefile"
)

const (
	grantCode    = string(oidc.GrantTypeCode)
	grantRefresh = string(oidc.GrantTypeRefreshToken)
	grantMachine = string(oidc.GrantTypeClientCredentials)

	methodNone  = string(oidc.AuthMethodNone)
	methodBasic = string(oidc.AuthMethodBasic)
	methodPost  = string(oidc.AuthMethodPost)
)

var authMethods = []string{methodNone, methodBasic, methodPost}

var errNoClient = errors.New("authserver: no such client")

// client is who asks for tokens.
type client struct {
	ID        string   `json:"id"`
	Name      string   `json:"name,omitempty"`
	Redirects []string `json:"redirects,omitempty"`
	Grants    []string `json:"grants"`
	// Method is how it authenticates; a client with methodNone has no Secret.
	Method string `json:"method"`
	// Secret is the hash of its secret.
	Secret  string    `json:"secret,omitempty"`
	Created time.Time `json:"created,omitzero"`
	// Tenant is that of a machine client; empty for the others, which act for people.
	Tenant string `json:"-"`
}

// MachineClient is a client that gets tokens for itself (RFC 6749 section 4.4).
type MachineClient struct {
	ID, Tenant string
	// File holds its secret, for people to read: mode 0600, nothing else in it.
	File   string
	secret string // its hash
}

// MachineClients are one for each tenant of People.
func (s *Server) MachineClients() []MachineClient { return slices.Clone(s.machines) }

// machinePrefix begins the subjects of machines. No person has one that does, or whoever
// types a machine's name would be it, without its secret (RFC 9700 section 4.15).
const machinePrefix = "client:"

// openMachines reads the secrets of the machine clients in dir, and makes those that are
// not there.
func openMachines(dir string) ([]MachineClient, error) {
	var machines []MachineClient
	for _, tenant := range People {
		id := "machine-" + tenant.Name
		file := filepath.Join(dir, id+".secret")
		secret, err := privatefile.ReadOrCreate(file, func() ([]byte, error) { return []byte(rand.Text() + rand.Text() + "\n"), nil })
		if err != nil {
			return nil, err
		}
		machines = append(machines, MachineClient{ID: id, Tenant: tenant.Name, File: file, secret: hashOf(strings.TrimSpace(string(secret)))})
	}
	return machines, nil
}

func (m MachineClient) client() client {
	return client{
		ID: m.ID, Name: m.ID, Grants: []string{grantMachine},
		Method: methodBasic, Secret: m.secret, Tenant: m.Tenant,
	}
}

// client finds a client by its id: a machine's, a registered one's, or the URL of a
// client-id metadata document, which is fetched. The error is errNoClient, or says what is
// wrong with a document.
func (s *Server) client(ctx context.Context, id string) (client, error) {
	if isDocumentURL(id) {
		return s.fetcher.client(ctx, id)
	}
	return s.knownClient(id)
}

// knownClient is client for the endpoints that get a code or a token, which bind it to a
// client already: a document is not fetched again for them.
func (s *Server) knownClient(id string) (client, error) {
	if isDocumentURL(id) {
		return client{ID: id, Grants: []string{grantCode, grantRefresh}, Method: methodNone}, nil
	}
	for _, m := range s.machines {
		if m.ID == id {
			return m.client(), nil
		}
	}
	return s.ledger.client(id)
}

// authenticates reports whether secret is the client's; a public client has none.
func (c client) authenticates(secret string) bool {
	if c.Method == methodNone {
		return secret == ""
	}
	return subtle.ConstantTimeCompare([]byte(hashOf(secret)), []byte(c.Secret)) == 1
}

// redirect finds the redirect URI that uri is, apart from the port that a native client
// happens to listen on (RFC 8252 section 7.3).
func (c client) redirect(uri string) (*url.URL, bool) {
	wanted, err := parseRedirect(uri)
	if err != nil {
		return nil, false
	}
	return wanted, slices.ContainsFunc(c.Redirects, func(own string) bool {
		registered, err := parseRedirect(own)
		return err == nil && (own == uri || withoutPort(registered) == withoutPort(wanted))
	})
}

func withoutPort(u *url.URL) string {
	bare := *u
	bare.Host = u.Hostname()
	return bare.String()
}

// parseRedirect reads a redirect URI: http to a loopback host (RFC 8252 section 7.3),
// without what could make it look like another (RULES 32).
func parseRedirect(uri string) (*url.URL, error) {
	u, err := url.Parse(uri)
	switch {
	case err != nil:
		return nil, errors.New("not a URI")
	case u.Scheme != "http":
		return nil, errors.New("not http")
	case u.User != nil || u.Opaque != "" || u.Fragment != "" || strings.Contains(uri, "#"):
		return nil, errors.New("with credentials or a fragment")
	case !isLoopback(u.Hostname()):
		return nil, errors.New("not on loopback")
	case answers(u.Query()):
		return nil, errors.New("with a parameter that the answer has")
	}
	return u, nil
}

// answers reports whether q has what an authorization response adds: of two, a client may
// read the one that is not ours (RFC 9207).
func answers(q url.Values) bool {
	return q.Has("code") || q.Has("state") || q.Has("iss") || q.Has("error")
}

// isLoopback reports whether host is a loopback address, or the name that is reserved for
// them (RFC 6761 section 6.3).
func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.Zone() == "" && ip.Unmap().IsLoopback()
}

// opClient is a client as pkg/op sees it. pkg/op asks for its methods of authentication
// and grants; the other methods are of flows that are not served here.
type opClient struct{ client }

var _ op.Client = opClient{}

func (c opClient) GetID() string                     { return c.ID }
func (c opClient) RedirectURIs() []string            { return c.Redirects }
func (opClient) PostLogoutRedirectURIs() []string    { return nil }
func (opClient) ApplicationType() op.ApplicationType { return op.ApplicationTypeNative }
func (c opClient) AuthMethod() oidc.AuthMethod       { return oidc.AuthMethod(c.Method) }
func (opClient) ResponseTypes() []oidc.ResponseType {
	return []oidc.ResponseType{oidc.ResponseTypeCode}
}
func (opClient) LoginURL(string) string                                   { return signInPath }
func (opClient) AccessTokenType() op.AccessTokenType                      { return op.AccessTokenTypeJWT }
func (opClient) IDTokenLifetime() time.Duration                           { return 0 }
func (opClient) DevMode() bool                                            { return false }
func (opClient) RestrictAdditionalIdTokenScopes() func([]string) []string { return slices.Clone } //nolint:revive,staticcheck // op.Client's name

func (opClient) RestrictAdditionalAccessTokenScopes() func([]string) []string { return slices.Clone }
func (opClient) IsScopeAllowed(string) bool                                   { return false }
func (opClient) IDTokenUserinfoClaimsAssertion() bool                         { return false }
func (opClient) ClockSkew() time.Duration                                     { return 0 }

func (c opClient) GrantTypes() []oidc.GrantType {
	var grants []oidc.GrantType
	for _, g := range c.Grants {
		grants = append(grants, oidc.GrantType(g))
	}
	return grants
}
