package authserver

import (
	"crypto/rand"
	stdjson "encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"unicode"

	"github.com/go-json-experiment/json"
)

const (
	maxRedirects = 10
	maxRedirect  = 2000 // bytes of a redirect URI
	maxName      = 200  // bytes of a client's name
)

// description is what a client says about itself, when it registers (RFC 7591 section 2)
// or in its client-id metadata document. Members that are not here have no effect.
type description struct {
	ID            string   `json:"client_id"`
	Name          string   `json:"client_name"`
	Redirects     []string `json:"redirect_uris"`
	Grants        []string `json:"grant_types"`
	ResponseTypes []string `json:"response_types"`
	Method        string   `json:"token_endpoint_auth_method"`
}

// registration is the answer to a client that has registered (RFC 7591 section 3.2.1).
type registration struct {
	ID            string   `json:"client_id"`
	IssuedAt      int64    `json:"client_id_issued_at"`
	Secret        string   `json:"client_secret,omitempty"`
	SecretExpires *int64   `json:"client_secret_expires_at,omitempty"` // 0 is never
	Name          string   `json:"client_name,omitempty"`
	Redirects     []string `json:"redirect_uris"`
	Grants        []string `json:"grant_types"`
	ResponseTypes []string `json:"response_types"`
	Method        string   `json:"token_endpoint_auth_method"`
}

// register takes a client's registration. It is JSON, which no form of another site can
// send, and there are no CORS headers (RULES 32).
func (s *Server) register(w http.ResponseWriter, r *http.Request) {
	if foreignOrigin(r) {
		refuseRegistration(w, http.StatusForbidden, "invalid_client_metadata", "pages of another origin register nothing")
		return
	}
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" {
		refuseRegistration(w, http.StatusUnsupportedMediaType, "invalid_client_metadata", "want application/json")
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRegistration))
	if err != nil {
		refuseRegistration(w, http.StatusRequestEntityTooLarge, "invalid_client_metadata", "the registration is too large")
		return
	}
	var d description
	if err := json.Unmarshal(body, &d); err != nil {
		refuseRegistration(w, http.StatusBadRequest, "invalid_client_metadata", "not strict JSON of a client's metadata")
		return
	}
	c, refused := d.register()
	if refused != nil {
		refuseRegistration(w, http.StatusBadRequest, refused.code, refused.text)
		return
	}
	c.ID, c.Created = rand.Text(), s.Now()
	answer := registration{
		ID: c.ID, IssuedAt: c.Created.Unix(), Name: c.Name, Redirects: c.Redirects, Grants: c.Grants,
		ResponseTypes: []string{"code"}, Method: c.Method,
	}
	if c.Method != methodNone {
		answer.Secret, answer.SecretExpires = rand.Text()+rand.Text(), new(int64)
		c.Secret = hashOf(answer.Secret)
	}
	switch err := s.ledger.addClient(c); {
	case errors.Is(err, errFull):
		refuseRegistration(w, http.StatusServiceUnavailable, "temporarily_unavailable", "too many clients are signed in")
	case err != nil:
		_ = s.failed("register", err)
		refuseRegistration(w, http.StatusInternalServerError, "server_error", "it failed; the server's log says why")
	default:
		writeJSON(w, http.StatusCreated, answer)
	}
}

// register makes a client of a registration. What it asks for beyond what is served is
// left out, as RFC 7591 section 2 allows, where a client can do without.
func (d description) register() (client, *refusal) {
	c, refused := d.check()
	if refused != nil {
		return client{}, refused
	}
	for _, uri := range d.Redirects {
		if _, err := parseRedirect(uri); err != nil {
			return client{}, &refusal{"invalid_redirect_uri", "a redirect URI is " + err.Error()}
		}
	}
	c.Method = d.Method
	if c.Method == "" {
		c.Method = methodBasic // the default of RFC 7591 section 2
	}
	if !slices.Contains(authMethods, c.Method) {
		return client{}, &refusal{"invalid_client_metadata", "the token_endpoint_auth_method is not supported"}
	}
	return c, nil
}

// check is what registrations and documents have in common.
func (d description) check() (client, *refusal) {
	c := client{Name: d.Name, Redirects: d.Redirects}
	for _, g := range d.Grants {
		if g == grantCode || g == grantRefresh {
			c.Grants = append(c.Grants, g)
		}
	}
	if len(d.Grants) == 0 {
		c.Grants = []string{grantCode}
	}
	switch {
	case len(d.Redirects) == 0 || len(d.Redirects) > maxRedirects:
		return c, &refusal{"invalid_redirect_uri", "want 1 to 10 redirect URIs"}
	case slices.ContainsFunc(d.Redirects, func(uri string) bool { return len(uri) > maxRedirect }):
		return c, &refusal{"invalid_redirect_uri", "a redirect URI is too long"}
	case len(d.Name) > maxName || !printable(d.Name):
		return c, &refusal{"invalid_client_metadata", "the client_name is too long or not plain text"}
	case slices.Contains(d.Grants, grantMachine):
		return c, &refusal{"invalid_client_metadata", "machines have clients of their own here, which do not register"}
	case !slices.Contains(c.Grants, grantCode):
		return c, &refusal{"invalid_client_metadata", "the grant_types lack authorization_code"}
	case len(d.ResponseTypes) > 0 && !slices.Contains(d.ResponseTypes, "code"):
		return c, &refusal{"invalid_client_metadata", "the response_types lack code"}
	}
	return c, nil
}

// printable keeps characters out of a name that could make it read as another: control
// and formatting characters, such as those that turn the direction of writing.
func printable(name string) bool {
	for _, r := range name {
		if !unicode.IsPrint(r) {
			return false
		}
	}
	return true
}

func refuseRegistration(w http.ResponseWriter, status int, code, text string) {
	writeJSON(w, status, map[string]string{"error": code, "error_description": text})
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = stdjson.NewEncoder(w).Encode(value) // a client that is gone needs no answer
}
