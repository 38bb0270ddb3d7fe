package mcphttp_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// Rule 12 and 19: listings are private, for a minute at most, in a single page, and show
// what the caller may call or could be allowed to; what their issuer can never grant is
// not there.
func TestListings(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.open(v2511)
	for _, c := range []struct {
		method, key string
		want        []string
	}{
		{"tools/list", "tools", []string{"admin", "math", "session_get", "session_open", "session_set", "whoami"}},
		{"prompts/list", "prompts", []string{"generate_serverless_design_prompt"}},
		{"resources/list", "resources", nil},
		{"resources/templates/list", "resourceTemplates", []string{"user_profile"}},
	} {
		for name, a := range map[string]answer{
			v2026:          w.modern(c.method, "", ""),
			v2511:          w.legacy(id, v2511, body(c.method, "")),
			"none":         w.legacy(id, v2511, `{"jsonrpc":"2.0","id":1,"method":"`+c.method+`"}`), // no params at all
			"empty cursor": w.modern(c.method, "", `"cursor":""`),
		} {
			var result map[string]json.RawMessage
			if err := json.Unmarshal(a.rpc().Result, &result); err != nil {
				t.Fatalf("%s, %s: %s", name, c.method, a.body)
			}
			var rows []struct{ Name string }
			if err := json.Unmarshal(result[c.key], &rows); err != nil || string(result[c.key]) == "null" {
				t.Errorf("%s, %s: %s", name, c.method, a.body)
			}
			var names []string
			for _, row := range rows {
				names = append(names, row.Name)
			}
			if !slices.Equal(names, c.want) {
				t.Errorf("%s, %s: %v, want %v", name, c.method, names, c.want)
			}
			if name == v2026 && (string(result["cacheScope"]) != `"private"` || string(result["ttlMs"]) != "60000") {
				t.Errorf("%s: %s", c.method, a.body)
			}
			if a.header.Get("Cache-Control") != "no-store" || a.header.Get("Vary") != "Authorization, Origin" || result["nextCursor"] != nil {
				t.Errorf("%s, %s: %v", name, c.method, a.header)
			}
		}
		w.modern(c.method, "", `"cursor":"abc"`).wants("cursor", http.StatusOK, -32602)
		w.legacy(id, v2511, body(c.method, `"cursor":"abc"`)).wants("cursor", http.StatusOK, -32602)
	}
}

// Rule 12: a read is private and may not be kept at all.
func TestReadsAreNotKeptRule12(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.modern("resources/read", "users://user-1/profile", `"uri":"users://user-1/profile"`)
	if !strings.Contains(a.body, `"cacheScope":"private"`) || !strings.Contains(a.body, `"ttlMs":0,`) {
		t.Errorf("%s", a.body)
	}
	if a := w.modern("server/discover", "", ""); !strings.Contains(a.body, `"cacheScope":"private"`) {
		t.Errorf("%s", a.body)
	}
}

// Rule 19: what an issuer can never grant answers as unknown does, to the byte, for every
// kind of thing; the challenge for what it can grant keeps the scopes that the token has.
func TestUnknownAndUngrantableRule19(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.open(v2511)
	for _, pair := range [][2]answer{
		{w.call("gold"), w.call("nothing")},
		{w.legacyCall(id, "gold"), w.legacyCall(id, "nothing")},
	} {
		if pair[0].body != pair[1].body || pair[0].status != pair[1].status || pair[0].rpc().Error.Code != -32602 {
			t.Errorf("%d %s and %d %s", pair[0].status, pair[0].body, pair[1].status, pair[1].body)
		}
	}
	plan := w.token("acme", "user-1", "mcp:basic", "plan:gold") // a scope that the issuer may not give
	w.call("gold", "Authorization", "Bearer "+plan).wants("with the scope", http.StatusOK, -32602)
	if n := w.secret.Load(); n != 0 {
		t.Errorf("gold ran %d times", n)
	}
	for name, a := range map[string]answer{v2026: w.call("admin"), v2511: w.legacyCall(id, "admin")} {
		if c := a.header.Get("WWW-Authenticate"); !strings.Contains(c, `error="insufficient_scope"`) ||
			!strings.Contains(c, `scope="admin:all mcp:basic session:read session:write"`) {
			t.Errorf("%s: %s", name, c)
		}
		if !strings.Contains(a.body, `"scope":"admin:all"`) {
			t.Errorf("%s: the body does not name what is missing: %s", name, a.body)
		}
	}
}

// Rule 20: what the client says of host and scheme is in no challenge.
func TestChallengeNamesThePublicURLRule20(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.request(http.MethodPost, "", "Authorization", "", "X-Forwarded-Host", "evil.example", "Forwarded", "host=evil.example", "X-Forwarded-Proto", "http")
	r.Host = "evil.example"
	if c := w.do(r).header.Get("WWW-Authenticate"); strings.Contains(c, "evil") || !strings.Contains(c, "https://mcp.example/.well-known/") {
		t.Error(c)
	}
}

// Rule 29: the resource of somebody else answers like one that is not there; only the URI
// that was asked for differs.
func TestForeignResourceRule29(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.open(v2511)
	for _, uri := range []string{"users://user-2/profile", "users://nobody/profile", "users://user-1/secrets", "file:///etc/passwd", "users://user-1/profile#", "USERS://user-1/profile"} {
		for name, a := range map[string]answer{
			v2026: w.modern("resources/read", uri, `"uri":"`+uri+`"`), v2511: w.legacy(id, v2511, body("resources/read", `"uri":"`+uri+`"`)),
		} {
			want := `{"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"resource not found","data":{"uri":"` + uri + `"}}}`
			if a.status != http.StatusOK || a.body != want {
				t.Errorf("%s: %d %s", name, a.status, a.body)
			}
		}
	}
}

// Subscriptions exist before 2026-07-28, for what Lookup knows under that method.
func TestSubscribe(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(s *settings) { s.more = func(s *mcp.Server) { s.AddReceivingMiddleware(subscriptions) } })
	id := w.open(v2511)
	ask := func(method, uri string) answer { return w.legacy(id, v2511, body(method, `"uri":"`+uri+`"`)) }
	ask("resources/subscribe", "test://watched").wants("known", http.StatusOK, 0)
	ask("resources/subscribe", "test://other").wants("unknown", http.StatusOK, -32601)
	ask("resources/unsubscribe", "test://watched").wants("not looked up", http.StatusOK, -32601)
	for _, method := range []string{"resources/subscribe", "resources/unsubscribe"} {
		w.modern(method, "", `"uri":"test://watched"`).wants(method, http.StatusNotFound, -32601)
	}
}

// Rule 6: what 2026-07-28 removed is not there, whatever the headers mirror, with or
// without a session.
func TestRemovedMethodsRule6(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.open(v2511)
	for _, method := range []string{"ping", "initialize", "logging/setLevel", "resources/subscribe", "resources/unsubscribe", "tools/destroy", "Tools/call", "notifications/initialized", "rpc.discover"} {
		w.modern(method, "", `"level":"info","uri":"x","protocolVersion":"2026-07-28","capabilities":{}`, "Mcp-Session-Id", id).wants(method, http.StatusNotFound, -32601)
	}
}

// Rule 7: what 2026-07-28 brought is not there before it.
func TestNewMethodsBefore2026Rule7(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.open(v2511)
	for _, method := range []string{"server/discover", "subscriptions/listen", "tasks/get", "ping ", "PING"} {
		w.legacy(id, v2511, body(method, `"notifications":{}`)).wants(method, http.StatusOK, -32601)
	}
}

// Rule 7: before 2026-07-28 the mirror headers mean nothing, and -32020 does not exist.
func TestMirrorsBefore2026Rule7(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.open(v2511)
	w.legacyCall(id, "whoami", "Mcp-Method", "tools/list", "Mcp-Name", "admin").wants("mirrors", http.StatusOK, 0)
	for _, version := range []string{v2511, v2506, v2503, ""} {
		w.legacy(id, version, ping).wants(version, http.StatusOK, 0)
	}
	for _, version := range []string{"2024-11-05", "zzz", "2026-07-27", "2026-07-28x", "2025-11-25, 2025-11-25", "9999-12-31"} {
		a := w.legacy(id, version, ping)
		if a.status != http.StatusBadRequest || a.header.Get("Content-Type") == "application/json" {
			t.Errorf("%s: %d %s", version, a.status, a.body)
		}
	}
}
