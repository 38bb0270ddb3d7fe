package observe

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"regexp"
	"strings"

	"leasehold.example/libs/lambdahttp"
	"leasehold.example/libs/observe/metric"
)

// Handler returns next with a summary line for each of its requests.
func (s *Signals) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		ctx, r := s.Begin(q.Context())
		r.read(q)
		answer := &answer{ResponseWriter: w}
		finished := false
		defer func() {
			if !finished { // it panics, and whoever is before us answers
				answer.status = http.StatusInternalServerError
			}
			r.answered(answer.status)
			s.End(ctx)
		}()
		next.ServeHTTP(answer, q.WithContext(ctx))
		finished = true
	})
}

// read takes from the request what the edge says about it.
func (r *Request) read(q *http.Request) {
	if inv, ok := lambdahttp.FromContext(q.Context()); ok {
		r.texts.edgeID = inv.RequestID
	} else if BehindWebAdapter {
		r.readWebAdapter(q.Header)
	}
	if r.texts.trace == "" {
		r.texts.trace = traceparentID(q.Header.Get("Traceparent"))
	}
}

// BehindWebAdapter is true of a server on Lambda. Elsewhere a client could send the adapter's
// headers.
var BehindWebAdapter = os.Getenv("AWS_LAMBDA_RUNTIME_API") != ""

// readWebAdapter takes Lambda's and the edge's ids from the headers in which the Lambda Web
// Adapter puts the invocation's contexts. It replaces what a client sends under their names.
// https://github.com/aws/aws-lambda-web-adapter
func (r *Request) readWebAdapter(h http.Header) {
	var invocation struct {
		RequestID string `json:"request_id"`
		Trace     string `json:"xray_trace_id"`
	}
	if json.Unmarshal([]byte(h.Get("X-Amzn-Lambda-Context")), &invocation) == nil && invocation.RequestID != "" {
		r.id, r.xray, r.texts.trace = invocation.RequestID, invocation.Trace, rootOf(invocation.Trace)
	}
	var edge struct {
		RequestID string `json:"requestId"`
	}
	if json.Unmarshal([]byte(h.Get("X-Amzn-Request-Context")), &edge) == nil {
		r.texts.edgeID = edge.RequestID
	}
}

// answered tells the status of the answer, and counts a failure that nobody has counted yet
// by it.
func (r *Request) answered(status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status = status
	switch {
	case status < http.StatusBadRequest || r.failed != "" && r.failed != metric.ToolErrors:
	case status == http.StatusServiceUnavailable:
		r.add(metric.Unavailable)
	case status >= http.StatusInternalServerError:
		r.add(metric.InternalErrors)
	default:
		r.add(metric.ProtocolErrors)
	}
}

// answer remembers the status of an answer.
type answer struct {
	http.ResponseWriter
	status int
}

// WriteHeader implements http.ResponseWriter. Only the first final status counts.
func (a *answer) WriteHeader(status int) {
	if a.status == 0 && status >= http.StatusOK {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (a *answer) Write(b []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	return a.ResponseWriter.Write(b)
}

// Unwrap is for http.ResponseController, which flushes streams.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// Ids of traces, in the only forms that they have: what a client chose is kept to them.
var (
	// https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
	xrayPattern = regexp.MustCompile(`^1-[0-9a-f]{8}-[0-9a-f]{24}$`)
	// https://www.w3.org/TR/trace-context/#traceparent-header
	traceparentPattern = regexp.MustCompile(`^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$`)
)

// xrayHeader is X-Ray's header of the invocation that ctx belongs to; empty when there is none.
func xrayHeader(ctx context.Context) string {
	header, _ := ctx.Value("x-amzn-trace-id").(string) // aws-lambda-go's key
	return header
}

// rootOf is the id of the trace that a tracing header names, "Root=1-…;Parent=…;Sampled=…".
func rootOf(header string) string {
	for item := range strings.SplitSeq(header, ";") {
		if root, ok := strings.CutPrefix(strings.TrimSpace(item), "Root="); ok && xrayPattern.MatchString(root) {
			return root
		}
	}
	return ""
}

// traceparentID is the id of the trace that a traceparent names; empty when it is malformed.
func traceparentID(header string) string {
	if match := traceparentPattern.FindStringSubmatch(header); match != nil {
		return match[1]
	}
	return ""
}
