package identity

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json"

	"leasehold.example/libs/outbound"
)

const (
	// maxDocument bounds metadata and key sets, in bytes after decompression.
	maxDocument  = 1 << 20
	maxRedirects = 3
)

// source is where the keys of one issuer come from.
type source struct {
	issuer   string
	jwksURL  string // empty means discovery
	loopback bool
	client   *http.Client
}

func newSource(i Issuer, transport http.RoundTripper) *source {
	if transport == nil {
		transport = outbound.Transport(i.InsecureLoopback)
	}
	s := &source{issuer: i.Issuer, jwksURL: i.JWKSURL, loopback: i.InsecureLoopback}
	s.client = &http.Client{Transport: transport, CheckRedirect: s.checkRedirect}
	return s
}

// load fetches the keys, after discovery where no URL of them is configured.
func (s *source) load(ctx context.Context) (*snapshot, error) {
	keysURL := s.jwksURL
	if keysURL == "" {
		var err error
		if keysURL, err = s.discover(ctx); err != nil {
			return nil, err
		}
	}
	document, err := s.get(ctx, keysURL)
	if err != nil {
		return nil, err
	}
	return parseKeys(document)
}

// discover finds the URL of the keys in the issuer's metadata: OpenID Connect Discovery
// first, then RFC 8414.
func (s *source) discover(ctx context.Context) (string, error) {
	var problems []error
	for _, from := range metadataURLs(s.issuer) {
		keysURL, err := s.keysURL(ctx, from)
		if err == nil {
			return keysURL, nil
		}
		problems = append(problems, err)
	}
	return "", errors.Join(problems...)
}

// metadataURLs are the two places of an issuer's metadata. OpenID Connect Discovery section
// 4 appends to the issuer, RFC 8414 section 3.1 inserts between host and path.
func metadataURLs(issuer string) []string {
	bare := strings.TrimSuffix(issuer, "/")
	scheme, rest, _ := strings.Cut(bare, "://")
	host, path, _ := strings.Cut(rest, "/")
	inserted := scheme + "://" + host + "/.well-known/oauth-authorization-server"
	if path != "" {
		inserted += "/" + path
	}
	return []string{bare + "/.well-known/openid-configuration", inserted}
}

// keysURL reads one metadata document. It must name exactly the issuer that was asked
// (RFC 8414 section 3.3), or one issuer could speak for another.
func (s *source) keysURL(ctx context.Context, from string) (string, error) {
	document, err := s.get(ctx, from)
	if err != nil {
		return "", err
	}
	var metadata struct {
		Issuer  string `json:"issuer"`
		JWKSURI string `json:"jwks_uri"`
	}
	if err := json.Unmarshal(document, &metadata); err != nil {
		return "", fmt.Errorf("%s: not strict JSON: %w", from, err)
	}
	if metadata.Issuer != s.issuer {
		return "", fmt.Errorf("%s: names another issuer", from)
	}
	if err := outbound.CheckURL(metadata.JWKSURI, s.loopback); err != nil {
		return "", fmt.Errorf("%s: jwks_uri: %w", from, err)
	}
	return metadata.JWKSURI, nil
}

func (s *source) get(ctx context.Context, from string) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, from, http.NoBody)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept", "application/json, application/jwk-set+json")
	answer, err := s.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: status %d", from, answer.StatusCode)
	}
	document, err := io.ReadAll(io.LimitReader(answer.Body, maxDocument+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", from, err)
	}
	if len(document) > maxDocument {
		return nil, fmt.Errorf("%s: larger than %d bytes", from, maxDocument)
	}
	return document, nil
}

// checkRedirect lets a fetch move on the host it was sent to, and nowhere else.
func (s *source) checkRedirect(next *http.Request, before []*http.Request) error {
	if len(before) > maxRedirects {
		return errors.New("too many redirects")
	}
	if next.URL.Scheme != before[0].URL.Scheme || next.URL.Host != before[0].URL.Host {
		return errors.New("redirect to another host")
	}
	return nil
}
