package mcphttp

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"leasehold.example/apps/mcp/internal/authn"
	"leasehold.example/libs/identity"
	"leasehold.example/libs/session"
	"leasehold.example/libs/telemetry"
)

// MaxBody is the largest body that is read. AWS WAF looks at the first 64 KB at most,
// so that the limit is ours to hold.
const MaxBody = 4 << 20

// Config wires a Handler. All fields but Hosts and Telemetry are required.
type Config struct {
	// Server is made by NewServer and holds tools, prompts and resources.
	Server *mcp.Server
	// Implementation is how Server names itself.
	Implementation *mcp.Implementation
	Access         Access
	Authenticator  *authn.Authenticator
	Origins        authn.Origins
	Sessions       *session.Registry
	// Grantable reports whether tokens of issuer can ever carry scope.
	Grantable func(issuer, scope string) bool
	// Hosts are the accepted Host headers of a server on loopback, against DNS rebinding.
	// Empty accepts any: behind API Gateway the host is the gateway's affair.
	Hosts []string
	// Timeout is the deadline of one request. ResultLimit is how many bytes of response
	// the edge can carry, counted as a JSON string, which Lambda makes of them.
	Timeout     time.Duration
	ResultLimit int
	Now         func() time.Time
	Log         *slog.Logger
	// Exchange is for tools that call upstream APIs on the caller's behalf; nil means that none
	// does.
	Exchange Exchange
	// Telemetry makes the spans of messages; nil makes none.
	Telemetry *telemetry.Telemetry
}

// Exchange trades the token of p, which has been verified, for one of the upstream API that the
// authorization server knows as audience. It returns what puts that token on a request.
// *exchange.Exchanger has such a method.
type Exchange func(ctx context.Context, p identity.Principal, token, audience string, scopes ...string) (authorize func(*http.Request), err error)

// Handler is the MCP endpoint.
type Handler struct {
	server    *mcp.Server
	impl      *mcp.Implementation
	access    Access
	auth      *authn.Authenticator
	origins   authn.Origins
	sessions  *session.Registry
	grantable func(issuer, scope string) bool
	hosts     []string
	timeout   time.Duration
	limit     int
	now       func() time.Time
	log       *slog.Logger
	trade     Exchange
	telemetry *telemetry.Telemetry
	running   running
}

// New returns the endpoint of c and adds its middleware to c.Server, which must not be
// served by anything else.
func New(c Config) (*Handler, error) {
	switch {
	case c.Server == nil, c.Implementation == nil, c.Access == nil, c.Authenticator == nil,
		c.Sessions == nil, c.Grantable == nil, c.Now == nil, c.Log == nil:
		return nil, errors.New("mcphttp: a required field of Config is nil")
	case c.Timeout <= 0:
		return nil, errors.New("mcphttp: Config.Timeout must be positive")
	case c.ResultLimit <= finalReserve:
		return nil, errors.New("mcphttp: Config.ResultLimit must exceed 4 KiB")
	}
	h := &Handler{
		server: c.Server, impl: c.Implementation, access: c.Access, auth: c.Authenticator,
		origins: c.Origins, sessions: c.Sessions, grantable: c.Grantable, hosts: c.Hosts,
		timeout: c.Timeout, limit: c.ResultLimit, now: c.Now, log: c.Log,
		trade: c.Exchange, telemetry: c.Telemetry,
	}
	h.install()
	return h, nil
}

const allow = "POST, DELETE, OPTIONS"

// ServeHTTP implements http.Handler for the one path it is mounted on.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	header.Add("Vary", "Authorization, Origin")
	switch r.Method {
	case http.MethodPost, http.MethodDelete, http.MethodOptions:
	default:
		header.Set("Allow", allow)
		writePlain(w, http.StatusMethodNotAllowed, "method not allowed")
		return
	}
	if len(h.hosts) > 0 && !slices.Contains(h.hosts, r.Host) {
		writePlain(w, http.StatusForbidden, "this host is not served here")
		return
	}
	if r.Method == http.MethodOptions {
		h.origins.Preflight(w, r)
		return
	}
	if refusal := h.origins.Check(w, r); refusal != nil {
		refusal.WriteTo(w)
		return
	}
	p, refusal := h.auth.Authenticate(r)
	if refusal != nil {
		refusal.WriteTo(w)
		return
	}
	if name := repeated(r.Header); name != "" {
		writeRPC(r.Context(), w, nil, badRequest("header "+name+" was sent more than once"))
		return
	}
	if r.Method == http.MethodDelete {
		h.serveDelete(w, r, p)
		return
	}
	h.servePost(w, r, p)
}

// repeated names a header that must have one value and has several. Two components that
// read different ones would act on different requests (RULES 4).
func repeated(header http.Header) string {
	for name, values := range header {
		if len(values) > 1 && (strings.HasPrefix(name, "Mcp-") || name == "Content-Type") {
			return name
		}
	}
	return ""
}

func (h *Handler) servePost(w http.ResponseWriter, r *http.Request, p identity.Principal) {
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" {
		writePlain(w, http.StatusUnsupportedMediaType, "Content-Type must be application/json")
		return
	}
	if !acceptsBoth(r.Header.Values("Accept")) {
		writeRPC(r.Context(), w, nil, badRequest("Accept must list application/json and text/event-stream"))
		return
	}
	body, err := readBody(w, r)
	if err != nil {
		status, text := http.StatusBadRequest, "the body could not be read"
		if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
			status, text = http.StatusRequestEntityTooLarge, "the body is larger than "+strconv.Itoa(MaxBody)+" bytes"
		}
		writePlain(w, status, text)
		return
	}
	q := &request{Handler: h, w: w, r: r, principal: p, version: r.Header.Get("Mcp-Protocol-Version")}
	if isBatch(body) {
		q.serveBatch(body)
		return
	}
	m, err := parse(body)
	if err != nil {
		writeRPC(r.Context(), w, m.id, unreadable("invalid message: ", err))
		return
	}
	q.serve(m)
}

// readBody reads at most MaxBody bytes, into one allocation when the length is known.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if r.ContentLength > MaxBody {
		return nil, &http.MaxBytesError{Limit: MaxBody}
	}
	limited := http.MaxBytesReader(w, r.Body, MaxBody)
	if r.ContentLength <= 0 {
		return io.ReadAll(limited)
	}
	body := make([]byte, r.ContentLength)
	_, err := io.ReadFull(limited, body)
	return body, err
}

// acceptsBoth reports whether both media types of an answer are acceptable, wildcards
// included: https://www.rfc-editor.org/rfc/rfc9110#section-12.5.1.
func acceptsBoth(values []string) bool {
	var plain, stream bool
	for _, value := range values {
		for item := range strings.SplitSeq(value, ",") {
			media, _, _ := strings.Cut(item, ";")
			switch strings.ToLower(strings.TrimSpace(media)) {
			case "*/*":
				return true
			case "application/json", "application/*":
				plain = true
			case "text/event-stream", "text/*":
				stream = true
			}
		}
	}
	return plain && stream
}

// serveDelete ends the caller's session. The modern era has neither sessions nor DELETE.
// https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#session-management
func (h *Handler) serveDelete(w http.ResponseWriter, r *http.Request, p identity.Principal) {
	version := r.Header.Get("Mcp-Protocol-Version")
	if slices.Contains(modernVersions, version) {
		w.Header().Set("Allow", "POST, OPTIONS")
		writePlain(w, http.StatusMethodNotAllowed, "method not allowed")
		return
	}
	if !knownLegacy(version) {
		writePlain(w, http.StatusBadRequest, "unsupported MCP-Protocol-Version")
		return
	}
	id, ok := sessionID(r.Header)
	if !ok {
		writeRPC(r.Context(), w, nil, errSessionMissing)
		return
	}
	q := &request{Handler: h, w: w, r: r, principal: p}
	defer q.outlive()()
	if err := h.sessions.Revoke(q.r.Context(), p, session.KindMCP, id); err != nil {
		writeRPC(r.Context(), w, nil, h.storeError(q.r.Context(), err))
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// knownLegacy reports whether the header names an older version, or is absent, which
// means 2025-03-26 or an `initialize`.
func knownLegacy(version string) bool {
	return version == "" || slices.Contains(legacyVersions, version)
}

func sessionID(header http.Header) (id string, ok bool) {
	values := header["Mcp-Session-Id"]
	if len(values) == 0 {
		return "", false
	}
	return values[0], true
}

// storeError is the answer to an error of the session registry: a session that is not the
// caller's does not exist, and a store that cannot be asked has said nothing.
func (h *Handler) storeError(ctx context.Context, err error) *rpcError {
	switch {
	case errors.Is(err, session.ErrNotFound):
		return errSessionGone
	case errors.Is(err, session.ErrLimit):
		return errTooManySessions
	}
	h.log.ErrorContext(ctx, "session store failed", "error", err)
	return errUnavailable
}

// writePlain answers what is refused before a JSON-RPC message has been read.
func writePlain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text+"\n") // the client is gone, or has its answer
}

func writeRPC(ctx context.Context, w http.ResponseWriter, id []byte, e *rpcError) {
	note(ctx, e)
	if e.plain {
		writePlain(w, e.status, e.message)
		return
	}
	if e.status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", strconv.Itoa(retrySeconds))
	}
	writeJSON(w, e.status, appendError(nil, id, e))
}

func writeJSON(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client is gone, or has its answer
}
