package runtimeapi

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"
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
	var res response
	if err := json.Unmarshal(out, &res); err != nil || res.StatusCode == 0 {
		failed(w, http.StatusBadGateway)
		return
	}
	body := []byte(res.Body)
	if res.IsBase64Encoded {
		if body, err = base64.StdEncoding.DecodeString(res.Body); err != nil {
			failed(w, http.StatusBadGateway)
			return
		}
	}
	res.writeHeader(w)
	_, _ = w.Write(body) // a client that left is no concern of the function
}

// failed answers in API Gateway's words.
func failed(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, `{"message": "Internal server error"}`)
}

// response is an answer of either format: AWS reads what it finds.
type response struct {
	StatusCode        int                 `json:"statusCode"`
	Headers           map[string]string   `json:"headers"`
	MultiValueHeaders map[string][]string `json:"multiValueHeaders"`
	Cookies           []string            `json:"cookies"`
	Body              string              `json:"body"`
	IsBase64Encoded   bool                `json:"isBase64Encoded"`
}

func (res *response) writeHeader(w http.ResponseWriter) {
	h := w.Header()
	for name, v := range res.Headers {
		h.Set(name, v)
	}
	for name, values := range res.MultiValueHeaders {
		h.Del(name)
		for _, v := range values {
			h.Add(name, v)
		}
	}
	for _, c := range res.Cookies {
		h.Add("Set-Cookie", c)
	}
	w.WriteHeader(res.StatusCode)
}

// stream passes an answer on as it comes: JSON, eight NULs, the body.
func (e *Edge) stream(w http.ResponseWriter, r *http.Request, event []byte) {
	s, err := e.Function.InvokeStream(r.Context(), event)
	if err != nil {
		failed(w, http.StatusBadGateway)
		return
	}
	defer s.Close()
	res, rest, err := prelude(s)
	if err != nil {
		failed(w, http.StatusBadGateway)
		return
	}
	res.writeHeader(w)
	c := http.NewResponseController(w)
	buf := make([]byte, 32<<10)
	for p := rest; ; {
		if _, err := w.Write(p); err != nil || c.Flush() != nil {
			return // the client left
		}
		n, err := s.Read(buf)
		p = buf[:n]
		if err != nil && !errors.Is(err, io.EOF) {
			panic(http.ErrAbortHandler) // a cut stream must not look whole
		}
		if n == 0 && err != nil {
			return
		}
	}
}

// prelude reads status and header, which API Gateway wants within the first 16 KB
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode-lambda.html).
func prelude(r io.Reader) (res response, rest []byte, err error) {
	var head []byte
	buf := make([]byte, 16<<10)
	for len(head) < cap(buf) {
		n, err := r.Read(buf)
		head = append(head, buf[:n]...)
		if before, after, ok := bytes.Cut(head, make([]byte, 8)); ok {
			err := json.Unmarshal(before, &res)
			if err == nil && res.StatusCode == 0 {
				err = errors.New("runtimeapi: no status")
			}
			return res, after, err
		}
		if err != nil {
			return res, nil, err
		}
	}
	return res, nil, errors.New("runtimeapi: no prelude in the first 16 KB")
}

// event makes the document that the edge sends for r.
func (e *Edge) event(r *http.Request) ([]byte, error) {
	b, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	body, binary := string(b), !isText(r.Header.Get("Content-Type"), b)
	if binary {
		body = base64.StdEncoding.EncodeToString(b)
	}
	header := r.Header.Clone()
	ip, port, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		ip, port = r.RemoteAddr, "443"
	}
	header.Set("Host", r.Host)
	header.Set("X-Amzn-Trace-Id", traceID())
	header.Set("X-Forwarded-For", strings.TrimPrefix(r.Header.Get("X-Forwarded-For")+", "+ip, ", "))
	header.Set("X-Forwarded-Port", port)
	header.Set("X-Forwarded-Proto", "https")
	switch e.Kind {
	case RESTAPI:
		return json.Marshal(e.restEvent(r, header, ip, body, binary))
	case FunctionURL:
		return json.Marshal(e.v2Event(r, header, ip, body, binary, r.URL.EscapedPath()))
	default: // an HTTP API decodes the path
		return json.Marshal(e.v2Event(r, header, ip, body, binary, e.stagePrefix()+r.URL.Path))
	}
}

// isText follows the HTTP API's rule, for all kinds: a REST API has a list of its own.
func isText(contentType string, b []byte) bool {
	mt, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		return len(b) == 0
	}
	switch mt {
	case "application/json", "application/javascript", "application/xml":
		return utf8.Valid(b)
	}
	return strings.HasPrefix(mt, "text/") && utf8.Valid(b)
}

func (e *Edge) restEvent(r *http.Request, header http.Header, ip, body string, binary bool) events.APIGatewayProxyRequest {
	path, stage := r.URL.EscapedPath(), cmp.Or(e.Stage, "prod")
	contextPath := "/" + stage + path
	if e.BasePath != "" {
		path = e.BasePath + path
		contextPath = path
	}
	single, query := map[string]string{}, r.URL.Query()
	for name, values := range header {
		single[name] = values[len(values)-1]
	}
	singleQuery := map[string]string{}
	for name, values := range query {
		singleQuery[name] = values[len(values)-1]
	}
	now := time.Now()
	return events.APIGatewayProxyRequest{
		Resource: "/{proxy+}", Path: path, HTTPMethod: r.Method,
		Headers: single, MultiValueHeaders: header,
		QueryStringParameters: singleQuery, MultiValueQueryStringParameters: query,
		PathParameters: map[string]string{"proxy": strings.TrimPrefix(r.URL.Path, "/")},
		RequestContext: events.APIGatewayProxyRequestContext{
			AccountID: accountID, ResourceID: "abc123", ResourcePath: "/{proxy+}", APIID: "a1b2c3d4e5",
			Stage: stage, Path: contextPath, HTTPMethod: r.Method, Protocol: r.Proto,
			DomainName: cmp.Or(e.Domain, r.Host), RequestID: newID(), ExtendedRequestID: "KZ3bWHqGjoEEfYQ=",
			RequestTime: now.Format("02/Jan/2006:15:04:05 -0700"), RequestTimeEpoch: now.UnixMilli(),
			Identity: events.APIGatewayRequestIdentity{SourceIP: ip, UserAgent: r.UserAgent()},
		},
		Body: body, IsBase64Encoded: binary,
	}
}

// v2Event serves HTTP APIs and Function URLs alike. What the format loses is lost here too.
func (e *Edge) v2Event(r *http.Request, header http.Header, ip, body string, binary bool, path string) events.APIGatewayV2HTTPRequest {
	var cookies []string
	for _, line := range header["Cookie"] {
		cookies = append(cookies, strings.Split(line, "; ")...)
	}
	header.Del("Cookie")
	joined := make(map[string]string, len(header))
	for name, values := range header {
		joined[strings.ToLower(name)] = strings.Join(values, ",")
	}
	query := map[string]string{}
	for name, values := range r.URL.Query() {
		query[name] = strings.Join(values, ",")
	}
	domain := cmp.Or(e.Domain, r.Host)
	if e.Kind == FunctionURL && e.Domain == "" {
		domain = "abcdefghijklmnopqrst.lambda-url." + region + ".on.aws"
	}
	now := time.Now()
	return events.APIGatewayV2HTTPRequest{
		Version: "2.0", RouteKey: "$default", RawPath: path, RawQueryString: r.URL.RawQuery,
		Cookies: cookies, Headers: joined, QueryStringParameters: query,
		RequestContext: events.APIGatewayV2HTTPRequestContext{
			RouteKey: "$default", AccountID: accountID, APIID: "a1b2c3d4e5", Stage: cmp.Or(e.Stage, "$default"),
			RequestID: newID(), DomainName: domain, DomainPrefix: strings.SplitN(domain, ".", 2)[0],
			Time: now.Format("02/Jan/2006:15:04:05 -0700"), TimeEpoch: now.UnixMilli(),
			HTTP: events.APIGatewayV2HTTPRequestContextHTTPDescription{
				Method: r.Method, Path: path, Protocol: r.Proto, SourceIP: ip, UserAgent: r.UserAgent(),
			},
		},
		Body: body, IsBase64Encoded: binary,
	}
}

// stagePrefix is what an HTTP API puts before the path for any stage but $default.
func (e *Edge) stagePrefix() string {
	if e.Stage == "" || e.Stage == "$default" {
		return ""
	}
	return "/" + e.Stage
}
