// Package waf is the firewall of a deployed state, as far as it can be run here: New
// enforces the rules that the stack wrote itself, and Check holds ordinary MCP traffic
// against what AWS documents of the managed groups' rules. docs/e2e.md says what neither
// can show.
//
// https://docs.aws.amazon.com/waf/latest/developerguide/web-acl-processing.html
package waf

import (
	"net/http"
	"time"

	"leasehold.example/tests/deployment"
)

// Options are what surrounds a firewall.
type Options struct {
	// Now is time.Now when nil.
	Now func() time.Time
}

// New returns the web ACL as package gateway asks it, before anything else: 0 for a request
// that may pass, 403 for one that is blocked, and the status of its custom response
// otherwise. It is nil without a web ACL. A rule that is not understood is an error that
// names it. Managed groups are passed: Check is about them.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-control-access-aws-waf.html
func New(acl *deployment.WebACL, o Options) (func(r *http.Request, body []byte) (status int), error) {
	if acl == nil {
		return nil, nil //nolint:nilnil // no firewall is what there is
	}
	parsed, err := parse(acl)
	if err != nil {
		return nil, err
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	f := &firewall{fallback: parsed.fallback, limit: parsed.limit}
	for _, r := range parsed.rules {
		if matches := r.matcher(o.Now); matches != nil {
			f.rules = append(f.rules, enforced{action: r.action, matches: matches})
		}
	}
	return f.status, nil
}

// firewall is a web ACL at work.
type firewall struct {
	rules    []enforced // by priority
	fallback action
	limit    int // how many bytes of a body WAF sees
}

type enforced struct {
	action  action
	matches func(*request) bool
}

// request is one as WAF sees it.
type request struct {
	*http.Request
	// body is the part that can be inspected, and oversize is true when there is more.
	// https://docs.aws.amazon.com/waf/latest/developerguide/waf-oversize-request-components.html
	body     []byte
	oversize bool
}

// status asks the rules by priority; the first that matches and does not only count
// decides, and without one the default action.
// https://docs.aws.amazon.com/waf/latest/developerguide/web-acl-processing-order.html
func (f *firewall) status(r *http.Request, body []byte) int {
	seen := &request{Request: r, body: body[:min(len(body), f.limit)], oversize: len(body) > f.limit}
	decision := f.fallback
	for _, rule := range f.rules {
		if rule.matches(seen) && rule.action.kind != counts {
			decision = rule.action
			break
		}
	}
	switch {
	case decision.kind == allows:
		return 0
	case decision.status != 0:
		return decision.status
	default:
		return http.StatusForbidden
	}
}
