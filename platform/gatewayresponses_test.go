package platform

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

func testResponses() gatewayResponses {
	return gatewayResponses{
		MetadataURL: "https://tools.example.com/.well-known/oauth-protected-resource/mcp", Scopes: []string{"math:use", "notes:write"},
	}
}

func header(t *testing.T, response object, name string) any {
	t.Helper()
	return in(t, response, "responseParameters")["gatewayresponse.header."+name]
}

func TestRule33UnauthorizedChallenge(t *testing.T) {
	t.Parallel()
	want := `'Bearer resource_metadata="https://tools.example.com/.well-known/oauth-protected-resource/mcp", scope="math:use notes:write"'`
	if got := header(t, in(t, testResponses().all(), "UNAUTHORIZED"), "WWW-Authenticate"); got != want {
		t.Errorf("challenge %v", got)
	}
	none := testResponses()
	none.Scopes = nil
	if got := none.challenge(); got != `Bearer resource_metadata="https://tools.example.com/.well-known/oauth-protected-resource/mcp"` {
		t.Errorf("challenge %v", got)
	}
}

func TestRule33DeniedChallenge(t *testing.T) {
	t.Parallel()
	g := testResponses()
	for _, plain := range []bool{false, true} {
		g.PlainDenials = plain
		denied := in(t, g.all(), "ACCESS_DENIED")
		want := any("context.authorizer.challenge")
		if plain {
			want = nil
		}
		if got := header(t, denied, "WWW-Authenticate"); got != want {
			t.Errorf("challenge %v, not %v", got, want)
		}
		body := decoded(t, in(t, denied, "responseTemplates")["application/json"].(string))
		if denied["statusCode"] != "403" || body["error"] != "$context.authorizer.code" || body["scope"] != "$context.authorizer.scope" ||
			body["error_description"] != "$context.authorizer.description" {
			t.Errorf("denied %v", denied)
		}
	}
}

// Every kind, with its status, what its error is called, and which header it adds.
func TestRule36GatewayResponses(t *testing.T) {
	t.Parallel()
	want := map[string][3]string{
		"ACCESS_DENIED":                  {"403", "$context.authorizer.code", "WWW-Authenticate"},
		"AUTHORIZER_CONFIGURATION_ERROR": {"503", "temporarily_unavailable", "Retry-After"},
		"AUTHORIZER_FAILURE":             {"503", "temporarily_unavailable", "Retry-After"},
		"DEFAULT_4XX":                    {"", "request_refused", ""},
		"DEFAULT_5XX":                    {"", "internal_error", ""},
		"INTEGRATION_FAILURE":            {"502", "bad_gateway", ""},
		"INTEGRATION_TIMEOUT":            {"504", "timeout", ""},
		"MISSING_AUTHENTICATION_TOKEN":   {"404", "not_found", ""},
		"REQUEST_TOO_LARGE":              {"413", "request_too_large", ""},
		"RESOURCE_NOT_FOUND":             {"404", "not_found", ""},
		"THROTTLED":                      {"429", "too_many_requests", "Retry-After"},
		"UNAUTHORIZED":                   {"401", "unauthenticated", "WWW-Authenticate"},
		"UNSUPPORTED_MEDIA_TYPE":         {"415", "unsupported_media_type", ""},
		"WAF_FILTERED":                   {"403", "request_blocked", ""},
	}
	all := testResponses().all()
	if got, wanted := slices.Sorted(maps.Keys(all)), slices.Sorted(maps.Keys(want)); !slices.Equal(got, wanted) {
		t.Fatalf("kinds %v", got)
	}
	for kind, w := range want {
		r := in(t, all, kind)
		if status, _ := r["statusCode"].(string); status != w[0] {
			t.Errorf("%s: status %q", kind, status)
		}
		body := decoded(t, in(t, r, "responseTemplates")["application/json"].(string))
		if body["error"] != w[1] || body["error_description"] == "" || body["request_id"] != "$context.requestId" {
			t.Errorf("%s: body %v", kind, body)
		}
		names := []string{"gatewayresponse.header.Cache-Control"}
		if w[2] != "" {
			names = append(names, "gatewayresponse.header."+w[2])
		}
		if got := slices.Sorted(maps.Keys(in(t, r, "responseParameters"))); !slices.Equal(got, names) {
			t.Errorf("%s: headers %v", kind, got)
		}
	}
}

func TestRule36CORS(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		origins []string
		want    any
	}{
		"none":    {nil, nil},
		"one":     {[]string{"https://a.example"}, "'https://a.example'"},
		"several": {[]string{"https://a.example", "https://b.example"}, "'*'"},
	} {
		g := testResponses()
		g.Origins = c.origins
		for kind := range g.all() {
			r := in(t, g.all(), kind)
			if got := header(t, r, "Access-Control-Allow-Origin"); got != c.want {
				t.Errorf("%s: %s allows %v", name, kind, got)
			}
			exposed, _ := header(t, r, "Access-Control-Expose-Headers").(string)
			if (c.want != nil) != strings.Contains(exposed, "WWW-Authenticate") {
				t.Errorf("%s: %s exposes %q", name, kind, exposed)
			}
			if header(t, r, "Access-Control-Allow-Credentials") != nil {
				t.Errorf("%s: %s allows credentials", name, kind)
			}
		}
	}
}

// A static value stands in single quotes, and nothing can escape one.
func TestStaticValuesHoldNoQuote(t *testing.T) {
	t.Parallel()
	g := testResponses()
	g.Origins = []string{"https://a.example"}
	for kind := range g.all() {
		for name, value := range in(t, g.all(), kind, "responseParameters") {
			text := value.(string)
			if text == "context.authorizer.challenge" {
				continue
			}
			if inner := strings.TrimSuffix(strings.TrimPrefix(text, "'"), "'"); len(inner) != len(text)-2 || strings.Contains(inner, "'") {
				t.Errorf("%s: %s is %s", kind, name, text)
			}
		}
	}
}
