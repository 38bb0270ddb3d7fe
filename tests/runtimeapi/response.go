package runtimeapi

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
)

// Response is a function's answer to an edge.
type Response struct {
	Status int
	// Header has the names as the function wrote them, in Go's canonical form.
	Header http.Header
	// Body is all of a buffered answer, and of a stream what came with its prelude.
	Body []byte
	// Base64 is true when the function sent the body encoded, which Body is not.
	Base64 bool
}

// ErrNoStatus is an answer without a status code, which is none for a REST API. An HTTP API
// takes it for the body of a 200.
var ErrNoStatus = errors.New("runtimeapi: the answer has no statusCode")

// ReadResponse reads a buffered answer of either payload format: AWS reads what it finds.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html#api-gateway-simple-proxy-for-lambda-output-format
func ReadResponse(document []byte) (Response, error) {
	var d struct {
		StatusCode        int                 `json:"statusCode"`
		Headers           map[string]string   `json:"headers"`
		MultiValueHeaders map[string][]string `json:"multiValueHeaders"`
		Cookies           []string            `json:"cookies"`
		Body              string              `json:"body"`
		IsBase64Encoded   bool                `json:"isBase64Encoded"`
	}
	if err := json.Unmarshal(document, &d); err != nil {
		return Response{}, err
	}
	if d.StatusCode == 0 {
		return Response{}, ErrNoStatus
	}
	res := Response{Status: d.StatusCode, Header: http.Header{}, Body: []byte(d.Body)}
	for name, v := range d.Headers {
		res.Header.Set(name, v)
	}
	for name, values := range d.MultiValueHeaders {
		res.Header.Del(name)
		for _, v := range values {
			res.Header.Add(name, v)
		}
	}
	for _, c := range d.Cookies {
		res.Header.Add("Set-Cookie", c)
	}
	if d.IsBase64Encoded {
		body, err := base64.StdEncoding.DecodeString(d.Body)
		if err != nil {
			return Response{}, err
		}
		res.Body, res.Base64 = body, true
	}
	return res, nil
}

// ReadPrelude reads the beginning of a stream: status and header as JSON, then eight NULs.
// API Gateway wants them within the first 16 KB
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode-lambda.html).
func ReadPrelude(r io.Reader) (Response, error) {
	var head []byte
	buf := make([]byte, 16<<10)
	for len(head) < cap(buf) {
		n, err := r.Read(buf)
		head = append(head, buf[:n]...)
		if before, after, ok := bytes.Cut(head, make([]byte, 8)); ok {
			res, err := ReadResponse(before)
			res.Body = after
			return res, err
		}
		if err != nil {
			return Response{}, err
		}
	}
	return Response{}, errors.New("runtimeapi: no prelude in the first 16 KB")
}

// CopyStream passes the rest of a stream on as it comes. It aborts the handler when the
// stream was cut, which must not look whole, and returns when the client left.
func CopyStream(w http.ResponseWriter, s io.Reader) (written int64) {
	c := http.NewResponseController(w)
	buf := make([]byte, 32<<10)
	for {
		if c.Flush() != nil {
			return written
		}
		n, err := s.Read(buf)
		if n > 0 {
			m, err := w.Write(buf[:n])
			written += int64(m)
			if err != nil {
				return written
			}
		}
		switch {
		case err == nil:
		case errors.Is(err, io.EOF):
			return written
		default:
			_ = c.Flush() // the client is to have what there is
			panic(http.ErrAbortHandler)
		}
	}
}

// write sends the answer. A client that left is no concern of the function.
func (res *Response) write(w http.ResponseWriter) {
	for name, values := range res.Header {
		w.Header()[name] = values
	}
	w.WriteHeader(res.Status)
	_, _ = w.Write(res.Body)
}
