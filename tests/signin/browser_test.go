// Package signin signs in to the server that `make run` starts, as people do: clients that
// nobody here wrote meet a 401 and open a browser, which the tests drive.
package signin

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"leasehold.example/tests/internal/chromium"
)

const (
	modern = "2026-07-28"
	legacy = "2025-11-25"

	// pageTime is what a page may take on a busy machine.
	pageTime = 30 * time.Second
)

// browser is a Chromium with a profile of its own: one person at one machine, who last
// signed in there for a client.
type browser struct {
	ctx    context.Context
	person string
}

func newBrowser(t *testing.T) *browser {
	t.Helper()
	return &browser{ctx: chromium.New(t)}
}

// do takes steps on the browser's page. When one fails the test says what is on the page.
func (b *browser) do(t *testing.T, what string, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, pageTime)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.lost(t, what, err)
	}
}

func (b *browser) lost(t *testing.T, what string, err error) {
	t.Helper()
	where, _ := chromedp.Run(b.ctx, chromedp.Location())
	text, _ := chromedp.Run(b.ctx, chromedp.Text(chromedp.CSS("body")))
	t.Fatalf("%s: %v, at %s:\n%s", what, err, where, text)
}

// ask returns what a page says.
func ask[T any](t *testing.T, b *browser, what string, action chromedp.Action[T]) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, pageTime)
	defer cancel()
	v, err := chromedp.Run(ctx, action)
	if err != nil {
		b.lost(t, what, err)
	}
	return v
}

// Selectors of the pages.
const (
	people  = `button[name="person"]`
	allowed = `button[name="decision"][value="allow"]`
)

func click(selector string) chromedp.Action[chromedp.Void] {
	return chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible)
}

func visible(selector string) chromedp.Action[chromedp.Void] {
	return chromedp.WaitVisible(chromedp.CSS(selector))
}

func asPerson(person string) string { return `button[name="person"][value="` + person + `"]` }

// consent opens the page that a client asks for, signs in as person where nobody is
// signed in yet, and allows everything.
func (b *browser) consent(t *testing.T, authorize, person string) {
	t.Helper()
	b.person = person
	b.do(t, "open the client's page", chromedp.Navigate(authorize), visible(people+","+allowed))
	if !ask(t, b, "is somebody signed in", chromedp.Evaluate[bool](`document.querySelector('button[name="decision"]') !== null`)) {
		b.do(t, "sign in", click(asPerson(person)))
	}
	b.do(t, "allow", click(allowed))
}

// sessions is the text of the page of sessions, which asks again who is there once the
// browser has been back at a client.
func (b *browser) sessions(t *testing.T, base string) string {
	t.Helper()
	const list = "main .empty, main .all"
	b.do(t, "sessions", chromedp.Navigate(base+"/sessions"), visible(people+","+list))
	if ask(t, b, "is nobody signed in", chromedp.Evaluate[bool](`document.querySelector('button[name="person"]') !== null`)) {
		b.do(t, "sign in", click(asPerson(b.person)))
	}
	b.do(t, "the list", visible(list))
	return ask(t, b, "read the sessions", chromedp.Text(chromedp.CSS("main")))
}

// revokeAll revokes every session of who is signed in.
func (b *browser) revokeAll(t *testing.T, base string) {
	t.Helper()
	b.sessions(t, base)
	b.do(t, "revoke", click("details.all summary"), click(`form[action="/sessions/revoke-all"] button`), visible(`[role="status"]`))
}

// callback is where a native client waits for the answer.
type callback struct {
	url     string
	answers chan url.Values
}

func newCallback(t *testing.T) *callback {
	t.Helper()
	c := &callback{answers: make(chan url.Values, 4)}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/callback" { // such as an icon
			http.NotFound(w, r)
			return
		}
		for _, cookie := range r.Cookies() {
			if strings.HasPrefix(cookie.Name, "leasehold-") {
				t.Errorf("the client is sent the cookie %s", cookie.Name)
			}
		}
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, `<!doctype html><p id="back">signed in</p>`)
		c.answers <- r.URL.Query()
	}))
	t.Cleanup(server.Close)
	c.url = server.URL + "/callback"
	return c
}

func (c *callback) wait(t *testing.T) url.Values {
	t.Helper()
	select {
	case answer := <-c.answers:
		return answer
	case <-time.After(pageTime):
		t.Fatal("the browser did not come back to the client")
		return nil
	}
}

// has reports whether all of words are in text.
func has(text string, words ...string) bool {
	for _, w := range words {
		if !strings.Contains(text, w) {
			return false
		}
	}
	return true
}
