package runtimeapi

import (
	"cmp"
	"encoding/base64"
	"mime"
	"net"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"
)

// Source is what an event says of the API that sends it. Fields that are empty have values
// of this package's own.
type Source struct {
	AccountID, APIID string
	// Stage is "prod" for a REST API and "$default" for others when empty.
	Stage string
	// BasePath is a custom domain's, such as "/tools"; empty is none.
	BasePath string
	// Domain is what the client connected to when empty.
	Domain string
}

const requestTime = "02/Jan/2006:15:04:05 -0700"

// request is what both formats take from a request.
type request struct {
	header          http.Header
	ip, body        string
	isBase64Encoded bool
}

// read takes r apart. The header gets what API Gateway adds.
func read(r *http.Request, body []byte) request {
	q := request{header: r.Header.Clone(), body: string(body), isBase64Encoded: !isText(r.Header.Get("Content-Type"), body)}
	if q.isBase64Encoded {
		q.body = base64.StdEncoding.EncodeToString(body)
	}
	ip, port, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		ip, port = r.RemoteAddr, "443"
	}
	q.ip = ip
	q.header.Set("Host", r.Host)
	q.header.Set("X-Amzn-Trace-Id", traceID())
	q.header.Set("X-Forwarded-For", strings.TrimPrefix(r.Header.Get("X-Forwarded-For")+", "+ip, ", "))
	q.header.Set("X-Forwarded-Port", port)
	q.header.Set("X-Forwarded-Proto", "https")
	return q
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

// RESTEvent is payload format 1.0 for a request whose path has neither stage nor base path.
// The resource is the caller's to fill in.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html#api-gateway-simple-proxy-for-lambda-input-format
func RESTEvent(r *http.Request, body []byte, s Source) events.APIGatewayProxyRequest {
	q := read(r, body)
	path, stage := r.URL.EscapedPath(), cmp.Or(s.Stage, "prod")
	contextPath := "/" + stage + path
	if s.BasePath != "" {
		path = s.BasePath + path
		contextPath = path
	}
	single, query := map[string]string{}, r.URL.Query()
	for name, values := range q.header {
		single[name] = values[len(values)-1]
	}
	singleQuery := map[string]string{}
	for name, values := range query {
		singleQuery[name] = values[len(values)-1]
	}
	now := time.Now()
	return events.APIGatewayProxyRequest{
		Path: path, HTTPMethod: r.Method,
		Headers: single, MultiValueHeaders: q.header,
		QueryStringParameters: singleQuery, MultiValueQueryStringParameters: query,
		RequestContext: events.APIGatewayProxyRequestContext{
			AccountID: cmp.Or(s.AccountID, accountID), APIID: cmp.Or(s.APIID, apiID), ResourceID: "abc123",
			Stage: stage, Path: contextPath, HTTPMethod: r.Method, Protocol: r.Proto,
			DomainName: cmp.Or(s.Domain, r.Host), RequestID: newID(), ExtendedRequestID: "KZ3bWHqGjoEEfYQ=",
			RequestTime: now.Format(requestTime), RequestTimeEpoch: now.UnixMilli(),
			Identity: events.APIGatewayRequestIdentity{SourceIP: q.ip, UserAgent: r.UserAgent()},
		},
		Body: q.body, IsBase64Encoded: q.isBase64Encoded,
	}
}

// HTTPEvent is payload format 2.0, for HTTP APIs and Function URLs alike. What the format
// loses is lost here too. The path is decoded, as an HTTP API does, and has the stage before
// it unless that is $default.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
func HTTPEvent(r *http.Request, body []byte, s Source) events.APIGatewayV2HTTPRequest {
	q := read(r, body)
	var cookies []string
	for _, line := range q.header["Cookie"] {
		cookies = append(cookies, strings.Split(line, "; ")...)
	}
	q.header.Del("Cookie")
	joined := make(map[string]string, len(q.header))
	for name, values := range q.header {
		joined[strings.ToLower(name)] = strings.Join(values, ",")
	}
	query := map[string]string{}
	for name, values := range r.URL.Query() {
		query[name] = strings.Join(values, ",")
	}
	path, stage := r.URL.Path, cmp.Or(s.Stage, "$default")
	if stage != "$default" {
		path = "/" + stage + path
	}
	domain, now := cmp.Or(s.Domain, r.Host), time.Now()
	return events.APIGatewayV2HTTPRequest{
		Version: "2.0", RouteKey: "$default", RawPath: path, RawQueryString: r.URL.RawQuery,
		Cookies: cookies, Headers: joined, QueryStringParameters: query,
		RequestContext: events.APIGatewayV2HTTPRequestContext{
			RouteKey: "$default", AccountID: cmp.Or(s.AccountID, accountID), APIID: cmp.Or(s.APIID, apiID), Stage: stage,
			RequestID: newID(), DomainName: domain, DomainPrefix: strings.SplitN(domain, ".", 2)[0],
			Time: now.Format(requestTime), TimeEpoch: now.UnixMilli(),
			HTTP: events.APIGatewayV2HTTPRequestContextHTTPDescription{
				Method: r.Method, Path: path, Protocol: r.Proto, SourceIP: q.ip, UserAgent: r.UserAgent(),
			},
		},
		Body: q.body, IsBase64Encoded: q.isBase64Encoded,
	}
}
