package lambdahttp

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// minimal events, for cases that differ in one member.
const (
	minimalV1 = `{"httpMethod":"GET","path":"/mcp","requestContext":{"requestId":"r","stage":"prod"}}`
	minimalV2 = `{"version":"2.0","rawPath":"/mcp","requestContext":{"requestId":"r","stage":"$default","http":{"method":"GET"}}}`
)

// with sets members of an event; a dot leads into an inner object.
func with(tb testing.TB, event string, members map[string]any) []byte {
	tb.Helper()
	var e map[string]any
	if err := json.Unmarshal([]byte(event), &e); err != nil {
		tb.Fatal(err)
	}
	for path, v := range members {
		m, names := e, strings.Split(path, ".")
		for _, n := range names[:len(names)-1] {
			m = m[n].(map[string]any)
		}
		m[names[len(names)-1]] = v
	}
	out, err := json.Marshal(e)
	if err != nil {
		tb.Fatal(err)
	}
	return out
}

// Rule 4: duplicates are refused by the handler, so none may get lost on the way to it.
func TestRule4EveryHeaderValueArrives(t *testing.T) {
	t.Parallel()
	both := map[string]any{"Authorization": "b", "Origin": "y"}
	for name, tc := range map[string]struct {
		members map[string]any
		want    []string
	}{
		"two values of one name":        {map[string]any{"headers": both, "multiValueHeaders": map[string]any{"Authorization": []string{"a", "b"}}}, []string{"a", "b"}},
		"two names that differ by case": {map[string]any{"headers": both, "multiValueHeaders": map[string]any{"Authorization": []string{"a"}, "authorization": []string{"b"}}}, []string{"a", "b"}},
		"three, in odd cases":           {map[string]any{"multiValueHeaders": map[string]any{"AUTHORIZATION": []string{"a"}, "authorization": []string{"b", "c"}}}, []string{"a", "b", "c"}},
		"one value, both maps":          {map[string]any{"headers": map[string]any{"Authorization": "a"}, "multiValueHeaders": map[string]any{"Authorization": []string{"a"}}}, []string{"a"}},
		"the single map alone":          {map[string]any{"headers": map[string]any{"authorization": "a"}}, []string{"a"}},
		"the multi map empty":           {map[string]any{"headers": map[string]any{"authorization": "a"}, "multiValueHeaders": map[string]any{}}, []string{"a"}},
		"empty values count":            {map[string]any{"multiValueHeaders": map[string]any{"Authorization": []string{"", "b"}}}, []string{"", "b"}},
		"escapes and quotes":            {map[string]any{"multiValueHeaders": map[string]any{"Authorization": []string{`a"\`, "é\","}}}, []string{`a"\`, "é\","}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			invoke(t, func(_ http.ResponseWriter, r *http.Request) { got = r.Header["Authorization"] }, Options{}, with(t, minimalV1, tc.members))
			slices.Sort(got) // maps have no order; json.Marshal sorted them by case
			if !slices.Equal(got, tc.want) {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

// Rule 4: what payload v2 joined stays one value that no parser of tokens accepts.
func TestRule4JoinedHeaderIsNotSplit(t *testing.T) {
	t.Parallel()
	event := with(t, minimalV2, map[string]any{
		"headers":           map[string]any{"authorization": "Bearer a,Bearer b"},
		"multiValueHeaders": map[string]any{"authorization": []string{"Bearer c"}}, // payload v2 has no such member
	})
	invoke(t, func(_ http.ResponseWriter, r *http.Request) {
		if got := r.Header["Authorization"]; !slices.Equal(got, []string{"Bearer a,Bearer b"}) {
			t.Errorf("got %q", got)
		}
	}, Options{}, event)
}

func TestPaths(t *testing.T) {
	t.Parallel()
	bases := []string{"/tools", "/tools/prod", "/", ""}
	for _, tc := range []struct {
		name, event, path, stage, domain string
		want, escaped                    string
	}{
		{"execute-api", minimalV1, "/mcp", "prod", "", "/mcp", "/mcp"},
		{"base path", minimalV1, "/tools/mcp", "prod", "", "/mcp", "/mcp"},
		{"base path and stage, the longest wins", minimalV1, "/tools/prod/mcp", "prod", "", "/mcp", "/mcp"},
		{"base path alone", minimalV1, "/tools", "prod", "", "/", "/"},
		{"whole segments only", minimalV1, "/toolshed/mcp", "prod", "", "/toolshed/mcp", "/toolshed/mcp"},
		{"once only", minimalV1, "/tools/tools/mcp", "prod", "", "/tools/mcp", "/tools/mcp"},
		{"a v1 stage is no prefix", minimalV1, "/mcp", "mcp", "", "/mcp", "/mcp"},
		{"v1 encoded", minimalV1, "/a%2Fb%20c", "prod", "", "/a/b c", "/a%2Fb%20c"},
		{"v1 of an HTTP API, decoded by the edge", `{"version":"1.0",` + minimalV1[1:], "/a%2Fb", "$default", "", "/a%2Fb", "/a%252Fb"},
		{"v2 stage", minimalV2, "/prod/mcp", "prod", "", "/mcp", "/mcp"},
		{"v2 stage alone", minimalV2, "/prod", "prod", "", "/", "/"},
		{"v2 stage, whole segments only", minimalV2, "/production/mcp", "prod", "", "/production/mcp", "/production/mcp"},
		{"v2 decoded by the edge, not again", minimalV2, "/a%2Fb c", "$default", "x.execute-api.eu-west-1.amazonaws.com", "/a%2Fb c", "/a%252Fb%20c"},
		{"function url encoded", minimalV2, "/a%2Fb", "$default", "x.lambda-url.eu-west-1.on.aws", "/a/b", "/a%2Fb"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			event := with(t, tc.event, map[string]any{"path": tc.path, "requestContext.stage": tc.stage, "requestContext.domainName": tc.domain})
			if tc.event == minimalV2 {
				event = with(t, tc.event, map[string]any{"rawPath": tc.path, "requestContext.stage": tc.stage, "requestContext.domainName": tc.domain})
			}
			called := false
			invoke(t, func(_ http.ResponseWriter, r *http.Request) {
				called = true
				if r.URL.Path != tc.want || r.URL.EscapedPath() != tc.escaped || r.RequestURI != tc.escaped {
					t.Errorf("path %q escaped %q uri %q", r.URL.Path, r.URL.EscapedPath(), r.RequestURI)
				}
			}, Options{BasePaths: bases}, event)
			if !called {
				t.Error("not served")
			}
		})
	}
}

// What a client writes into forwarding headers decides nothing.
func TestForgedForwardingHeaders(t *testing.T) {
	t.Parallel()
	event := with(t, minimalV1, map[string]any{
		"requestContext.identity":   map[string]any{"sourceIp": "203.0.113.7"},
		"requestContext.domainName": "api.example.com",
		"multiValueHeaders": map[string]any{
			"X-Forwarded-For": []string{"127.0.0.1"}, "X-Forwarded-Host": []string{"evil.example"},
			"Host": []string{"evil.example"}, "X-Amzn-Requestid": []string{"forged"},
		},
	})
	invoke(t, func(_ http.ResponseWriter, r *http.Request) {
		inv, _ := FromContext(r.Context())
		if r.RemoteAddr != "203.0.113.7:0" || r.Host != "api.example.com" || inv.RequestID != "r" || r.Header["Host"] != nil {
			t.Errorf("remote %q host %q invocation %+v header %q", r.RemoteAddr, r.Host, inv, r.Header["Host"])
		}
	}, Options{}, event)
}

// Events that are no request fail with a fixed text that repeats nothing of them.
func TestEventsThatAreNoRequest(t *testing.T) {
	t.Parallel()
	const secret = "s3cr3t-t0k3n"
	for name, tc := range map[string]struct {
		event string
		want  error
	}{
		"empty":                   {``, errMalformed},
		"no JSON":                 {`{"httpMethod":"GET","headers":{"Authorization":"` + secret, errMalformed},
		"not an object":           {`"` + secret + `"`, errMalformed},
		"array":                   {`["` + secret + `"]`, errUnknown},
		"trailing data":           {minimalV1 + secret, errMalformed},
		"duplicate member":        {`{"path":"/` + secret + `",` + minimalV1[1:], errMalformed},
		"duplicate, once escaped": {`{"p\u0061th":"/` + secret + `",` + minimalV1[1:], errMalformed},
		"invalid UTF-8":           {strings.Replace(minimalV1, "/mcp", "/\xff", 1), errMalformed},
		"method a number":         {strings.Replace(minimalV1, `"GET"`, `7`, 1), errMalformed},
		"header a number":         {string(with(t, minimalV1, map[string]any{"headers": map[string]any{"A": 7}})), errMalformed},
		"headers a string":        {string(with(t, minimalV1, map[string]any{"headers": secret})), errMalformed},
		"headers null":            {string(with(t, minimalV1, map[string]any{"headers": nil, "body": nil})), nil},
		"body an object":          {string(with(t, minimalV1, map[string]any{"body": map[string]any{"a": secret}})), errMalformed},
		"null":                    {`null`, errUnknown},
		"scheduled":               {`{"source":"aws.events","detail":{"a":"` + secret + `"}}`, errUnknown},
		"load balancer":           {`{"httpMethod":"GET","path":"/","headers":{"a":"` + secret + `"},"requestContext":{"elb":{"targetGroupArn":"arn"}}}`, errUnknown},
		"websocket":               {`{"requestContext":{"routeKey":"$connect","requestId":"r","connectionId":"c"}}`, errUnknown},
		"v2 without method":       {strings.Replace(minimalV2, `"method":"GET"`, ``, 1), errUnknown},
		"v1 said to be v2":        {`{"version":"2.0",` + minimalV1[1:], errUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := func(http.ResponseWriter, *http.Request) {
				if tc.want != nil {
					t.Error("the handler was called")
				}
			}
			_, err := Buffered(http.HandlerFunc(h), Options{}).Invoke(t.Context(), []byte(tc.event))
			if !errors.Is(err, tc.want) || err != nil && strings.Contains(err.Error(), secret) {
				t.Errorf("buffered: %v", err)
			}
			out, err := Streaming(http.HandlerFunc(h), Options{})(t.Context(), []byte(tc.event))
			if !errors.Is(err, tc.want) || err == nil && out == nil {
				t.Errorf("streaming: %v", err)
			}
		})
	}
}

// A request that no HTTP client could have meant is the client's fault: 400.
func TestBadRequests(t *testing.T) {
	t.Parallel()
	for name, members := range map[string]map[string]any{
		"base64":   {"body": "%%%", "isBase64Encoded": true},
		"escape":   {"path": "/%zz"},
		"relative": {"path": "mcp"},
		"hosts":    {"multiValueHeaders": map[string]any{"Host": []string{"a", "b"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			event := with(t, minimalV1, members)
			h := func(http.ResponseWriter, *http.Request) { t.Error("the handler was called") }
			got := invoke(t, h, Options{}, event)
			want := `{"statusCode":400,"multiValueHeaders":{"Content-Type":["application/json"]},"body":"{\"message\":\"Bad Request\"}","isBase64Encoded":false}`
			if got != want {
				t.Errorf("got %s", got)
			}
			s := startStream(t, h, Options{}, event)
			if status, body := s.all(t); status != 400 || body != badRequestBody {
				t.Errorf("streaming: %d %s", status, body)
			}
		})
	}
}

// The runtime reuses an event's memory; a request that outlives the invocation keeps its own.
func TestBodyIsNotTheEvent(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"plain", `esc"aped`} {
		event := with(t, minimalV1, map[string]any{"body": body, "headers": map[string]any{"X-A": "value"}})
		invoke(t, func(_ http.ResponseWriter, r *http.Request) {
			for i := range event {
				event[i] = '#'
			}
			b := make([]byte, r.ContentLength)
			if _, err := r.Body.Read(b); err != nil || string(b) != body || r.Header.Get("X-A") != "value" {
				t.Errorf("body %q header %q %v", b, r.Header, err)
			}
		}, Options{}, event)
	}
}

func TestDeadlineHasAMargin(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		begin := time.Now()
		h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			<-r.Context().Done()
			w.WriteHeader(http.StatusGatewayTimeout)
		})
		out, err := Buffered(h, Options{Margin: 2 * time.Second}).Invoke(ctx, []byte(minimalV1))
		if err != nil || !strings.HasPrefix(string(out), `{"statusCode":504`) || time.Since(begin) != 8*time.Second {
			t.Errorf("%s %v after %v", out, err, time.Since(begin))
		}
	})
}

func TestFromContextElsewhere(t *testing.T) {
	t.Parallel()
	if inv, ok := FromContext(t.Context()); ok || inv != (Invocation{}) {
		t.Errorf("%+v %v", inv, ok)
	}
}
