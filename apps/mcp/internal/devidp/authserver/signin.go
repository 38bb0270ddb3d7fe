package authserver

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"leasehold.example/apps/mcp/internal/devidp"
	"leasehold.example/apps/mcp/internal/devidp/pages"
)

// Fields of the forms, and of the sign-in page's query.
const (
	fieldRequest = "request" // the key of an authorization request
	fieldBack    = "back"    // where to go on without one: a path here
	fieldSwitch  = "switch"  // asks who is there although somebody is signed in
)

// posted is in front of the pages' posts (RULES 32): they come from a page of ours, in the
// browser that was given the form.
func (s *Server) posted(next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !ownOrigin(r) {
			s.problem(w, http.StatusForbidden, "This form is not from here",
				"It was sent by a page of another site, or by a program. Nothing was done.")
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		if err := r.ParseForm(); err != nil {
			s.problem(w, http.StatusBadRequest, "This form cannot be read", "It is too large or damaged. Nothing was done.")
			return
		}
		if !s.browsers.genuine(r) {
			s.problem(w, http.StatusForbidden, "This form is out of date",
				"It belongs to another sign-in, or your browser keeps no cookies. Nothing was done. Start again where you came from.")
			return
		}
		next(w, r)
	})
}

// destination is what a sign-in is for: a client's request, or a page here.
type destination struct {
	key     string
	request *request
	back    string
}

// destination reads it from a query or a form. Not ok when the request has expired.
func (s *Server) destination(values url.Values) (d destination, ok bool) {
	if key := values.Get(fieldRequest); key != "" {
		asked, ok := s.requests.get(key)
		return destination{key: key, request: &asked}, ok
	}
	return destination{back: localPath(values.Get(fieldBack))}, true
}

// localPath keeps a redirect on this server: browsers read // and /\ as another host.
func localPath(back string) string {
	u, err := url.Parse(back)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || !strings.HasPrefix(back, "/") ||
		strings.HasPrefix(back, "//") || strings.ContainsAny(back, "\\\r\n\t") {
		return "/"
	}
	return back
}

// url is where a signed-in browser goes on.
func (d destination) url() string {
	if d.request != nil {
		return signInPath + "?" + url.Values{fieldRequest: {d.key}}.Encode()
	}
	return d.back
}

func (d destination) hidden() map[string]string {
	if d.request != nil {
		return map[string]string{fieldRequest: d.key}
	}
	return map[string]string{fieldBack: d.back}
}

func (s *Server) expired(w http.ResponseWriter) {
	s.problem(w, http.StatusBadRequest, "This sign-in has expired",
		"It was finished already, or it waited for too long. Start again in the program that you came from.")
}

// showSignIn asks who is there, and for a client's request whoever is there for consent.
func (s *Server) showSignIn(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	d, ok := s.destination(query)
	if !ok {
		s.expired(w)
		return
	}
	who, signedIn := s.browsers.person(r)
	switch {
	case !signedIn || query.Has(fieldSwitch):
		s.renderSignIn(w, r, d, pages.SignIn{})
	case d.request != nil:
		s.pages.RenderConsent(w, pages.Consent{
			Action: consentPath, CSRF: s.browsers.greet(w, r), Hidden: d.hidden(), Client: d.request.view(),
			Tenant: who.Tenant, Subject: who.Subject, Switch: d.url() + "&" + fieldSwitch, Scopes: s.offered(d.request.Scopes),
		})
	default:
		http.Redirect(w, r, d.back, http.StatusSeeOther)
	}
}

func (r request) view() pages.Client {
	return pages.Client{ID: r.Client.ID, Name: r.Client.Name, Redirect: r.Redirect}
}

// renderSignIn completes and shows a form.
func (s *Server) renderSignIn(w http.ResponseWriter, r *http.Request, d destination, v pages.SignIn) {
	v.Action, v.CSRF, v.Hidden, v.Tenants = signInPath, s.browsers.greet(w, r), d.hidden(), People
	v.Scopes = s.offered(s.Issuer.Scopes())
	if d.request != nil {
		client := d.request.view()
		v.Client, v.Scopes = &client, s.offered(d.request.Scopes)
	}
	s.pages.RenderSignIn(w, v)
}

// signIn takes the form of who is there.
func (s *Server) signIn(w http.ResponseWriter, r *http.Request) {
	d, ok := s.destination(r.PostForm)
	if !ok {
		s.expired(w)
		return
	}
	tenant, subject := pages.SignedInAs(r.PostForm)
	wrong := devidp.CheckPerson(tenant, subject)
	if strings.HasPrefix(subject, machinePrefix) {
		wrong = append(wrong, &devidp.InputError{Field: "subject", Want: "another beginning than " + machinePrefix + ", which machines have"})
	}
	if len(wrong) > 0 {
		errors := map[string]string{}
		for _, e := range wrong {
			errors[e.Field] = "Want " + e.Want + "."
		}
		s.renderSignIn(w, r, d, pages.SignIn{Tenant: tenant, Subject: subject, Errors: errors})
		return
	}
	s.browsers.signIn(w, r, person{tenant, subject})
	http.Redirect(w, r, d.url(), http.StatusSeeOther) //nolint:gosec // localPath keeps it here
}

// consent takes the answer of who is signed in, and the browser back to the client.
func (s *Server) consent(w http.ResponseWriter, r *http.Request) {
	decision := r.PostForm.Get(pages.FieldDecision)
	if decision != pages.DecisionAllow && decision != pages.DecisionDeny {
		s.problem(w, http.StatusBadRequest, "This form cannot be read", "It holds no decision. Nothing was done.")
		return
	}
	who, signedIn := s.browsers.person(r)
	if !signedIn {
		s.expired(w)
		return
	}
	asked, ok := s.requests.take(r.PostForm.Get(fieldRequest))
	if !ok {
		s.expired(w)
		return
	}
	granted := slices.DeleteFunc(slices.Clone(asked.Scopes), func(scope string) bool {
		return !slices.Contains(r.PostForm[pages.FieldScope], scope)
	})
	if decision == pages.DecisionDeny || len(granted) == 0 {
		s.respond(w, r, asked, refused(&refusal{"access_denied", "the person declined"}))
		return
	}
	s.respond(w, r, asked, url.Values{"code": {s.codes.give(grant{
		Client: asked.Client.ID, Redirect: asked.URI, Challenge: asked.Challenge,
		Person: who, Scopes: granted, Refreshable: slices.Contains(asked.Client.Grants, grantRefresh), Family: newFamilyID(),
	})}})
}
