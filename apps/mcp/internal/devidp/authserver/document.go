package authserver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/go-json-experiment/json"
)

const (
	maxDocument   = 64 << 10 // bytes of a client-id metadata document
	fetchTimeout  = 5 * time.Second
	documentTTL   = 5 * time.Minute
	maxDocuments  = 100
	maxDocumentID = 500 // bytes of its URL
)

// isDocumentURL reports whether a client id is the URL of a client-id metadata document:
// https, with a path, and without what would let two URLs mean the same
// (draft-ietf-oauth-client-id-metadata-document section 2).
func isDocumentURL(id string) bool {
	u, err := url.Parse(id)
	return err == nil && len(id) <= maxDocumentID && u.Scheme == "https" && u.Hostname() != "" && u.User == nil &&
		strings.Trim(u.Path, "/") != "" && !strings.Contains(id, "#") &&
		!slices.ContainsFunc(strings.Split(u.Path, "/"), func(part string) bool { return part == "." || part == ".." })
}

// fetcher fetches client-id metadata documents, and remembers them for a while. Anybody
// who can reach the server makes it fetch, so it reaches public addresses only, follows
// no redirect, and gives up soon (RULES 32). There is no exception for loopback: a client
// on this machine registers instead.
type fetcher struct {
	http *http.Client
	now  func() time.Time

	mu    sync.Mutex
	known map[string]fetched
}

type fetched struct {
	client client
	until  time.Time
}

// newFetcher fetches through transport, or through the guarded one when that is nil.
func newFetcher(transport http.RoundTripper, now func() time.Time) *fetcher {
	if transport == nil {
		transport = publicTransport()
	}
	return &fetcher{
		http: &http.Client{
			Transport: transport, Timeout: fetchTimeout,
			CheckRedirect: func(*http.Request, []*http.Request) error {
				return errors.New("authserver: a document is not redirected")
			},
		},
		now: now, known: map[string]fetched{},
	}
}

// client returns the client whose id is the URL of its document.
func (f *fetcher) client(ctx context.Context, id string) (client, error) {
	f.mu.Lock()
	known, ok := f.known[id]
	f.mu.Unlock()
	if ok && f.now().Before(known.until) {
		return known.client, nil
	}
	d, err := f.fetch(ctx, id)
	if err != nil {
		return client{}, err
	}
	c, err := d.client(id)
	if err != nil {
		return client{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.known) >= maxDocuments {
		clear(f.known)
	}
	f.known[id] = fetched{c, f.now().Add(documentTTL)}
	return c, nil
}

func (f *fetcher) fetch(ctx context.Context, id string) (d description, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, id, http.NoBody) //nolint:gosec // publicTransport keeps it off what is not public
	if err != nil {
		return d, fmt.Errorf("authserver: document: %w", err)
	}
	r.Header.Set("Accept", "application/json")
	answer, err := f.http.Do(r) //nolint:gosec // as above
	if failed, ok := errors.AsType[*url.Error](err); ok {
		err = failed.Err // without the URL, which is the client's id
	}
	if err != nil {
		return d, fmt.Errorf("authserver: document: %w", err)
	}
	defer func() { _ = answer.Body.Close() }()
	media, _, err := mime.ParseMediaType(answer.Header.Get("Content-Type"))
	isJSON := media == "application/json" || strings.HasPrefix(media, "application/") && strings.HasSuffix(media, "+json")
	if answer.StatusCode != http.StatusOK || err != nil || !isJSON {
		return d, fmt.Errorf("authserver: document: status %d, %q", answer.StatusCode, media)
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxDocument+1))
	if err != nil {
		return d, fmt.Errorf("authserver: document: %w", err)
	}
	if len(body) > maxDocument {
		return d, fmt.Errorf("authserver: document: larger than %d bytes", maxDocument)
	}
	if err := json.Unmarshal(body, &d); err != nil {
		return d, fmt.Errorf("authserver: document: %w", err)
	}
	return d, nil
}

// client makes a client of a document. It is public: a document cannot hold a secret,
// and other proofs are not supported.
func (d description) client(id string) (client, error) {
	c, refused := d.check()
	switch {
	case d.ID != id:
		return client{}, errors.New("authserver: document: it is another client's")
	case refused != nil:
		return client{}, fmt.Errorf("authserver: document: %w", refused)
	case d.Method != "" && d.Method != methodNone:
		return client{}, errors.New("authserver: document: the client is not a public one")
	}
	c.ID, c.Method = id, methodNone
	return c, nil
}

// publicTransport dials public addresses only. The check is on the address that is
// really dialled, so that a name which resolves differently the second time gains nothing.
// Proxies of the environment are not used: the address behind one cannot be seen.
func publicTransport() *http.Transport {
	dialer := &net.Dialer{
		Timeout: fetchTimeout,
		Control: func(_, address string, _ syscall.RawConn) error {
			dialled, err := netip.ParseAddrPort(address)
			if err != nil || !isPublic(dialled.Addr().Unmap()) {
				return errors.New("authserver: not a public address")
			}
			return nil
		},
	}
	return &http.Transport{
		DialContext: dialer.DialContext, TLSHandshakeTimeout: fetchTimeout, DisableKeepAlives: true,
		MaxResponseHeaderBytes: 64 << 10,
	}
}

// special are the ranges that netip has no predicate for, of the IANA special-purpose
// address registries (RFC 6890), and those that embed an IPv4 address.
var special = func() []netip.Prefix {
	var all []netip.Prefix
	for _, one := range []string{
		"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15",
		"198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4", "::/96", "64:ff9b::/96", "64:ff9b:1::/48",
		"100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "fec0::/10",
	} {
		all = append(all, netip.MustParsePrefix(one))
	}
	return all
}()

func isPublic(ip netip.Addr) bool {
	return ip.IsGlobalUnicast() && !ip.IsPrivate() && ip.Zone() == "" &&
		!slices.ContainsFunc(special, func(p netip.Prefix) bool { return p.Contains(ip) })
}
