// Package gateway is Amazon API Gateway for one deployed stack: a REST API that does what its
// OpenAPI definition says, or an HTTP API that does what its routes say, in front of functions
// that somebody else runs.
//
// It knows what our stack uses, and no more; docs/e2e.md says what is left out. Where AWS's
// behaviour surprises, the code cites the page that promises it.
package gateway

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"leasehold.example/tests/deployment"
	"leasehold.example/tests/iam"
)

// The quotas of both kinds of API, in bytes.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
const (
	maxPayload = 10 << 20
	maxHeader  = 10_240 // request line and header values together
)

// Invoker calls functions.
type Invoker interface {
	// Invoke sends an event to the alias of an ARN. A buffered answer is there as a whole when
	// it returns. A *runtimeapi.FunctionError says that the function failed,
	// runtimeapi.ErrThrottled that too many of its instances are busy.
	Invoke(ctx context.Context, alias string, event []byte, streaming bool) (*Answer, error)
}

// Answer is what a function answers.
type Answer struct {
	Body io.ReadCloser
	// Cold is true when an instance was started for it.
	Cold bool
}

// Options are what surrounds an API. The zero value logs nothing and lets all pass.
type Options struct {
	// AccessLog gets a line for each request, in the stage's format.
	AccessLog io.Writer
	// ExecutionLog gets a line for each request that the gateway answered by itself, with
	// what AWS would say of the reason, and what is wrong in the stack.
	ExecutionLog io.Writer
	// Firewall is asked first. It returns 0 for a request that may pass, 403 for one that is
	// blocked, and the status of its custom response otherwise.
	Firewall func(r *http.Request, body []byte) (status int)
	// Served is told of each request when it has been answered.
	Served func(Record)
	// Now is time.Now when nil.
	Now func() time.Time
}

// Record is a request that has been answered.
type Record struct {
	Method, Path string
	Header       http.Header
	Body         []byte
	Status       int
	Duration     time.Duration
	// Invoked is true when the API's function was called, and Cold when that started an
	// instance.
	Invoked, Cold bool
	// Context has the values of $context variables.
	Context map[string]string
}

// call is a request on its way.
type call struct {
	options *Options
	w       http.ResponseWriter
	r       *http.Request
	body    []byte
	path    string // without stage and base path
	start   time.Time
	context map[string]string
	status  int
	written int64
	invoked bool
	cold    bool
}

// Header, Write and WriteHeader let a call count what is sent. Unwrap leads a
// http.ResponseController to the connection.
func (c *call) Header() http.Header { return c.w.Header() }

// Write sends part of the body.
func (c *call) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.written += int64(n)
	return n, err
}

// WriteHeader sends the status.
func (c *call) WriteHeader(status int) {
	c.status = status
	c.w.WriteHeader(status)
}

// Unwrap returns the connection's own.
func (c *call) Unwrap() http.ResponseWriter { return c.w }

// begin reads what both kinds of API know of a request. tooLarge is a payload beyond the
// quota.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-variables-for-access-logging.html
func begin(o *Options, w http.ResponseWriter, r *http.Request, source apiSource) (c *call, tooLarge bool) {
	c = &call{options: o, w: w, r: r, path: r.URL.Path, start: o.Now()}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxPayload+1))
	c.body, tooLarge = body, len(body) > maxPayload
	ip, _, splitErr := net.SplitHostPort(r.RemoteAddr)
	if splitErr != nil {
		ip = r.RemoteAddr
	}
	c.context = map[string]string{
		"requestId": newID(), "extendedRequestId": "KZ3bWHqGjoEEfYQ=", "httpMethod": r.Method, "path": r.URL.Path, "protocol": r.Proto,
		"requestTime": c.start.Format("02/Jan/2006:15:04:05 -0700"), "requestTimeEpoch": strconv.FormatInt(c.start.UnixMilli(), 10),
		"identity.sourceIp": ip, "identity.userAgent": r.UserAgent(),
		"apiId": source.id, "accountId": source.account, "stage": source.stage, "domainName": source.host,
	}
	if err != nil {
		c.explain("the client broke the request off: %v", err)
	}
	return c, tooLarge
}

// apiSource is what an API is called.
type apiSource struct{ id, account, stage, host string }

// end writes the access log.
func (c *call) end(format string) {
	took := c.options.Now().Sub(c.start)
	c.context["status"] = strconv.Itoa(c.status)
	c.context["responseLatency"] = millis(took)
	c.context["responseLength"] = strconv.FormatInt(c.written, 10)
	if c.options.AccessLog != nil {
		// One call of Write for one line: several requests end at a time. A log that fails is
		// seen by who reads it.
		_, _ = io.WriteString(c.options.AccessLog, render(format, c.context, "-")+"\n")
	}
	if c.options.Served != nil {
		c.options.Served(Record{
			Method: c.r.Method, Path: c.r.URL.Path, Header: c.r.Header, Body: c.body, Status: c.status, Duration: took,
			Invoked: c.invoked, Cold: c.cold, Context: c.context,
		})
	}
}

// explain writes to the execution log.
func (c *call) explain(format string, args ...any) {
	if c.options.ExecutionLog != nil {
		_, _ = fmt.Fprintf(c.options.ExecutionLog, "(%s) %s %s: %s\n", c.context["requestId"], c.r.Method, c.r.URL.Path, fmt.Sprintf(format, args...)) // as above
	}
}

// headerTooLarge is true beyond the quota for request line and header values.
func headerTooLarge(r *http.Request) bool {
	size := len(r.Method) + len(r.URL.RequestURI()) + len(r.Proto)
	for _, values := range r.Header {
		for _, v := range values {
			size += len(v)
		}
	}
	return size+len(r.Host) > maxHeader
}

// refuse answers before any API is found, hence without its gateway responses.
func (c *call) refuse(status int, kind, message string) {
	c.Header().Set("Content-Type", "application/json")
	c.Header().Set("X-Amzn-Errortype", kind)
	c.WriteHeader(status)
	body, err := json.Marshal(map[string]string{"message": message})
	if err != nil {
		panic(err) // text always encodes
	}
	_, _ = c.Write(body) // a client that left needs none
}

// permitted reports whether the alias lets API Gateway invoke it on behalf of source: there
// has to be a permission for this very qualifier (RULES 37). The one action covers streams.
// https://docs.aws.amazon.com/lambda/latest/dg/services-apigateway.html#apigateway-permissions
func permitted(alias *deployment.Alias, source string) bool {
	for _, p := range alias.Function.Permissions {
		if p.Qualifier != alias.Name || p.Principal != "apigateway.amazonaws.com" {
			continue
		}
		s := iam.Statement{Actions: []string{p.Action}, Resources: []string{alias.ARN}}
		if p.SourceARN != "" {
			s.Conditions = map[string]map[string][]string{"ArnLike": {"aws:SourceArn": {p.SourceARN}}}
		}
		d := iam.Evaluate([]iam.Policy{{Name: p.URN, Statements: []iam.Statement{s}}}, iam.Call{
			Action: "lambda:InvokeFunction", Resource: alias.ARN, Context: map[string][]string{"aws:sourcearn": {source}},
		})
		if d.Allowed {
			return true
		}
	}
	return false
}

// throttle is a token bucket for each method of a stage: the default settings hold for each
// by itself.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-request-throttling.html
type throttle struct {
	deployment.Throttle
	mu      sync.Mutex
	buckets map[string]*bucket
}

type bucket struct {
	tokens float64
	last   time.Time
}

func (t *throttle) allows(method string, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	b := t.buckets[method]
	if b == nil {
		if t.buckets == nil {
			t.buckets = map[string]*bucket{}
		}
		b = &bucket{tokens: float64(t.Burst), last: now}
		t.buckets[method] = b
	}
	b.tokens = min(float64(t.Burst), b.tokens+now.Sub(b.last).Seconds()*t.Rate)
	b.last = now
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}

func millis(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// newID returns a random id in the shape of a UUID.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// below is the path without a prefix ("/stage"); ok is false when it is another's.
func below(path, prefix string) (rest string, ok bool) {
	rest, ok = strings.CutPrefix(path, prefix)
	if !ok || rest != "" && rest[0] != '/' {
		return "", false
	}
	if rest == "" {
		rest = "/"
	}
	return rest, true
}
