// Package smoke asks a deployed server, in seconds, for what a client meets first: the certificate, the
// refusal with its challenge, the metadata behind that, and with a token a call in each era.
package smoke

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"strings"
	"time"

	"leasehold.example/tests/wire"
)

const (
	// patience is for one request: a cold start behind a cold authorizer takes seconds.
	patience = 15 * time.Second
	// validity is how long a certificate has to be good for. ACM renews 60 days before the end.
	// https://docs.aws.amazon.com/acm/latest/userguide/managed-renewal.html
	validity = 7 * 24 * time.Hour
	// shown is how much of a body a message has.
	shown = 300
)

// Server is what is asked.
type Server struct {
	// URL is of the MCP endpoint: https, or http on this machine.
	URL string
	// Token is of a user who may call math. Empty leaves the calls out.
	Token string
	// Transport is nil for that of net/http.
	Transport http.RoundTripper
	Now       func() time.Time
	// Out gets a line for each check. It never has the token.
	Out io.Writer

	caller wire.Caller
}

// Run makes every check, also after one that fails, and returns an error when any did.
func (s *Server) Run(ctx context.Context) error {
	at, err := s.parse()
	if err != nil {
		return err
	}
	s.caller = wire.Caller{URL: s.URL, HTTP: &http.Client{
		Transport: s.Transport, Timeout: patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // a token stays where it is
	}}
	checks := []check{
		{"TLS", func(ctx context.Context) (string, error) { return s.certificate(ctx, at) }},
		{"challenge and metadata", s.challenge},
		{"a token that is none", s.badToken},
		{"a path that is none", s.wrongPath},
	}
	if s.Token != "" {
		checks = append(checks, check{"calls, " + wire.Modern, s.modern}, check{"calls, " + wire.Legacy, s.legacy})
	}
	failed := 0
	for _, c := range checks {
		said, err := c.run(ctx)
		if err != nil {
			failed++
			said = err.Error()
		}
		s.print(c.name, said, err == nil)
	}
	if s.Token == "" {
		fmt.Fprintln(s.Out, "  --    calls: not made without a token")
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d checks failed", failed, len(checks))
	}
	return nil
}

type check struct {
	name string
	run  func(context.Context) (said string, err error)
}

func (s *Server) print(name, said string, good bool) {
	mark := "ok  "
	if !good {
		mark = "FAIL"
	}
	fmt.Fprintf(s.Out, "  %s  %s: %s\n", mark, name, s.redacted(said))
}

// redacted is a text without the token, which a server might have sent back.
func (s *Server) redacted(text string) string {
	if s.Token == "" {
		return text
	}
	return strings.ReplaceAll(text, s.Token, "[token]")
}

func (s *Server) parse() (*url.URL, error) {
	at, err := url.Parse(s.URL)
	if err != nil || at.Host == "" || at.User != nil || at.RawQuery != "" || at.Fragment != "" || path.Base(at.Path) == "/" || path.Base(at.Path) == "." {
		return nil, errors.New("want the URL of the MCP endpoint, such as https://mcp.example.com/mcp")
	}
	if at.Scheme != "https" && (at.Scheme != "http" || !net.ParseIP(at.Hostname()).IsLoopback()) {
		return nil, errors.New("want an https URL, or http on 127.0.0.1: a token must not be seen on its way")
	}
	return at, nil
}

// certificate is that of the connection; net/http has verified it for the host by then.
func (s *Server) certificate(ctx context.Context, at *url.URL) (string, error) {
	if at.Scheme == "http" {
		return "none on this machine", nil
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodOptions, s.URL, http.NoBody)
	if err != nil {
		return "", err
	}
	res, err := s.caller.HTTP.Do(r)
	if err != nil {
		return "", err
	}
	_ = res.Body.Close()
	end := res.TLS.PeerCertificates[0].NotAfter
	if end.Sub(s.Now()) < validity {
		return "", fmt.Errorf("the certificate ends on %s, which is too soon", end.Format(time.DateOnly))
	}
	return "the certificate is good until " + end.Format(time.DateOnly), nil
}

var parameter = regexp.MustCompile(`([a-z_]+)="([^"]*)"`)

// challenge goes from a bare 401 to the metadata, as a client does that knows nothing but the URL.
// RFC 9728 sections 3.3 and 5.1; RFC 6750 section 3.1 says that such a challenge has no error.
func (s *Server) challenge(ctx context.Context) (string, error) {
	a, err := s.caller.Modern(ctx, "tools/list", "", "")
	if err != nil {
		return "", err
	}
	header := a.Header.Get("WWW-Authenticate")
	found := map[string]string{}
	for _, m := range parameter.FindAllStringSubmatch(header, -1) {
		found[m[1]] = m[2]
	}
	switch {
	case a.Status != http.StatusUnauthorized:
		return "", fmt.Errorf("without a token: %s, want 401", s.brief(a))
	case !strings.HasPrefix(header, "Bearer ") || found["resource_metadata"] == "" || found["error"] != "":
		return "", fmt.Errorf("WWW-Authenticate is %q, want Bearer with resource_metadata and without error", header)
	}
	return s.metadata(ctx, found["resource_metadata"])
}

func (s *Server) metadata(ctx context.Context, address string) (string, error) {
	if !sameOrigin(address, s.URL) {
		return "", fmt.Errorf("resource_metadata is %s, which is not where the server is", address)
	}
	a, err := s.caller.Get(ctx, address)
	if err != nil {
		return "", err
	}
	var document struct {
		Resource string
		Servers  []string `json:"authorization_servers"`
	}
	if err := json.Unmarshal([]byte(a.Body), &document); err != nil || a.Status != http.StatusOK {
		return "", fmt.Errorf("%s: %s, want 200 and JSON", address, s.brief(a))
	}
	if document.Resource != s.URL || len(document.Servers) == 0 {
		return "", fmt.Errorf("%s has the resource %q and the authorization servers %q, want %q and one at least",
			address, document.Resource, document.Servers, s.URL)
	}
	return "tokens are issued by " + strings.Join(document.Servers, ", "), nil
}

func sameOrigin(a, b string) bool {
	x, errX := url.Parse(a)
	y, errY := url.Parse(b)
	return errX == nil && errY == nil && x.Scheme == y.Scheme && x.Host == y.Host
}

func (s *Server) badToken(ctx context.Context) (string, error) {
	nobody := s.caller
	nobody.Token = "none"
	a, err := nobody.Modern(ctx, "tools/list", "", "")
	return s.want(a, err, http.StatusUnauthorized)
}

func (s *Server) wrongPath(ctx context.Context) (string, error) {
	elsewhere := s.caller
	elsewhere.URL = s.URL[:strings.LastIndex(s.URL, "/")] + "/smoke-no-such-path"
	a, err := elsewhere.Modern(ctx, "tools/list", "", "")
	return s.want(a, err, http.StatusNotFound)
}

func (s *Server) want(a wire.Answer, err error, status int) (string, error) {
	if err == nil && a.Status != status {
		err = fmt.Errorf("%s, want %d", s.brief(a), status)
	}
	return fmt.Sprint(status), err
}

// brief is an answer without the end of a long body, and without the token before that: half of one is too much.
func (s *Server) brief(a wire.Answer) string {
	a.Body = s.redacted(a.Body)
	if len(a.Body) > shown {
		a.Body = a.Body[:shown] + "…"
	}
	return a.String()
}
