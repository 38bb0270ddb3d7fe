package wire

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
	"time"
)

// Patient sends a request again that was one too many for the server's throttle (429), when the server says that it
// may: a stack is tried with the limits that it has.
type Patient struct {
	// Transport is nil for that of net/http.
	Transport http.RoundTripper
}

const (
	// tries are of one request, and pause is between them where the server names no time (RFC 9110 section 10.2.3).
	tries = 30
	pause = time.Second
)

// RoundTrip returns the last answer, which is a 429 as well when there were too many.
func (p Patient) RoundTrip(r *http.Request) (*http.Response, error) {
	transport := p.Transport
	if transport == nil {
		transport = http.DefaultTransport
	}
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		if err := r.Body.Close(); err != nil {
			return nil, err
		}
	}
	for try := 1; ; try++ {
		again := r.Clone(r.Context())
		if r.Body != nil {
			again.Body = io.NopCloser(bytes.NewReader(body))
		}
		res, err := transport.RoundTrip(again)
		if err != nil || res.StatusCode != http.StatusTooManyRequests || try == tries {
			return res, err
		}
		if err := res.Body.Close(); err != nil {
			return nil, err
		}
		select {
		case <-time.After(after(res.Header)):
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
}

func after(h http.Header) time.Duration {
	if seconds, err := strconv.Atoi(h.Get("Retry-After")); err == nil && seconds >= 0 {
		return time.Duration(seconds) * time.Second
	}
	return pause
}
