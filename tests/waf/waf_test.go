package waf

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"leasehold.example/tests/deployment"
	"leasehold.example/tests/internal/repo"
)

// site is a firewall at a time that the test sets.
type site struct {
	firewall func(*http.Request, []byte) int
	now      time.Time
}

func serve(t *testing.T, document object) *site {
	t.Helper()
	s := &site{now: time.Unix(1_800_000_000, 0)} // the beginning of a window of 300 s
	firewall, err := New(acl(t, document), Options{Now: func() time.Time { return s.now }})
	if err != nil {
		t.Fatal(err)
	}
	s.firewall = firewall
	return s
}

// ask sends a request from an address; authorization "" is none.
func (s *site) ask(address, authorization, body string) (status int) {
	r := httptest.NewRequest(http.MethodPost, "/mcp", nil)
	r.RemoteAddr = address + ":4711"
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	return s.firewall(r, []byte(body))
}

// flood sends n requests and returns how many passed.
func (s *site) flood(n int, address, authorization string) (passed int) {
	for range n {
		if s.ask(address, authorization, "") == 0 {
			passed++
		}
	}
	return passed
}

// limited is the stack's web ACL with other limits.
func limited(t *testing.T, perIP, perToken int) object {
	t.Helper()
	document := stack(t)
	for name, limit := range map[string]int{"rate-per-ip": perIP, "rate-per-token": perToken} {
		ruleOf(document, name)["statement"].(object)["rateBasedStatement"].(object)["limit"] = limit
	}
	return document
}

func ruleOf(document object, name string) object {
	for _, r := range document["rules"].([]any) {
		if r.(object)["name"] == name {
			return r.(object)
		}
	}
	panic("no rule " + name)
}

// Rule 38: a token has a limit of its own, wherever it comes from; an address has one, with
// whatever token, or none.
func TestRule38Limits(t *testing.T) {
	t.Parallel()
	s := serve(t, limited(t, 30, 10))
	if n := s.flood(9, "192.0.2.1", "Bearer a") + s.flood(9, "192.0.2.2", "Bearer a"); n != 10 {
		t.Errorf("%d requests with one token passed, want 10", n)
	}
	if n := s.flood(9, "192.0.2.1", "bearer A"); n != 9 {
		t.Errorf("%d requests with another token passed, want 9: case matters", n)
	}
	if n := s.flood(100, "192.0.2.1", ""); n != 12 { // after 18 of this address
		t.Errorf("%d requests without a token passed, want 12", n)
	}
	if status := s.ask("192.0.2.1", "Bearer b", ""); status != http.StatusTooManyRequests {
		t.Errorf("beyond the address's limit: %d, want 429", status)
	}
	if status := s.ask("192.0.2.3", "Bearer b", ""); status != 0 {
		t.Errorf("another address and token: %d, want 0", status)
	}
}

// The window slides: what came in the last one counts for the part that is still covered.
func TestWindow(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		after time.Duration
		want  int
	}{
		"the same window":    {299 * time.Second, 0},
		"a quarter into it":  {375 * time.Second, 2}, // 10 * 3/4 of 10 remain
		"at its end":         {599 * time.Second, 9},
		"the one after that": {600 * time.Second, 10},
		"much later":         {time.Hour, 10},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, limited(t, 1000, 10))
			if n := s.flood(10, "192.0.2.1", "Bearer a"); n != 10 {
				t.Fatalf("%d passed, want 10", n)
			}
			s.now = s.now.Add(tt.after)
			if n := s.flood(20, "192.0.2.1", "Bearer a"); n != tt.want {
				t.Errorf("%d passed, want %d", n, tt.want)
			}
		})
	}
}

// A request that is refused counts as well: who does not slow down stays out.
func TestRefusedCount(t *testing.T) {
	t.Parallel()
	s := serve(t, limited(t, 1000, 10))
	s.flood(1000, "192.0.2.1", "Bearer a")
	s.now = s.now.Add(500 * time.Second)
	if n := s.flood(1, "192.0.2.1", "Bearer a"); n != 0 {
		t.Error("passed although hundreds were refused within the window")
	}
}

func TestConcurrent(t *testing.T) {
	t.Parallel()
	s := serve(t, limited(t, 1000, 10))
	var passed atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() { passed.Add(int64(s.flood(5, "192.0.2.1", "Bearer a"))) })
	}
	wg.Wait()
	if passed.Load() != 10 {
		t.Errorf("%d passed, want 10", passed.Load())
	}
}

// Priorities decide, not places; Allow ends the evaluation and Count does not.
func TestOrder(t *testing.T) {
	t.Parallel()
	allow, count := object{"allow": object{}}, object{"count": object{}}
	for name, tt := range map[string]struct {
		first, second, fallback object
		want                    int
	}{
		"the lower number":  {block(429), block(451), allow, 429},
		"allow ends":        {allow, block(451), block(400), 0},
		"count goes on":     {count, block(451), allow, 451},
		"default action":    {count, count, block(400), 400},
		"no custom status":  {block(0), block(451), allow, 403},
		"default, none too": {count, count, block(0), 403},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			document := object{"defaultAction": tt.fallback, "rules": []any{
				object{"name": "second", "priority": 7, "action": tt.second, "statement": size("GE", 0, "")},
				object{"name": "first", "priority": 3, "action": tt.first, "statement": size("GE", 0, "")},
			}}
			if status := serve(t, document).ask("192.0.2.1", "", ""); status != tt.want {
				t.Errorf("status %d, want %d", status, tt.want)
			}
		})
	}
}

func block(status int) object {
	if status == 0 {
		return object{"block": object{}}
	}
	return object{"block": object{"customResponse": object{"responseCode": status}}}
}

func size(operator string, bytes int, handling string) object {
	field := object{"body": object{"oversizeHandling": handling}}
	return object{"sizeConstraintStatement": object{
		"comparisonOperator": operator, "size": bytes, "fieldToMatch": field,
		"textTransformations": []any{object{"priority": 0, "type": "NONE"}},
	}}
}

// Rule 38: WAF sees a part of the body only, so that it cannot hold a limit beyond that.
func TestRule38BodySize(t *testing.T) {
	t.Parallel()
	const kb = 1 << 10
	for name, tt := range map[string]struct {
		limit, operator string
		size            int
		handling        string
		body            int
		blocked         bool
	}{
		"within":                     {"KB_64", "GT", 8 * kb, "CONTINUE", 8 * kb, false},
		"beyond":                     {"KB_64", "GT", 8 * kb, "CONTINUE", 8*kb + 1, true},
		"limit that is never seen":   {"KB_64", "GT", 4096 * kb, "CONTINUE", 5000 * kb, false},
		"limit just not seen":        {"KB_16", "GT", 16 * kb, "", 17 * kb, false},
		"seen in more":               {"KB_32", "GT", 16 * kb, "", 17 * kb, true},
		"oversize matches":           {"KB_16", "GT", 4096 * kb, "MATCH", 16*kb + 1, true},
		"not oversize yet":           {"KB_16", "GT", 4096 * kb, "MATCH", 16 * kb, false},
		"oversize matches nothing":   {"KB_16", "GE", 0, "NO_MATCH", 16*kb + 1, false},
		"equal":                      {"KB_16", "EQ", 5, "", 5, true},
		"not equal":                  {"KB_16", "NE", 5, "", 5, false},
		"at most":                    {"KB_16", "LE", 5, "", 5, true},
		"more than at most":          {"KB_16", "LE", 5, "", 6, false},
		"less":                       {"KB_16", "LT", 5, "", 4, true},
		"at least":                   {"KB_16", "GE", 5, "", 5, true},
		"default limit of 16 KB":     {"", "GE", 16 * kb, "", 17 * kb, true},
		"default limit, just beyond": {"", "GE", 16*kb + 1, "", 17 * kb, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			document := object{"defaultAction": object{"allow": object{}}, "rules": []any{
				object{"name": "body", "priority": 0, "action": block(413), "statement": size(tt.operator, tt.size, tt.handling)},
			}}
			if tt.limit != "" {
				document["associationConfig"] = object{"requestBodies": []any{
					object{"apiGateways": []any{object{"defaultSizeInspectionLimit": tt.limit}}},
				}}
			}
			if status := serve(t, document).ask("192.0.2.1", "", strings.Repeat("a", tt.body)); (status == 413) != tt.blocked {
				t.Errorf("status %d, want blocked %t", status, tt.blocked)
			}
		})
	}
}

// Whatever is not understood is an error that names the rule.
func TestNewRefuses(t *testing.T) {
	t.Parallel()
	rate := func(d object) object {
		return ruleOf(d, "rate-per-token")["statement"].(object)["rateBasedStatement"].(object)
	}
	header := func(d object) object { return rate(d)["customKeys"].([]any)[0].(object)["header"].(object) }
	for name, tt := range map[string]struct {
		change func(object)
		want   string
	}{
		"type": {func(d object) {
			ruleOf(d, "rate-per-token")["statement"] = object{"geoMatchStatement": object{}}
		}, "geoMatchStatement is not known here"},
		"no statement":   {func(d object) { ruleOf(d, "rate-per-token")["statement"] = object{} }, "0 statements"},
		"scope-down":     {func(d object) { rate(d)["scopeDownStatement"] = object{} }, "scopeDownStatement"},
		"aggregation":    {func(d object) { rate(d)["aggregateKeyType"] = "FORWARDED_IP" }, "FORWARDED_IP"},
		"limit":          {func(d object) { rate(d)["limit"] = 9 }, "limit 9"},
		"window":         {func(d object) { rate(d)["evaluationWindowSec"] = 30 }, "evaluationWindowSec 30"},
		"key":            {func(d object) { rate(d)["customKeys"] = []any{object{"ip": object{}}} }, "ip"},
		"empty key":      {func(d object) { rate(d)["customKeys"] = []any{object{}} }, "not a header"},
		"transformation": {func(d object) { header(d)["textTransformations"].([]any)[0].(object)["type"] = "LOWERCASE" }, "LOWERCASE"},
		"action":         {func(d object) { ruleOf(d, "rate-per-token")["action"] = object{"captcha": object{}} }, "captcha"},
		"two actions":    {func(d object) { ruleOf(d, "rate-per-token")["action"] = object{"allow": object{}, "count": object{}} }, "one of allow"},
		"no action":      {func(d object) { delete(ruleOf(d, "rate-per-token"), "action") }, "action"},
		"custom body": {func(d object) {
			ruleOf(d, "rate-per-token")["action"] = object{"block": object{"customResponse": object{"customResponseBodyKey": "a"}}}
		}, "customResponseBodyKey"},
		"priority": {func(d object) { ruleOf(d, "rate-per-token")["priority"] = 0 }, `priority 0 of rule "rate-per-ip"`},
		"size of a header": {func(d object) {
			ruleOf(d, "rate-per-token")["statement"] = object{"sizeConstraintStatement": object{"comparisonOperator": "GT", "fieldToMatch": object{}}}
		}, "not the body's"},
		"operator":          {func(d object) { ruleOf(d, "rate-per-token")["statement"] = size("MORE", 1, "") }, "MORE"},
		"oversize handling": {func(d object) { ruleOf(d, "rate-per-token")["statement"] = size("GT", 1, "BLOCK") }, "BLOCK"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			document := stack(t)
			tt.change(document)
			_, err := New(acl(t, document), Options{})
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), `"rate-per-token"`) {
				t.Errorf("%v, want %q and the rule's name", err, tt.want)
			}
		})
	}
	for name, change := range map[string]func(object){
		"no default action":  func(d object) { delete(d, "defaultAction") },
		"a default of count": func(d object) { d["defaultAction"] = object{"count": object{}} },
		"inspection limit": func(d object) {
			d["associationConfig"] = object{"requestBodies": []any{object{"apiGateways": []any{object{"defaultSizeInspectionLimit": "KB_128"}}}}}
		},
		"action of a group":   func(d object) { ruleOf(d, "AWSManagedRulesCommonRuleSet")["action"] = block(0) },
		"group without one":   func(d object) { delete(ruleOf(d, "AWSManagedRulesCommonRuleSet"), "overrideAction") },
		"override of a limit": func(d object) { ruleOf(d, "rate-per-ip")["overrideAction"] = object{"none": object{}} },
	} {
		document := stack(t)
		change(document)
		if _, err := New(acl(t, document), Options{}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// The engine's state has the web ACL in the shape that is read here; without one, there is no
// firewall.
func TestRecordedState(t *testing.T) {
	t.Parallel()
	f, err := os.Open(filepath.Join(repo.Root(t), "stacks", "engine", "testdata", "release.json"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	d, err := deployment.Read(f)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := New(d.WebACL, Options{}); err != nil {
		t.Error(err)
	}
	if firewall, err := New(nil, Options{}); firewall != nil || err != nil {
		t.Errorf("without a web ACL: a firewall %t, error %v", firewall != nil, err)
	}
}
