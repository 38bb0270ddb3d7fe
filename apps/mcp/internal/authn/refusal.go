package authn

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"leasehold.example/libs/identity"
)

// Refusal is an answer that ends a request before any handler saw it.
type Refusal struct {
	// Status is the HTTP status.
	Status int
	// Header holds the fields of the answer, Content-Type and Cache-Control included.
	Header http.Header
	// Body is a JSON object: `error`, `error_description`, and for insufficient_scope the
	// missing scopes in `scope`, separated by spaces.
	Body []byte
}

func newRefusal(status int, code, text string, missing ...string) *Refusal {
	body, err := json.Marshal(struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
		Scope       string `json:"scope,omitempty"`
	}{code, text, strings.Join(missing, " ")})
	if err != nil {
		panic(err) // strings always encode
	}
	return &Refusal{Status: status, Body: body, Header: http.Header{
		"Content-Type":  {"application/json"},
		"Cache-Control": {"no-store"},
	}}
}

func unavailable() *Refusal {
	refusal := newRefusal(http.StatusServiceUnavailable, codeUnavailable, textUnavailable)
	refusal.Header.Set("Retry-After", strconv.Itoa(int(identity.RetryAfter.Seconds())))
	return refusal
}

// challenge adds WWW-Authenticate (RFC 6750 section 3, RFC 9728 section 5.1). Nothing that
// goes in needs escaping: New has seen to the URL and the scopes. code is empty for a
// request that had no token.
func (r *Refusal) challenge(code, text string, scopes []string, metadataURL string) {
	var params []string
	add := func(name, value string) {
		if value != "" {
			params = append(params, name+`="`+value+`"`)
		}
	}
	add("error", code)
	add("error_description", text)
	add("scope", strings.Join(scopes, " "))
	add("resource_metadata", metadataURL)
	r.Header.Set("WWW-Authenticate", "Bearer "+strings.Join(params, ", "))
}

// WriteTo sends the refusal. Headers that w has already, such as those of CORS, stay.
func (r *Refusal) WriteTo(w http.ResponseWriter) {
	header := w.Header()
	for name, values := range r.Header {
		header[name] = values
	}
	w.WriteHeader(r.Status)
	_, _ = w.Write(r.Body) // a client that has gone needs no answer
}
