package session

import (
	"context"
	"errors"

	"leasehold.example/libs/identity"
)

// List returns the live sessions of owner, by creation, without nonces. Strongly
// consistent; empty when there are none.
func (r *Registry) List(ctx context.Context, owner identity.Owner) ([]Record, error) {
	all, err := r.lister.ListOwner(ctx, owner)
	if err != nil {
		return nil, storeError("list", err)
	}
	return r.live(all), nil
}

func (r *Registry) live(all []Record) []Record {
	now := r.options.Now()
	live := make([]Record, 0, len(all))
	for _, rec := range all {
		if rec.Key.Kind != KindNonce && rec.Live(now) {
			live = append(live, rec)
		}
	}
	return live
}

// ListTenant returns up to limit (1 to 1000) sessions of tenant after cursor, as Lister
// says. Sessions that have expired since their creation may be among them: what is
// listed never changes, so it does not know. For operators only; it asks for no
// principal.
func (r *Registry) ListTenant(ctx context.Context, tenant, cursor string, limit int) (entries []TenantEntry, next string, err error) {
	entries, next, err = r.lister.ListTenant(ctx, tenant, cursor, min(max(limit, 1), 1000))
	if errors.Is(err, ErrCursor) {
		return nil, "", ErrCursor
	}
	if err != nil {
		return nil, "", storeError("list tenant", err)
	}
	return entries, next, nil
}

// Revoke ends the session of p whose id was presented. It is ErrNotFound, after the same
// calls, wherever Resolve would be.
func (r *Registry) Revoke(ctx context.Context, p identity.Principal, kind Kind, id string) error {
	rec, err := r.load(ctx, p, kind, id)
	if err != nil {
		return err
	}
	return r.RevokeRecord(ctx, rec)
}

// RevokeRecord ends the session of rec. ErrNotFound when it is gone already.
func (r *Registry) RevokeRecord(ctx context.Context, rec Record) error {
	if err := r.store.Delete(ctx, rec.Key); err != nil {
		return storeError("revoke", err)
	}
	r.options.Happened(ctx, Revoked)
	return nil
}

// RevokeOwner ends all sessions of owner and returns how many live ones it ended. It
// goes on after an error, which it returns in the end: then some may be left. Nonces
// stay, or what they protect could be used again.
func (r *Registry) RevokeOwner(ctx context.Context, owner identity.Owner) (revoked int, err error) {
	live, err := r.List(ctx, owner)
	if err != nil {
		return 0, err
	}
	var errs []error
	for _, rec := range live {
		switch err := r.RevokeRecord(ctx, rec); {
		case err == nil:
			revoked++
		case !errors.Is(err, ErrNotFound):
			errs = append(errs, err)
		}
	}
	return revoked, errors.Join(errs...)
}
