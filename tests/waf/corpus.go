package waf

import (
	"embed"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// bodies are what ordinary clients send: JSON-RPC messages, many of them with a text that
// looks like an attack to somebody who expects a form. Tools keep such texts, and nothing
// here renders or runs them.
//
//go:embed testdata/corpus/*.json
var bodies embed.FS

// endpoint is where the API of the corpus is. Host_localhost_HEADER looks at the name, and
// no client of a deployed API uses another.
const endpoint = "https://tools.example.com/live"

// message is a request as a managed rule sees it.
type message struct {
	name   string // for messages of Check
	method string
	target *url.URL
	header http.Header
	// texts is the part of the body that can be inspected, as sent and with the strings of
	// its JSON decoded.
	texts []string
	// hosted is true when the client's address is a cloud provider's.
	hosted bool
}

// client is what a kind of MCP client sends with each request.
type client struct {
	name   string
	hosted bool
	header map[string]string
}

// clients differ in their HTTP library, and some send no User-Agent at all.
var clients = []client{
	{name: "go-sdk", header: map[string]string{"User-Agent": "Go-http-client/1.1", "Accept-Encoding": "gzip"}},
	{name: "TypeScript SDK on Node", header: map[string]string{"User-Agent": "node", "Accept-Language": "*", "Sec-Fetch-Mode": "cors"}},
	{name: "TypeScript SDK with undici", header: map[string]string{"User-Agent": "undici", "Accept-Language": "*", "Sec-Fetch-Mode": "cors"}},
	{name: "Python SDK", header: map[string]string{"User-Agent": "python-httpx/0.28.1", "Accept-Encoding": "gzip, deflate"}},
	{name: "Java SDK", header: map[string]string{"User-Agent": "Java-http-client/21.0.5"}},
	{name: "coding agent", header: map[string]string{
		"User-Agent": "claude-code/2.1.0 (cli)", "Traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
	}},
	{name: "hosted assistant", hosted: true, header: map[string]string{"User-Agent": "openai-mcp/1.0.0", "X-Forwarded-For": "192.0.2.7"}},
	{name: "MCP Inspector in a browser", header: map[string]string{
		"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
		"Origin":     "http://localhost:6274", "Referer": "http://localhost:6274/", "Accept-Language": "en-GB,en;q=0.9",
		"Sec-Ch-Ua": `"Chromium";v="140", "Not=A?Brand";v="24"`, "Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "cross-site",
	}},
	{name: "client without a User-Agent", header: map[string]string{}},
}

// withoutBody are the requests that have none. The API serves no authorization endpoint:
// one with a loopback redirect_uri in its query would be refused by GenericRFI_QUERYARGUMENTS.
var withoutBody = []struct{ method, path string }{
	{http.MethodGet, "/mcp"},
	{http.MethodDelete, "/mcp"},
	{http.MethodOptions, "/mcp"},
	{http.MethodGet, "/healthz"},
	{http.MethodGet, "/.well-known/oauth-protected-resource"},
	{http.MethodGet, "/.well-known/oauth-protected-resource/mcp"},
	{http.MethodGet, "/.well-known/oauth-authorization-server"},
	{http.MethodGet, "/.well-known/openid-configuration"},
}

// ordinary is each body from one client, and each request without one from each client: no
// rule looks at both. limit is how many bytes of a body can be inspected.
func ordinary(limit int) ([]*message, error) {
	files, err := bodies.ReadDir("testdata/corpus")
	if err != nil {
		return nil, err
	}
	texts := map[string][]byte{"a note of 9 KB": note(9 << 10), "a note of 100 KB": note(100 << 10)}
	for _, f := range files {
		if texts[f.Name()], err = bodies.ReadFile("testdata/corpus/" + f.Name()); err != nil {
			return nil, err
		}
	}
	var all []*message
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		m, err := clients[0].message(http.MethodPost, "/mcp", texts[name], limit)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		m.name += ", " + name
		all = append(all, m)
	}
	for _, c := range clients {
		for _, r := range withoutBody {
			m, err := c.message(r.method, r.path, nil, limit)
			if err != nil {
				return nil, err
			}
			all = append(all, m)
		}
	}
	return all, nil
}

// note is a long argument of a tool, of innocent words.
func note(size int) []byte {
	text := strings.Repeat("The quarterly figures are in the second table. ", size/47+1)
	b, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": map[string]any{
		"name": "notebook_add", "arguments": map[string]string{"text": text},
	}})
	if err != nil {
		panic(err) // a map of strings
	}
	return b
}

func (c client) message(method, path string, body []byte, limit int) (*message, error) {
	target, err := url.Parse(endpoint + path)
	if err != nil {
		return nil, err
	}
	m := &message{name: method + " " + path + " of " + c.name, method: method, target: target, header: http.Header{}, hosted: c.hosted}
	for name, value := range c.header {
		m.header.Set(name, value)
	}
	m.header.Set("Accept", "application/json, text/event-stream")
	if strings.HasPrefix(path, "/mcp") {
		m.header.Set("Authorization", "Bearer eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ1c2VyLTEifQ.c2lnbmF0dXJl")
		m.header.Set("Mcp-Session-Id", "kB2v9mZ1QwErTyUiOpAsDfGhJkLzXcVb")
		m.header.Set("Mcp-Protocol-Version", "2026-07-28")
	}
	m.texts = []string{string(body[:min(len(body), limit)])}
	if body == nil {
		return m, nil
	}
	m.header.Set("Content-Type", "application/json")
	var call struct {
		Method string
		Params struct{ Name, URI string }
	}
	var document any
	if err := json.Unmarshal(body, &call); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(body, &document); err != nil {
		return nil, err
	}
	// The newest protocol repeats these in headers, which have rules of their own.
	m.header.Set("Mcp-Method", call.Method)
	m.header.Set("Mcp-Name", call.Params.Name+call.Params.URI)
	plain := strings.Join(stringsOf(document), "\n")
	m.texts = append(m.texts, plain[:min(len(plain), limit)])
	return m, nil
}

// stringsOf are the strings of a JSON value, names included.
func stringsOf(v any) []string {
	var all []string
	switch v := v.(type) {
	case string:
		all = append(all, v)
	case []any:
		for _, e := range v {
			all = append(all, stringsOf(e)...)
		}
	case map[string]any:
		for name, e := range v {
			all = append(append(all, name), stringsOf(e)...)
		}
	}
	return all
}
