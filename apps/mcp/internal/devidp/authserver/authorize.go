package authserver

import (
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

const (
	// maxRequests and requestTTL bound the authorization requests that wait for a person.
	maxRequests = 200
	requestTTL  = 10 * time.Minute
	// maxState is the longest `state` in bytes; clients' are far shorter.
	maxState = 2048
	// offlineAccess asks for a refresh token, which clients get by their grant types.
	offlineAccess = "offline_access"
)

// challengePattern is an S256 code challenge (RFC 7636 section 4.2).
var challengePattern = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)

// request is an authorization request that waits for a person's consent.
type request struct {
	Client client
	// URI is the redirect URI as it was sent, Redirect the same parsed.
	URI       string
	Redirect  *url.URL
	State     string
	Challenge string
	Scopes    []string
}

// refusal is an error of RFC 6749 section 4.1.2.1, which the client is told.
type refusal struct{ code, text string }

func (e *refusal) Error() string { return e.code + ": " + e.text }

// authorize takes an authorization request (OAuth 2.1 section 4.1.1). As long as it is
// not certain who is to get the answer, errors are pages; from then on they go there.
func (s *Server) authorize(w http.ResponseWriter, r *http.Request) {
	if dest := r.Header.Get("Sec-Fetch-Dest"); dest != "" && dest != "document" {
		// An image of some page, say. It would fetch documents, and crowd out who waits.
		s.problem(w, http.StatusForbidden, "This is a page to go to", "It cannot be part of another one. Nobody was signed in.")
		return
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil || len(query["client_id"]) != 1 || len(query["redirect_uri"]) != 1 {
		s.problem(w, http.StatusBadRequest, "This link is not complete",
			"The program that sent you here did not say who it is and where it waits for the answer. Nobody was signed in.")
		return
	}
	c, err := s.client(r.Context(), query.Get("client_id"))
	if err != nil {
		s.Log.Warn("authorization request of an unknown client", "error", err)
		s.problem(w, http.StatusBadRequest, "This program is not known here",
			"It has not registered, or the document that describes it could not be read. Nobody was signed in.")
		return
	}
	redirect, ok := c.redirect(query.Get("redirect_uri"))
	if !ok {
		s.problem(w, http.StatusBadRequest, "The answer would go elsewhere",
			"The program asks for the answer to be sent to an address that it has not registered. Nobody was signed in.")
		return
	}
	asked := request{Client: c, URI: query.Get("redirect_uri"), Redirect: redirect, State: query.Get("state")}
	if err := s.complete(&asked, query); err != nil {
		s.respond(w, r, asked, refused(err))
		return
	}
	s.goOn(w, s.requests.put(asked))
}

// complete reads the rest of a request. Errors are a *refusal.
func (s *Server) complete(asked *request, query url.Values) error {
	switch {
	case repeated(query):
		return &refusal{"invalid_request", "a parameter is repeated"}
	case asked.State == "" || len(asked.State) > maxState:
		asked.State = ""
		return &refusal{"invalid_request", "state is missing or too long"}
	case query.Has("request"):
		return &refusal{"request_not_supported", "request objects are not supported"}
	case query.Has("request_uri"):
		return &refusal{"request_uri_not_supported", "request objects are not supported"}
	case query.Get("response_type") != "code":
		return &refusal{"unsupported_response_type", "the response_type must be code"}
	case query.Has("response_mode") && query.Get("response_mode") != "query":
		return &refusal{"invalid_request", "the response_mode must be query"}
	case query.Get("code_challenge_method") != "S256" || !challengePattern.MatchString(query.Get("code_challenge")):
		return &refusal{"invalid_request", "a code_challenge with the method S256 is required"}
	case s.checkResource(query) != nil:
		return &refusal{"invalid_target", "the only resource is " + s.Issuer.Audience()}
	}
	asked.Challenge = query.Get("code_challenge")
	asked.Scopes = slices.DeleteFunc(strings.Fields(query.Get("scope")), func(s string) bool { return s == offlineAccess })
	if len(asked.Scopes) == 0 {
		asked.Scopes = slices.Clone(s.DefaultScopes)
	}
	slices.Sort(asked.Scopes)
	asked.Scopes = slices.Compact(asked.Scopes)
	if !within(asked.Scopes, s.Issuer.Scopes()) {
		return &refusal{"invalid_scope", "the scopes are " + strings.Join(s.Issuer.Scopes(), " ")}
	}
	return nil
}

// goOnPage leads from a foreign page to ours.
var goOnPage = template.Must(template.New("").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Sign in</title>
<p><a href="{{.}}">Go on to sign in</a></p></html>
`))

// goOn answers with a page that goes on by itself. A redirect would not do: the request
// came from a foreign page, and so would the next, without the SameSite=Strict cookie that
// says who is signed in. What our own page opens is our own.
func (s *Server) goOn(w http.ResponseWriter, key string) {
	next := signInPath + "?" + url.Values{fieldRequest: {key}}.Encode()
	w.Header().Set("Refresh", "0; url="+next)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = goOnPage.Execute(w, next) // a browser that is gone needs no answer
}

// refused is the answer to the client for an error of complete.
func refused(err error) url.Values {
	r := &refusal{"server_error", "the request failed"}
	_ = errors.As(err, &r)
	return url.Values{"error": {r.code}, "error_description": {r.text}}
}

// respond sends the browser back to the client, with who it is that answers (RFC 9207). It
// ends the browser's sign-in: cookies do not differ by port (RFC 6265 section 8.5), so that
// a client on this host would be sent the one that opens the pages, and with it more than
// was consented to.
func (s *Server) respond(w http.ResponseWriter, r *http.Request, asked request, answer url.Values) {
	s.SignOut(w, r)
	if asked.State != "" {
		answer.Set("state", asked.State)
	}
	answer.Set("iss", s.Issuer.URL())
	target := *asked.Redirect
	if target.RawQuery != "" {
		target.RawQuery += "&"
	}
	target.RawQuery += answer.Encode()
	http.Redirect(w, r, target.String(), http.StatusSeeOther)
}
