package gateway

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"leasehold.example/tests/deployment"
	"leasehold.example/tests/runtimeapi"
)

func TestRESTRouting(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		request string
		status  int
		body    string
	}{
		{"GET /live/healthz", 200, "ok"},
		{"POST /live/mcp", 200, "ok"},
		{"DELETE /live/mcp", 200, "ok"},
		{"OPTIONS /live/mcp", 200, "ok"},
		{"GET /live/document", 200, `{"a":1}`},
		// rule 36: what the definition does not declare, in the definition's words
		{"POST /live/healthz", 404, "not_found"},
		{"HEAD /live/healthz", 404, ""},
		{"GET /live/nothing", 404, "not_found"},
		{"GET /live", 404, "not_found"},
		// another stage has no definition, hence no words
		{"GET /healthz", 403, `{"message":"Forbidden"}`},
		{"GET /liveness/healthz", 403, `{"message":"Forbidden"}`},
		{"GET /", 403, `{"message":"Forbidden"}`},
	} {
		method, path, _ := strings.Cut(tt.request, " ")
		if w := ask(newWorld().handler(), method, path, "", token); w.Code != tt.status || !strings.Contains(w.Body.String(), tt.body) {
			t.Errorf("%s: %d %s", tt.request, w.Code, w.Body)
		}
	}
	closed := newWorld()
	closed.REST.Open = false
	if w := ask(closed.handler(), "GET", "/live/healthz", ""); w.Code != 403 || !strings.Contains(closed.reason.String(), "closed") {
		t.Errorf("rule 40, a closed host: %d %s", w.Code, &closed.reason)
	}
}

// The function and the authorizer get the event that AWS documents.
func TestRESTEvent(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		prefix      string
		custom      bool
		path        string
		contextPath string
	}{
		"stage":     {"/live", false, "/mcp", "/live/mcp"},
		"domain":    {"", true, "/mcp", "/mcp"},
		"base path": {"/tools", true, "/tools/mcp", "/tools/mcp"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld()
			w.REST.Prefix, w.REST.CustomDomain, w.REST.Host = tt.prefix, tt.custom, "tools.example.com"
			ask(w.handler(), "POST", tt.prefix+"/mcp?a=1&a=2", `{"x":1}`, token, "Content-Type: application/json", "Connection: close", "X-Two: 1", "X-Two: 2")
			var e struct {
				Resource, Path, HTTPMethod, Body, MethodArn, Type string
				MultiValueHeaders                                 map[string][]string
				MultiValueQueryStringParameters                   map[string][]string
				RequestContext                                    struct {
					Path, Stage, DomainName, RequestID, APIID, ResourcePath string
					Authorizer                                              map[string]string
				}
			}
			if err := json.Unmarshal(w.events["mcp"], &e); err != nil {
				t.Fatal(err)
			}
			rc := e.RequestContext
			if e.Resource != "/mcp" || e.Path != tt.path || rc.Path != tt.contextPath || rc.Stage != "live" || rc.DomainName != "tools.example.com" ||
				e.Body != `{"x":1}` || len(e.MultiValueHeaders["X-Two"]) != 2 || len(e.MultiValueQueryStringParameters["a"]) != 2 ||
				e.MultiValueHeaders["Connection"] != nil || rc.RequestID != w.records[0].Context["requestId"] || rc.APIID != "abc" {
				t.Errorf("%s", w.events["mcp"])
			}
			if a := rc.Authorizer; a["tenant"] != "acme" || a["n"] != "1" || a["principalId"] != "p" || a["status"] != "" {
				t.Errorf("authorizer %v", a)
			}
			if err := json.Unmarshal(w.events["authorizer"], &e); err != nil {
				t.Fatal(err)
			}
			if e.Type != "REQUEST" || e.MethodArn != execution+"/live/POST/mcp" || e.MultiValueHeaders["Authorization"][0] != "Bearer t" {
				t.Errorf("%s", w.events["authorizer"])
			}
		})
	}
}

// Payloads are text in both directions, as the API has no binary media types.
func TestRESTPayloadsAreText(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.mcp = func(context.Context, []byte) (string, error) {
		return `{"statusCode":200,"headers":{"Content-Type":"image/png"},"body":"iVBORw==","isBase64Encoded":true}`, nil
	}
	got := ask(w.handler(), "POST", "/live/mcp", "{\"a\":\"\xff\"}", token, "Content-Type: application/octet-stream")
	var e struct {
		Body            string
		IsBase64Encoded bool
	}
	if err := json.Unmarshal(w.events["mcp"], &e); err != nil || e.Body != "{\"a\":\"\uFFFD\"}" || e.IsBase64Encoded {
		t.Errorf("%v: %s", err, w.events["mcp"])
	}
	if got.Body.String() != "iVBORw==" {
		t.Errorf("body %q", got.Body)
	}
}

func TestRule33Authorizer(t *testing.T) {
	t.Parallel()
	says := func(document string, err error) func(context.Context, []byte) (string, error) {
		return func(context.Context, []byte) (string, error) { return document, err }
	}
	deny := `{"principalId": "p", "policyDocument": {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "execute-api:Invoke", "Resource": "*"}]},
		"context": {"code": "insufficient_scope", "scope": "notebook:write", "challenge": "Bearer error=\"insufficient_scope\""}}`
	for name, tt := range map[string]struct {
		header     string
		authorizer func(context.Context, []byte) (string, error)
		status     int
		body       string
		challenge  string
		called     int
	}{
		"allow":           {token, says(allow, nil), 200, "ok", "", 1},
		"no token":        {"X: y", says(allow, nil), 401, "unauthenticated", `Bearer resource_metadata="x"`, 0},
		"an empty token":  {"Authorization: ", says(allow, nil), 401, "unauthenticated", `Bearer resource_metadata="x"`, 0},
		"Unauthorized":    {token, says("", &runtimeapi.FunctionError{Type: "errorString", Message: "Unauthorized"}), 401, "unauthenticated", `Bearer resource_metadata="x"`, 1},
		"other error":     {token, says("", &runtimeapi.FunctionError{Type: "errorString", Message: "unauthorized"}), 500, "internal_error", "", 1},
		"deny":            {token, says(deny, nil), 403, `{"error":"insufficient_scope","scope":"notebook:write"}`, `Bearer error="insufficient_scope"`, 1},
		"implicit deny":   {token, says(strings.ReplaceAll(allow, "/mcp", "/other"), nil), 403, `"error":""`, "", 1},
		"another stage":   {token, says(strings.ReplaceAll(allow, "/live/", "/prod/"), nil), 403, "", "", 1},
		"no principal":    {token, says(strings.ReplaceAll(allow, `"p"`, `""`), nil), 500, "internal_error", "", 1},
		"no policy":       {token, says(`{"principalId": "p"}`, nil), 500, "internal_error", "", 1},
		"an object in it": {token, says(strings.ReplaceAll(allow, `"n": 1`, `"n": {}`), nil), 500, "internal_error", "", 1},
		"not JSON":        {token, says("yes", nil), 500, "internal_error", "", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld()
			w.authorizer = tt.authorizer
			got := ask(w.handler(), "POST", "/live/mcp", "", tt.header)
			if got.Code != tt.status || !strings.Contains(got.Body.String(), tt.body) || got.Header().Get("WWW-Authenticate") != tt.challenge {
				t.Errorf("%d %v %s", got.Code, got.Header(), got.Body)
			}
			if w.calls["authorizer"] != tt.called || tt.status != 200 && w.calls["mcp"] != 0 {
				t.Errorf("calls %v", w.calls)
			}
			if tt.status != 200 && w.reason.Len() == 0 {
				t.Error("no reason in the execution log")
			}
		})
	}
}

// With a TTL, an answer holds for all methods of the same identity, allow and deny alike, but
// an error is asked for again.
func TestAuthorizerCache(t *testing.T) {
	t.Parallel()
	w := newWorld()
	now := time.Unix(1_800_000_000, 0)
	w.options.Now = func() time.Time { return now }
	w.REST.Methods["/mcp"][deployment.AnyMethod].Authorizer.TTL = time.Minute
	h := w.handler()
	for i, tt := range []struct {
		method, header string
		later          time.Duration
		asked          int
	}{
		{"POST", token, 0, 1}, {"DELETE", token, 0, 1}, {"POST", token + "2", 0, 2}, {"POST", token, 59 * time.Second, 2}, {"POST", token, time.Second, 3},
	} {
		now = now.Add(tt.later)
		if got := ask(h, tt.method, "/live/mcp", "", tt.header); got.Code != 200 || w.calls["authorizer"] != tt.asked {
			t.Errorf("%d: %d, asked %d times, want %d", i, got.Code, w.calls["authorizer"], tt.asked)
		}
	}
	if w.records[1].Context["authorizer.tenant"] != "acme" {
		t.Error("a cached answer lost its context")
	}
	w.authorizer = func(context.Context, []byte) (string, error) {
		return "", &runtimeapi.FunctionError{Message: "Unauthorized"}
	}
	for range 2 {
		if got := ask(h, "POST", "/live/mcp", "", token+"3"); got.Code != 401 {
			t.Errorf("%d", got.Code)
		}
	}
	if w.calls["authorizer"] != 5 {
		t.Errorf("an error was cached: %d", w.calls["authorizer"])
	}
}

// Permission is for one alias, principal and source; without it nothing is invoked, and the
// execution log names the function.
func TestRule37Permission(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*deployment.Function){
		"none":              func(f *deployment.Function) { f.Permissions = nil },
		"another qualifier": func(f *deployment.Function) { f.Permissions[0].Qualifier = "" },
		"another stage":     func(f *deployment.Function) { f.Permissions[0].SourceARN = execution + "/prod/*" },
		"another API": func(f *deployment.Function) {
			f.Permissions[0].SourceARN = strings.TrimSuffix(execution, "abc") + "xyz/live/*"
		},
		"another action":  func(f *deployment.Function) { f.Permissions[0].Action = "lambda:InvokeFunctionUrl" },
		"another service": func(f *deployment.Function) { f.Permissions[0].Principal = "events.amazonaws.com" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld()
			mcp := w.REST.Methods["/mcp"][deployment.AnyMethod]
			change(mcp.Function.Function)
			if got := ask(w.handler(), "POST", "/live/mcp", "", token); got.Code != 500 || w.calls["mcp"] != 0 || !strings.Contains(w.reason.String(), "mcp-live") {
				t.Errorf("function: %d %v %s", got.Code, w.calls, &w.reason)
			}
			w = newWorld()
			change(w.REST.Methods["/mcp"][deployment.AnyMethod].Authorizer.Function.Function)
			if got := ask(w.handler(), "POST", "/live/mcp", "", token); got.Code != 500 || w.calls["authorizer"] != 0 || !strings.Contains(w.reason.String(), "authorizer-live") {
				t.Errorf("authorizer: %d %v %s", got.Code, w.calls, &w.reason)
			}
		})
	}
}

// A function's own challenge arrives under another name; other headers as they are.
func TestRule33Remapped(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]string{
		"WWW-Authenticate: Bearer":   "X-Amzn-Remapped-Www-Authenticate",
		"Server: x":                  "X-Amzn-Remapped-Server",
		"Date: x":                    "X-Amzn-Remapped-Date",
		"Transfer-Encoding: chunked": "",
		"Mcp-Session-Id: s":          "Mcp-Session-Id",
		"Cache-Control: no-store":    "Cache-Control",
	} {
		w := newWorld()
		w.mcp = func(context.Context, []byte) (string, error) { return answer(401, header, "no"), nil }
		got := ask(w.handler(), "POST", "/live/mcp", "", token)
		name, value, _ := strings.Cut(header, ": ")
		if got.Code != 401 || want != "" && got.Header().Get(want) != value || want != name && got.Header().Get(name) != "" {
			t.Errorf("%s: %d %v", header, got.Code, got.Header())
		}
	}
}

func TestRESTLimitsAndFailures(t *testing.T) {
	t.Parallel()
	fails := func(document string, err error) func(*world) {
		return func(w *world) {
			w.mcp = func(context.Context, []byte) (string, error) { return document, err }
		}
	}
	firewall := func(w *world) {
		w.options.Firewall = func(_ *http.Request, body []byte) int {
			return map[string]int{"bad": 403, "much": 429}[string(body)]
		}
	}
	for name, tt := range map[string]struct {
		change  func(*world)
		body    string
		header  string
		status  int
		kind    string
		invoked bool
	}{
		"10 MB":              {nil, strings.Repeat("x", maxPayload+1), "Content-Type: text/plain", 413, "REQUEST_TOO_LARGE", false},
		"6 MB":               {nil, strings.Repeat("x", runtimeapi.MaxBuffered), "Content-Type: text/plain", 413, "REQUEST_TOO_LARGE", false},
		"5 MB":               {nil, strings.Repeat("x", 5<<20), "Content-Type: text/plain", 200, "-", true},
		"header":             {nil, "", "X-Long: " + strings.Repeat("x", maxHeader), 431, "-", false},
		"header of 10,000":   {nil, "", "X-Long: " + strings.Repeat("x", 10_000), 200, "-", true},
		"firewall":           {firewall, "bad", "", 403, "WAF_FILTERED", false},
		"firewall's own":     {firewall, "much", "", 429, "-", false},
		"firewall lets pass": {firewall, "good", "", 200, "-", true},
		"function error":     {fails("", &runtimeapi.FunctionError{Type: "x", Message: "y"}), "", "", 502, "DEFAULT_5XX", true},
		"no status":          {fails(`{"body":"x"}`, nil), "", "", 502, "DEFAULT_5XX", true},
		"not JSON":           {fails("x", nil), "", "", 502, "DEFAULT_5XX", true},
		"Lambda throttles":   {fails("", runtimeapi.ErrThrottled), "", "", 500, "INTEGRATION_FAILURE", true},
		"timeout": {func(w *world) {
			w.REST.Methods["/mcp"][deployment.AnyMethod].Timeout = time.Millisecond
			w.mcp = func(ctx context.Context, _ []byte) (string, error) { <-ctx.Done(); return "", ctx.Err() }
		}, "", "", 504, "INTEGRATION_TIMEOUT", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld()
			if tt.change != nil {
				tt.change(w)
			}
			got := ask(w.handler(), "POST", "/live/mcp", tt.body, token, tt.header)
			if got.Code != tt.status || !strings.Contains(w.access.String(), `"type":"`+tt.kind+`"`) || w.records[0].Invoked != tt.invoked {
				t.Errorf("%d %s %+v", got.Code, &w.access, w.records)
			}
			if name == "10 MB" && w.calls["authorizer"] != 0 {
				t.Error("the authorizer was asked about a payload beyond the quota")
			}
			if tt.status >= 500 && (got.Header().Get("Cache-Control") != "no-store" || got.Body.String() != `{"error":"internal_error"}`) {
				t.Errorf("not the definition's DEFAULT_5XX: %v %s", got.Header(), got.Body)
			}
		})
	}
}

// A mock has JSON only.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/integration-passthrough-behaviors.html
func TestMock(t *testing.T) {
	t.Parallel()
	for header, status := range map[string]int{"X: y": 200, "Content-Type: application/json; charset=utf-8": 200, "Content-Type: text/plain": 415} {
		got := ask(newWorld().handler(), "GET", "/live/document", "", header)
		if got.Code != status || status == 200 && (got.Header().Get("Cache-Control") != "public" || got.Header().Get("Content-Type") != "application/json") {
			t.Errorf("%s: %d %v", header, got.Code, got.Header())
		}
	}
}

func TestThrottle(t *testing.T) {
	t.Parallel()
	w := newWorld()
	now := time.Unix(1_800_000_000, 0)
	w.options.Now = func() time.Time { return now }
	w.REST.Throttle = deployment.Throttle{Rate: 2, Burst: 3}
	h := w.handler()
	want := func(path string, status int) {
		t.Helper()
		if got := ask(h, "GET", path, "", token); got.Code != status {
			t.Errorf("%s: %d, want %d", path, got.Code, status)
		}
	}
	for range 3 {
		want("/live/healthz", 200)
	}
	want("/live/healthz", 429)
	want("/live/mcp", 200) // a bucket of its own
	now = now.Add(500 * time.Millisecond)
	want("/live/healthz", 200)
	want("/live/healthz", 429)
	now = now.Add(time.Hour)
	for range 3 {
		want("/live/healthz", 200)
	}
	want("/live/healthz", 429)
}

func TestAccessLog(t *testing.T) {
	t.Parallel()
	w := newWorld()
	h := w.handler()
	ask(h, "POST", "/live/mcp", "", token)
	ask(h, "POST", "/live/nothing", "", token)
	want := `{"status":"200","path":"/mcp","tenant":"acme","type":"-"}` + "\n" +
		`{"status":"404","path":"-","tenant":"-","type":"MISSING_AUTHENTICATION_TOKEN"}` + "\n"
	if w.access.String() != want {
		t.Errorf("%s", &w.access)
	}
	if got := w.records[0].Context["integration.status"]; got != "200" {
		t.Errorf("integration.status %q", got)
	}
	if r := w.records[0]; !r.Cold || !r.Invoked || r.Status != 200 || r.Method != http.MethodPost || r.Path != "/live/mcp" || w.records[1].Invoked {
		t.Errorf("%+v", w.records)
	}
}
