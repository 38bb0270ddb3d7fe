package pages

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"leasehold.example/libs/identity"
)

// The protocol versions that "try it" speaks: the newest of each era.
const (
	modern = "2026-07-28"
	legacy = "2025-11-25"
)

const sessionHeader = "Mcp-Session-Id"

// caller is a client of the MCP endpoint like any other, in the same process.
type caller struct {
	endpoint http.Handler
	url      string
	token    func(identity.Principal) (string, error)
}

// talk is what caller says for one page, with one token.
type talk struct {
	caller
	bearer    string
	lastID    int
	exchanges []exchange
}

func (c caller) begin(p identity.Principal) (*talk, error) {
	bearer, err := c.token(p)
	if err != nil {
		return nil, fmt.Errorf("pages: token: %w", err)
	}
	return &talk{caller: c, bearer: bearer}, nil
}

// message is a JSON-RPC request, or a notification when it has no id.
type message struct {
	JSONRPC string `json:"jsonrpc"`
	ID      int    `json:"id,omitzero"`
	Method  string `json:"method"`
	Params  any    `json:"params,omitzero"`
}

// meta is what every request of 2026-07-28 says of itself.
// https://modelcontextprotocol.io/specification/2026-07-28/basic#_meta
type meta struct {
	Version      string         `json:"io.modelcontextprotocol/protocolVersion"`
	Client       implementation `json:"io.modelcontextprotocol/clientInfo"`
	Capabilities jsontext.Value `json:"io.modelcontextprotocol/clientCapabilities"`
}

type implementation struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

var ourselves = implementation{"leasehold-try-it", "1"}

func newMeta() *meta {
	return &meta{modern, ourselves, jsontext.Value(`{"elicitation":{"form":{}}}`)}
}

type listParams struct {
	Meta *meta `json:"_meta"`
}

type initializeParams struct {
	Version      string         `json:"protocolVersion"`
	Capabilities struct{}       `json:"capabilities"`
	Client       implementation `json:"clientInfo"`
}

// toolCall are the params of tools/call.
type toolCall struct {
	Meta      *meta          `json:"_meta,omitzero"`
	Name      string         `json:"name"`
	Arguments jsontext.Value `json:"arguments"`
	// State and Answers are the second round of a call that asked something.
	// https://modelcontextprotocol.io/specification/2026-07-28/basic/patterns/mrtr
	State   string         `json:"requestState,omitzero"`
	Answers jsontext.Value `json:"inputResponses,omitzero"`
}

// tools lists the tools that the principal is shown.
func (t *talk) tools(ctx context.Context) ([]toolInfo, answer) {
	a := t.sendModern(ctx, "tools/list", "", listParams{newMeta()})
	return a.rpc.Result.Tools, a
}

// call calls a tool in an era. In the older one that takes a session, of its own.
func (t *talk) call(ctx context.Context, era string, c toolCall) answer {
	if era == modern {
		c.Meta = newMeta()
		return t.sendModern(ctx, "tools/call", c.Name, c)
	}
	a := t.request(ctx, "initialize", initializeParams{Version: legacy, Client: ourselves}, nil)
	id := a.header.Get(sessionHeader)
	if id == "" {
		return a
	}
	version, session := [2]string{"MCP-Protocol-Version", legacy}, [2]string{sessionHeader, id}
	// The session ends also when who asked for the page has gone.
	defer func() { t.send(context.WithoutCancel(ctx), http.MethodDelete, message{}, version, session) }()
	t.send(ctx, http.MethodPost, message{JSONRPC: "2.0", Method: "notifications/initialized"}, version, session)
	return t.request(ctx, "tools/call", c, [][2]string{version, session})
}

func (t *talk) sendModern(ctx context.Context, method, name string, params any) answer {
	header := [][2]string{{"MCP-Protocol-Version", modern}, {"Mcp-Method", method}}
	if name != "" {
		header = append(header, [2]string{"Mcp-Name", name})
	}
	return t.request(ctx, method, params, header)
}

func (t *talk) request(ctx context.Context, method string, params any, header [][2]string) answer {
	t.lastID++
	return t.send(ctx, http.MethodPost, message{"2.0", t.lastID, method, params}, header...)
}

// send is one exchange over HTTP. A message without a method is none.
func (t *talk) send(ctx context.Context, method string, m message, more ...[2]string) answer {
	header := [][2]string{{"Authorization", "Bearer " + t.bearer}}
	var body []byte
	if m.Method != "" {
		var err error
		if body, err = json.Marshal(m); err != nil {
			return answer{body: err.Error()}
		}
		header = append(header, [2]string{"Content-Type", "application/json"}, [2]string{"Accept", "application/json, text/event-stream"})
	}
	header = append(header, more...)
	r, err := http.NewRequestWithContext(ctx, method, t.url, strings.NewReader(string(body)))
	if err != nil {
		return answer{body: err.Error()}
	}
	for _, h := range header {
		r.Header.Set(h[0], h[1])
	}
	w := &recorder{header: http.Header{}}
	t.endpoint.ServeHTTP(w, r)
	a := w.answer()
	t.exchanges = append(t.exchanges, newExchange(m.Method, r, header, body, a))
	return a
}
