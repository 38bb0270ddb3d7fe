package pages

import (
	"crypto/subtle"
	"errors"
	"net/http"
	"slices"

	"leasehold.example/libs/identity"
)

// maxForm is the most of a form that is read: a tool's arguments several times over.
const maxForm = 1 << 20

// visitor is who is signed in in the browser that asks.
type visitor struct {
	identity.Principal
	CSRF string
}

var (
	wrongHost = Problem{http.StatusForbidden, "This host is not served here", "Use the address that the server printed when it started."}
	// forged is one answer to everything that a page of somebody else could have sent.
	forged = Problem{
		http.StatusForbidden, "This form did not come from here",
		"Nothing was changed. Go back, reload the page and send the form again.",
	}
	tooLarge = Problem{http.StatusRequestEntityTooLarge, "Too much text", "A form may have 1 MiB at most. Nothing was changed."}
	badForm  = Problem{http.StatusBadRequest, "This form could not be read", "Nothing was changed. Go back and send the form again."}
	down     = Problem{http.StatusServiceUnavailable, "The server cannot do this now", "Its log says why. Try again in a moment."}
)

// sameOrigin reports whether a form was sent by a page of the host that it is sent to, as
// the browser has it. The host itself must have been checked before. Browsers name the
// origin with every POST, so that none is as bad as another one.
func sameOrigin(r *http.Request) bool {
	origin := r.Header.Values("Origin")
	return len(origin) == 1 && origin[0] == "http://"+r.Host
}

// ownHost answers only to the server's own names, so that no web page can reach it by
// a name that it makes point here (DNS rebinding).
func (p *Pages) ownHost(h http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !slices.Contains(p.hosts, r.Host) {
			p.RenderProblem(w, wrongHost)
			return
		}
		h(w, r)
	})
}

// signedIn is for pages of somebody: who is nobody yet signs in first.
func (p *Pages) signedIn(h func(http.ResponseWriter, *http.Request, visitor)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		principal, csrf, ok := p.browser.Principal(r)
		if !ok {
			back := p.browser.SignInURL(r.URL.RequestURI())
			http.Redirect(w, r, back, http.StatusSeeOther) //nolint:gosec // the path of a page of ours, and a query
			return
		}
		h(w, r, visitor{principal, csrf})
	}
}

// posted is for forms: what changes something was sent by a page of ours, in the browser
// in which somebody is signed in.
func (p *Pages) posted(h func(http.ResponseWriter, *http.Request, visitor)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !sameOrigin(r) {
			p.RenderProblem(w, forged)
			return
		}
		principal, csrf, ok := p.browser.Principal(r)
		if !ok {
			// The form is lost: after signing in it could be another person's.
			http.Redirect(w, r, p.browser.SignInURL(homePath), http.StatusSeeOther)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		if err := r.ParseForm(); err != nil {
			problem := badForm
			if limit := (*http.MaxBytesError)(nil); errors.As(err, &limit) {
				problem = tooLarge
			}
			p.RenderProblem(w, problem)
			return
		}
		sent := r.PostForm.Get(FieldCSRF)
		if csrf == "" || subtle.ConstantTimeCompare([]byte(sent), []byte(csrf)) != 1 {
			p.RenderProblem(w, forged)
			return
		}
		h(w, r, visitor{principal, csrf})
	}
}
