// Package standin has what the examples talk to, for a developer's machine and for tests: an
// authorization server that exchanges tokens, an API that believes it alone, and Secrets Manager.
package standin

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"leasehold.example/libs/bearer"
	"leasehold.example/libs/identity"
)

// What the authorization server knows.
const (
	Client   = "leasehold"
	Audience = "https://invoices.example"
	Scope    = "invoices:read"

	issuer   = "https://tokens.example"
	lifetime = 5 * time.Minute
)

// Verify returns the principal of a token of the MCP server's own issuers.
type Verify func(ctx context.Context, token string) (identity.Principal, error)

// Invoices are the authorization server of an API, and the API.
type Invoices struct {
	verify Verify
	public ed25519.PublicKey
	key    ed25519.PrivateKey
}

// NewInvoices exchanges the tokens that verify accepts.
func NewInvoices(verify Verify) (*Invoices, error) {
	public, key, err := ed25519.GenerateKey(rand.Reader)
	return &Invoices{verify: verify, public: public, key: key}, err
}

// claims are those of the tokens for the API.
type claims struct {
	jwt.RegisteredClaims

	Tenant string `json:"tenant"`
	Scope  string `json:"scope"`
	// Actor is who acts on the subject's behalf (RFC 8693, section 4.1).
	Actor struct {
		Subject string `json:"sub"`
	} `json:"act"`
}

// Token is the token endpoint (RFC 8693, section 2).
func (i *Invoices) Token(w http.ResponseWriter, r *http.Request) {
	form := func(name string) string { return r.PostFormValue(name) }
	if form("grant_type") != "urn:ietf:params:oauth:grant-type:token-exchange" || form("client_id") != Client {
		refuse(w, "invalid_client")
		return
	}
	if form("audience") != Audience {
		refuse(w, "invalid_target")
		return
	}
	if form("scope") != Scope {
		refuse(w, "invalid_scope")
		return
	}
	p, err := i.verify(r.Context(), form("subject_token"))
	if err != nil {
		refuse(w, "invalid_request")
		return
	}
	token, err := i.sign(p)
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	answer(w, map[string]any{ //nolint:gosec // names, and a token that is made here
		"access_token": token, "token_type": "Bearer", "expires_in": int(lifetime.Seconds()),
		"issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
	})
}

func (i *Invoices) sign(p identity.Principal) (string, error) {
	now := time.Now()
	c := claims{Tenant: p.Tenant, Scope: Scope, RegisteredClaims: jwt.RegisteredClaims{
		Issuer: issuer, Subject: p.Subject, Audience: jwt.ClaimStrings{Audience},
		IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(lifetime)),
	}}
	c.Actor.Subject = Client
	return jwt.NewWithClaims(jwt.SigningMethodEdDSA, c).SignedString(i.key)
}

// List is the API: the invoices of the tenant that the token names.
func (i *Invoices) List(w http.ResponseWriter, r *http.Request) {
	c, err := i.check(bearer.Token(r.Header.Get("Authorization")))
	if err != nil {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	number := strings.ToUpper(c.Tenant) + "-" + c.Subject
	answer(w, []map[string]string{{"number": number + "-1", "amount": "120.00"}, {"number": number + "-2", "amount": "80.50"}})
}

// check accepts what sign makes, and nothing of the MCP server's issuers.
func (i *Invoices) check(token string) (claims, error) {
	var c claims
	_, err := jwt.ParseWithClaims(token, &c, func(*jwt.Token) (any, error) { return i.public, nil },
		jwt.WithValidMethods([]string{jwt.SigningMethodEdDSA.Alg()}), jwt.WithIssuer(issuer),
		jwt.WithAudience(Audience), jwt.WithExpirationRequired())
	if err == nil && !slices.Contains(strings.Fields(c.Scope), Scope) {
		err = errors.New("the scope is missing")
	}
	return c, err
}

func refuse(w http.ResponseWriter, code string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusBadRequest)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": code}) // who left needs no answer
}

func answer(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(body) // who left needs no answer
}
