package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// updateAttempts bounds Update: with the waits between them about a second in all.
const updateAttempts = 8

// Data returns the data of rec, a JSON object, and its version. ErrNotFound when the
// session is gone.
func (r *Registry) Data(ctx context.Context, rec Record) (data []byte, version int64, err error) {
	if !rec.Live(r.options.Now()) {
		return nil, 0, ErrNotFound
	}
	data, version, err = r.store.LoadData(ctx, rec.Key)
	if err != nil {
		return nil, 0, storeError("load data", err)
	}
	return data, version, nil
}

// Update replaces the data of rec by what fn makes of it, and returns the new version.
// The write holds only if nobody else wrote since fn was given the data; otherwise fn is
// called again with what is there now, so it must not act beyond its result. After
// updateAttempts it is ErrConflict. An error of fn ends it unchanged and is wrapped;
// ErrTooLarge when the result exceeds its limit; ErrNotFound when the session is gone.
// After ErrUnavailable the write may or may not have happened: the next Data tells.
func (r *Registry) Update(ctx context.Context, rec Record, fn func(data []byte) ([]byte, error)) (version int64, err error) {
	for attempt := range updateAttempts {
		if err := wait(ctx, attempt); err != nil {
			return 0, err
		}
		version, again, err := r.tryUpdate(ctx, rec, fn)
		if !again {
			return version, r.limit(ctx, err)
		}
	}
	return 0, fmt.Errorf("update: %w", ErrConflict)
}

// tryUpdate is one attempt; again tells that somebody else wrote in between.
func (r *Registry) tryUpdate(ctx context.Context, rec Record, fn func(data []byte) ([]byte, error)) (version int64, again bool, err error) {
	old, version, err := r.Data(ctx, rec)
	if err != nil {
		return 0, false, err
	}
	data, err := fn(old)
	if err != nil {
		return 0, false, fmt.Errorf("update: %w", err)
	}
	if err := r.checkData(data); err != nil {
		return 0, false, err
	}
	err = r.change(ctx, "update", rec, Change{Now: r.now(), Data: data, IfVersion: version})
	if err != nil {
		return 0, errors.Is(err, ErrConflict), err
	}
	return version + 1, false, nil
}

func (r *Registry) checkData(data []byte) error {
	if len(data) > r.options.MaxData {
		return ErrTooLarge
	}
	// Strict: duplicate names and invalid UTF-8 are refused.
	if v := jsontext.Value(data); v.Kind() != '{' || !v.IsValid() {
		return errors.New("session: data is not a JSON object")
	}
	return nil
}

// wait lets others finish before a further attempt: not before the first two, then 10 ms
// and twice as long each time.
func wait(ctx context.Context, attempt int) error {
	if attempt < 2 {
		return nil
	}
	timer := time.NewTimer(10 * time.Millisecond << (attempt - 2))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return storeError("update", ctx.Err())
	}
}
