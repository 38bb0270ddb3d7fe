package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"leasehold.example/apps/mcp/config"
	"leasehold.example/tests/deployment"
	"leasehold.example/tests/waf"
	"leasehold.example/tests/wire"
)

// Check asks the stack for everything that a deployment can break, in an order in which one
// needs the other, and returns the first thing that is wrong, with what explains it.
func (s *Stack) Check(ctx context.Context) error {
	mark := s.journal.mark()
	for _, probe := range []struct {
		name string
		run  func(context.Context) error
	}{
		{"timeouts", s.checkTimeouts},
		{"health", s.checkHealth},
		{"challenge", s.checkChallenge},
		{"a call", s.checkCall},
		{"a scope", s.checkScope},
		{"a session", s.checkSession},
		{"a handle", s.checkHandle},
		{"expiry", s.checkExpiry},
		{"firewall", s.checkFirewall},
		{"permissions", s.checkPermissions},
	} {
		if err := probe.run(ctx); err != nil {
			return s.explained(fmt.Errorf("e2e: %s: %w", probe.name, err), mark)
		}
	}
	return nil
}

// edgeTimeout is an integration's, by where it is.
func (s *Stack) edgeTimeouts() map[string]integration {
	all := map[string]integration{}
	if s.deployment.HTTP != nil {
		for key, r := range s.deployment.HTTP.Routes {
			all[key] = integration{r.Function.Function, r.Timeout}
		}
		return all
	}
	for path, methods := range s.deployment.REST.Methods {
		for method, m := range methods {
			if m.Function != nil {
				all[method+" "+path] = integration{m.Function.Function, m.Timeout}
			}
		}
	}
	return all
}

type integration struct {
	function *deployment.Function
	timeout  time.Duration
}

// checkTimeouts looks instead of waiting: a request has to end before its function does, and
// that before the edge gives up, or the client gets the edge's 504 and the function's time is
// paid for.
func (s *Stack) checkTimeouts(context.Context) error {
	for where, i := range s.edgeTimeouts() {
		f := i.function
		if f.Timeout > i.timeout {
			return fmt.Errorf("%s: its timeout is %v, but %s gives up after %v", f.URN, f.Timeout, where, i.timeout)
		}
		request, err := time.ParseDuration(f.Environment[config.EnvRequestTimeout])
		if err != nil || request >= f.Timeout {
			return fmt.Errorf("%s: %s is %q, which is not less than the function's timeout %v",
				f.URN, config.EnvRequestTimeout, f.Environment[config.EnvRequestTimeout], f.Timeout)
		}
	}
	return nil
}

func (s *Stack) checkHealth(ctx context.Context) error {
	a, err := wire.Caller{}.Get(ctx, s.URL+"/healthz")
	if err == nil && a.Status != http.StatusOK {
		err = fmt.Errorf("GET %s/healthz: %s", s.URL, a)
	}
	return err
}

var metadataParameter = regexp.MustCompile(`resource_metadata="([^"]*)"`)

// checkChallenge goes from a bare 401 to the issuer, as a client does that knows nothing but
// the URL (RFC 9728 section 5).
func (s *Stack) checkChallenge(ctx context.Context) error {
	a, err := wire.Caller{URL: s.MCPURL}.Modern(ctx, "tools/list", "", "")
	if err != nil {
		return err
	}
	challenge := a.Header.Get("WWW-Authenticate")
	if a.Status != http.StatusUnauthorized || challenge == "" {
		return fmt.Errorf("a request without a token got %s with WWW-Authenticate %q, not 401 with a challenge: see the gateway response UNAUTHORIZED", a, challenge)
	}
	found := metadataParameter.FindStringSubmatch(challenge)
	if found == nil {
		return fmt.Errorf("the challenge %q has no resource_metadata", challenge)
	}
	a, err = wire.Caller{}.Get(ctx, found[1])
	if err != nil {
		return fmt.Errorf("the challenge's resource_metadata: %w", err)
	}
	var document struct {
		Resource string
		Servers  []string `json:"authorization_servers"`
	}
	if err := json.Unmarshal([]byte(a.Body), &document); err != nil || a.Status != http.StatusOK || document.Resource != s.MCPURL {
		return fmt.Errorf("the challenge's resource_metadata %s answers %s, not the metadata of %s", found[1], a, s.MCPURL)
	}
	if !slices.Contains(document.Servers, s.options.Issuer) {
		return fmt.Errorf("the metadata's authorization_servers %q lack %s", document.Servers, s.options.Issuer)
	}
	return nil
}

// caller returns somebody with a token of all scopes.
func (s *Stack) caller(tenant, subject string) (wire.Caller, error) {
	token, err := s.Token(tenant, subject)
	return wire.Caller{URL: s.MCPURL, Token: token}, err
}

func (s *Stack) checkCall(ctx context.Context) error {
	me, err := s.caller("acme", "user-1")
	if err != nil {
		return err
	}
	a, err := me.Modern(ctx, "tools/list", "", "")
	if err != nil {
		return err
	}
	if a.Status != http.StatusOK || !strings.Contains(a.Body, `"math"`) {
		return fmt.Errorf("tools/list with a good token: %s", a)
	}
	r, err := me.Tool(ctx, "math", `{"a":2,"b":3}`)
	if err == nil && r.StructuredContent["sum"] != 5.0 {
		err = fmt.Errorf("2 + 3 = %v", r.StructuredContent["sum"])
	}
	return err
}

// checkScope: who lacks a scope is told which, in the header that clients sign in again by
// (RFC 6750 section 3.1).
func (s *Stack) checkScope(ctx context.Context) error {
	token, err := s.Token("acme", "user-1", "mcp:basic")
	if err != nil {
		return err
	}
	a, err := wire.Caller{URL: s.MCPURL, Token: token}.Modern(ctx, "tools/call", "notebook_open", `"name":"notebook_open","arguments":{"title":"e2e"},`)
	challenge := a.Header.Get("WWW-Authenticate")
	if err == nil && (a.Status != http.StatusForbidden || !strings.Contains(challenge, "insufficient_scope") || !strings.Contains(challenge, "notebook:write")) {
		err = fmt.Errorf("a call without its scope got %s with WWW-Authenticate %q, not 403 with a challenge for notebook:write", a, challenge)
	}
	return err
}

// checkSession lives through a session of 2025-11-25, which nobody else can see.
func (s *Stack) checkSession(ctx context.Context) error {
	me, err := s.caller("acme", "user-1")
	if err != nil {
		return err
	}
	other, err := s.caller("globex", "user-1")
	if err != nil {
		return err
	}
	session, err := me.Open(ctx)
	if err != nil {
		return err
	}
	for _, step := range []struct {
		who             wire.Caller
		name, arguments string
		status          int
	}{
		{me, "session_set", `{"key":"k","value":1}`, http.StatusOK},
		{me, "session_get", `{"key":"k"}`, http.StatusOK},
		{other, "session_get", `{"key":"k"}`, http.StatusNotFound},
	} {
		a, err := step.who.OldTool(ctx, session, step.name, step.arguments)
		if err == nil && step.status == http.StatusOK {
			_, err = a.Result(step.name)
		}
		if err == nil && a.Status != step.status {
			err = fmt.Errorf("%s: %s, want %d", step.name, a, step.status)
		}
		if err != nil {
			return err
		}
	}
	if a, err := me.End(ctx, session); err != nil || a.Status != http.StatusNoContent {
		return errors.Join(err, fmt.Errorf("DELETE of a session: %s", a))
	}
	if a, err := me.OldTool(ctx, session, "whoami", "{}"); err != nil || a.Status != http.StatusNotFound {
		return errors.Join(err, fmt.Errorf("the deleted session: %s", a))
	}
	return nil
}

// checkHandle keeps a notebook by its handle and deletes it after a question, whose answer
// is sealed. One stays, for checkExpiry.
func (s *Stack) checkHandle(ctx context.Context) error {
	me, err := s.caller("acme", "user-1")
	if err != nil {
		return err
	}
	var arguments string
	for range 2 {
		r, err := me.Tool(ctx, "notebook_open", `{"title":"e2e"}`)
		if err != nil {
			return err
		}
		arguments = `"notebook":"` + r.Text("notebook") + `"`
		if _, err := me.Tool(ctx, "notebook_append", `{`+arguments+`,"text":"one"}`); err != nil {
			return err
		}
	}
	r, err := me.Tool(ctx, "notebook_read", `{`+arguments+`}`)
	if err != nil {
		return err
	}
	if entries, _ := r.StructuredContent["entries"].([]any); len(entries) != 1 {
		return fmt.Errorf("the notebook has %v", r.StructuredContent)
	}
	if r, err = me.Tool(ctx, "notebook_delete", `{`+arguments+`}`); err != nil || r.RequestState == "" {
		return errors.Join(err, fmt.Errorf("notebook_delete did not ask: %+v", r))
	}
	r, err = me.Tool(ctx, "notebook_delete", `{`+arguments+`}`,
		`"requestState":"`+r.RequestState+`","inputResponses":{"confirm":{"action":"accept","content":{"confirm":true}}}`)
	if err == nil && r.StructuredContent["deleted"] != true {
		err = fmt.Errorf("notebook_delete: %+v", r)
	}
	return err
}

// checkExpiry: whatever the server wrote has to expire by the attribute that the table's TTL
// names, which DynamoDB reads as a number of seconds and otherwise ignores.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/howitworks-ttl.html
func (s *Stack) checkExpiry(ctx context.Context) error {
	for _, t := range s.deployment.Tables {
		items, err := t.Items(ctx, s.options.DynamoDB)
		if err != nil {
			return err
		}
		if len(items) == 0 {
			return fmt.Errorf("%s: nothing was written", t.URN)
		}
		for _, item := range items {
			if _, ok := item[t.TTL]["N"]; !ok {
				return fmt.Errorf("%s: its TTL attribute is %q, and an item has none of that name: nothing would ever be deleted (%v)", t.URN, t.TTL, keys(item))
			}
		}
	}
	return nil
}

func keys(item map[string]map[string]any) []string {
	var names []string
	for name := range item {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (s *Stack) checkFirewall(context.Context) error {
	if s.deployment.WebACL == nil {
		return nil
	}
	return waf.Check(s.deployment.WebACL)
}

// checkPermissions: nothing was denied, and no role may do what nothing here needed. The
// server hides some failures from its clients (RULES 9), but not from here.
func (s *Stack) checkPermissions(context.Context) error {
	proxy := s.proxy.Load()
	if denied := proxy.Denied(); len(denied) > 0 {
		return fmt.Errorf("policies denied %d calls", len(denied))
	}
	if refused := s.refused.since(0); len(refused) > 0 {
		return fmt.Errorf("the table does not have what the functions ask of it: %s", refused[0])
	}
	if unused := proxy.Unused(); len(unused) > 0 {
		return fmt.Errorf("nothing used %d statements, the first is %s", len(unused), unused[0])
	}
	return nil
}
