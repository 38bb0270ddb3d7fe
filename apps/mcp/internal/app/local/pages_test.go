package local

import (
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"go.uber.org/fx"

	"leasehold.example/apps/mcp/config"
	"leasehold.example/apps/mcp/internal/app"
	"leasehold.example/apps/mcp/internal/app/apptest"
)

var hidden = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)"`)

// TestPagesLeaveSummaries: what the pages ask of the endpoint, in the same process, leaves a
// line as any other client's request does.
func TestPagesLeaveSummaries(t *testing.T) {
	t.Parallel()
	o, log := Options{Addr: freeAddr(t), Data: t.TempDir(), Out: io.Discard}, &apptest.Log{}
	c, err := config.LoadLocal(nil, o.Addr)
	if err != nil {
		t.Fatal(err)
	}
	s := fx.New(Server(c, o, app.Shipped, log))
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Stop(context.Background()) })
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar, Transport: &http.Transport{}}
	t.Cleanup(browser.CloseIdleConnections)
	send := func(method, path, form string) string {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, "http://"+o.Addr+path, strings.NewReader(form))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", "http://"+o.Addr)
		res, err := browser.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		body, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != http.StatusOK {
			t.Fatalf("%s %s: %d %v: %s", method, path, res.StatusCode, err, body)
		}
		return string(body)
	}
	form := url.Values{"person": {"acme/alice"}}
	for _, field := range hidden.FindAllStringSubmatch(send(http.MethodGet, "/signin?back=/try", ""), -1) {
		form.Set(field[1], field[2])
	}
	if page := send(http.MethodPost, "/signin", form.Encode()); !strings.Contains(page, "notebook_open") {
		t.Fatalf("no tools: %s", page)
	}
	if got := log.String(); !strings.Contains(got, `"message":"request"`) || !strings.Contains(got, `"method":"tools/list"`) || !strings.Contains(got, `"tenant":"acme"`) {
		t.Errorf("the log has %s", got)
	}
}
