package lambdahttp

import (
	"fmt"
	"net/http"
	"strings"
)

// writer is what a buffered and a streamed answer have in common: the rules that net/http
// keeps for status and header.
type writer struct {
	header http.Header
	frozen http.Header // what WriteHeader found; nil before it
	status int
	head   bool // the request's method is HEAD
}

// Header returns the header that WriteHeader sends; later changes have no effect.
func (w *writer) Header() http.Header { return w.header }

// WriteHeader fixes status and header; only the first call counts, and 1xx answers, which
// no edge passes on, do not. As in net/http a status outside 100..999 panics.
func (w *writer) WriteHeader(status int) {
	if status < 100 || status > 999 {
		panic(fmt.Sprintf("lambdahttp: invalid status %d", status))
	}
	if w.frozen != nil || status < 200 {
		return
	}
	w.status, w.frozen = status, w.header.Clone()
}

// freeze sends the status 200 if the handler named none, and guesses the content type
// from the first bytes of the body, as net/http does.
func (w *writer) freeze(first []byte) {
	w.WriteHeader(http.StatusOK)
	if _, ok := w.frozen["Content-Type"]; !ok && len(first) > 0 && w.frozen.Get("Content-Encoding") == "" {
		w.frozen["Content-Type"] = []string{http.DetectContentType(first)}
	}
}

// bodyAllowed is RFC 9110, 6.4.1 for what a handler can send.
func (w *writer) bodyAllowed() bool {
	return w.status != http.StatusNoContent && w.status != http.StatusNotModified
}

// edgeOwns reports whether the header, by its canonical name, belongs to the connection,
// which is the edge's. The edge counts the body itself, after undoing the base64.
func edgeOwns(name string) bool {
	switch name {
	case "Connection", "Content-Length", "Keep-Alive", "Trailer", "Transfer-Encoding", "Upgrade":
		return true
	}
	return strings.HasPrefix(name, http.TrailerPrefix)
}

// fieldValue replaces line ends, as net/http does: a value never becomes two headers.
func fieldValue(v string) string {
	if !strings.ContainsAny(v, "\r\n") {
		return v
	}
	return strings.NewReplacer("\r", " ", "\n", " ").Replace(v)
}
