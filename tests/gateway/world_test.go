package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"leasehold.example/tests/deployment"
)

const (
	execution = "arn:aws:execute-api:eu-central-1:111122223333:abc"
	functions = "arn:aws:lambda:eu-central-1:111122223333:function:"
)

// alias is a function that API Gateway may invoke on behalf of source.
func alias(name, source string) *deployment.Alias {
	return &deployment.Alias{URN: "urn:" + name + "-live", ARN: functions + name + ":live", Name: "live", Function: &deployment.Function{
		Name: name, ARN: functions + name, Permissions: []deployment.Permission{
			{Action: "lambda:InvokeFunction", Principal: "apigateway.amazonaws.com", Qualifier: "live", SourceARN: source},
		},
	}}
}

// world is an API in front of functions that are Go, and what it logged.
type world struct {
	*deployment.Deployment
	mcp, authorizer func(ctx context.Context, event []byte) (string, error)
	options         Options

	mu             sync.Mutex
	access, reason bytes.Buffer
	events         map[string][]byte // the last one of each function
	calls          map[string]int
	records        []Record
}

func answer(status int, header, body string) string {
	h := "{}"
	if header != "" {
		name, value, _ := strings.Cut(header, ": ")
		b, err := json.Marshal(map[string]string{name: value})
		if err != nil {
			panic(err)
		}
		h = string(b)
	}
	b, err := json.Marshal(map[string]any{"statusCode": status, "headers": json.RawMessage(h), "body": body})
	if err != nil {
		panic(err)
	}
	return string(b)
}

const allow = `{"principalId": "p", "policyDocument": {"Version": "2012-10-17", "Statement": [
	{"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "` + execution + `/live/*/mcp"}]}, "context": {"tenant": "acme", "n": 1}}`

func newWorld() *world {
	method := func(m deployment.Method) *deployment.Method {
		m.Function, m.Timeout = alias("mcp", execution+"/live/*"), time.Minute
		return &m
	}
	return &world{
		Deployment: &deployment.Deployment{REST: &deployment.REST{
			ID: "abc", ExecutionARN: execution, Host: "abc.execute-api.eu-central-1.amazonaws.com", Prefix: "/live", Open: true, Stage: "live",
			LogFormat: `{"status":"$context.status","path":"$context.resourcePath","tenant":"$context.authorizer.tenant","type":"$context.error.responseType"}`,
			Throttle:  deployment.Throttle{Rate: 1000, Burst: 1000},
			Methods: map[string]map[string]*deployment.Method{
				"/mcp": {
					deployment.AnyMethod: method(deployment.Method{Authorizer: &deployment.Authorizer{
						Name: "bearer", Function: alias("authorizer", execution+"/authorizers/*"), Sources: []string{"method.request.header.Authorization"},
					}}),
					"OPTIONS": method(deployment.Method{}),
				},
				"/healthz": {"GET": method(deployment.Method{})},
				"/document": {"GET": {Mock: &deployment.Mock{
					Status: 200, Header: map[string]string{"Cache-Control": "public"}, ContentType: "application/json", Body: `{"a":1}`,
				}}},
			},
			Responses: map[string]deployment.GatewayResponse{
				"UNAUTHORIZED":                 {Status: 401, Header: map[string]string{"WWW-Authenticate": `'Bearer resource_metadata="x"'`}, Template: `{"error":"unauthenticated","request_id":"$context.requestId"}`},
				"ACCESS_DENIED":                {Status: 403, Header: map[string]string{"WWW-Authenticate": "context.authorizer.challenge"}, Template: `{"error":"$context.authorizer.code","scope":"$context.authorizer.scope"}`},
				"MISSING_AUTHENTICATION_TOKEN": {Status: 404, Template: `{"error":"not_found"}`},
				"DEFAULT_5XX":                  {Header: map[string]string{"Cache-Control": "'no-store'"}, Template: `{"error":"internal_error"}`},
			},
		}},
		mcp:        func(context.Context, []byte) (string, error) { return answer(200, "", "ok"), nil },
		authorizer: func(context.Context, []byte) (string, error) { return allow, nil },
		events:     map[string][]byte{}, calls: map[string]int{},
	}
}

// Invoke calls what the test has for the function.
func (w *world) Invoke(ctx context.Context, alias string, event []byte, _ bool) (*Answer, error) {
	name, _ := strings.CutSuffix(strings.TrimPrefix(alias, functions), ":live")
	w.mu.Lock()
	w.events[name] = event
	w.calls[name]++
	w.mu.Unlock()
	f := w.mcp
	if name == "authorizer" {
		f = w.authorizer
	}
	document, err := f(ctx, event)
	if err != nil {
		return nil, err
	}
	return &Answer{Body: io.NopCloser(strings.NewReader(document)), Cold: true}, nil
}

func (w *world) handler() http.Handler {
	o := w.options
	o.AccessLog, o.ExecutionLog = &w.access, &w.reason
	o.Served = func(r Record) { w.records = append(w.records, r) }
	if w.HTTP != nil {
		return HTTP(w.Deployment, w, o)
	}
	return REST(w.Deployment, w, o)
}

// ask sends a request; header is "Name: value" lines.
func ask(h http.Handler, method, path, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Add(name, value)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

const token = "Authorization: Bearer t"
