package smoke_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"leasehold.example/tests/internal/local"
	"leasehold.example/tests/smoke"
)

// broken is a way to a server on which answers are changed.
type broken func(*http.Request, *http.Response)

func (b broken) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := http.DefaultTransport.RoundTrip(r)
	if err == nil {
		b(r, res)
	}
	return res, err
}

// where limits a breakage to requests for which a header begins so; "" is an absent one.
func where(header, begins string, change broken) broken {
	return func(r *http.Request, res *http.Response) {
		if got := r.Header.Get(header); got == begins || begins != "" && strings.HasPrefix(got, begins) {
			change(r, res)
		}
	}
}

func status(code int) broken {
	return func(_ *http.Request, res *http.Response) { res.StatusCode = code }
}

func challenge(value string) broken {
	return func(_ *http.Request, res *http.Response) { res.Header.Set("WWW-Authenticate", value) }
}

// replaced puts other words into bodies.
func replaced(words ...string) broken {
	return func(_ *http.Request, res *http.Response) {
		text, err := io.ReadAll(res.Body)
		if err == nil {
			err = res.Body.Close()
		}
		if err != nil {
			panic(err) // of a test's own making
		}
		res.Body = io.NopCloser(strings.NewReader(strings.NewReplacer(words...).Replace(string(text))))
	}
}

// TestRun: the shipped server passes, and each thing that can be wrong with it is found, by its own check.
func TestRun(t *testing.T) {
	t.Parallel()
	process := local.Start(t, local.Shipped)
	token := process.Token(t, "acme", "user-1")
	nobody, me := "", "Bearer "+token
	for name, c := range map[string]struct {
		broken broken
		failed string // begins the line; empty when all is well
	}{
		"all is well":               {func(*http.Request, *http.Response) {}, ""},
		"open to all":               {where("Authorization", nobody, status(200)), "challenge and metadata: without a token: 200"},
		"no challenge":              {where("Authorization", nobody, challenge("")), "challenge and metadata: WWW-Authenticate"},
		"another scheme":            {where("Authorization", nobody, challenge(`Basic resource_metadata="x"`)), "challenge and metadata: WWW-Authenticate"},
		"no metadata named":         {where("Authorization", nobody, challenge(`Bearer scope="mcp:basic"`)), "challenge and metadata: WWW-Authenticate"},
		"an error without cause":    {where("Authorization", nobody, challenge(`Bearer error="invalid_token", resource_metadata="x"`)), "challenge and metadata: WWW-Authenticate"},
		"metadata elsewhere":        {where("Authorization", nobody, challenge(`Bearer resource_metadata="https://example.com/x"`)), "challenge and metadata: resource_metadata is https://example.com/x"},
		"metadata of another":       {replaced("/mcp\"", "/other\""), "challenge and metadata: "},
		"metadata without issuer":   {replaced(`"authorization_servers"`, `"other"`), "challenge and metadata: "},
		"metadata is a page":        {replaced(`"authorization_servers":`, `<html>`), "challenge and metadata: "},
		"any token is good":         {where("Authorization", "Bearer none", status(200)), "a token that is none: 200"},
		"an answer to any path":     {func(r *http.Request, res *http.Response) { notFound(r, res) }, "a path that is none: 403"},
		"a redirect":                {where("Authorization", me, redirect), "calls, 2026-07-28: tools/list: 307"},
		"tools are missing":         {replaced(`"math"`, `"maths"`), "calls, 2026-07-28: tools/list"},
		"a wrong sum":               {where("Mcp-Name", "math", replaced(`"sum":5`, `"sum":6`)), "calls, 2026-07-28: math: 2 + 3 = 6"},
		"no old sessions":           {func(_ *http.Request, res *http.Response) { res.Header.Del("Mcp-Session-Id") }, "calls, 2025-11-25: initialize"},
		"a session cannot end":      {where("Mcp-Protocol-Version", "", onDelete), "calls, 2025-11-25: DELETE"},
		"the token comes back":      {where("Authorization", me, echoed(token)), "calls, 2026-07-28: tools/list: 200 [token]"},
		"the token comes back, cut": {where("Authorization", me, echoed(strings.Repeat("x", 250)+token)), "calls, 2026-07-28: tools/list: 200 xxx"},
		"the token in a refusal":    {where("Mcp-Protocol-Version", "2025-11-25", refused(token)), "calls, 2025-11-25: initialize: 500 [token]"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, err := run(t.Context(), &smoke.Server{URL: process.MCP(), Token: token, Transport: c.broken, Now: time.Now})
			if (err == nil) != (c.failed == "") || strings.Contains(out, "FAIL") != (c.failed != "") {
				t.Errorf("%v:\n%s", err, out)
			}
			if c.failed != "" && !strings.Contains(out, "FAIL  "+c.failed) {
				t.Errorf("%q does not fail:\n%s", c.failed, out)
			}
			if strings.Contains(out, token[:20]) {
				t.Error("the token is printed")
			}
		})
	}
}

// echoed has a server answer with a text of the client's.
func echoed(text string) broken {
	return func(_ *http.Request, res *http.Response) { res.Body = io.NopCloser(strings.NewReader(text)) }
}

func refused(text string) broken {
	return func(r *http.Request, res *http.Response) {
		res.StatusCode = http.StatusInternalServerError
		echoed(text)(r, res)
	}
}

func notFound(_ *http.Request, res *http.Response) {
	if res.StatusCode == http.StatusNotFound {
		res.StatusCode = http.StatusForbidden
	}
}

func onDelete(r *http.Request, res *http.Response) {
	if r.Method == http.MethodDelete {
		res.StatusCode = http.StatusMethodNotAllowed
	}
}

func redirect(_ *http.Request, res *http.Response) {
	res.StatusCode = http.StatusTemporaryRedirect
	res.Header.Set("Location", "http://127.0.0.1:1/stolen")
}

func run(ctx context.Context, s *smoke.Server) (string, error) {
	var out bytes.Buffer
	s.Out = &out
	err := s.Run(ctx)
	return out.String(), err
}

// Without a token nothing is called, and that is said.
func TestWithoutToken(t *testing.T) {
	t.Parallel()
	out, err := run(t.Context(), &smoke.Server{URL: local.Start(t, local.Shipped).MCP(), Now: time.Now})
	if err != nil || strings.Count(out, "ok  ") != 4 || !strings.Contains(out, "calls: not made without a token") {
		t.Errorf("%v:\n%s", err, out)
	}
}

func TestTLS(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	end := server.Certificate().NotAfter
	for name, c := range map[string]struct {
		transport http.RoundTripper
		now       time.Time
		said      string
	}{
		"good":             {server.Client().Transport, end.AddDate(0, -1, 0), "ok    TLS: the certificate is good until " + end.Format(time.DateOnly)},
		"ends soon":        {server.Client().Transport, end.AddDate(0, 0, -6), "FAIL  TLS: the certificate ends on " + end.Format(time.DateOnly)},
		"of nobody's":      {nil, end.AddDate(0, -1, 0), "FAIL  TLS: "},
		"another's server": {server.Client().Transport, end.AddDate(0, -1, 0), "FAIL  challenge and metadata: without a token: 404"},
	} {
		out, err := run(t.Context(), &smoke.Server{URL: server.URL + "/mcp", Transport: c.transport, Now: func() time.Time { return c.now }})
		if err == nil || !strings.Contains(out, c.said) {
			t.Errorf("%s: %v:\n%s", name, err, out)
		}
	}
}

// A token goes nowhere where it could be read.
func TestURL(t *testing.T) {
	t.Parallel()
	for _, address := range []string{
		"", "mcp.example.com", "https://", "https://mcp.example.com", "https://mcp.example.com/", "http://mcp.example.com/mcp",
		"ftp://mcp.example.com/mcp", "https://a:b@mcp.example.com/mcp", "https://mcp.example.com/mcp?token=a", "https://mcp.example.com/mcp#a",
	} {
		if out, err := run(t.Context(), &smoke.Server{URL: address, Now: time.Now}); err == nil || !strings.HasPrefix(err.Error(), "want ") || out != "" {
			t.Errorf("%q: %v, printed %q", address, err, out)
		}
	}
}
