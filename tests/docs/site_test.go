package docs_test

import (
	"context"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"leasehold.example/tests/internal/chromium"
	"leasehold.example/tests/internal/need"
	"leasehold.example/tests/internal/repo"
)

const pageTime = 60 * time.Second

// look is what the browser says of a page of the site once its diagrams are drawn.
type look struct {
	Title    string   `json:"title"`
	Diagrams int      `json:"diagrams"`
	Sidebar  int      `json:"sidebar"`
	Width    int      `json:"width"`
	Requests []string `json:"requests"`
}

const askLook = `({
	title: document.querySelector('.vp-doc h1')?.textContent ?? '',
	diagrams: document.querySelectorAll('.diagram svg').length,
	sidebar: document.querySelectorAll('.VPSidebar a').length,
	width: document.scrollingElement.scrollWidth,
	requests: performance.getEntriesByType('resource').map((r) => r.name),
})`

const drawn = `document.querySelector('.vp-doc h1') !== null &&
	document.querySelectorAll('.diagram').length === document.querySelectorAll('.diagram svg').length`

// TestSite builds the site as `make docs` does.
func TestSite(t *testing.T) {
	t.Parallel()
	need.Program(t, "npm")
	cmd := exec.CommandContext(t.Context(), "make", "-s", "docs", "DOCS_BASE=/")
	cmd.Dir = repo.Root(t)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("make docs: %v\n%s", err, out)
	}
	t.Run("pages", sitePages)
	t.Run("diagrams", diagrams)
}

// sitePages reads every page of the site on a telephone: each has its heading and its diagrams, fits
// the width, and asks nobody but its own server for anything. The search finds.
func sitePages(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	site := filepath.Join(repo.Root(t), "build", "docs-site")
	server := httptest.NewServer(http.FileServer(http.Dir(site)))
	t.Cleanup(server.Close)
	b.do(t, chromedp.EmulateViewport(360, 800))
	drawings := map[string]int{}
	for _, p := range pages(t) {
		for _, block := range p.Blocks {
			if block.Lang == "mermaid" {
				drawings[p.Path]++
			}
		}
	}
	for _, rel := range built(t, site) {
		b.do(t, chromedp.Navigate(server.URL+"/"+rel))
		run(t, b, chromedp.Poll[bool](drawn))
		got := run(t, b, chromedp.Evaluate[look](askLook))
		if want := drawings[source(repo.Root(t), rel)]; got.Diagrams != want {
			t.Errorf("%s: %d diagrams are drawn; the page has %d", rel, got.Diagrams, want)
		}
		if got.Title == "" || got.Sidebar == 0 || got.Width > 360 {
			t.Errorf("%s: heading %q, %d links in the navigation, %d pixels wide; expected some, some, and 360 at most", rel, got.Title, got.Sidebar, got.Width)
		}
		for _, request := range got.Requests {
			if !strings.HasPrefix(request, server.URL+"/") {
				t.Errorf("%s asks another server: %s", rel, request)
			}
		}
	}
	b.do(t, chromedp.Navigate(server.URL+"/"), chromedp.Click(chromedp.CSS(".DocSearch-Button")),
		chromedp.SendKeys(chromedp.CSS("#localsearch-input"), "notebook"), chromedp.WaitVisible(chromedp.CSS(".VPLocalSearchBox .result")))
}

// diagrams asks Mermaid's parser about every diagram, those of pages that are not on the site too.
func diagrams(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	library := filepath.Join(repo.Root(t), "docs", "node_modules", "mermaid", "dist", "mermaid.min.js")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/mermaid.js" {
			http.ServeFile(w, r, library)
			return
		}
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprint(w, `<!doctype html><script src="/mermaid.js"></script>`)
	}))
	t.Cleanup(server.Close)
	b.do(t, chromedp.Navigate(server.URL))
	says := func(text string) string {
		script := fmt.Sprintf("mermaid.parse(%q).then(() => '', (e) => String(e))", text)
		return run(t, b, chromedp.Evaluate[string](script, chromedp.EvalAwaitPromise))
	}
	if says("flowchart LR\n a --> --> b") == "" || says("nothing of the kind") == "" {
		t.Error("a diagram that is not Mermaid passes")
	}
	for _, p := range pages(t) {
		for _, block := range p.Blocks {
			if block.Lang != "mermaid" {
				continue
			}
			if message := says(block.Text); message != "" {
				t.Errorf("%s: %s", block.At(), message)
			}
		}
	}
}

// built returns the pages of the site but the one for what is not found.
func built(t *testing.T, site string) []string {
	t.Helper()
	var found []string
	err := fs.WalkDir(os.DirFS(site), ".", func(rel string, d fs.DirEntry, err error) error {
		if err == nil && filepath.Ext(rel) == ".html" && rel != "404.html" {
			found = append(found, rel)
		}
		return err
	})
	if err != nil || len(found) < 10 {
		t.Fatalf("%d pages, %v; expected those of docs", len(found), err)
	}
	return found
}

// source is the file that a page of the site is made of.
func source(root, html string) string {
	md := "docs/" + strings.TrimSuffix(html, ".html") + ".md"
	if _, err := os.Stat(filepath.Join(root, md)); err != nil {
		return filepath.Dir(md) + "/README.md"
	}
	return md
}

// browser is a Chromium with a profile of its own.
type browser struct{ ctx context.Context }

func newBrowser(t *testing.T) browser {
	t.Helper()
	return browser{chromium.New(t)}
}

func (b browser) do(t *testing.T, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, pageTime)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		t.Fatalf("Chromium: %v", err)
	}
}

func run[T any](t *testing.T, b browser, action chromedp.Action[T]) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, pageTime)
	defer cancel()
	v, err := chromedp.Run(ctx, action)
	if err != nil {
		where, _ := chromedp.Run(b.ctx, chromedp.Location())
		t.Fatalf("Chromium, at %s: %v", where, err)
	}
	return v
}

// TestSource: a page of the site is found by its own name or by README.md of its folder.
func TestSource(t *testing.T) {
	t.Parallel()
	for html, want := range map[string]string{"deploy.html": "docs/deploy.md", "index.html": "docs/index.md", "decisions/index.html": "docs/decisions/README.md"} {
		if got := source(repo.Root(t), html); got != want {
			t.Errorf("%s is made of %s, want %s", html, got, want)
		}
	}
}
