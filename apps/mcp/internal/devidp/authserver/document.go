package authserver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"leasehold.example/libs/memo"
	"leasehold.example/libs/outbound"
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
	http  *http.Client
	now   func() time.Time
	known *memo.Memo[client]
}

// newFetcher fetches through transport, or through the guarded one when that is nil.
func newFetcher(transport http.RoundTripper, now func() time.Time) (*fetcher, error) {
	if transport == nil {
		transport = outbound.Transport(false)
	}
	known, err := memo.New[client](maxDocuments, fetchTimeout, now)
	if err != nil {
		return nil, fmt.Errorf("authserver: documents: %w", err)
	}
	return &fetcher{
		http: &http.Client{
			Transport: transport, Timeout: fetchTimeout,
			CheckRedirect: func(*http.Request, []*http.Request) error {
				return errors.New("authserver: a document is not redirected")
			},
		},
		now: now, known: known,
	}, nil
}

// client returns the client whose id is the URL of its document.
func (f *fetcher) client(ctx context.Context, id string) (client, error) {
	return f.known.Get(ctx, id, func(ctx context.Context) (client, time.Time, error) {
		d, err := f.fetch(ctx, id)
		if err != nil {
			return client{}, time.Time{}, err
		}
		c, err := d.client(id)
		return c, f.now().Add(documentTTL), err
	})
}

func (f *fetcher) fetch(ctx context.Context, id string) (d description, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, id, http.NoBody) //nolint:gosec // outbound.Transport keeps it off what is not public
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
