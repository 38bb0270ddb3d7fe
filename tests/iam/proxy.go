package iam

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Caller is who has an access key: a session of a role.
type Caller struct {
	// Role is the role's name, and Session that of the session: a function's name.
	Role, Session string
	Policies      []Policy
	// Context are condition keys of the session, lower case: its tags
	// ("aws:principaltag/tenant"), and "lambda:sourcefunctionarn".
	Context map[string][]string
}

// ProxyConfig is what a Proxy stands before.
type ProxyConfig struct {
	// Callers are by access key id.
	Callers map[string]Caller
	Account string
	// DynamoDB is the URL of DynamoDB Local, and Tables its tables by name.
	DynamoDB string
	Tables   map[string]Keys
	// Secrets answers for Secrets Manager; nil when nobody may ask it.
	Secrets http.Handler
}

// Proxy is an AWS endpoint that checks each call against the policies of the role whose
// access key signed it, as AWS does, before the service behind it has it. Of the signature it
// reads who made it and for which region, and does not verify it.
type Proxy struct {
	config   ProxyConfig
	dynamodb http.Handler

	mu     sync.Mutex
	used   map[string]map[string]bool // labels of statements by role
	denied []string
}

// services are those behind the proxy, by IAM's prefix. Statements about others (logs, traces,
// the network, keys by way of a service) are used by AWS in the function's name.
var services = []string{"dynamodb", "secretsmanager"}

// keysKnown are the condition keys that are decided here, beside a session's own.
var keysKnown = []string{"dynamodb:leadingkeys", "aws:principaltag/", "lambda:sourcefunctionarn", "aws:securetransport"}

// NewProxy returns a proxy. A condition key that it could not decide is an error, because
// whatever has it would be allowed or denied by accident.
func NewProxy(c ProxyConfig) (*Proxy, error) {
	target, err := url.Parse(c.DynamoDB)
	if err != nil {
		return nil, fmt.Errorf("iam: DynamoDB: %w", err)
	}
	var errs []error
	for _, caller := range c.Callers {
		for _, p := range caller.Policies {
			for i, s := range p.Statements {
				if key := s.unknownKey(); s.isBehind() && key != "" {
					errs = append(errs, fmt.Errorf("iam: role %s: %s: condition key %s is not known here", caller.Role, p.label(i), key))
				}
			}
		}
	}
	dynamodb := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		// DynamoDB Local refuses key ids that are not letters and digits alone.
		r.Out.Header.Set("Authorization", credential.ReplaceAllString(r.In.Header.Get("Authorization"),
			"AWS4-HMAC-SHA256 Credential=local/20260101/$2/$3/aws4_request"))
		r.Out.Header.Del("X-Amz-Security-Token")
	}}
	return &Proxy{config: c, dynamodb: dynamodb, used: map[string]map[string]bool{}}, errors.Join(errs...)
}

func (s Statement) isBehind() bool {
	return slices.ContainsFunc(s.Actions, func(action string) bool {
		service, _, _ := strings.Cut(action, ":")
		return service == "*" || slices.Contains(services, strings.ToLower(service))
	})
}

func (s Statement) unknownKey() string {
	for _, keys := range s.Conditions {
		for key := range keys {
			if !slices.ContainsFunc(keysKnown, func(known string) bool { return strings.HasPrefix(strings.ToLower(key), known) }) {
				return key
			}
		}
	}
	return ""
}

// credential is the beginning of a signature of version 4.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-signing-elements.html
var credential = regexp.MustCompile(`^AWS4-HMAC-SHA256 Credential=([^/]+)/[0-9]{8}/([^/]+)/([^/]+)/aws4_request`)

// ServeHTTP answers AccessDeniedException, or what the service answers.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		failed(w, "InternalFailure", err.Error())
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	signed := credential.FindStringSubmatch(r.Header.Get("Authorization"))
	if signed == nil {
		failed(w, "MissingAuthenticationToken", "Request is missing Authentication Token")
		return
	}
	caller, ok := p.config.Callers[signed[1]]
	if !ok {
		p.note("nobody has the access key id " + signed[1])
		failed(w, "UnrecognizedClientException", "The security token included in the request is invalid.")
		return
	}
	target, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	calls, next, err := p.calls(signed[3], target, operation, signed[2], body)
	if err != nil {
		p.note(caller.Role + ": " + err.Error())
		failed(w, "ValidationException", err.Error())
		return
	}
	for _, c := range calls {
		if !p.allows(caller, c) {
			failed(w, "AccessDeniedException", fmt.Sprintf(
				"User: arn:aws:sts::%s:assumed-role/%s/%s is not authorized to perform: %s on resource: %s because no identity-based policy allows the %s action",
				p.config.Account, caller.Role, caller.Session, c.Action, c.Resource, c.Action))
			return
		}
	}
	next.ServeHTTP(w, r)
}

// calls are what a request is in terms of IAM, and who answers it.
func (p *Proxy) calls(service, target, operation, region string, body []byte) ([]Call, http.Handler, error) {
	prefix := "arn:aws:" + service + ":" + region + ":" + p.config.Account + ":"
	switch {
	case service == "dynamodb" && strings.HasPrefix(target, "DynamoDB_"):
		calls, err := dynamoPlace{prefix: prefix, tables: p.config.Tables}.calls(operation, body)
		return calls, p.dynamodb, err
	case service == "secretsmanager" && target == "secretsmanager" && p.config.Secrets != nil:
		var in struct{ SecretID string }
		if err := json.Unmarshal(body, &in); err != nil {
			return nil, nil, err
		}
		c := Call{Action: "secretsmanager:" + operation, Resource: "*"}
		if in.SecretID != "" {
			c.Resource = in.SecretID
		}
		if c.Resource != "*" && !strings.HasPrefix(c.Resource, prefix+"secret:") {
			return nil, nil, fmt.Errorf("secret %s is not one of %s by its ARN", in.SecretID, prefix)
		}
		return []Call{c}, p.config.Secrets, nil
	default:
		return nil, nil, fmt.Errorf("%s.%s signed for %s is nothing that answers here", target, operation, service)
	}
}

func (p *Proxy) allows(caller Caller, c Call) bool {
	context := map[string][]string{"aws:securetransport": {"true"}}
	for _, values := range []map[string][]string{caller.Context, c.Context} {
		for key, v := range values {
			context[key] = v
		}
	}
	c.Context = context
	d := Evaluate(caller.Policies, c)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.used[caller.Role] == nil {
		p.used[caller.Role] = map[string]bool{}
	}
	for _, label := range d.By {
		p.used[caller.Role][label] = true
	}
	if !d.Allowed {
		p.denied = append(p.denied, fmt.Sprintf("%s: %s on %s, keys %q", caller.Role, c.Action, c.Resource, c.Context["dynamodb:leadingkeys"]))
	}
	return d.Allowed
}

func (p *Proxy) note(denial string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.denied = append(p.denied, denial)
}

// Denied are the calls that were refused so far: role, action, resource and why.
func (p *Proxy) Denied() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.denied)
}

// Unused are the statements about services behind the proxy that no call has needed so far,
// as "role: policy/statement", in order: rights that nobody uses, or a test that is missing.
func (p *Proxy) Unused() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []string
	for _, caller := range p.config.Callers {
		for _, policy := range caller.Policies {
			for i, s := range policy.Statements {
				if s.isBehind() && !p.used[caller.Role][policy.label(i)] {
					all = append(all, caller.Role+": "+policy.label(i))
				}
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// failed answers an error in the protocol of both services.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
func failed(w http.ResponseWriter, name, message string) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.WriteHeader(http.StatusBadRequest)
	// A client that left needs no answer. The services differ in the case of the name; SDKs
	// read either.
	_ = json.NewEncoder(w).Encode(map[string]string{"__type": "com.amazon.coral.service#" + name, "message": message, "Message": message})
}
