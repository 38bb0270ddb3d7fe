package runtimeapi

import (
	"cmp"
	"encoding/json"
	"io"
	"net/http"
	"strings"
)

// Kind is a service that invokes functions for HTTP requests.
type Kind int

// The kinds of edges. RESTAPI speaks payload format 1.0, the others 2.0.
const (
	RESTAPI Kind = iota
	HTTPAPI
	FunctionURL
)

// Edge is an http.Handler in front of a function: API Gateway's or Function URLs' part,
// as far as the function and its clients can tell. It has no authorizer, no routes, no
// WAF, and does not rename WWW-Authenticate as API Gateway does.
type Edge struct {
	Function *Function
	Kind     Kind
	// Streaming is responseTransferMode STREAM or InvokeMode RESPONSE_STREAM. An HTTP
	// API has no such thing.
	Streaming bool
	// Stage is the stage's name; empty means "prod" for a REST API and "$default" for
	// the others. Events carry it where AWS puts it; clients do not write it.
	Stage string
	// BasePath is a custom domain's base path, such as "/tools". A REST API's events
	// carry it in the path; clients do not write it.
	BasePath string
	// Domain is the edge's own name; empty means what the client connected to, and for
	// a Function URL one of AWS's form.
	Domain string
}

// ServeHTTP invokes the function for one request. A function error, and an answer that is
// not in the edge's format, is 502; so an error before a stream's first byte. Later ones
// cut the connection.
func (e *Edge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	event, err := e.event(r)
	if err != nil {
		failed(w, http.StatusBadRequest)
		return
	}
	if len(event) > MaxBuffered { // the limit holds for events as well
		failed(w, http.StatusRequestEntityTooLarge)
		return
	}
	if e.Streaming {
		e.stream(w, r, event)
		return
	}
	out, err := e.Function.Invoke(r.Context(), event)
	if err != nil {
		failed(w, http.StatusBadGateway)
		return
	}
	res, err := ReadResponse(out)
	if err != nil {
		failed(w, http.StatusBadGateway)
		return
	}
	res.write(w)
}

// failed answers in API Gateway's words.
func failed(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, `{"message": "Internal server error"}`)
}

// stream passes an answer on as it comes.
func (e *Edge) stream(w http.ResponseWriter, r *http.Request, event []byte) {
	s, err := e.Function.InvokeStream(r.Context(), event)
	if err != nil {
		failed(w, http.StatusBadGateway)
		return
	}
	defer s.Close()
	res, err := ReadPrelude(s)
	if err != nil {
		failed(w, http.StatusBadGateway)
		return
	}
	res.write(w)
	CopyStream(w, s)
}

// event makes the document that the edge sends for r.
func (e *Edge) event(r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	source := Source{Stage: e.Stage, BasePath: e.BasePath, Domain: e.Domain}
	switch e.Kind {
	case RESTAPI:
		event := RESTEvent(r, body, source)
		event.Resource, event.PathParameters = "/{proxy+}", map[string]string{"proxy": strings.TrimPrefix(r.URL.Path, "/")}
		event.RequestContext.ResourcePath = event.Resource
		return json.Marshal(event)
	case FunctionURL:
		source.Domain = cmp.Or(e.Domain, "abcdefghijklmnopqrst.lambda-url."+region+".on.aws")
		event := HTTPEvent(r, body, source)
		event.RawPath = r.URL.EscapedPath()
		event.RequestContext.HTTP.Path = event.RawPath
		return json.Marshal(event)
	default:
		return json.Marshal(HTTPEvent(r, body, source))
	}
}
