package pages

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"leasehold.example/libs/identity"
	"leasehold.example/libs/session"
)

// fieldRow says which session a form is about: the hash that the store keeps of its id.
// It is looked for in the sender's own list and nowhere else, so that it is worth nothing
// to anybody else, and it cannot be presented in place of the id.
const fieldRow = "row"

// noRow is the answer for a row of somebody else, of nobody, and of the past.
var noRow = Problem{http.StatusNotFound, "There is no such session", "You have no session like this. It may have ended already."}

// row is one session as its owner sees it. The id is not known here, nor is its hash shown.
type row struct {
	session.Record
	// Use is what the session is for, Carrier how its id travels.
	Use, Carrier string
}

// sessionsView is the page of sessions. Revoked is empty unless some just have been.
type sessionsView struct {
	Rows    []row
	Revoked string
	now     time.Time
}

func (p *Pages) listSessions(w http.ResponseWriter, r *http.Request, who visitor) {
	records, err := p.sessions.List(r.Context(), who.Owner())
	if err != nil {
		p.storeDown(w, r, who, err)
		return
	}
	v := sessionsView{Revoked: revokedText(r.URL.Query().Get("revoked")), now: p.now()}
	for _, rec := range records {
		v.Rows = append(v.Rows, newRow(rec))
	}
	p.render(w, http.StatusOK, page{Name: "sessions", Title: "Your sessions", Who: &who, View: v})
}

func newRow(rec session.Record) row {
	switch rec.Key.Kind {
	case session.KindMCP:
		return row{rec, "Connection", "Mcp-Session-Id header"}
	case session.KindSession:
		return row{rec, "Session", "handle"}
	case session.KindNotebook:
		return row{rec, "Notebook", "handle"}
	default:
		return row{rec, string(rec.Key.Kind), "handle"}
	}
}

// revokedText says how many sessions have ended. It is read from the URL, hence only as a
// number.
func revokedText(sent string) string {
	n, err := strconv.ParseUint(sent, 10, 16)
	switch {
	case err != nil:
		return ""
	case n == 0:
		return "There was no session left to revoke."
	case n == 1:
		return "One session was revoked. Whoever presents it is told that it does not exist."
	}
	return fmt.Sprintf("%d sessions were revoked. Whoever presents one is told that it does not exist.", n)
}

func (p *Pages) revoke(w http.ResponseWriter, r *http.Request, who visitor) {
	err := p.revokeRow(r.Context(), who.Owner(), session.Hash(r.PostForm.Get(fieldRow)))
	switch {
	case errors.Is(err, session.ErrNotFound):
		p.refuse(w, &who, noRow)
	case err != nil:
		p.storeDown(w, r, who, err)
	default:
		http.Redirect(w, r, sessionsPath+"?revoked=1", http.StatusSeeOther)
	}
}

// revokeRow ends the session of owner whose id has this hash; session.ErrNotFound when
// owner has none.
func (p *Pages) revokeRow(ctx context.Context, owner identity.Owner, hash session.Hash) error {
	own, err := p.sessions.List(ctx, owner)
	if err != nil {
		return err
	}
	for _, rec := range own {
		if rec.Key.Hash == hash {
			return p.sessions.RevokeRecord(ctx, rec)
		}
	}
	return session.ErrNotFound
}

func (p *Pages) revokeAll(w http.ResponseWriter, r *http.Request, who visitor) {
	n, err := p.sessions.RevokeOwner(r.Context(), who.Owner())
	if err != nil {
		p.storeDown(w, r, who, err)
		return
	}
	http.Redirect(w, r, sessionsPath+"?revoked="+strconv.Itoa(n), http.StatusSeeOther)
}

func (p *Pages) storeDown(w http.ResponseWriter, r *http.Request, who visitor, err error) {
	p.log.ErrorContext(r.Context(), "session store failed", "error", err)
	p.refuse(w, &who, down)
}

// Since is how long ago t was, in words.
func (v sessionsView) Since(t time.Time) string {
	if d := v.now.Sub(t); d >= time.Minute {
		return spoken(d) + " ago"
	}
	return "just now"
}

// Until is how far away t is, in words.
func (v sessionsView) Until(t time.Time) string { return "in " + spoken(t.Sub(v.now)) }

// spoken rounds down: what lasts 59 minutes and some seconds is not said to last an hour.
func spoken(d time.Duration) string {
	switch {
	case d < time.Minute:
		return "less than a minute"
	case d < time.Hour:
		return count(d/time.Minute, "minute")
	case d < 48*time.Hour:
		return count(d/time.Hour, "hour")
	}
	return count(d/(24*time.Hour), "day")
}

func count(n time.Duration, unit string) string {
	if n == 1 {
		return "1 " + unit
	}
	return fmt.Sprintf("%d %ss", n, unit)
}

// Stamp is t for people, Machine for the datetime attribute. Seconds matter to nobody.
func (row) Stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// Machine is t in the form of RFC 3339.
func (row) Machine(t time.Time) string { return t.UTC().Format(time.RFC3339) }
