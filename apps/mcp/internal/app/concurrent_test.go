package app_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.uber.org/fx"

	"leasehold.example/apps/mcp/internal/app"
	"leasehold.example/apps/mcp/internal/app/apptest"
	"leasehold.example/apps/mcp/internal/tool"
	"leasehold.example/libs/session"
	"leasehold.example/libs/session/memstore"
)

// chatty is the shipped features and a tool that reports progress, which none of them does.
type chatty struct {
	app.Features
	// begun, when not nil, counts the calls that have begun; each goes on when all have.
	begun *sync.WaitGroup
	// held, when not nil, is told of every call, which then waits for a value of hold, or
	// until it is cancelled.
	held, hold chan struct{}
}

const chattyTool, reports = "chatty", 20

func (c chatty) Lookup(method, name string) (scope string, ok bool) {
	if method == "tools/call" && name == chattyTool {
		return "mcp:basic", true
	}
	return c.Features.Lookup(method, name)
}

func (c chatty) Register(s *mcp.Server) {
	c.Features.Register(s)
	s.AddTool(&mcp.Tool{Name: chattyTool, InputSchema: map[string]any{"type": "object"}}, c.run)
}

// run says to the caller, many times, who the caller is and what the caller said.
func (c chatty) run(ctx context.Context, r *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	call, ok := tool.CallFrom(r.Extra)
	var in struct{ Text string }
	if err := json.Unmarshal(r.Params.Arguments, &in); err != nil || !ok {
		return nil, errors.Join(errors.New("no call"), err)
	}
	text := call.Principal.Tenant + " " + call.Principal.Subject + " " + call.Principal.Issuer + " " + in.Text
	if c.begun != nil {
		c.begun.Done()
		c.begun.Wait()
	}
	if c.held != nil {
		c.held <- struct{}{}
		select {
		case <-c.hold:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	for i := range reports {
		err := r.Session.NotifyProgress(ctx, &mcp.ProgressNotificationParams{
			ProgressToken: r.Params.GetProgressToken(), Progress: float64(i), Message: text,
		})
		if err != nil {
			return nil, err
		}
	}
	return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: text}}}, nil
}

// chat calls the tool in either era, with the id and the progress token of everybody else.
func (p *person) chat(t testing.TB, modern bool) apptest.Answer {
	arguments := `{"text":"` + p.secret + `"}`
	if modern {
		return p.ToolModern(t, chattyTool, arguments)
	}
	return p.Call(t, p.session, "tools/call", `{"name":"chatty","arguments":`+arguments+`,"_meta":{"progressToken":"p"}}`)
}

// TestConcurrentStreams: everybody at once on one instance, in both eras, with equal
// request ids and progress tokens, over connections that they share; all calls are
// certain to run at the same time. Each stream holds what its caller said, in order, and
// nothing of anybody else.
func TestConcurrentStreams(t *testing.T) {
	t.Parallel()
	issuers := twoIssuers(t)
	begun := &sync.WaitGroup{}
	s := apptest.New(t, apptest.Options{Issuers: issuers, Store: memstore.New(), More: fx.Decorate(
		func(f app.Features) app.Features { return chatty{Features: f, begun: begun} },
	)})
	server := httptest.NewServer(s.Handler)
	defer server.Close()
	all := matrix(t, s, issuers)
	for _, p := range all {
		p.settle(t)
		p.URL, p.Transport = server.URL+"/mcp", server.Client().Transport
	}
	for range 3 {
		begun.Add(2 * len(all))
		var calls sync.WaitGroup
		for _, p := range all {
			for _, modern := range []bool{false, true} {
				calls.Go(func() { wantOwnStream(t, p, all, p.chat(t, modern)) })
			}
		}
		calls.Wait()
	}
	wantQuietLog(t, s, all)
}

func wantOwnStream(t testing.TB, p *person, all []*person, a apptest.Answer) {
	if got := a.Header.Get("Content-Type"); a.Status != http.StatusOK || !strings.HasPrefix(got, "text/event-stream") {
		t.Errorf("%v: %d %s: %s", p, a.Status, got, a.Body)
		return
	}
	wantNoOther(t, p, all, a)
	messages := a.Messages(t)
	if len(messages) != reports+1 || strings.Count(a.Body, p.secret) != reports+1 {
		t.Errorf("%v: %d messages, want %d with one's own text: %s", p, len(messages), reports+1, a.Body)
	}
	if last := messages[len(messages)-1]; string(last.ID) != strconv.Itoa(apptest.ID) {
		t.Errorf("%v: answered as %s", p, last.ID)
	}
}

// TestAlternating: two principals take turns on one connection, so that whatever an
// instance keeps between requests would show.
func TestAlternating(t *testing.T) {
	t.Parallel()
	issuers := twoIssuers(t)
	s := apptest.New(t, apptest.Options{Issuers: issuers, Store: memstore.New()})
	server := httptest.NewServer(s.Handler)
	defer server.Close()
	transport := &http.Transport{MaxConnsPerHost: 1}
	defer transport.CloseIdleConnections()
	all := matrix(t, s, issuers)
	for _, p := range all {
		p.settle(t)
		p.URL, p.Transport = server.URL+"/mcp", transport
	}
	for range 3 {
		for _, p := range all {
			p.wantOwn(t)
			wantNoOther(t, p, all, p.ToolModern(t, "whoami", "{}"))
			wantNoOther(t, p, all, p.Tool(t, p.session, "whoami", "{}"))
		}
	}
}

// TestCancelOwnOnly: `notifications/cancelled` ends the request of that id in the session
// that it came by, and not the one of the same id in any other.
func TestCancelOwnOnly(t *testing.T) {
	t.Parallel()
	issuers := twoIssuers(t)
	held, hold := make(chan struct{}), make(chan struct{})
	s := apptest.New(t, apptest.Options{Issuers: issuers, Store: memstore.New(), More: fx.Decorate(
		func(f app.Features) app.Features { return chatty{Features: f, held: held, hold: hold} },
	)})
	a, b := newPerson(s, issuers[0], "tenant-a", "subject-a"), newPerson(s, issuers[0], "tenant-a", "subject-b")
	a.settle(t)
	b.settle(t)
	cancelled, kept := make(chan apptest.Answer, 1), make(chan apptest.Answer, 1)
	go func() { cancelled <- a.chat(t, false) }()
	<-held
	go func() { kept <- b.chat(t, false) }() // the later of two with one id, if ids were all
	<-held
	if n := a.Notify(t, a.session, "notifications/cancelled", fmt.Sprintf(`{"requestId":%d}`, apptest.ID)); n.Status != http.StatusAccepted {
		t.Errorf("notifications/cancelled: %d", n.Status)
	}
	select {
	case got := <-cancelled:
		if got.Status == http.StatusOK {
			t.Errorf("the cancelled request was answered: %s", got.Body)
		}
	case got := <-kept:
		close(hold)
		t.Fatalf("another's request was cancelled: %d %s", got.Status, got.Body)
	}
	close(hold)
	wantOwnStream(t, b, []*person{a, b}, <-kept)
}

// TestNothingIsLost: concurrent session_set of different keys in one session, in both
// eras, and concurrent notebook_append. Two of them are always both there; of many, those
// that succeeded are there and the others say that they wrote nothing.
func TestNothingIsLost(t *testing.T) {
	onStores(t, func(t *testing.T, store session.Store) {
		issuers := twoIssuers(t)
		s := apptest.New(t, apptest.Options{Issuers: issuers, Store: store})
		p := newPerson(s, issuers[0], "tenant-a", "subject-one")
		p.settle(t)
		for round, writers := range []int{2, 2, 2, 12} {
			all := len(written(t, p, round, writers))
			if writers == 2 && all != 6 {
				t.Errorf("round %d: %d of 6 writes succeeded", round, all)
			}
		}
	})
}

// written lets writers write at once, three things each, and returns what succeeded after
// it has read all of it back.
func written(t *testing.T, p *person, round, writers int) []string {
	t.Helper()
	var (
		mu    sync.Mutex
		good  []string
		calls sync.WaitGroup
	)
	write := func(what string, do func() apptest.Answer) {
		calls.Go(func() {
			if _, isError := do().Text(t); !isError {
				mu.Lock()
				good = append(good, what)
				mu.Unlock()
			}
		})
	}
	for i := range writers {
		key := fmt.Sprintf("key-%d-%d", round, i)
		write("legacy "+key, func() apptest.Answer {
			return p.Tool(t, p.session, "session_set", `{"key":"`+key+`","value":1}`)
		})
		write("modern "+key, func() apptest.Answer {
			return p.ToolModern(t, "session_set", `{"key":"`+key+`","value":1,"session":"`+p.handle+`"}`)
		})
		write("entry "+key, func() apptest.Answer {
			return p.ToolModern(t, "notebook_append", `{"notebook":"`+p.book+`","text":"`+key+`"}`)
		})
	}
	calls.Wait()
	var book struct{ Entries []string }
	p.ToolModern(t, "notebook_read", `{"notebook":"`+p.book+`"}`).Decode(t, &book)
	for i := range writers {
		key := fmt.Sprintf("key-%d-%d", round, i)
		_, noLegacy := p.Tool(t, p.session, "session_get", `{"key":"`+key+`"}`).Text(t)
		_, noModern := p.ToolModern(t, "session_get", `{"key":"`+key+`","session":"`+p.handle+`"}`).Text(t)
		for what, there := range map[string]bool{
			"legacy ": !noLegacy, "modern ": !noModern, "entry ": slices.Contains(book.Entries, key),
		} {
			if succeeded := slices.Contains(good, what+key); succeeded != there {
				t.Errorf("%s%s: success %v, there %v", what, key, succeeded, there)
			}
		}
	}
	return good
}
