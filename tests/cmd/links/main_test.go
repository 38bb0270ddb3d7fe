package main

import (
	"context"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"leasehold.example/tests/docs"
	"leasehold.example/tests/internal/repo"
)

// TestVisits: what does not answer is dead, and named with the pages that link there; who refuses us is not known.
func TestVisits(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	for path, status := range map[string]int{"/good": 200, "/gone": 404, "/broken": 500, "/refused": 403, "/often": 429} {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
	}
	mux.Handle("/moved", http.RedirectHandler("/good", http.StatusMovedPermanently))
	mux.Handle("/round", http.RedirectHandler("/round", http.StatusFound))
	var before atomic.Bool
	mux.HandleFunc("/once", func(w http.ResponseWriter, _ *http.Request) {
		if before.CompareAndSwap(false, true) {
			w.WriteHeader(http.StatusBadGateway)
		}
	})
	mux.HandleFunc("/silent", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	outcomes := map[string]string{ // by address; empty is one that answers
		server.URL + "/good": "", server.URL + "/moved": "", server.URL + "/once": "", server.URL + "/gone": "dead", server.URL + "/broken": "dead",
		server.URL + "/round": "dead", closed.URL: "dead", server.URL + "/refused": "not known", server.URL + "/often": "not known",
	}
	places := map[string][]string{}
	for address := range outcomes {
		places[address] = []string{"docs/a.md:1", "docs/b.md:2"}
	}
	client := &http.Client{Timeout: time.Minute}
	var out strings.Builder
	err := report(&out, visitAll(t.Context(), client, slices.Collect(maps.Keys(places))), places)
	if err == nil || err.Error() != "4 dead links" || !strings.Contains(out.String(), "9 addresses, 4 dead\n") {
		t.Errorf("%v:\n%s", err, out.String())
	}
	for address, want := range outcomes {
		_, said, _ := strings.Cut(out.String(), ": "+address+": ")
		if listed := strings.Contains(out.String(), want+": "+address+": "); want != "" && (!listed || !strings.Contains(said, "\n    docs/a.md:1\n    docs/b.md:2\n")) || want == "" && said != "" {
			t.Errorf("%s: want %q in\n%s", address, want, out.String())
		}
	}
	if err := report(&out, visitAll(t.Context(), client, []string{server.URL + "/good"}), places); err != nil {
		t.Errorf("a good one: %v", err)
	}
	silent := visitAll(t.Context(), &http.Client{Timeout: time.Millisecond}, []string{server.URL + "/silent"})
	if err := report(&out, silent, places); err == nil || err.Error() != "1 dead links" {
		t.Errorf("a silent one: %v", err)
	}
}

// silent counts who waits for an answer, which does not come.
type silent struct{ waiting atomic.Int32 }

func (s *silent) RoundTrip(r *http.Request) (*http.Response, error) {
	s.waiting.Add(1)
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// TestAtOnce: of many silent addresses, a few wait at a time.
func TestAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var addresses silent
		go visitAll(ctx, &http.Client{Transport: &addresses}, slices.Repeat([]string{"https://a.example"}, 2*atOnce))
		synctest.Wait()
		if n := addresses.waiting.Load(); n != atOnce {
			t.Errorf("%d at a time, want %d", n, atOnce)
		}
		cancel()
	})
}

// TestElsewhere: an address is visited once, without its fragment; those of this machine and of testdata are not.
func TestElsewhere(t *testing.T) {
	t.Parallel()
	got := elsewhere(repo.Root(t), []docs.Page{
		docs.Parse("docs/a.md", []byte("[a](https://a.example/x#y)\n\n<http://127.0.0.1:8080/mcp> [own](b.md) <mailto:a@a.example>\n")),
		docs.Parse("docs/b.md", []byte("[a](https://a.example/x)\n")),
		docs.Parse("docs/testdata/c.md", []byte("[c](https://c.example/)\n")),
	})
	want := map[string][]string{"https://a.example/x": {"docs/a.md:1", "docs/b.md:1"}}
	if !maps.EqualFunc(got, want, slices.Equal) {
		t.Errorf("%q, want %q", got, want)
	}
}
