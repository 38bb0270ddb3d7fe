package session

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"leasehold.example/libs/identity"
)

const (
	// idBytes is the entropy of an id: 256 bits.
	idBytes = 32
	// maxID bounds what is hashed of a presented id. An id of ours has 43 characters, so
	// what is cut off could not have made it one.
	maxID = 128
	// touchEvery is how far Seen may lag behind: the price of a steady state without writes.
	touchEvery = time.Minute
	// Each Create deletes so many records of its owner that ended so long ago.
	sweepPerCreate = 2
	sweepAfter     = 5 * time.Minute
	// unconfirmedLife is how long `initialize` waits for `notifications/initialized`.
	unconfirmedLife = 60 * time.Second
	// cleanupTimeout bounds what is finished although the caller may be gone.
	cleanupTimeout = 3 * time.Second
)

// Registry applies the rules of the package to a Store. It is safe for concurrent use
// and keeps no sessions of its own: every answer comes from the store.
type Registry struct {
	store   Store
	lister  Lister
	locator Locator
	budget  *budget
	options Options
}

// NewRegistry checks o and returns a Registry over store, which must be a Lister and a
// Locator too: without the one the cap could not be kept, without the other attacks would
// go unseen.
func NewRegistry(store Store, o Options) (*Registry, error) {
	lister, lists := store.(Lister)
	locator, locates := store.(Locator)
	if !lists || !locates {
		return nil, fmt.Errorf("session: %T is not a Lister and a Locator", store)
	}
	o = o.withDefaults()
	if err := o.check(); err != nil {
		return nil, err
	}
	return &Registry{store: store, lister: lister, locator: locator, budget: newBudget(), options: o}, nil
}

// New is what a caller says about a session to be.
type New struct {
	// Kind is any kind but KindNonce.
	Kind Kind
	// Protocol is the negotiated protocol version, at most 32 bytes.
	Protocol string
	// Client is what the MCP client calls itself; cut to 128 bytes, made valid UTF-8.
	Client string
	// Data is a JSON object; absent means the empty one.
	Data []byte
}

// Create makes a session of p and returns its id: 43 characters of base64url which are
// stored nowhere. It is ErrLimit when p has as many live sessions as it may have, and
// ErrTooLarge when the data exceeds its limit; then, and on every other error, there is
// no new session.
//
// The cap is checked after the write, because only then does every one of several
// concurrent creates see the others. Close to the cap, concurrent creates may all be
// refused; never do more than the cap succeed.
func (r *Registry) Create(ctx context.Context, p identity.Principal, n New) (id string, rec Record, err error) {
	id, rec, err = r.create(ctx, p, n)
	if err == nil {
		r.options.Happened(ctx, Opened)
	}
	return id, rec, r.limit(ctx, err)
}

// limit returns err, and tells when it is one of a limit.
func (r *Registry) limit(ctx context.Context, err error) error {
	if errors.Is(err, ErrLimit) || errors.Is(err, ErrTooLarge) {
		r.options.Happened(ctx, LimitReached)
	}
	return err
}

func (r *Registry) create(ctx context.Context, p identity.Principal, n New) (id string, rec Record, err error) {
	if len(n.Data) == 0 {
		n.Data = []byte("{}")
	}
	if err := r.checkNew(p, n); err != nil {
		return "", Record{}, err
	}
	id = newID()
	rec = r.newRecord(p, n, id)
	if err := r.store.Create(ctx, rec, n.Data); err != nil {
		return "", Record{}, storeError("create", err)
	}
	if err := r.checkCap(ctx, rec); err != nil {
		return "", Record{}, errors.Join(err, r.rollBack(ctx, rec.Key))
	}
	return id, rec, nil
}

func (r *Registry) checkNew(p identity.Principal, n New) error {
	switch {
	case n.Kind == "" || n.Kind == KindNonce || strings.ContainsAny(string(n.Kind), "#/\x00"):
		return fmt.Errorf("session: kind %q cannot be created", n.Kind)
	case len(n.Protocol) > 32:
		return errors.New("session: protocol version exceeds 32 bytes")
	}
	if err := checkPrincipal(p); err != nil {
		return err
	}
	return r.checkData(n.Data)
}

func (r *Registry) newRecord(p identity.Principal, n New, id string) Record {
	now := r.now()
	rec := Record{
		Key:       Key{Owner: p.Owner(), Kind: n.Kind, Hash: HashID(n.Kind, id)},
		Version:   1,
		Created:   now,
		Seen:      now,
		Absolute:  now.Add(r.options.Absolute),
		Confirmed: n.Kind != KindMCP,
		Protocol:  n.Protocol,
		Client:    clip(n.Client, 128),
		ClientID:  clientKey(p.ClientID),
		Size:      len(n.Data),
	}
	rec.Expires = r.expiry(now, rec)
	if !rec.Confirmed {
		rec.Expires = now.Add(unconfirmedLife)
	}
	return rec
}

// checkCap counts the live sessions of the owner of rec, rec among them.
func (r *Registry) checkCap(ctx context.Context, rec Record) error {
	all, err := r.lister.ListOwner(ctx, rec.Key.Owner)
	if err != nil {
		return storeError("list", err)
	}
	if len(r.live(all)) > r.options.MaxPerOwner {
		return ErrLimit
	}
	r.sweep(ctx, all)
	return nil
}

// sweep deletes a few of the records that are long over. DynamoDB gets to them within days
// only, and what is left is read by every Create of the owner: with two deleted for one
// created there are never many. A failure leaves them to the next time.
func (r *Registry) sweep(ctx context.Context, all []Record) {
	left := sweepPerCreate
	for _, rec := range all {
		if left == 0 {
			return
		}
		// Long enough that no clock of ours takes the record for live.
		if rec.Live(r.options.Now().Add(-sweepAfter)) {
			continue
		}
		left--
		_ = r.store.Delete(ctx, rec.Key)
	}
}

// rollBack deletes what a refused Create wrote, even when its caller is gone. Nobody
// knows the id, so a failure leaves nothing usable; it counts until it expires.
func (r *Registry) rollBack(ctx context.Context, k Key) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTimeout)
	defer cancel()
	if err := r.store.Delete(ctx, k); err != nil && !errors.Is(err, ErrNotFound) {
		return storeError("roll back", err)
	}
	return nil
}

// Resolve returns the session of p whose id was presented, an arbitrary string from a
// client. Unknown, foreign, expired and revoked are ErrNotFound after the same calls.
// It is one strongly consistent read of the store, and a write when the session was last
// seen a minute ago or more. A failing touch is an event, not an error: the read has
// already proved the session.
func (r *Registry) Resolve(ctx context.Context, p identity.Principal, kind Kind, id string) (Record, error) {
	rec, err := r.load(ctx, p, kind, id)
	if err != nil {
		return Record{}, err
	}
	now := r.now()
	if !rec.Confirmed || now.Sub(rec.Seen) < touchEvery {
		return rec, nil
	}
	return r.touch(ctx, p, rec, now)
}

// load is Resolve without the touch.
func (r *Registry) load(ctx context.Context, p identity.Principal, kind Kind, id string) (Record, error) {
	if err := checkPrincipal(p); err != nil {
		return Record{}, err
	}
	k := Key{Owner: p.Owner(), Kind: kind, Hash: HashID(kind, id[:min(len(id), maxID)])}
	rec, err := r.store.Load(ctx, k)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return Record{}, storeError("load", err)
	}
	if err != nil || !rec.Live(r.options.Now()) {
		return Record{}, r.miss(ctx, p, k, SessionUnknown)
	}
	if rec.ClientID != clientKey(p.ClientID) {
		if r.options.BindClient {
			return Record{}, r.miss(ctx, p, k, ClientChanged)
		}
		r.audit(ctx, Event{Problem: ClientChanged, Kind: kind, Principal: p})
	}
	return rec, nil
}

func (r *Registry) touch(ctx context.Context, p identity.Principal, rec Record, now time.Time) (Record, error) {
	expires := r.expiry(now, rec)
	err := r.store.Change(ctx, rec.Key, Change{Now: now, Seen: &now, Expires: &expires})
	switch {
	case errors.Is(err, ErrNotFound):
		// Revoked between the read and the write.
		return Record{}, r.miss(ctx, p, rec.Key, SessionUnknown)
	case err != nil:
		r.audit(ctx, Event{Problem: TouchFailed, Kind: rec.Key.Kind, Principal: p, Err: err})
		return rec, nil //nolint:nilerr // the event tells it; the read has proved the session
	}
	rec.Seen, rec.Expires = now, expires
	return rec, nil
}

// Confirm records that `notifications/initialized` arrived, and from then on the session
// lives by its idle timeout. Again is no change. ErrNotFound when it is gone.
func (r *Registry) Confirm(ctx context.Context, rec Record) error {
	if rec.Confirmed {
		return nil
	}
	now, confirmed := r.now(), true
	expires := r.expiry(now, rec)
	return r.change(ctx, "confirm", rec, Change{Now: now, Seen: &now, Expires: &expires, Confirmed: &confirmed})
}

// SetLogLevel records the level that `logging/setLevel` asked for. ErrNotFound when the
// session is gone.
func (r *Registry) SetLogLevel(ctx context.Context, rec Record, level string) error {
	if len(level) > 16 {
		return errors.New("session: log level exceeds 16 bytes")
	}
	return r.change(ctx, "set log level", rec, Change{Now: r.now(), LogLevel: &level})
}

func (r *Registry) change(ctx context.Context, what string, rec Record, c Change) error {
	if err := r.store.Change(ctx, rec.Key, c); err != nil {
		return storeError(what, err)
	}
	return nil
}

// Consume uses up nonce, 1 to 128 bytes of our own making, for p: ErrExists when it was
// used before. From until on, when what it protects has expired by itself, the store may
// forget it; a nonce past its time is ErrNotFound.
func (r *Registry) Consume(ctx context.Context, p identity.Principal, nonce string, until time.Time) error {
	if err := checkPrincipal(p); err != nil {
		return err
	}
	if nonce == "" || len(nonce) > maxID {
		return fmt.Errorf("session: a nonce of %d bytes", len(nonce))
	}
	if !r.options.Now().Before(until) {
		return ErrNotFound
	}
	now := r.now()
	// Rounded up: forgotten a moment early it could be used twice.
	expires := until.UTC().Add(time.Second - time.Nanosecond).Truncate(time.Second)
	rec := Record{
		Key:     Key{Owner: p.Owner(), Kind: KindNonce, Hash: HashID(KindNonce, nonce)},
		Version: 1, Created: now, Seen: now, Expires: expires, Absolute: expires, Confirmed: true,
	}
	if err := r.store.Create(ctx, rec, nil); err != nil {
		return storeError("consume", err)
	}
	return nil
}

// now is the time at the resolution of a Record.
func (r *Registry) now() time.Time { return r.options.Now().UTC().Truncate(time.Second) }

// expiry is when a session that is used at now ends.
func (r *Registry) expiry(now time.Time, rec Record) time.Time {
	if idle := now.Add(r.options.Idle); idle.Before(rec.Absolute) {
		return idle
	}
	return rec.Absolute
}

func newID() string {
	b := make([]byte, idBytes)
	rand.Read(b) // never fails: it ends the process instead
	return base64.RawURLEncoding.EncodeToString(b)
}

// checkPrincipal refuses a principal that no verifier made. It is a fault of the caller,
// so it is no ErrNotFound.
func checkPrincipal(p identity.Principal) error {
	if p.Tenant == "" || p.Issuer == "" || p.Subject == "" || strings.ContainsAny(p.Tenant, "#/\x00") {
		return errors.New("session: the principal is not a verified one")
	}
	return nil
}

// clientKey keeps the header small whatever a client is called.
func clientKey(clientID string) string {
	if len(clientID) <= 128 {
		return clientID
	}
	sum := sha256.Sum256([]byte(clientID))
	return "sha256:" + base64.RawURLEncoding.EncodeToString(sum[:])
}

func clip(s string, size int) string { return strings.ToValidUTF8(s[:min(len(s), size)], "") }

// storeError keeps the errors that say something about the record, and makes every other
// one ErrUnavailable, so that a store which breaks its contract fails closed too.
func storeError(what string, err error) error {
	for _, known := range []error{ErrNotFound, ErrExists, ErrConflict, ErrUnavailable} {
		if errors.Is(err, known) {
			return fmt.Errorf("%s: %w", what, err)
		}
	}
	return fmt.Errorf("%s: %w: %w", what, ErrUnavailable, err)
}
