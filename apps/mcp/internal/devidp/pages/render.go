package pages

import (
	"bytes"
	"embed"
	"html/template"
	"io/fs"
	"net/http"
	"net/netip"
	"path"
	"strings"
)

//go:embed html/*.html style.css
var files embed.FS

// templates are the pages by name, each with the layout around it.
var templates = parse()

func parse() map[string]*template.Template {
	const shared = "html/layout.html"
	base := template.Must(template.New("layout.html").ParseFS(files, shared))
	names, err := fs.Glob(files, "html/*.html")
	if err != nil {
		panic(err) // the pattern is a constant
	}
	all := make(map[string]*template.Template, len(names))
	for _, name := range names {
		if name != shared {
			all[strings.TrimSuffix(path.Base(name), ".html")] = template.Must(template.Must(base.Clone()).ParseFS(files, name))
		}
	}
	return all
}

// page is what the layout needs. Its title must be ours or be shown as text only.
type page struct {
	Name, Title string
	// Who is nil when nobody is signed in, or when it is of no interest.
	Who  *visitor
	View any
	// client is where a form of the page may lead, if anywhere.
	client *Client
}

func (p *Pages) render(w http.ResponseWriter, status int, v page) {
	var body bytes.Buffer
	if err := templates[v.Name].Execute(&body, v); err != nil {
		p.log.Error("page not rendered", "page", v.Name, "error", err)
		http.Error(w, "this page could not be made", http.StatusInternalServerError)
		return
	}
	secure(w.Header(), v.client)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "5")
	}
	w.WriteHeader(status)
	// What others wrote need not be UTF-8; the page is.
	_, _ = w.Write(bytes.ToValidUTF8(body.Bytes(), []byte("\uFFFD"))) // an error means that who asked is gone
}

// refuse answers who, which may be nil, with v.
func (p *Pages) refuse(w http.ResponseWriter, who *visitor, v Problem) {
	p.render(w, v.Status, page{Name: "problem", Title: v.Title, Who: who, View: v})
}

func serveStyle(w http.ResponseWriter, r *http.Request) {
	secure(w.Header(), nil)
	http.ServeFileFS(w, r, files, "style.css")
}

// secure sets what keeps a page to itself: nothing runs in it, nothing is loaded from
// elsewhere, nobody frames it, and no cache keeps it. The referrer stays on this server;
// `no-referrer` would do that as well, but makes browsers send `Origin: null` with our own
// forms (https://fetch.spec.whatwg.org/#append-a-request-origin-header).
func secure(h http.Header, c *Client) {
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action "+formAction(c))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
}

// formAction is where forms may be sent. Chromium holds every redirect that follows to it
// as well, and with consent that is the client's own address, which is on loopback.
func formAction(c *Client) string {
	if c == nil || c.Redirect == nil || c.Redirect.Scheme != "http" {
		return "'self'"
	}
	host := c.Redirect.Hostname()
	switch ip, err := netip.ParseAddr(host); {
	case host != "localhost" && (err != nil || !ip.IsLoopback()):
		return "'self'"
	case err == nil && ip.Is6():
		// A policy cannot name an IPv6 address: https://www.w3.org/TR/CSP3/#grammardef-host-part.
		return "'self' http:"
	}
	return "'self' http://" + c.Redirect.Host
}
