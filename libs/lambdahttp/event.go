package lambdahttp

import (
	"errors"
	"net/http"
)

var (
	// errMalformed is fixed on purpose: Lambda logs a function's error and hands it to
	// the caller, and an event holds a bearer token.
	errMalformed = errors.New("lambdahttp: the event is not well-formed JSON of the documented shape")
	// errUnknown means JSON, but of no edge that this package speaks for.
	errUnknown = errors.New("lambdahttp: the event is no API Gateway proxy or Function URL request")
)

// payload is the version of an event's format, which the answer has to follow.
type payload int

const (
	payloadV1 payload = 1 // REST API, or an HTTP API that was told to
	payloadV2 payload = 2 // HTTP API and Function URL
)

// event is what this package reads of an event. Byte slices are JSON as it stood there.
type event struct {
	format                          payload
	version, method, path, query    string
	header                          http.Header // of v1's multiValueHeaders; nil if it has none
	singleHeaders, cookies          []byte
	singleQuery, multiQuery         []byte
	body, base64                    []byte
	requestID, stage, domain, proto string
	sourceIP, v2Method              string
}

// decodeEvent reads an event and tells its format: v2 says so and has its method in
// requestContext.http, v1 has httpMethod. An Application Load Balancer's event looks
// like v1 but has no request id, and is refused with everything else.
func decodeEvent(src []byte) (*event, error) {
	e := new(event)
	err := scan(src, func(s *scanner) error {
		return s.walk(func(name []byte) error { return e.member(s, name) })
	})
	if err != nil {
		return nil, err
	}
	switch {
	case e.requestID == "" || e.path == "":
		return nil, errUnknown
	case e.version == "2.0" && e.v2Method != "":
		e.format, e.method = payloadV2, e.v2Method
	case e.version != "2.0" && e.method != "":
		e.format = payloadV1
	default:
		return nil, errUnknown
	}
	return e, nil
}

func (e *event) member(s *scanner, name []byte) error {
	var ignored []byte
	switch string(name) {
	case `"version"`:
		return s.text(&e.version)
	case `"httpMethod"`:
		return s.text(&e.method)
	case `"path"`, `"rawPath"`:
		return s.text(&e.path)
	case `"rawQueryString"`:
		return s.text(&e.query)
	case `"headers"`:
		return s.keep(&e.singleHeaders)
	case `"multiValueHeaders"`:
		return e.multiValueHeaders(s)
	case `"queryStringParameters"`:
		return s.keep(&e.singleQuery)
	case `"multiValueQueryStringParameters"`:
		return s.keep(&e.multiQuery)
	case `"cookies"`:
		return s.keep(&e.cookies)
	case `"body"`:
		return s.keep(&e.body)
	case `"isBase64Encoded"`:
		return s.keep(&e.base64)
	case `"requestContext"`:
		return s.walk(func(name []byte) error { return e.context(s, name) })
	default:
		return s.keep(&ignored)
	}
}

func (e *event) multiValueHeaders(s *scanner) error {
	h := newHeaderBuilder()
	n, err := s.texts(h.add)
	if n > 0 {
		e.header = h.header
	}
	return err
}

func (e *event) context(s *scanner, name []byte) error {
	var ignored []byte
	switch string(name) {
	case `"requestId"`:
		return s.text(&e.requestID)
	case `"stage"`:
		return s.text(&e.stage)
	case `"domainName"`:
		return s.text(&e.domain)
	case `"protocol"`:
		return s.text(&e.proto)
	case `"identity"`, `"http"`:
		return s.walk(func(name []byte) error { return e.connection(s, name) })
	default:
		return s.keep(&ignored)
	}
}

// connection reads requestContext.identity (v1) or requestContext.http (v2).
func (e *event) connection(s *scanner, name []byte) error {
	var ignored []byte
	switch string(name) {
	case `"sourceIp"`:
		return s.text(&e.sourceIP)
	case `"protocol"`:
		return s.text(&e.proto)
	case `"method"`:
		return s.text(&e.v2Method)
	default:
		return s.keep(&ignored)
	}
}

// headerBuilder collects headers under their canonical names. Names that differ by case,
// which v1 keeps apart, become one name: whoever refuses repeated headers sees them all.
type headerBuilder struct {
	header http.Header
	values []string // one array for the values that are alone, which nearly all are
}

func newHeaderBuilder() *headerBuilder {
	const usual = 14 // fills a map of 16 slots
	return &headerBuilder{make(http.Header, usual), make([]string, 0, usual)}
}

func (b *headerBuilder) add(name, value string) {
	key := http.CanonicalHeaderKey(name)
	if old, ok := b.header[key]; ok {
		b.header[key] = append(old, value)
		return
	}
	b.values = append(b.values, value)
	n := len(b.values)
	b.header[key] = b.values[n-1 : n : n]
}
