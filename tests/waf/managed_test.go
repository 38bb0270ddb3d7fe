package waf

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"leasehold.example/tests/deployment"
	"leasehold.example/tests/internal/repo"
)

// object is a JSON object.
type object = map[string]any

// stack is the web ACL that the stack writes: a test of platform keeps the file up to date.
func stack(t *testing.T) object {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repo.Root(t), "platform", "testdata", "webacl.json"))
	if err != nil {
		t.Fatal(err)
	}
	var document object
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	return document
}

func acl(t *testing.T, document object) *deployment.WebACL {
	t.Helper()
	text, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	return &deployment.WebACL{URN: "firewall-acl", Document: text}
}

// groupsOf are the statements of the managed groups, to be changed in place.
func groupsOf(document object) map[string]object {
	all := map[string]object{}
	for _, r := range document["rules"].([]any) {
		if group, ok := r.(object)["statement"].(object)["managedRuleGroupStatement"].(object); ok {
			all[group["name"].(string)] = group
		}
	}
	return all
}

// Rule 38: no rule that the stack leaves in Block is known to refuse ordinary traffic.
func TestRule38OrdinaryTraffic(t *testing.T) {
	t.Parallel()
	if err := Check(acl(t, stack(t))); err != nil {
		t.Error(err)
	}
}

// Rule 38: without any one of its overrides the stack would refuse ordinary traffic, and
// the message names the rule and the request.
func TestRule38EveryOverrideIsNeeded(t *testing.T) {
	t.Parallel()
	for name, group := range groupsOf(stack(t)) {
		overrides, _ := group["ruleActionOverrides"].([]any)
		for i, o := range overrides {
			rule := o.(object)["name"].(string)
			document := stack(t)
			without := groupsOf(document)[name]
			list := without["ruleActionOverrides"].([]any)
			without["ruleActionOverrides"] = append(append([]any{}, list[:i]...), list[i+1:]...)
			err := Check(acl(t, document))
			if err == nil || !strings.Contains(err.Error(), rule+" is in Block, and refuses ordinary traffic: ") {
				t.Errorf("without the override of %s: %v", rule, err)
			}
		}
	}
}

func TestCheckRefuses(t *testing.T) {
	t.Parallel()
	common := func(d object) object { return groupsOf(d)["AWSManagedRulesCommonRuleSet"] }
	for name, tt := range map[string]struct {
		change func(object)
		want   string // "" for no error
	}{
		"misspelt override": {func(d object) {
			common(d)["ruleActionOverrides"].([]any)[0].(object)["name"] = "SizeRestrictions_Body"
		}, "overrides SizeRestrictions_Body, and AWS documents no such rule"},
		"override that blocks": {func(d object) {
			common(d)["ruleActionOverrides"].([]any)[0].(object)["actionToUse"] = object{"block": object{}}
		}, "SizeRestrictions_BODY is in Block"},
		"unknown group":  {func(d object) { common(d)["name"] = "AWSManagedRulesSQLiRuleSet" }, "AWSManagedRulesSQLiRuleSet"},
		"another vendor": {func(d object) { common(d)["vendorName"] = "Acme" }, "Acme"},
		"a group that only counts": {func(d object) {
			delete(common(d), "ruleActionOverrides")
			for _, r := range d["rules"].([]any) {
				if r := r.(object); r["name"] == "AWSManagedRulesCommonRuleSet" {
					r["overrideAction"] = object{"count": object{}}
				}
			}
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			document := stack(t)
			tt.change(document)
			err := Check(acl(t, document))
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
}

// Each matcher hits the example that AWS documents, where there is one, and lets its
// neighbour pass.
func TestDocumentedExamples(t *testing.T) {
	t.Parallel()
	type sent struct{ target, header, body string }
	for rule, tt := range map[string]struct{ hit, pass sent }{
		"JavaDeserializationRCE_HEADER":       {sent{header: `X: (java.lang.Runtime).getRuntime().exec("whoami")`}, sent{header: "X: runtime"}},
		"JavaDeserializationRCE_BODY":         {sent{body: `"(java.lang.Runtime).getRuntime().exec(\"whoami\")"`}, sent{body: `"java.lang.String"`}},
		"JavaDeserializationRCE_URIPATH":      {sent{target: "/(java.lang.Runtime).getRuntime()"}, sent{target: "/runtime"}},
		"JavaDeserializationRCE_QUERYSTRING":  {sent{target: "/?a=class.module.classLoader"}, sent{target: "/?a=class"}},
		"Host_localhost_HEADER":               {sent{target: "https://localhost/mcp"}, sent{header: "Origin: http://localhost:6274"}},
		"ExploitablePaths_URIPATH":            {sent{target: "/WEB-INF/web.xml"}, sent{body: `"/web-inf/"`}},
		"Log4JRCE_HEADER":                     {sent{header: "User-Agent: ${jndi:ldap://example.com/}"}, sent{header: "X: ${HOME}"}},
		"Log4JRCE_QUERYSTRING":                {sent{target: "/?a=%24%7Bjndi%3Aldap://example.com/%7D"}, sent{target: "/?a=jndi"}},
		"Log4JRCE_BODY":                       {sent{body: `"\u0024{jndi:ldap://example.com/}"`}, sent{body: `"${user.name} ${{ secrets.A }}"`}},
		"Log4JRCE_URIPATH":                    {sent{target: "/$%7Bjndi:ldap:"}, sent{target: "/jndi"}},
		"ReactJSRCE_BODY":                     {sent{body: `"$1:__proto__:then"`}, sent{body: `"a.__proto__ = b"`}},
		"NoUserAgent_HEADER":                  {sent{header: "X: a"}, sent{header: "User-Agent: node"}},
		"UserAgent_BadBots_HEADER":            {sent{header: "User-Agent: Nessus"}, sent{header: "User-Agent: python-httpx/0.28.1"}},
		"SizeRestrictions_QUERYSTRING":        {sent{target: "/?" + strings.Repeat("a", 2049)}, sent{target: "/?" + strings.Repeat("a", 2048)}},
		"SizeRestrictions_Cookie_HEADER":      {sent{header: "Cookie: " + strings.Repeat("a", 10_241)}, sent{header: "Cookie: " + strings.Repeat("a", 10_240)}},
		"SizeRestrictions_BODY":               {sent{body: `"` + strings.Repeat("a", 8191) + `"`}, sent{body: `"` + strings.Repeat("a", 8190) + `"`}},
		"SizeRestrictions_URIPATH":            {sent{target: "/" + strings.Repeat("a", 1024)}, sent{target: "/" + strings.Repeat("a", 1023)}},
		"EC2MetaDataSSRF_BODY":                {sent{body: `"http://169.254.169.254/"`}, sent{body: `"169.254.0.1"`}},
		"EC2MetaDataSSRF_COOKIE":              {sent{header: "Cookie: a=169.254.169.254"}, sent{header: "X: 169.254.169.254"}},
		"EC2MetaDataSSRF_URIPATH":             {sent{target: "/latest/meta-data/"}, sent{target: "/latest"}},
		"EC2MetaDataSSRF_QUERYARGUMENTS":      {sent{target: "/?u=169.254.169.254"}, sent{target: "/?u=a"}},
		"GenericLFI_QUERYARGUMENTS":           {sent{target: "/?f=..%2F..%2Fa"}, sent{target: "/?f=a..b"}},
		"GenericLFI_URIPATH":                  {sent{target: "/a/%2e%2e/%2e%2e/b"}, sent{target: "/a..b"}},
		"GenericLFI_BODY":                     {sent{body: `"..\\..\\a"`}, sent{body: `"a... b"`}},
		"RestrictedExtensions_URIPATH":        {sent{target: "/a.ini"}, sent{target: "/.well-known/openid-configuration"}},
		"RestrictedExtensions_QUERYARGUMENTS": {sent{target: "/?f=a.log"}, sent{target: "/?f=a.logs"}},
		"GenericRFI_QUERYARGUMENTS":           {sent{target: "/?redirect_uri=http%3A%2F%2F127.0.0.1%3A1"}, sent{target: "/?u=http://localhost"}},
		"GenericRFI_BODY":                     {sent{body: `"ftps://192.0.2.1/a"`}, sent{body: `"https://example.com 192.0.2.1"`}},
		"GenericRFI_URIPATH":                  {sent{target: "/http://192.0.2.1"}, sent{target: "/192.0.2.1"}},
		"CrossSiteScripting_COOKIE":           {sent{header: `Cookie: a=<script>alert("hello")</script>`}, sent{header: "Cookie: a=b"}},
		"CrossSiteScripting_QUERYARGUMENTS":   {sent{target: "/?a=%3Cscript%3E"}, sent{target: "/?a=script"}},
		"CrossSiteScripting_BODY":             {sent{body: `"\u003cscript>alert(\"hello\")</script>"`}, sent{body: `"the script"`}},
		"CrossSiteScripting_URIPATH":          {sent{target: "/%3Cscript%3E"}, sent{target: "/script"}},
	} {
		for s, want := range map[sent]bool{tt.hit: true, tt.pass: false} {
			c := client{header: map[string]string{}}
			if name, value, ok := strings.Cut(s.header, ": "); ok {
				c.header[name] = value
			}
			m, err := c.message(http.MethodPost, "/mcp", nil, 64<<10)
			if s.body != "" {
				m, err = c.message(http.MethodPost, "/mcp", []byte(`{"a":`+s.body+`}`), 64<<10)
			}
			if s.target != "" {
				m.target = must(url.Parse(s.target))
			}
			if strings.HasPrefix(rule, "SizeRestrictions_BODY") {
				m.texts = []string{s.body}
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := find(t, rule).hits(m); got != want {
				t.Errorf("%s of %+.80v: %t, want %t", rule, s, got, want)
			}
		}
	}
}

func must(u *url.URL, err error) *url.URL {
	if err != nil {
		panic(err)
	}
	return u
}

func find(t *testing.T, name string) managedRule {
	t.Helper()
	for _, group := range managedRules {
		for _, r := range group {
			if r.name == name {
				return r
			}
		}
	}
	t.Fatalf("no rule %s", name)
	return managedRule{}
}
