package mcphttp

import (
	"errors"
	"strings"
	"testing"
)

// Rule 1: one strict parser reads a message, and what it refuses nobody else reads.
func TestParseRefuses(t *testing.T) {
	t.Parallel()
	nested := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	many := func(n int) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(`"k` + strings.Repeat("x", i) + `":1,`)
		}
		return b.String()
	}
	for name, body := range map[string]string{
		"empty":                          ``,
		"no object":                      `"initialize"`,
		"null":                           `null`,
		"two objects":                    `{"jsonrpc":"2.0","id":1,"method":"ping"}{}`,
		"trailing text":                  `{"jsonrpc":"2.0","id":1,"method":"ping"} x`,
		"trailing nul":                   "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\x00",
		"byte order mark":                "\ufeff" + `{"jsonrpc":"2.0","id":1,"method":"ping"}`,
		"unfinished":                     `{"jsonrpc":"2.0","id":1,"method":"ping"`,
		"trailing comma":                 `{"jsonrpc":"2.0","id":1,"method":"ping",}`,
		"comment":                        `{"jsonrpc":"2.0",/**/"id":1,"method":"ping"}`,
		"duplicate method":               `{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/list"}`,
		"duplicate by escape":            `{"jsonrpc":"2.0","id":1,"method":"ping","m\u0065thod":"tools/list"}`,
		"envelope in another case":       `{"jsonrpc":"2.0","id":1,"method":"ping","Method":"tools/list"}`,
		"envelope in another case alone": `{"jsonrpc":"2.0","id":1,"METHOD":"tools/list"}`,
		"folding beyond ASCII":           `{"jsonrpc":"2.0","id":1,"method":"tools/call","param` + "\u017f" + `":{}}`,
		"unknown pair differing by case": `{"jsonrpc":"2.0","id":1,"method":"ping","x":1,"X":2}`,
		"duplicate name":                 `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"math","name":"admin"}}`,
		"name in another case":           `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"admin","NAME":"math"}}`,
		"name in another case alone":     `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"Name":"admin"}}`,
		"second _meta":                   `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"_meta":{},"_meta":null}}`,
		"_meta in another case":          `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"_Meta":{}}}`,
		"duplicate in arguments":         `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x","arguments":{"a":{"b":1,"b":2}}}}`,
		"invalid UTF-8":                  "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":{\"name\":\"\xff\"}}",
		"lone surrogate":                 `{"jsonrpc":"2.0","id":1,"method":"ping","params":{"name":"\ud800"}}`,
		"deep arguments":                 `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"arguments":` + nested(63) + `}}`,
		"id of a fraction":               `{"jsonrpc":"2.0","id":1.5,"method":"ping"}`,
		"id of a whole fraction":         `{"jsonrpc":"2.0","id":1.0,"method":"ping"}`,
		"id with an exponent":            `{"jsonrpc":"2.0","id":1e3,"method":"ping"}`,
		"id null":                        `{"jsonrpc":"2.0","id":null,"method":"ping"}`,
		"id true":                        `{"jsonrpc":"2.0","id":true,"method":"ping"}`,
		"id object":                      `{"jsonrpc":"2.0","id":{},"method":"ping"}`,
		"id too long":                    `{"jsonrpc":"2.0","id":"` + strings.Repeat("x", maxIDBytes) + `","method":"ping"}`,
		"no version":                     `{"id":1,"method":"ping"}`,
		"other version":                  `{"jsonrpc":"1.0","id":1,"method":"ping"}`,
		"version as number":              `{"jsonrpc":2.0,"id":1,"method":"ping"}`,
		"no method":                      `{"jsonrpc":"2.0","id":1}`,
		"empty method":                   `{"jsonrpc":"2.0","id":1,"method":""}`,
		"method no string":               `{"jsonrpc":"2.0","id":1,"method":1}`,
		"params null":                    `{"jsonrpc":"2.0","id":1,"method":"ping","params":null}`,
		"params by position":             `{"jsonrpc":"2.0","id":1,"method":"ping","params":[1]}`,
		"too many members":               `{"jsonrpc":"2.0","id":1,"method":"ping","params":{` + many(maxMembers) + `"last":1}}`,
		"too many values":                `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"arguments":[` + strings.Repeat("0,", maxValues) + `0]}}`,
		"a response":                     `{"jsonrpc":"2.0","id":1,"result":{}}`,
		"an error response":              `{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":""}}`,
	} {
		if m, err := parse([]byte(body)); err == nil {
			t.Errorf("%s: parsed as %+v", name, m)
		}
	}
}

func TestParseErrorsQuoteNothing(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`{"jsonrpc":"2.0","id":1,"method":"ping","secret":1,"secret":2}`,
		`{"jsonrpc":"2.0","secret":}`,
		`{"jsonrpc":"secret"}`,
		`{"jsonrpc":"2.0","id":["secret"],"method":"x"}`,
	} {
		_, err := parse([]byte(body))
		if err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("parse(%s) = %v; want an error that does not quote", body, err)
		}
	}
}

func TestParseAccepts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ body, id, method string }{
		{`{"jsonrpc":"2.0","id":1,"method":"ping"}`, `1`, "ping"},
		{` { "method" : "ping" , "id" : "a\u0062" , "jsonrpc" : "2.0" } ` + "\r\n", `"a\u0062"`, "ping"},
		{`{"jsonrpc":"2.0","id":-0,"method":"ping"}`, `-0`, "ping"},
		{`{"jsonrpc":"2.0","id":123456789012345678901234567890,"method":"ping"}`, `123456789012345678901234567890`, "ping"},
		{`{"jsonrpc":"2.0","id":"","method":"tools\/list","params":{}}`, `""`, "tools/list"},
		{`{"jsonrpc":"2.0","method":"notifications/initialized"}`, ``, "notifications/initialized"},
		{`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"arguments":{"name":1,"NAME":2}}}`, `1`, "tools/call"},
	} {
		m, err := parse([]byte(c.body))
		if err != nil || string(m.id) != c.id || m.method != c.method {
			t.Errorf("parse(%s) = %+v, %v", c.body, m, err)
		}
	}
	_, err := parse([]byte(`{"jsonrpc":"2.0","id":1,"result":{}}`))
	if !errors.Is(err, errResponse) {
		t.Errorf("a response: %v", err)
	}
}

// Rule 1: the SDK sees what was judged, and no other member.
func TestEncodeKeepsOnlyWhatIsNamed(t *testing.T) {
	t.Parallel()
	m, err := parse([]byte(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"math","task":{},"arguments":{"a":9007199254740993},"x":"y"}}`))
	if err != nil {
		t.Fatal(err)
	}
	got := string(m.params.encode(operations[methodCallTool].passes))
	if want := `{"name":"math","arguments":{"a":9007199254740993}}`; got != want {
		t.Errorf("encoded %s, want %s", got, want)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"math","NAME":"x"}}`))
	f.Add([]byte(`{"jsonrpc":"2.0","id":"\u0000","method":"ping","params":{"_meta":{"a":[[[]]]}}}`))
	f.Add([]byte(`[{"jsonrpc":"2.0","id":1,"method":"ping"}]`))
	f.Fuzz(func(t *testing.T, body []byte) {
		m, err := parse(body)
		if err != nil {
			return
		}
		// What was accepted reads the same when it is written again.
		again, err := parse(rebuild(m))
		if err != nil {
			t.Fatalf("accepted %q, then refused its own encoding: %v", body, err)
		}
		if again.method != m.method || string(again.id) != string(m.id) || len(again.params) != len(m.params) {
			t.Fatalf("%q reads differently the second time", body)
		}
	})
}

func rebuild(m *message) []byte {
	b := []byte(`{"jsonrpc":"2.0","method":`)
	b = appendQuoted(b, m.method)
	if m.id != nil {
		b = append(append(b, `,"id":`...), m.id...)
	}
	if m.hasParams {
		b = append(append(b, `,"params":`...), m.params.encode(func(string) bool { return true })...)
	}
	return append(b, '}')
}

func FuzzDecodeMirror(f *testing.F) {
	for _, s := range []string{"math", "=?base64?SGVsbG8sIOS4lueVjA==?=", "=?base64?%%?=", "=?base64?", "\x00", "=?BASE64?aa==?="} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, value string) {
		got, ok := decodeMirror(value)
		if ok && !strings.HasPrefix(value, "=?base64?") && got != value {
			t.Fatalf("plain value %q became %q", value, got)
		}
	})
}

func TestDecodeMirror(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		value, want string
		ok          bool
	}{
		{"us-west1", "us-west1", true},
		{"=?base64?SGVsbG8sIOS4lueVjA==?=", "Hello, 世界", true},
		{"=?base64?IHBhZGRlZCA=?=", " padded ", true},
		{"=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?=", "=?base64?literal?=", true},
		{"=?base64?SGVsbG8?=", "", false},  // no padding
		{"=?base64?SGVsbG9=?=", "", false}, // bits that mean nothing
		{"=?BASE64?SGVsbG8=?=", "=?BASE64?SGVsbG8=?=", true},
		{"a\x7f", "", false},
		{"größe", "", false},
	} {
		got, ok := decodeMirror(c.value)
		if ok != c.ok || (ok && got != c.want) {
			t.Errorf("decodeMirror(%q) = %q, %v; want %q, %v", c.value, got, ok, c.want, c.ok)
		}
	}
}

// Rule 3: an era is chosen by membership.
func TestEraByMembership(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		header, claimed string
		modern          bool
	}{
		{"", "", false},
		{"2025-11-25", "", false},
		{"zzz", "", false},
		{"9999-12-31", "", false},
		{"2026-07-28", "", true},
		{"", "2026-07-28", true},
		{"2025-11-25", "2026-07-28", true},
		{"2025-11-25", "2025-11-25", false},
		{"", "zzz", true},
		{"2026-07-28", "2025-11-25", true},
	} {
		if got := isModern(c.header, c.claimed); got != c.modern {
			t.Errorf("isModern(%q, %q) = %v", c.header, c.claimed, got)
		}
	}
}

// Rule 8: codes that the specification keeps for itself are never emitted.
func TestAllowedCodes(t *testing.T) {
	t.Parallel()
	for _, code := range []int64{0, -32000, -32002, -32019, -32023, -32042, -32099} {
		if allowedCode(code, true) || allowedCode(code, false) {
			t.Errorf("%d is allowed", code)
		}
	}
	for _, code := range []int64{-32700, -32600, -32601, -32602, -32603, -32020, -32021, -32022, 1, -31001} {
		if !allowedCode(code, true) {
			t.Errorf("%d is not allowed", code)
		}
		if defined := code <= -32020 && code >= -32099; allowedCode(code, false) == defined {
			t.Errorf("before %s: %d, allowed: %v", version20260728, code, !defined)
		}
	}
}
