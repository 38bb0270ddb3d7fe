package mcphttp_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"leasehold.example/apps/mcp/internal/mcphttp"
	"leasehold.example/libs/identity/identitytest"
)

// Rule 1: whoever tells two readers of a body two different things runs nothing. admin
// needs a scope that alice lacks; math, which the headers name, does not.
func TestParserDifferentialRunsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.open(v2511)
	deep := strings.Repeat("[", 65) + strings.Repeat("]", 65)
	for name, params := range map[string]string{
		"name in another case behind":    `"name":"admin","NAME":"math"`,
		"name in another case before":    `"Name":"math","name":"admin"`,
		"only in another case":           `"NAME":"admin"`,
		"name twice":                     `"name":"math","name":"admin"`,
		"name twice, once escaped":       `"name":"math","n\u0061me":"admin"`,
		"case and escape":                `"name":"math","\u004eame":"admin"`,
		"arguments in another case":      `"name":"math","arguments":{},"Arguments":{"a":1}`,
		"a duplicate deep in arguments":  `"name":"math","arguments":{"a":[{"b":1,"b":2}]}`,
		"_meta twice":                    `"name":"math","_meta":null`,
		"_meta in another case":          `"name":"math","_META":{}`,
		"invalid UTF-8":                  "\"name\":\"math\xff\"",
		"a lone surrogate":               `"name":"math\ud800"`,
		"deep arguments":                 `"name":"math","arguments":` + deep,
		"an end in the middle":           `"name":"math"}},{"x":{"name":"admin"`,
		"a folding letter beyond ASCII":  `"name":"math","argument` + "\u017f" + `":{}`,
		"a comment":                      `"name":"math"/*,"name":"admin"*/`,
		"single quotes":                  `'name':'admin'`,
		"a byte order mark in a name":    "\"name\":\"math\",\"\ufeffname\":\"admin\",\"name\":\"admin\"",
		"a NUL behind a name":            `"name":"math","name` + "\x00" + `":"admin"`,
		"the name in _meta twice":        `"name":"math","_meta":{"name":"admin","name":"math"}`,
		"a second version in _meta":      `"name":"math","_meta":{"io.modelcontextprotocol/protocolVersion":"2025-11-25"}`,
		"a version in another case":      `"name":"math","_Meta":{"io.modelcontextprotocol/PROTOCOLVERSION":"2025-11-25"}`,
		"a request within trailing data": `"name":"math"}}` + "\n" + `{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"admin"`,
	} {
		a := w.post(body("tools/call", withMeta(params)), modernHeaders("tools/call", "math")...)
		if a.status != http.StatusBadRequest {
			t.Errorf("%s, %s: %d %s", v2026, name, a.status, a.body)
		}
		a = w.legacy(id, v2511, body("tools/call", `"_meta":{},`+params))
		if a.status != http.StatusBadRequest {
			t.Errorf("%s, %s: %d %s", v2511, name, a.status, a.body)
		}
	}
	if n := w.secret.Load(); n != 0 {
		t.Errorf("admin ran %d times", n)
	}
}

// Rule 1: the header cannot vouch for another name than the one that runs; the token
// without the scope gets 403 for the true one.
func TestHeaderCannotAuthorize(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.modern("tools/call", "math", `"name":"admin"`).wants("another name", http.StatusBadRequest, -32020)
	w.modern("tools/call", "=?base64?bWF0aA==?=", `"name":"admin"`).wants("encoded", http.StatusBadRequest, -32020)
	w.modern("tools/call", "admin", `"name":"math"`).wants("the other way", http.StatusBadRequest, -32020)
	w.modern("tools/list", "admin", `"name":"admin"`).wants("a name that means nothing", http.StatusOK, 0)
	if a := w.modern("tools/call", "admin", `"name":"admin","arguments":{}`); a.status != http.StatusForbidden {
		t.Errorf("admin: %d %s", a.status, a.body)
	}
	if a := w.modern("tools/call", "admin", `"n\u0061me":"\u0061dmin","arguments":{}`); a.status != http.StatusForbidden {
		t.Errorf("escaped admin: %d %s", a.status, a.body)
	}
	if n := w.secret.Load(); n != 0 {
		t.Errorf("admin ran %d times", n)
	}
	trusted := w.token("acme", "user-1", "mcp:basic", "admin:all")
	w.call("admin", "Authorization", "Bearer "+trusted).wants("with the scope", http.StatusOK, 0)
	if n := w.secret.Load(); n != 1 {
		t.Errorf("admin ran %d times, want 1", n)
	}
}

// Rule 1: ids are echoed byte for byte; what is neither string nor integer is refused.
func TestIDs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	session := w.open(v2511)
	ask := func(id string) (modern, legacy answer) {
		modern = w.post(`{"jsonrpc":"2.0","id":`+id+`,"method":"tools/list","params":{`+meta+`}}`, modernHeaders("tools/list", "")...)
		return modern, w.legacy(session, v2511, `{"jsonrpc":"2.0","id":`+id+`,"method":"ping"}`)
	}
	for _, id := range []string{
		`0`, `-0`, `-7`, `9007199254740993`, `18446744073709551616`, `-123456789012345678901234567890`,
		`""`, `"1"`, `"a\u0062\/\ud83d\ude00"`, `"</script>"`, `"\u2028"`, `"data: x\n\n"`, `"$1 %s {}"`,
	} {
		modern, legacy := ask(id)
		for _, a := range []answer{modern, legacy} {
			if got := string(a.rpc().ID); a.status != http.StatusOK || got != id {
				t.Errorf("id %s: %d, echoed as %s", id, a.status, got)
			}
		}
	}
	for _, id := range []string{`null`, `1.5`, `1.0`, `1e2`, `1E2`, `true`, `[]`, `{}`, `01`, `+1`, `0x1`, `NaN`, `"` + strings.Repeat("x", 255) + `"`} {
		modern, legacy := ask(id)
		for _, a := range []answer{modern, legacy} {
			if a.status != http.StatusBadRequest || a.rpc().ID != nil {
				t.Errorf("id %s: %d %s", id, a.status, a.body)
			}
		}
	}
}

// Rule 4: more than one value of a header that decides something is 400, whatever the values.
func TestRepeatedHeaders(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ok := func() *http.Request {
		return w.request(http.MethodPost, body("tools/list", meta), append(modernHeaders("tools/list", "x"),
			"Origin", page, "Mcp-Session-Id", "abc", "Mcp-Param-Region", "eu")...)
	}
	if a := w.do(ok()); a.status != http.StatusOK {
		t.Fatalf("the request itself: %d %s", a.status, a.body)
	}
	for _, name := range []string{
		"Authorization", "Origin", "Content-Type", "MCP-Protocol-Version", "Mcp-Method", "Mcp-Name", "Mcp-Session-Id", "Mcp-Param-Region",
	} {
		for _, second := range []string{ok().Header.Get(name), "", "other"} {
			r := ok()
			r.Header.Add(name, second)
			if a := w.do(r); a.status != http.StatusBadRequest {
				t.Errorf("%s and %q: %d %s", name, second, a.status, a.body)
			}
		}
	}
	r := w.request(http.MethodDelete, "", "Mcp-Session-Id", "a")
	r.Header.Add("Mcp-Session-Id", "b")
	if a := w.do(r); a.status != http.StatusBadRequest {
		t.Errorf("DELETE: %d %s", a.status, a.body)
	}
}

// untouchable is a body that must not be read.
type untouchable struct{ t *testing.T }

func (u untouchable) Read([]byte) (int, error) {
	u.t.Error("the body was read")
	return 0, io.EOF
}

func (untouchable) Close() error { return nil }

// Rule 5: nothing of a body is read before method, host, origin, token and headers are good.
func TestBodyIsReadLast(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(s *settings) { s.Hosts = []string{"example.com"} })
	for name, c := range map[string]struct {
		status int
		change func(*http.Request)
	}{
		"method":    {http.StatusMethodNotAllowed, func(r *http.Request) { r.Method = http.MethodPut }},
		"host":      {http.StatusForbidden, func(r *http.Request) { r.Host = "rebound.example" }},
		"origin":    {http.StatusForbidden, func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") }},
		"preflight": {http.StatusNoContent, func(r *http.Request) { r.Method = http.MethodOptions; r.Header.Set("Origin", page) }},
		"no token":  {http.StatusUnauthorized, func(r *http.Request) { r.Header.Del("Authorization") }},
		"bad token": {http.StatusUnauthorized, func(r *http.Request) { r.Header.Set("Authorization", "Bearer x") }},
		"no tenant": {http.StatusForbidden, func(r *http.Request) {
			r.Header.Set("Authorization", "Bearer "+w.issuer.Token(identitytest.Without("tenant")))
		}},
		"repeated":      {http.StatusBadRequest, func(r *http.Request) { r.Header.Add("Mcp-Name", "a"); r.Header.Add("Mcp-Name", "b") }},
		"media type":    {http.StatusUnsupportedMediaType, func(r *http.Request) { r.Header.Set("Content-Type", "text/json") }},
		"accept":        {http.StatusBadRequest, func(r *http.Request) { r.Header.Set("Accept", "text/html") }},
		"length":        {http.StatusRequestEntityTooLarge, func(r *http.Request) { r.ContentLength = mcphttp.MaxBody + 1 }},
		"delete":        {http.StatusNotFound, func(r *http.Request) { r.Method = http.MethodDelete; r.Header.Set("Mcp-Session-Id", "x") }},
		"delete modern": {http.StatusMethodNotAllowed, func(r *http.Request) { r.Method = http.MethodDelete; r.Header.Set("Mcp-Protocol-Version", v2026) }},
	} {
		r := w.request(http.MethodPost, "")
		r.Body, r.ContentLength = untouchable{t}, 10
		c.change(r)
		if a := w.do(r); a.status != c.status {
			t.Errorf("%s: %d %s, want %d", name, a.status, a.body, c.status)
		}
	}
}

// Rule 5: of two things that are wrong the earlier check speaks. Each step takes away what
// the one before complained about.
func TestOrderOfChecks(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(s *settings) { s.Hosts = []string{"example.com"} })
	r := w.request(http.MethodPut, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"admin"},"method":"x"}`,
		"Origin", "https://evil.example", "Authorization", "", "Content-Type", "text/plain", "Accept", "text/html",
		"MCP-Protocol-Version", v2026, "Mcp-Method", "tools/list", "Mcp-Name", "math")
	r.Host = "rebound.example"
	setBody := func(content string) {
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(content)), int64(len(content))
	}
	bad := strings.Repeat(" ", 20) + `{"jsonrpc":"2.0"`
	steps := []struct {
		want string
		fix  func()
	}{
		{"405", func() { r.Method = http.MethodPost }},
		{"403 this host", func() { r.Host = "example.com" }},
		{"{\"error\":\"origin_not_allowed\"", func() { r.Header.Set("Origin", page) }},
		{"401", func() { r.Header.Set("Authorization", "Bearer "+w.alice) }},
		{"415", func() { r.Header.Set("Content-Type", "application/json; charset=utf-8") }},
		{"Accept must", func() { r.Header.Set("Accept", "*/*") }},
		{"invalid message", func() {}},
		{"missing or invalid _meta", func() {}}, // the era, before its header match
		{"header mismatch: Mcp-Method", func() { r.Header.Set("Mcp-Method", "tools/call") }},
		{"header mismatch: Mcp-Name", func() { r.Header.Set("Mcp-Name", "admin") }},
		{"{\"error\":\"insufficient_scope\"", func() { r.Header.Set("Authorization", "Bearer "+w.token("acme", "user-1", "admin:all")) }},
		{"200", func() {}},
	}
	bodies := map[int]string{
		7: body("tools/call", `"name":"admin"`), 8: body("tools/call", withMeta(`"name":"admin","arguments":{}`)),
	}
	current := bad
	for i, step := range steps {
		if next, ok := bodies[i]; ok {
			current = next
		}
		setBody(current)
		a := w.do(r)
		if got := fmt.Sprintf("%d %s", a.status, a.body); !strings.Contains(got, step.want) {
			t.Fatalf("step %d: %s, want %s", i, got, step.want)
		}
		step.fix()
	}
}

// Rule 5, older protocols: version before session, session before method, method before scope.
func TestOrderOfChecksInSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.open(v2511)
	if a := w.legacy("unknown", "2024-11-05", body("tools/destroy", "")); a.status != http.StatusBadRequest || a.header.Get("Content-Type") == "application/json" {
		t.Errorf("version: %d %s", a.status, a.body)
	}
	w.legacy("unknown", v2511, body("tools/destroy", "")).wants("session", http.StatusNotFound, 0)
	w.legacy(id, v2511, body("tools/destroy", `"name":"admin"`)).wants("method", http.StatusOK, -32601)
	if a := w.legacyCall(id, "admin"); a.status != http.StatusForbidden {
		t.Errorf("scope: %d %s", a.status, a.body)
	}
}

// The limit on bodies holds with and without a length, to the byte.
func TestBodyLimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	padded := func(n int) string { b := body("tools/list", meta); return b + strings.Repeat(" ", n-len(b)) }
	for _, chunked := range []bool{false, true} {
		for size, want := range map[int]int{mcphttp.MaxBody: http.StatusOK, mcphttp.MaxBody + 1: http.StatusRequestEntityTooLarge} {
			r := w.request(http.MethodPost, padded(size), modernHeaders("tools/list", "")...)
			if chunked {
				r.ContentLength = -1
			}
			if a := w.do(r); a.status != want {
				t.Errorf("%d bytes, chunked %v: %d %.100s", size, chunked, a.status, a.body)
			}
		}
	}
	r := w.request(http.MethodPost, "{}")
	r.ContentLength = 1000 // the client goes away in the middle
	if a := w.do(r); a.status != http.StatusBadRequest {
		t.Errorf("short body: %d %s", a.status, a.body)
	}
}

// Rule 8: Accept is read as HTTP has it, wildcards and several headers included.
func TestAccept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, c := range []struct {
		accept []string
		want   int
	}{
		{[]string{"*/*"}, http.StatusOK},
		{[]string{"application/json", "text/event-stream"}, http.StatusOK},
		{[]string{"text/html, */*;q=0.1"}, http.StatusOK},
		{[]string{"Application/*, TEXT/*"}, http.StatusOK},
		{[]string{"text/event-stream;q=1 , application/json; charset=utf-8"}, http.StatusOK},
		{[]string{"application/json"}, http.StatusBadRequest},
		{[]string{"text/event-stream"}, http.StatusBadRequest},
		{[]string{"application/jsonp, text/event-stream"}, http.StatusBadRequest},
		{nil, http.StatusBadRequest},
	} {
		r := w.request(http.MethodPost, body("tools/list", meta), modernHeaders("tools/list", "")...)
		r.Header["Accept"] = c.accept
		if a := w.do(r); a.status != c.want {
			t.Errorf("%q: %d %s", c.accept, a.status, a.body)
		}
	}
}

// FuzzEndpoint posts any body behind headers that name math: rule 1 end to end. Nothing
// that needs more than alice has ever runs, and every answer is one that is foreseen.
func FuzzEndpoint(f *testing.F) {
	for _, params := range []string{`"name":"math","arguments":{"a":1,"b":2}`, `"name":"admin","NAME":"math"`, `"name":"math","name":"admin"`} {
		f.Add(body("tools/call", withMeta(params)), true)
		f.Add(body("tools/call", params), false)
	}
	f.Add("["+toolCall("1", "whoami")+","+toolCall("2", "admin")+"]", false)
	w := newWorld(f)
	id := w.open(v2503)
	f.Fuzz(func(t *testing.T, content string, modern bool) {
		headers := []string{"Mcp-Session-Id", id}
		if modern {
			headers = modernHeaders("tools/call", "math")
		}
		a := w.post(content, headers...)
		switch a.status {
		case http.StatusOK, http.StatusAccepted, http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound:
		default:
			t.Errorf("%d %s", a.status, a.body)
		}
		if a.header.Get("Content-Type") == "application/json" && !json.Valid([]byte(a.body)) {
			t.Errorf("not JSON: %s", a.body)
		}
		if w.secret.Load() != 0 {
			t.Error("admin ran")
		}
	})
}
