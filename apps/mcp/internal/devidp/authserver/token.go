package authserver

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"

	"leasehold.example/apps/mcp/internal/devidp"
)

// machine is in front of the endpoints that programs call. pkg/op reads parameters from
// the query too, takes the first of several, and leaves the challenge of a 401 to others.
func (s *Server) machine(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fail := func(text string) {
			op.WriteError(w, r, oidc.ErrInvalidRequest().WithDescription("%s", text), s.Log)
		}
		if foreignOrigin(r) {
			op.WriteError(w, r, op.NewStatusError(
				oidc.ErrInvalidRequest().WithDescription("pages of another origin get no tokens"), http.StatusForbidden), s.Log)
			return
		}
		if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/x-www-form-urlencoded" {
			fail("want application/x-www-form-urlencoded")
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		if err := r.ParseForm(); err != nil {
			fail("the form is too large or malformed")
			return
		}
		if r.URL.RawQuery != "" {
			fail("parameters belong into the body")
			return
		}
		if repeated(r.PostForm) {
			fail("a parameter is repeated") // RFC 6749 section 3.2
			return
		}
		if _, _, basic := r.BasicAuth(); basic && r.PostForm.Has("client_secret") {
			fail("more than one way of client authentication") // RFC 6749 section 2.3
			return
		}
		next.ServeHTTP(challenged{w, r.Header.Get("Authorization") != ""}, r)
	})
}

// repeated reports whether a parameter is there twice. `resource` may be (RFC 8707
// section 2).
func repeated(form url.Values) bool {
	for name, values := range form {
		if len(values) > 1 && name != "resource" {
			return true
		}
	}
	return false
}

// challenged adds the challenge to a 401 for who used the Authorization header (RFC 6749
// section 5.2).
type challenged struct {
	http.ResponseWriter

	basic bool
}

func (c challenged) WriteHeader(status int) {
	if status == http.StatusUnauthorized && c.basic {
		c.Header().Set("WWW-Authenticate", `Basic realm="leasehold"`)
	}
	c.ResponseWriter.WriteHeader(status)
}

// tokens answers what pkg/op has read.
type tokens struct {
	op.UnimplementedServer
	*Server
}

// VerifyClient authenticates a client.
func (s *tokens) VerifyClient(_ context.Context, r *op.Request[op.ClientCredentials]) (op.Client, error) {
	refused := op.NewStatusError(oidc.ErrInvalidClient().WithDescription("client authentication failed"), http.StatusUnauthorized)
	if r.Data.ClientAssertion != "" {
		return nil, refused
	}
	c, err := s.knownClient(r.Data.ClientID)
	if errors.Is(err, errNoClient) || err == nil && !c.authenticates(r.Data.ClientSecret) {
		return nil, refused
	}
	if err != nil {
		return nil, s.failed("client", err)
	}
	return opClient{c}, nil
}

// CodeExchange redeems a code. A code that comes again ends what it gave (OAuth 2.1
// section 4.1.3).
func (s *tokens) CodeExchange(_ context.Context, r *op.ClientRequest[oidc.AccessTokenRequest]) (*op.Response, error) {
	if err := s.checkResource(r.PostForm); err != nil {
		return nil, err
	}
	s.codes.mu.Lock()
	defer s.codes.mu.Unlock()
	g, err := s.codes.redeem(r.Data.Code)
	if errors.Is(err, errReused) {
		s.Log.Warn("a code was redeemed twice; what it gave is revoked")
		if err := s.ledger.revokeFamily(g.Family); err != nil {
			return nil, s.failed("revoke", err)
		}
	}
	if err != nil || g.Client != r.Client.GetID() || g.Redirect != r.Data.RedirectURI {
		return nil, invalidGrant("the code is unknown, used, expired or of another client")
	}
	if v := r.Data.CodeVerifier; v != "" && !verifierPattern.MatchString(v) {
		return nil, invalidGrant("the code_verifier is not 43 to 128 unreserved characters")
	}
	challenge := oidc.CodeChallenge{Challenge: g.Challenge, Method: oidc.CodeChallengeMethodS256}
	if err := op.AuthorizeCodeChallenge(r.Data.CodeVerifier, &challenge); err != nil {
		return nil, err
	}
	return s.begin(g)
}

// verifierPattern is RFC 7636, section 4.1. The library compares hashes of anything.
var verifierPattern = regexp.MustCompile(`^[A-Za-z0-9._~-]{43,128}$`)

// begin issues the tokens of a consent.
func (s *tokens) begin(g grant) (*op.Response, error) {
	// Without a refresh token nothing outlives the access token, and the client is idle again.
	f := family{ID: g.Family, Client: g.Client, Person: g.Person, Scopes: g.Scopes, Until: s.Now().Add(accessTTL)}
	var refresh string
	if g.Refreshable {
		refresh = newRefreshToken(f.ID)
		f.Refresh, f.Until = hashOf(refresh), s.Now().Add(familyTTL)
	}
	token, err := s.issue(f, f.Scopes)
	if err != nil {
		return nil, err
	}
	f.Access = []access{{token.ID, token.ExpiresAt}}
	if err := s.ledger.begin(f); err != nil {
		return nil, s.failed("begin", err)
	}
	return answer(token, refresh, f.Scopes), nil
}

// RefreshToken redeems a refresh token, of which there is a new one each time.
func (s *tokens) RefreshToken(_ context.Context, r *op.ClientRequest[oidc.RefreshTokenRequest]) (*op.Response, error) {
	if err := s.checkResource(r.PostForm); err != nil {
		return nil, err
	}
	var (
		token  devidp.Token
		scopes []string
	)
	_, refresh, err := s.ledger.rotate(r.Data.RefreshToken, r.Client.GetID(), func(f family) (access, error) {
		scopes = f.Scopes
		if len(r.Data.Scopes) > 0 { // fewer, for this access token only (RFC 6749 section 6)
			scopes = r.Data.Scopes
		}
		if !within(scopes, f.Scopes) {
			return access{}, oidc.ErrInvalidScope().WithDescription("more scopes than were granted")
		}
		var err error
		token, err = s.issue(f, scopes)
		return access{token.ID, token.ExpiresAt}, err
	})
	var refusal *oidc.Error
	switch {
	case err == nil:
		return answer(token, refresh, scopes), nil
	case errors.Is(err, errReused):
		s.Log.Warn("a refresh token was used twice; who is signed in with it is signed out")
		fallthrough
	case errors.Is(err, errNoGrant):
		return nil, invalidGrant("the refresh token is unknown, used, expired or of another client")
	case errors.As(err, &refusal):
		return nil, refusal
	default:
		return nil, s.failed("refresh", err)
	}
}

// ClientCredentialsExchange issues a token to a machine, as the subject of its own name.
func (s *tokens) ClientCredentialsExchange(_ context.Context, r *op.ClientRequest[oidc.ClientCredentialsRequest]) (*op.Response, error) {
	if err := s.checkResource(r.PostForm); err != nil {
		return nil, err
	}
	c, ok := r.Client.(opClient)
	if !ok || c.Tenant == "" {
		return nil, oidc.ErrUnauthorizedClient()
	}
	scopes := []string(r.Data.Scope)
	if len(scopes) == 0 {
		scopes = s.DefaultScopes
	}
	if !within(scopes, s.Issuer.Scopes()) {
		return nil, oidc.ErrInvalidScope().WithDescription("an unknown scope")
	}
	token, err := s.issue(family{Client: c.ID, Person: person{c.Tenant, machinePrefix + c.ID}}, scopes)
	if err != nil {
		return nil, err
	}
	return answer(token, "", scopes), nil
}

// Revocation ends a token of the client's own; for others it does nothing and says the
// same (RFC 7009 section 2.2).
func (s *tokens) Revocation(_ context.Context, r *op.ClientRequest[oidc.RevocationRequest]) (*op.Response, error) {
	id := r.Client.GetID()
	if owner, token, err := s.Issuer.Inspect(r.Data.Token); err == nil {
		if owner == id {
			if err := s.ledger.revokeAccess(access{token.ID, token.ExpiresAt}); err != nil {
				return nil, s.failed("revoke", err)
			}
		}
		return op.NewResponse(nil), nil
	}
	if err := s.ledger.revokeRefresh(r.Data.Token, id); err != nil {
		return nil, s.failed("revoke", err)
	}
	return op.NewResponse(nil), nil
}

func (s *tokens) issue(f family, scopes []string) (devidp.Token, error) {
	token, err := s.Issuer.Issue(devidp.Grant{
		Tenant: f.Person.Tenant, Subject: f.Person.Subject, ClientID: f.Client, Scopes: scopes, TTL: accessTTL,
	})
	if err != nil {
		return devidp.Token{}, s.failed("issue", err)
	}
	return token, nil
}

func answer(token devidp.Token, refresh string, scopes []string) *op.Response {
	return op.NewResponse(&oidc.AccessTokenResponse{
		AccessToken: token.Signed, TokenType: oidc.BearerToken, ExpiresIn: uint64(accessTTL.Seconds()),
		RefreshToken: refresh, Scope: scopes,
	})
}

// checkResource holds `resource` to the one there is; absent it means that one (RFC 8707
// section 2.2).
func (s *Server) checkResource(form url.Values) error {
	for _, resource := range form["resource"] {
		if resource != s.Issuer.Audience() {
			return oidc.ErrInvalidTarget().WithDescription("the only resource is %s", s.Issuer.Audience())
		}
	}
	return nil
}

// failed keeps the reason in the log.
func (s *Server) failed(doing string, err error) error {
	s.Log.Error("authorization server", slog.String("doing", doing), slog.Any("error", err))
	return oidc.ErrServerError().WithDescription("it failed; the server's log says why")
}

func invalidGrant(text string) error { return oidc.ErrInvalidGrant().WithDescription("%s", text) }

// within reports whether all of some are among all.
func within(some, all []string) bool {
	return !slices.ContainsFunc(some, func(s string) bool { return !slices.Contains(all, s) })
}

// bearer is the token of an Authorization header; what else there may be is refused by
// who reads it for good.
func bearer(header string) string {
	words := strings.Fields(header)
	if len(words) == 0 {
		return ""
	}
	return words[len(words)-1]
}

// Guard is in front of everything that the local server serves: no route answers to a
// foreign Host (RULES 32), and a revoked access token is none. The resource server behind
// it believes signatures, as it does on Lambda.
func (s *Server) Guard(next http.Handler) http.Handler {
	return s.Issuer.OwnHost(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for n, value := range r.Header.Values("Authorization") {
			revoked, err := s.ledger.revoked(devidp.TokenID(bearer(value)))
			if err != nil {
				s.Log.Error("authorization server", "doing", "look up", "error", err)
			}
			if revoked || err != nil {
				r.Header["Authorization"][n] = "Bearer revoked"
			}
		}
		next.ServeHTTP(w, r)
	}))
}

func newFamilyID() string { return rand.Text() }
