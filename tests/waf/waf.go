// Package waf is the firewall of a deployed state, as far as it can be run here: the rules
// that the stack wrote itself are enforced by the handler of New, and Check holds ordinary
// MCP traffic against what AWS documents of the managed groups' rules. docs/e2e.md says
// what neither can show.
//
// https://docs.aws.amazon.com/waf/latest/developerguide/web-acl-processing.html
package waf

import (
	"bytes"
	"io"
	"net/http"
	"time"

	"leasehold.example/tests/deployment"
)

// Options are what surrounds a firewall.
type Options struct {
	// Now is time.Now when nil.
	Now func() time.Time
	// Filtered answers what is blocked without a custom response: the API's gateway response
	// WAF_FILTERED, which is package gateway's handler with an option Blocked that always
	// says so. Nil answers WAF's own 403.
	// https://docs.aws.amazon.com/waf/latest/developerguide/customizing-the-response-for-blocked-requests.html
	Filtered http.Handler
}

// New returns the web ACL as a handler before another one, which is what API Gateway does:
// WAF's rules come before its own access control. A nil ACL lets everything pass. A rule
// that is not understood is an error that names it. Managed groups are passed: Check is
// about them.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-control-access-aws-waf.html
func New(acl *deployment.WebACL, o Options) (func(http.Handler) http.Handler, error) {
	if acl == nil {
		return func(next http.Handler) http.Handler { return next }, nil
	}
	parsed, err := parse(acl)
	if err != nil {
		return nil, err
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Filtered == nil {
		o.Filtered = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "Forbidden", http.StatusForbidden) })
	}
	return func(next http.Handler) http.Handler {
		f := &firewall{next: next, filtered: o.Filtered, fallback: parsed.fallback, limit: parsed.limit}
		for _, r := range parsed.rules {
			if matches := r.matcher(o.Now); matches != nil {
				_, size := r.statement.(sizeConstraint)
				f.bodies = f.bodies || size
				f.rules = append(f.rules, enforced{action: r.action, matches: matches})
			}
		}
		return f
	}, nil
}

// firewall is a web ACL at work.
type firewall struct {
	next, filtered http.Handler
	rules          []enforced // by priority
	fallback       action
	// limit is how many bytes of a body WAF sees; bodies is true when a rule looks at one.
	limit  int
	bodies bool
}

type enforced struct {
	action  action
	matches func(*request) bool
}

// request is one as WAF sees it.
type request struct {
	*http.Request
	// body is the part that can be inspected, and oversize is true when there is more. Both
	// are empty when no rule looks at bodies.
	body     []byte
	oversize bool
}

// ServeHTTP asks the rules by priority; the first that matches and does not only count
// decides, and without one the default action.
// https://docs.aws.amazon.com/waf/latest/developerguide/web-acl-processing-order.html
func (f *firewall) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	seen, err := f.inspect(r)
	if err != nil {
		http.Error(w, "the body could not be read", http.StatusBadRequest)
		return
	}
	decision := f.fallback
	for _, rule := range f.rules {
		if rule.matches(seen) && rule.action.kind != counts {
			decision = rule.action
			break
		}
	}
	switch {
	case decision.kind == allows:
		f.next.ServeHTTP(w, r)
	case decision.status != 0:
		w.WriteHeader(decision.status) // before any response of the API's, and without a body
	default:
		f.filtered.ServeHTTP(w, r)
	}
}

// inspect reads what WAF may see of the body, and puts it back.
// https://docs.aws.amazon.com/waf/latest/developerguide/waf-oversize-request-components.html
func (f *firewall) inspect(r *http.Request) (*request, error) {
	if !f.bodies {
		return &request{Request: r}, nil
	}
	start, err := io.ReadAll(io.LimitReader(r.Body, int64(f.limit)+1))
	if err != nil {
		return nil, err
	}
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(start), r.Body), r.Body}
	return &request{Request: r, body: start[:min(len(start), f.limit)], oversize: len(start) > f.limit}, nil
}
