package pages_test

import (
	"context"
	"io"
	"maps"
	"net/http"
	"strings"
	"testing"

	"leasehold.example/apps/mcp/internal/app/apptest"
)

// try sends the form of a tool's page, filled in.
func (w *world) try(t *testing.T, who, tool, era string, arguments map[string]string) *node {
	t.Helper()
	form := w.page(t, http.StatusOK, who, "/try?tool="+tool, nil).one(t, "action", "/try#result")
	sent := form.values()
	if sent["tool"] != tool || sent["era"] != apptest.Modern {
		t.Fatalf("the form of %s sends %v", tool, sent)
	}
	sent["era"] = era
	for name, value := range arguments {
		form.one(t, "name", "a."+name)
		sent["a."+name] = value
	}
	return w.page(t, http.StatusOK, who, "/try", sent)
}

// said is the outcome on a page.
func said(t *testing.T, page *node) (mood string, n *node) {
	t.Helper()
	n = page.one(t, "role", "status")
	return strings.TrimPrefix(n.attrs["class"], "notice "), n
}

func wantSaid(t *testing.T, page *node, mood string, texts ...string) {
	t.Helper()
	got, n := said(t, page)
	if got != mood {
		t.Errorf("it is %q, want %q: %s", got, mood, n.text)
	}
	contains(t, n, texts...)
}

// TestTools: the list is what the endpoint lists, with a form for each.
func TestTools(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	doc := w.page(t, http.StatusOK, "ann", "/try", nil)
	for _, name := range []string{"math", "notebook_delete", "session_set", "whoami"} {
		doc.one(t, "href", "/try?tool="+name)
		w.page(t, http.StatusOK, "ann", "/try?tool="+name, nil)
	}
	w.page(t, http.StatusNotFound, "ann", "/try?tool=nothing", nil)
	w.page(t, http.StatusNotFound, "ann", "/try", map[string]string{"csrf": "csrf-ann", "tool": "nothing", "era": apptest.Modern})
	w.page(t, http.StatusBadRequest, "ann", "/try", map[string]string{"csrf": "csrf-ann", "tool": "math", "era": "2024-11-05"})
}

// TestEras: a call in either era, to the last digit, as the other principals' clients make
// it; the session of the older one ends with it.
func TestEras(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	sum := map[string]string{"a": "9007199254740992", "b": "1"}
	newer := w.try(t, "ann", "math", apptest.Modern, sum)
	wantSaid(t, newer, "good", "Result", `"sum": 9007199254740993`)
	contains(t, newer, "POST https://mcp.example/mcp", "Mcp-Name: math", `"a": 9007199254740992`, "200 OK", `"resultType": "complete"`)
	if strings.Contains(newer.text, "Mcp-Session-Id") || len(newer.one(t, "class", "exchanges").all("li")) != 1 {
		t.Error("2026-07-28 takes one request and no session")
	}

	older := w.try(t, "ann", "math", apptest.Legacy, sum)
	wantSaid(t, older, "good", "Result", `"sum": 9007199254740993`)
	contains(t, older, "Mcp-Session-Id: (elided)", "202 Accepted", "204 No Content")
	var titles []string
	for _, e := range older.one(t, "class", "exchanges").all("summary") {
		titles = append(titles, e.all("b")[0].text)
	}
	if got := strings.Join(titles, " "); got != "initialize notifications/initialized tools/call DELETE" {
		t.Errorf("exchanges: %s", got)
	}
	if w.live(t, "ann") != 0 {
		t.Error("the session of the call lives on")
	}
	contains(t, w.try(t, "ann", "whoami", apptest.Legacy, nil), `"subject": "ann"`, `"tenant": "tenant-a"`)
	contains(t, w.try(t, "bob", "whoami", apptest.Modern, nil), `"subject": "bob"`)
}

// TestLeft: who leaves during a call leaves no session behind.
func TestLeft(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	ended := false
	w.endpoint = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Mcp-Session-Id") != "" {
			cancel()
		}
		if r.Method == http.MethodDelete {
			ended = r.Context().Err() == nil
		}
		w.Handler.ServeHTTP(rw, r)
	})
	w.do(request(t, "ann", "/try", map[string]string{"csrf": "csrf-ann", "tool": "whoami", "era": apptest.Legacy}).WithContext(ctx))
	if !ended || w.live(t, "ann") != 0 {
		t.Errorf("DELETE was sent with a live context: %t; %d sessions are left", ended, w.live(t, "ann"))
	}
}

// TestElided: neither the token nor a session id is on any page.
func TestElided(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var ids []string
	w.endpoint = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.Handler.ServeHTTP(rw, r)
		if id := rw.Header().Get("Mcp-Session-Id"); id != "" {
			ids = append(ids, id)
		}
	})
	for _, era := range []string{apptest.Modern, apptest.Legacy} {
		form := map[string]string{"csrf": "csrf-ann", "tool": "whoami", "era": era}
		body := w.do(request(t, "ann", "/try", form)).Body.String()
		contains(t, parsePage(t, body), "Authorization: Bearer (elided)")
		for _, secret := range append(ids, w.tokens...) {
			if strings.Contains(body, secret) {
				t.Errorf("%s: the page shows a token or an id", era)
			}
		}
	}
	if len(ids) == 0 || len(w.tokens) != 2 {
		t.Errorf("%d ids and %d tokens were looked for", len(ids), len(w.tokens))
	}
}

// TestErrors: what went wrong is told apart, and the request stays there to be sent again.
func TestErrors(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	wantSaid(t, w.try(t, "ann", "math", apptest.Modern, map[string]string{"a": "1"}), "bad", "The tool reports an error", `"b" is missing`)
	wantSaid(t, w.try(t, "ann", "notebook_read", apptest.Legacy, map[string]string{"notebook": "x"}), "bad", "The tool reports an error", "this handle is not valid")
	for _, era := range []string{apptest.Modern, apptest.Legacy} {
		page := w.try(t, "few", "notebook_open", era, map[string]string{"title": "kept"})
		wantSaid(t, page, "bad", "403 Forbidden", "notebook:write")
		contains(t, page, `error="insufficient_scope"`)
		if page.one(t, "name", "a.title").attrs["value"] != "kept" {
			t.Error("what was typed is lost")
		}
		if w.live(t, "few") != 0 {
			t.Error("the session of a failed call lives on")
		}
	}
}

// TestHostileText: what others wrote is text wherever it turns up.
func TestHostileText(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	book := w.openNotebook(t, "hostile", hostile)
	page := w.try(t, "hostile", "notebook_append", apptest.Modern, map[string]string{"notebook": book, "text": hostile + "\r\nsecond line"})
	wantSaid(t, page, "good", `"entries": 1`)
	if got := page.one(t, "action", "/try#result").values()["a.text"]; got != hostile+"\nsecond line" {
		t.Errorf("shown again: %q", got)
	}
	wantSaid(t, w.try(t, "hostile", "notebook_read", apptest.Legacy, map[string]string{"notebook": book}), "good", `second line`)
	wantSaid(t, w.try(t, "hostile", "notebook_delete", apptest.Modern, map[string]string{"notebook": book}), "asks", "<script>alert(1)</script>")
}

// openNotebook opens one on the page and reads its handle there.
func (w *world) openNotebook(t *testing.T, who, title string) string {
	t.Helper()
	_, n := said(t, w.try(t, who, "notebook_open", apptest.Modern, map[string]string{"title": title}))
	parts := strings.Split(n.all("pre")[0].text, `"`)
	if len(parts) != 5 || parts[1] != "notebook" {
		t.Fatalf("no handle in %q", n.text)
	}
	return parts[3]
}

// answer sends the form of a question.
func (w *world) answer(t *testing.T, status int, page *node, changes map[string]string) *node {
	t.Helper()
	_, n := said(t, page)
	form := n.form(t, "/try#result", "action", "accept").values()
	delete(form, "")
	maps.Copy(form, changes)
	return w.page(t, status, "ann", "/try", form)
}

// TestQuestion: the question of a tool is a form, and its answer the second round of the
// call, with the same arguments and the state that the server sealed (rule 30).
func TestQuestion(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	book := w.openNotebook(t, "ann", "mine")
	ask := func() *node {
		t.Helper()
		page := w.try(t, "ann", "notebook_delete", apptest.Modern, map[string]string{"notebook": book})
		wantSaid(t, page, "asks", `Delete the notebook "mine" with all its entries?`, "Go ahead?")
		return page
	}
	for name, changes := range map[string]map[string]string{
		"declined":       {"action": "decline"},
		"cancelled":      {"action": "cancel"},
		"answered no":    {"action": "accept", "q0.confirm": "false"},
		"left unchanged": {"action": "accept"},
	} {
		wantSaid(t, w.answer(t, http.StatusOK, ask(), changes), "good", `"deleted": false`)
		if w.live(t, "ann") != 1 {
			t.Fatalf("%s: the notebook is gone", name)
		}
	}
	calls := w.calls.Load()
	wrong := w.answer(t, http.StatusBadRequest, ask(), map[string]string{"action": "accept", "q0.confirm": "maybe"})
	wantSaid(t, wrong, "asks", "The question is still open", "Choose one of the values.")
	wantSaid(t, w.answer(t, http.StatusBadRequest, ask(), map[string]string{"action": "delete"}), "asks", "still open")
	wantSaid(t, w.answer(t, http.StatusBadRequest, ask(), map[string]string{"action": "accept", "arguments": "{"}), "asks", "still open")
	wantSaid(t, w.answer(t, http.StatusBadRequest, ask(), map[string]string{"action": "decline", "questions": `{"k":{"method":"roots/list"}}`}), "asks", "cannot put the question")
	wantSaid(t, w.answer(t, http.StatusOK, ask(), map[string]string{"action": "decline", "state": "\xff"}), "bad", "Nothing was sent", "UTF-8")
	if got := w.calls.Load() - calls; got != 20 { // each: the page, the call with its listing, the listing for the answer
		t.Errorf("%d calls, want none for an answer that is not sent", got)
	}
	wantSaid(t, w.answer(t, http.StatusOK, ask(), map[string]string{"action": "accept", "q0.confirm": "true", "state": "v1.x"}), "bad", "JSON-RPC error -32602", "requestState is not valid")
	wantSaid(t, w.answer(t, http.StatusOK, ask(), map[string]string{"action": "accept", "q0.confirm": "true", "arguments": `{"notebook":"other"}`}), "bad", "this handle is not valid")

	done := w.answer(t, http.StatusOK, wrong, map[string]string{"action": "accept", "q0.confirm": "true"})
	wantSaid(t, done, "good", `"deleted": true`)
	contains(t, done, `"requestState"`, `"inputResponses"`, `"action": "accept"`)
	if w.live(t, "ann") != 0 {
		t.Error("the notebook is still there")
	}
	if got := done.one(t, "name", "a.notebook").attrs["value"]; got != book {
		t.Errorf("the arguments are not shown again: %q", got)
	}

	// The older era cannot ask.
	book = w.openNotebook(t, "ann", "mine")
	wantSaid(t, w.try(t, "ann", "notebook_delete", apptest.Legacy, map[string]string{"notebook": book}), "bad", "with confirm set to true")
	wantSaid(t, w.try(t, "ann", "notebook_delete", apptest.Legacy, map[string]string{"notebook": book, "confirm": "true"}), "good", `"deleted": true`)
}

// fake answers tools/list with one tool and everything else as it is told.
func fake(schema string, status int, header map[string]string, body string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent, _ := io.ReadAll(r.Body)
		if strings.Contains(string(sent), `"tools/list"`) {
			_, _ = io.WriteString(w, `{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"t","inputSchema":`+schema+`}]}}`)
			return
		}
		for name, value := range header {
			w.Header().Set(name, value)
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	})
}

// TestAnswers: whatever an endpoint answers, the page says what it is.
func TestAnswers(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		status int
		header map[string]string
		body   string
		mood   string
		says   []string
		shows  []string
	}{
		"events": {
			200,
			map[string]string{"Content-Type": "text/event-stream"},
			"event: message\ndata: {\"method\":\"notifications/progress\"}\n\nevent: message\ndata: {\"id\":2,\"result\":{\"structuredContent\":{\"n\":1}}}\n\n",
			"good",
			[]string{"Result", `"n": 1`},
			[]string{"notifications/progress"},
		},
		"text only":       {200, nil, `{"id":2,"result":{"content":[{"text":"one"},{"text":"two"}]}}`, "good", []string{"one\ntwo"}, nil},
		"unauthorized":    {401, map[string]string{"WWW-Authenticate": "Bearer"}, `{"error":"invalid_token"}`, "bad", []string{"HTTP 401 Unauthorized"}, []string{"Bearer"}},
		"deadline":        {504, nil, `{"id":2,"error":{"code":-32603,"message":"took too long"}}`, "bad", []string{"JSON-RPC error -32603", "took too long"}, []string{"504 Gateway Timeout"}},
		"not JSON":        {502, nil, "<b>bad</b>", "bad", []string{"HTTP 502"}, []string{"<b>bad</b>"}},
		"nothing":         {503, map[string]string{"Retry-After": "1"}, "", "bad", []string{"HTTP 503"}, []string{"Retry-After: 1"}},
		"a long answer":   {200, nil, `{"result":{"x":"` + strings.Repeat("ü", 1<<16) + `"}}`, "good", nil, []string{"… and more"}},
		"no form":         {200, nil, `{"result":{"resultType":"input_required","inputRequests":{"k":{"method":"sampling/createMessage"}}}}`, "asks", []string{"cannot put the question"}, nil},
		"a question URL":  {200, nil, `{"result":{"resultType":"input_required","inputRequests":{"k":{"method":"elicitation/create","params":{"mode":"url"}}}}}`, "asks", []string{"cannot put the question"}, nil},
		"questions amiss": {200, nil, `{"result":{"resultType":"input_required","inputRequests":7}}`, "asks", []string{"cannot put the question"}, nil},
		"no questions":    {200, nil, `{"result":{"resultType":"input_required"}}`, "asks", []string{"cannot put the question"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.endpoint = fake(`{"type":"object"}`, tt.status, tt.header, tt.body)
			page := w.try(t, "ann", "t", apptest.Modern, nil)
			wantSaid(t, page, tt.mood, tt.says...)
			contains(t, page, tt.shows...)
		})
	}
}

// TestNoTools: without a list there is no form, and the page says why.
func TestNoTools(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.endpoint = http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusServiceUnavailable) })
	page := w.page(t, http.StatusOK, "ann", "/try", nil)
	wantSaid(t, page, "bad", "HTTP 503")
	contains(t, page, "tools/list")
	w.tokenless.Store(true)
	w.page(t, http.StatusServiceUnavailable, "ann", "/try", nil)
	w.endpoint = http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(rw, `{"result":{"tools":[]}}`) })
	w.tokenless.Store(false)
	contains(t, w.page(t, http.StatusOK, "ann", "/try", nil), "There is no tool for you here.")
	w.endpoint = fake(`7`, 200, nil, "")
	w.page(t, http.StatusNotFound, "ann", "/try?tool=t", nil)
}

const everyKind = `{"type":"object","required":["s"],"properties":{
	"s":{"type":"string","title":"Title","description":"hint","maxLength":20},
	"long":{"type":"string","maxLength":4000},
	"i":{"type":"integer","default":5},
	"n":{"type":"number"},
	"b":{"type":"boolean"},
	"e":{"enum":["red","1",1,null]},
	"o":{"type":"object"},
	"any":true,
	"list":{"type":["array","null"]}}}`

// TestFields: a control for every kind of property, in the order of the schema, and what
// is typed is sent as JSON of that kind or not at all.
func TestFields(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.endpoint = fake(everyKind, 200, nil, `{"result":{"content":[]}}`)
	form := w.page(t, http.StatusOK, "ann", "/try?tool=t", nil).one(t, "action", "/try#result")
	var got []string
	for _, c := range form.all("input", "textarea", "select") {
		if name, ok := strings.CutPrefix(c.attrs["name"], "a."); ok {
			got = append(got, c.name+" "+name)
		}
	}
	if want := "input s, textarea long, input i, input n, select b, select e, textarea o, textarea any, textarea list"; strings.Join(got, ", ") != want {
		t.Errorf("controls: %q", got)
	}
	contains(t, form, "Title", "hint", "long (optional)", "o (JSON)")
	if form.values()["a.i"] != "5" {
		t.Error("the default is not offered")
	}

	for name, tt := range map[string]struct{ value, sends, says string }{
		"s":    {`a "b"`, `"s": "a \"b\""`, ""},
		"long": {"a\r\nb", `"long": "a\nb"`, ""},
		"i":    {" -12345678901234567890 ", `"i": -12345678901234567890`, ""},
		"n":    {"1.50e3", `"n": 1.50e3`, ""},
		"b":    {"false", `"b": false`, ""},
		"e":    {`"1"`, `"e": "1"`, ""},
		"o":    {`{"x": [1, 2]}`, `"o": {`, ""},
		"any":  {`"text"`, `"any": "text"`, ""},
		"list": {"null", `"list": null`, ""},

		"i 1":   {"1.0", "", "not an integer"},
		"i 2":   {"1e3", "", "not an integer"},
		"i 3":   {"one", "", "not a number"},
		"i 4":   {"01", "", "not a number"},
		"i 5":   {`"1"`, "", "not a number"},
		"n 1":   {"Infinity", "", "not a number"},
		"b 1":   {"1", "", "Choose one"},
		"e 1":   {"red", "", "Choose one"},
		"o 1":   {`{"x":1`, "", "not JSON"},
		"o 2":   {`{"x":1,"x":2}`, "", "not JSON"},
		"any 1": {"text", "", "not JSON"},
		"s 1":   {"\xff", "", "not valid text"},
	} {
		name, _, _ := strings.Cut(name, " ")
		sent := map[string]string{"csrf": "csrf-ann", "tool": "t", "era": apptest.Modern, "a." + name: tt.value}
		if tt.says == "" {
			contains(t, w.page(t, http.StatusOK, "ann", "/try", sent), tt.sends)
			continue
		}
		calls := w.calls.Load()
		page := w.page(t, http.StatusBadRequest, "ann", "/try", sent)
		wantSaid(t, page, "bad", "Nothing was sent", tt.says)
		if page.one(t, "name", "a."+name).attrs["aria-invalid"] != "true" || w.calls.Load() != calls+1 {
			t.Errorf("%s %q: not marked, or sent", name, tt.value)
		}
	}
	contains(t, w.page(t, http.StatusOK, "ann", "/try", map[string]string{"csrf": "csrf-ann", "tool": "t", "era": apptest.Modern, "a.s": ""}), `"arguments": {}`)
}
