package app_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"leasehold.example/apps/mcp/internal/app/apptest"
	"leasehold.example/libs/session/memstore"
)

// probe is a request that is about nobody in particular. Its answer is the same to the
// byte for all principals with equal scopes, unless it is about the caller.
type probe struct {
	name        string
	aboutCaller bool
	ask         func(t testing.TB, p *person) apptest.Answer
}

// probes are listings, reads, completions and mistakes, in both eras.
func probes() []probe {
	var all []probe
	add := func(name string, aboutCaller bool, legacy, modern func(testing.TB, *person) apptest.Answer) {
		all = append(all, probe{name + " " + apptest.Legacy, aboutCaller, legacy}, probe{name + " " + apptest.Modern, aboutCaller, modern})
	}
	call := func(method, name, members string, aboutCaller bool) {
		add(method+" "+name, aboutCaller, func(t testing.TB, p *person) apptest.Answer {
			return p.Call(t, p.session, method, "{"+p.fill(members)+"}")
		}, func(t testing.TB, p *person) apptest.Answer {
			return p.CallModern(t, method, p.fill(name), p.fill(members))
		})
	}
	for _, list := range []string{"tools/list", "prompts/list", "resources/list", "resources/templates/list"} {
		call(list, "", ``, false)
		call(list, "", `"cursor":"dG9vbHM="`, false)
	}
	call("server/discover", "", ``, false)
	call("ping", "", ``, false)
	call("subscriptions/listen", "", `"notifications":{}`, false)
	call("prompts/get", "generate_serverless_design_prompt", `"name":"generate_serverless_design_prompt","arguments":{"design_requirements":"a queue"}`, false)
	call("prompts/get", "nobody", `"name":"nobody"`, false)
	call("tools/call", "nobody", `"name":"nobody","arguments":{}`, false)
	call("tools/call", "math", `"name":"math","arguments":{"a":"x"}`, false)
	call("tools/call", "session_get", `"name":"session_get","arguments":{"key":"nobody's","session":"x"}`, false)
	call("tools/call", "whoami", `"name":"whoami","arguments":{}`, true)
	call("resources/read", "users://nobody/profile", `"uri":"users://nobody/profile"`, false)
	call("resources/read", "users://{me}/profile", `"uri":"users://{me}/profile"`, true)
	call("resources/subscribe", "users://nobody/profile", `"uri":"users://nobody/profile"`, false)
	call("completion/complete", "", `"ref":{"type":"ref/resource","uri":"users://{user_id}/profile"},"argument":{"name":"user_id","value":"subject-"}`, false)
	call("completion/complete", "", `"ref":{"type":"ref/prompt","name":"generate_serverless_design_prompt"},"argument":{"name":"design_requirements","value":"t"}`, false)
	call("no/such/method", "", ``, false)
	return append(all, probe{"not JSON", false, func(t testing.TB, p *person) apptest.Answer { return p.Do(t, http.MethodPost, "{", nil) }},
		probe{"GET", false, func(t testing.TB, p *person) apptest.Answer { return p.Do(t, http.MethodGet, "", nil) }},
		probe{"batch", false, func(t testing.TB, p *person) apptest.Answer {
			return p.Do(t, http.MethodPost, "[]", map[string]string{"Mcp-Session-Id": p.session})
		}})
}

func (p *person) fill(s string) string {
	return strings.ReplaceAll(s, "{me}", url.PathEscape(p.subject))
}

// TestChannels: whatever is asked, no answer, in body or header, and no line of the log
// holds a string of another principal; listings, completions and errors are the same for
// all (rules 12 and 29).
func TestChannels(t *testing.T) {
	t.Parallel()
	issuers := twoIssuers(t)
	s := apptest.New(t, apptest.Options{Issuers: issuers, Store: memstore.New()})
	all := matrix(t, s, issuers)
	for _, p := range all {
		p.settle(t)
	}
	for _, probe := range probes() {
		first := fmt.Sprint(probe.ask(t, all[0]))
		for _, p := range all {
			a := probe.ask(t, p)
			wantNoOther(t, p, all, a)
			if got := fmt.Sprint(a); !probe.aboutCaller && got != first {
				t.Errorf("%s: %v is answered\n%s\nand another\n%s", probe.name, p, got, first)
			}
			if probe.aboutCaller && (a.Status != http.StatusOK || !strings.Contains(a.Body, p.subject) || !strings.Contains(a.Body, p.tenant)) {
				t.Errorf("%s: %v is answered %d %s", probe.name, p, a.Status, a.Body)
			}
		}
	}
	wantQuietLog(t, s, all)
}

// TestProfiles: rule 29, everybody reads their own profile, and that of somebody else is
// what a profile of nobody is, whether such a user exists or not. Equal subjects at another
// issuer or in another tenant are the caller's own word: the profile is the caller's.
func TestProfiles(t *testing.T) {
	t.Parallel()
	issuers := twoIssuers(t)
	s := apptest.New(t, apptest.Options{Issuers: issuers, Store: memstore.New()})
	all := matrix(t, s, issuers)
	read := func(by *person, subject string) apptest.Answer {
		uri := "users://" + subject + "/profile"
		a := by.CallModern(t, "resources/read", uri, `"uri":"`+uri+`"`)
		a.Body = strings.ReplaceAll(a.Body, subject, "SUBJECT")
		return a
	}
	for _, by := range all {
		nobody := fmt.Sprint(read(by, strings.Repeat("x", len(by.subject)))) // all subjects are of one length
		for _, of := range all {
			a := read(by, of.subject)
			if by.subject != of.subject {
				if fmt.Sprint(a) != nobody {
					t.Fatalf("%v reads %v: %v, of nobody %s", by, of, a, nobody)
				}
				continue
			}
			wantNoOther(t, by, all, a)
			if !strings.Contains(a.Body, by.tenant) || !strings.Contains(a.Body, by.issuer.URL()) {
				t.Errorf("%v reads their own profile: %s", by, a.Body)
			}
		}
	}
}
