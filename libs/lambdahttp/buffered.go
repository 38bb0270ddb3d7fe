package lambdahttp

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// errTooLarge is what a handler's Write returns beyond Options.MaxResponse.
var errTooLarge = errors.New("lambdahttp: response too large")

type buffered struct{ *function }

// Invoke answers one event. It implements lambda.Handler.
func (b *buffered) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	e, err := decodeEvent(payload)
	if err != nil {
		return nil, err
	}
	ctx, cancel := b.withMargin(ctx)
	defer cancel()
	r, err := b.request(ctx, e)
	if errors.Is(err, errBadRequest) {
		return b.fixed(e, http.StatusBadRequest, badRequestBody), nil
	}
	if err != nil {
		return nil, err
	}
	return b.answer(e, r), nil
}

// answer runs the handler. A response that is too large is never sent, not even in part.
func (b *buffered) answer(e *event, r *http.Request) []byte {
	w := newRecorder(r.Method, b.options.MaxResponse)
	if !b.serve(b.handler, w, r) {
		return b.fixed(e, http.StatusInternalServerError, failedBody)
	}
	if !w.overflow {
		if out := w.encode(e.format); len(out) <= b.options.MaxResponse {
			return out
		}
	}
	return b.fixed(e, http.StatusInternalServerError, tooLargeBody)
}

func (b *buffered) fixed(e *event, status int, body string) []byte {
	w := newRecorder(e.method, len(body))
	writeJSON(w, status, body)
	return w.encode(e.format)
}

// recorder keeps an answer until it is whole. Its memory is never shared or reused: a
// handler's forgotten goroutine writes into its own request's answer or nowhere.
type recorder struct {
	writer
	body     bytes.Buffer
	limit    int
	overflow bool
}

func newRecorder(method string, limit int) *recorder {
	w := &recorder{limit: limit}
	w.header, w.head = make(http.Header, 8), method == http.MethodHead
	return w
}

// Write adds p to the body. It keeps nothing of an answer that is too large.
func (w *recorder) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	switch {
	case !w.bodyAllowed():
		return 0, http.ErrBodyNotAllowed
	case w.overflow || len(p) > w.limit-w.body.Len():
		w.overflow = true
		w.body = bytes.Buffer{}
		return 0, errTooLarge
	}
	return w.body.Write(p)
}

// Flush fixes status and header. There is nothing to send early.
func (w *recorder) Flush() { w.WriteHeader(http.StatusOK) }

// encode writes the result that the edge turns into a response.
func (w *recorder) encode(format payload) []byte {
	body := w.body.Bytes()
	w.freeze(body)
	if w.head {
		body = nil
	}
	const head = 512
	out := make([]byte, 0, head+len(body)+len(body)/4)
	out = append(out, `{"statusCode":`...)
	out = strconv.AppendInt(out, int64(w.status), 10)
	if format == payloadV1 {
		out = append(out, `,"multiValueHeaders":{`...)
		out = appendHeaders(out, w.frozen, appendArray)
	} else {
		if cookies := w.frozen["Set-Cookie"]; len(cookies) > 0 {
			out = append(out, `,"cookies":`...)
			out = appendArray(out, cookies)
			delete(w.frozen, "Set-Cookie")
		}
		out = append(out, `,"headers":{`...)
		out = appendHeaders(out, w.frozen, appendJoined)
	}
	if isText(w.frozen) && utf8.Valid(body) {
		out = append(out, `},"body":`...)
		out = appendString(out, body)
		return append(out, `,"isBase64Encoded":false}`...)
	}
	out = append(out, `},"body":"`...)
	out = base64.StdEncoding.AppendEncode(out, body)
	return append(out, `","isBase64Encoded":true}`...)
}

// appendHeaders appends the members of an object, sorted by name so that equal answers
// are equal bytes.
func appendHeaders(out []byte, h http.Header, value func([]byte, []string) []byte) []byte {
	var room [16]string
	names := room[:0]
	for name, values := range h {
		if len(values) > 0 && !edgeOwns(name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for i, name := range names {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(appendString(out, name), ':')
		out = value(out, h[name])
	}
	return out
}

func appendArray(out []byte, values []string) []byte {
	out = append(out, '[')
	for i, v := range values {
		if i > 0 {
			out = append(out, ',')
		}
		out = appendString(out, fieldValue(v))
	}
	return append(out, ']')
}

func appendJoined(out []byte, values []string) []byte {
	return appendString(out, fieldValue(strings.Join(values, ", ")))
}

// appendString appends s as a JSON string; invalid UTF-8, which only a header can hold
// here, becomes U+FFFD.
func appendString[S []byte | string](out []byte, s S) []byte {
	out, _ = jsontext.AppendQuote(out, s)
	return out
}

// isText reports whether a body of this content type may travel as JSON text: REST APIs
// decode base64 only for media types that the API lists as binary.
func isText(h http.Header) bool {
	if e := h.Get("Content-Encoding"); e != "" && e != "identity" {
		return false
	}
	mt, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil {
		return h.Get("Content-Type") == "" // no type, no body
	}
	switch mt {
	case "application/json", "application/xml", "application/javascript", "application/x-www-form-urlencoded":
		return true
	}
	return strings.HasPrefix(mt, "text/") || strings.HasSuffix(mt, "+json") || strings.HasSuffix(mt, "+xml")
}
