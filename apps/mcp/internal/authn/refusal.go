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

// WriteTo sends the refusal. Headers that w has already, such as those of CORS, stay.
func (r *Refusal) WriteTo(w http.ResponseWriter) {
	header := w.Header()
	for name, values := range r.Header {
		header[name] = values
	}
	w.WriteHeader(r.Status)
	_, _ = w.Write(r.Body) // a client that has gone needs no answer
}
