package mcphttp_test

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// batch posts messages as one batch.
func (w *world) batch(id string, messages ...string) answer {
	return w.legacy(id, v2503, "["+strings.Join(messages, ",")+"]")
}

// responses are those of a batch's answer.
func (a answer) responses() []response {
	a.tb.Helper()
	var all []response
	if err := json.Unmarshal([]byte(a.body), &all); err != nil || a.status != http.StatusOK {
		a.tb.Fatalf("%d %s: %v", a.status, a.body, err)
	}
	return all
}

func ids(all []response) []string {
	var got []string
	for _, r := range all {
		got = append(got, string(r.ID))
	}
	return got
}

const initialized = `{"jsonrpc":"2.0","method":"notifications/initialized"}`

func toolCall(id, name string) string {
	return `{"jsonrpc":"2.0","id":` + id + `,"method":"tools/call","params":{"name":"` + name + `","arguments":{}}}`
}

// Rule 7: 2025-03-26 has batches. Calls are answered in order, notifications are not,
// and what is wrong with one is that one's answer.
func TestBatchRule7(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.initialize(v2503).header.Get("Mcp-Session-Id")
	all := w.batch(id, ping, initialized, toolCall(`"a"`, "whoami"), toolCall("9007199254740993", "nothing"),
		`{"jsonrpc":"2.0","id":4,"method":"tools/destroy"}`, `{"jsonrpc":"2.0","id":5,"method":"logging/setLevel","params":{"level":"info"}}`,
		toolCall("6", "gold"), `{"jsonrpc":"2.0","id":7,"method":"server/discover"}`).responses()
	if got, want := ids(all), []string{"1", `"a"`, "9007199254740993", "4", "5", "6", "7"}; !slices.Equal(got, want) {
		t.Fatalf("answers to %v, want %v", got, want)
	}
	for i, code := range []int64{0, 0, -32602, -32601, 0, -32602, -32601} {
		if all[i].Error.Code != code {
			t.Errorf("%s: %+v, want code %d", all[i].ID, all[i].Error, code)
		}
	}
	w.advance(2 * time.Minute)
	w.legacy(id, v2503, ping).wants("the notification confirmed the session", http.StatusOK, 0)
	if a := w.batch(id, initialized, `{"jsonrpc":"2.0","method":"notifications/whatever"}`); a.status != http.StatusAccepted || a.body != "" {
		t.Errorf("notifications only: %d %q", a.status, a.body)
	}
	if got := w.legacy(id, "", "["+ping+"]").responses(); len(got) != 1 {
		t.Errorf("without the header, which means 2025-03-26: %v", got)
	}
}

// Rule 7: every element is authorised before any of them runs.
func TestBatchIsJudgedFirstRule7(t *testing.T) {
	t.Parallel()
	var ran atomic.Int64
	w := newWorld(t, func(s *settings) {
		s.raw = map[string]mcp.ToolHandler{"count": func(context.Context, *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			ran.Add(1)
			return done(), nil
		}}
	})
	id := w.open(v2503)
	count := toolCall("1", "count")
	a := w.batch(id, count, toolCall("2", "admin"), count)
	if a.status != http.StatusForbidden || !strings.Contains(a.header.Get("WWW-Authenticate"), "admin:all") {
		t.Errorf("without the scope: %d %s", a.status, a.body)
	}
	for name, bad := range map[string]string{
		"initialize":      body("initialize", `"protocolVersion":"2025-03-26","capabilities":{},"clientInfo":{"name":"a","version":"1"}`),
		"a response":      `{"jsonrpc":"2.0","id":1,"result":{}}`,
		"a duplicate key": `{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call"}`,
		"another case":    `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"admin","NAME":"count"}}`,
		"a batch":         "[" + ping + "]",
		"no object":       "1",
		"a fraction":      `{"jsonrpc":"2.0","id":1.5,"method":"ping"}`,
		"2026-07-28":      body("tools/call", meta+`,"name":"count"`),
		"null":            "null",
	} {
		if a := w.batch(id, count, bad); a.status != http.StatusBadRequest {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	if n := ran.Load(); n != 0 {
		t.Errorf("%d calls ran", n)
	}
}

// Rule 7: batches are capped, and no other version has them.
func TestBatchLimitsRule7(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, newer := w.open(v2503), w.open(v2506)
	if got := w.batch(id, slices.Repeat([]string{ping}, 32)...).responses(); len(got) != 32 {
		t.Errorf("%d answers", len(got))
	}
	for name, a := range map[string]answer{
		"33 messages":                 w.batch(id, slices.Repeat([]string{ping}, 33)...),
		"none":                        w.batch(id),
		"trailing data":               w.legacy(id, v2503, "["+ping+"] x"),
		"two batches":                 w.legacy(id, v2503, "["+ping+"]["+ping+"]"),
		"unfinished":                  w.legacy(id, v2503, "["+ping),
		"the header of 2025-06-18":    w.legacy(id, v2506, "["+ping+"]"),
		"the header of 2025-11-25":    w.legacy(id, v2511, "["+ping+"]"),
		"the header of 2026-07-28":    w.legacy(id, v2026, "["+ping+"]"),
		"an unknown header":           w.legacy(id, "zzz", "["+ping+"]"),
		"a session of 2025-06-18":     w.batch(newer, ping),
		"one without a header either": w.legacy(newer, "", "["+ping+"]"),
		"no session":                  w.batch("", ping),
	} {
		if a.status != http.StatusBadRequest {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	deep := strings.Repeat("[", 66) + strings.Repeat("]", 66)
	if a := w.legacy(id, v2503, deep); a.status != http.StatusBadRequest {
		t.Errorf("deep: %d", a.status)
	}
}

// Rule 10 and 11, in batches: the deadline is one for all, after it nothing begins, and
// what the edge cannot carry is left out, message by message.
func TestBatchDeadlineAndSize(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var ran atomic.Int64
		w := newWorld(t, slowTools, func(s *settings) {
			s.ResultLimit = 64 << 10
			s.raw["count"] = func(context.Context, *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
				ran.Add(1)
				return done(), nil
			}
			s.raw["large"] = func(context.Context, *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
				return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: strings.Repeat("x", 40<<10)}}}, nil
			}
		})
		id := w.open(v2503)
		began := time.Now()
		all := w.batch(id, append([]string{toolCall("1", "count"), toolCall("2", "announced")},
			slices.Repeat([]string{toolCall("3", "count")}, 30)...)...).responses()
		if took := time.Since(began); took != 20*time.Second || len(all) != 32 || ran.Load() != 1 {
			t.Errorf("took %v, %d answers, %d calls ran", took, len(all), ran.Load())
		}
		if all[1].Error.Message != "deadline exceeded" || all[2].Error.Message != "deadline exceeded" {
			t.Errorf("%+v", all)
		}
		a := w.batch(id, toolCall("1", "large"), toolCall("2", "large"), toolCall("3", "count"))
		all = a.responses()
		if len(a.body) > 64<<10 || all[0].Error.Code != 0 || all[1].Error.Code != -32603 || all[2].Error.Code != 0 {
			t.Errorf("%d bytes, %+v", len(a.body), all[1].Error)
		}
	})
}
