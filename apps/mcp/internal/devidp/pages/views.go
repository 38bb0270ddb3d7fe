package pages

import (
	"net/http"
	"net/url"
	"strings"
)

// Names of the form fields of SignIn and Consent.
const (
	// FieldCSRF is in every form that posts.
	FieldCSRF = "csrf"
	// FieldPerson is one of the people offered; it is absent when tenant and subject are typed.
	FieldPerson = "person"
	// FieldTenant and FieldSubject are who else to sign in as.
	FieldTenant  = "tenant"
	FieldSubject = "subject"
	// FieldScope is repeated, once for each scope that is granted.
	FieldScope = "scope"
	// FieldDecision is DecisionAllow or DecisionDeny; anything else is no decision.
	FieldDecision = "decision"

	DecisionAllow = "allow"
	DecisionDeny  = "deny"
)

// Client is the OAuth client that a person signs in for. Its names are its own words.
type Client struct {
	// ID is its `client_id`, which may be a URL.
	ID string
	// Name may be empty.
	Name string
	// Redirect is where the browser goes with the answer. Its host is shown, and the
	// pages' Content-Security-Policy allows a form to end there and nowhere else.
	Redirect *url.URL
}

// Scope is one scope that is asked for.
type Scope struct {
	Name string
	// Tools are the names of the tools that it opens; there may be none.
	Tools []string
	// Granted is whether Consent offers it as chosen.
	Granted bool
}

// Tenant is one tenant that SignIn offers, with its people.
type Tenant struct {
	Name     string
	Subjects []string
}

// SignIn is the page that asks who is there.
type SignIn struct {
	// Action is the path that the form posts to.
	Action string
	CSRF   string
	// Hidden comes back as it is, by field name.
	Hidden map[string]string
	// Client is nil when a person signs in for these pages alone.
	Client  *Client
	Scopes  []Scope
	Tenants []Tenant
	// Tenant and Subject are what was typed before, to be shown again.
	Tenant, Subject string
	// Errors say what is wrong with the field of a name. With any the status is 400.
	Errors map[string]string
}

// Consent is the page that asks whether a client may have what it wants. The person
// may leave out scopes.
type Consent struct {
	// Action is the path that the form posts to.
	Action string
	CSRF   string
	// Hidden comes back as it is, by field name.
	Hidden          map[string]string
	Client          Client
	Tenant, Subject string
	// Switch is the path of a page to be somebody else; empty when there is none.
	Switch string
	Scopes []Scope
}

// Problem is a page for what cannot go on. Title and Text are fixed texts; they hold
// nothing of the request.
type Problem struct {
	Status      int
	Title, Text string
}

// SignedInAs reads who a SignIn form chose: one of the people it offered, or who was
// typed. Neither is checked.
func SignedInAs(form url.Values) (tenant, subject string) {
	// A tenant has no slash in it, a subject may.
	if tenant, subject, ok := strings.Cut(form.Get(FieldPerson), "/"); ok {
		return tenant, subject
	}
	return strings.TrimSpace(form.Get(FieldTenant)), strings.TrimSpace(form.Get(FieldSubject))
}

// RenderSignIn answers with v.
func (p *Pages) RenderSignIn(w http.ResponseWriter, v SignIn) {
	status := http.StatusOK
	if len(v.Errors) > 0 {
		status = http.StatusBadRequest
	}
	p.render(w, status, page{Name: "signin", Title: "Sign in", View: v, client: v.Client})
}

// RenderConsent answers with v.
func (p *Pages) RenderConsent(w http.ResponseWriter, v Consent) {
	p.render(w, http.StatusOK, page{Name: "consent", Title: "Allow access?", View: v, client: &v.Client})
}

// RenderProblem answers with v.
func (p *Pages) RenderProblem(w http.ResponseWriter, v Problem) { p.refuse(w, nil, v) }
