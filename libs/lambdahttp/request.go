package lambdahttp

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/aws-lambda-go/lambdacontext"
)

// errBadRequest means an event of a known shape that no HTTP request can be made of. The
// client may have caused it, so it is answered with 400 and not as a function error.
var errBadRequest = errors.New("lambdahttp: bad request")

// Invocation is what the edge and Lambda know about a request. It travels in the
// request's context and not in a header, so that no client can set it.
type Invocation struct {
	// RequestID is requestContext.requestId: the edge's id, which its access log and,
	// in x-amzn-requestid or apigw-requestid, its client have too.
	RequestID string
	// AWSRequestID is Lambda's id of the invocation, as in the function's log; empty
	// outside a Lambda runtime.
	AWSRequestID string
	// Stage is the deployment stage; "$default" for most HTTP APIs and all Function URLs.
	Stage string
	// SourceIP is the address that connected to the edge; empty if the edge names none.
	SourceIP string
}

type invocationKey struct{}

// FromContext returns the invocation that a request belongs to; false for a request that
// did not come through this package.
func FromContext(ctx context.Context) (Invocation, bool) {
	inv, ok := ctx.Value(invocationKey{}).(*Invocation)
	if !ok {
		return Invocation{}, false
	}
	return *inv, true
}

// request makes a server request of an event; errors are errBadRequest or errMalformed.
func (f *function) request(ctx context.Context, e *event) (*http.Request, error) {
	header, err := e.headers()
	if err != nil {
		return nil, err
	}
	if len(header["Host"]) > 1 {
		return nil, errBadRequest // as net/http answers it
	}
	u, err := f.url(e)
	if err != nil {
		return nil, err
	}
	inv := &Invocation{RequestID: e.requestID, Stage: e.stage, SourceIP: e.sourceIP}
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		inv.AWSRequestID = lc.AwsRequestID
	}
	r := new(http.Request).WithContext(context.WithValue(ctx, invocationKey{}, inv))
	r.Method, r.URL, r.RequestURI = e.method, u, u.RequestURI()
	r.Header, r.Host = header, host(e.domain, header)
	if e.sourceIP != "" {
		// net/http promises host:port, and the edge tells no port.
		r.RemoteAddr = net.JoinHostPort(e.sourceIP, "0")
	}
	r.Proto = e.proto
	var ok bool
	if r.ProtoMajor, r.ProtoMinor, ok = http.ParseHTTPVersion(e.proto); !ok {
		r.Proto, r.ProtoMajor, r.ProtoMinor = "HTTP/1.1", 1, 1
	}
	return r, e.readBody(r)
}

// host prefers the domain that the edge matched to the header that the client wrote, and
// takes the header out of h, where net/http does not leave it either.
func host(domain string, h http.Header) string {
	v := h["Host"]
	delete(h, "Host")
	if domain != "" || len(v) == 0 {
		return domain
	}
	return v[0]
}

// url takes the stage and the base path off the path, so that a handler sees the same
// path behind every edge.
func (f *function) url(e *event) (*url.URL, error) {
	p := e.path
	if e.format == payloadV2 && e.stage != "" && e.stage != "$default" {
		p = trimPrefix(p, "/"+e.stage) // v1 has it in requestContext.path only
	}
	for _, base := range f.basePaths {
		if short := trimPrefix(p, base); short != p {
			p = short
			break
		}
	}
	if p[0] != '/' {
		return nil, errBadRequest
	}
	u := &url.URL{Path: p}
	if strings.Contains(p, "%") && e.pathEncoded() {
		var err error
		if u.Path, err = url.PathUnescape(p); err != nil {
			return nil, errBadRequest
		}
		u.RawPath = p
	}
	var err error
	u.RawQuery, err = e.rawQuery()
	return u, err
}

// pathEncoded reports whether the path is as the client wrote it; an HTTP API, whose v1
// events name their version where a REST API's do not, has decoded it already.
func (e *event) pathEncoded() bool {
	return e.format == payloadV1 && e.version == "" || strings.Contains(e.domain, ".lambda-url.")
}

// trimPrefix takes prefix, whole segments only, off the path p.
func trimPrefix(p, prefix string) string {
	rest, ok := strings.CutPrefix(p, prefix)
	switch {
	case !ok || rest != "" && rest[0] != '/':
		return p
	case rest == "":
		return "/"
	}
	return rest
}

// rawQuery returns the query: v2 has it as the client wrote it, v1 only decoded.
func (e *event) rawQuery() (string, error) {
	if e.format == payloadV2 {
		return e.query, nil
	}
	values := url.Values{}
	n, err := scanTexts(e.multiQuery, values.Add)
	if n == 0 && err == nil {
		_, err = scanTexts(e.singleQuery, values.Add)
	}
	return values.Encode(), err
}

// headers returns every value of every header. v1 carries two maps of which the
// single-valued one has only the last value, so it counts only when it is alone.
func (e *event) headers() (http.Header, error) {
	if e.format == payloadV1 && e.header != nil {
		return e.header, nil
	}
	b := newHeaderBuilder()
	if _, err := scanTexts(e.singleHeaders, b.add); err != nil || e.format == payloadV1 {
		return b.header, err
	}
	var cookies []string
	err := scan(e.cookies, func(s *scanner) error {
		return s.walk(func([]byte) error {
			cookies = append(cookies, "")
			return s.text(&cookies[len(cookies)-1])
		})
	})
	if len(cookies) > 0 {
		b.header["Cookie"] = []string{strings.Join(cookies, "; ")} // RFC 6265, 5.4
	}
	return b.header, err
}

// body is a request's body that needs no closing.
type body struct{ bytes.Reader }

func (*body) Close() error { return nil }

// readBody sets the body and its length; none is http.NoBody. The bytes are never the
// event's own, whose memory the runtime uses again after the invocation.
func (e *event) readBody(r *http.Request) error {
	r.Body = http.NoBody
	text, err := unquote(e.body)
	switch {
	case err != nil || len(text) == 0:
		return err
	case string(e.base64) == "true":
		if text, err = base64.StdEncoding.AppendDecode(nil, text); err != nil {
			return errBadRequest
		}
	case len(text) == len(e.body)-2: // nothing was escaped, so nothing was copied
		text = bytes.Clone(text)
	}
	b := new(body)
	b.Reset(text)
	r.Body, r.ContentLength = b, int64(len(text))
	return nil
}
