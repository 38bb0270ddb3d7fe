package authserver

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"
)

// TestFamiliesAreCapped: the sign-in that ends first makes room, and its access tokens end
// with it; those that have expired are gone with their revocations.
func TestFamiliesAreCapped(t *testing.T) {
	t.Parallel()
	now := time.Now()
	l, err := openLedger(filepath.Join(t.TempDir(), "ledger.db"), func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.close() }()
	begin := func(n int) {
		t.Helper()
		id := fmt.Sprint(n)
		err := l.begin(family{
			ID: id, Client: "c", Refresh: hashOf(id + ".x"), Until: now.Add(time.Hour + time.Duration(n)*time.Second),
			Access: []access{{ID: "token-" + id, Until: now.Add(accessTTL)}},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	revoked := func(n int) bool {
		t.Helper()
		found, err := l.revoked(fmt.Sprint("token-", n))
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	for n := range maxFamilies {
		begin(n)
	}
	if revoked(0) {
		t.Error("a sign-in ends while there is room")
	}
	begin(maxFamilies)
	if !revoked(0) || revoked(1) || revoked(maxFamilies) {
		t.Errorf("beyond the cap the first is revoked: %v, the second: %v, the last: %v", revoked(0), revoked(1), revoked(maxFamilies))
	}
	now = now.Add(accessTTL)
	if err := l.revokeAccess(access{ID: "another", Until: now.Add(time.Second)}); err != nil {
		t.Fatal(err)
	}
	if revoked(0) {
		t.Error("the revocation of an expired token is kept")
	}
}
