// Package sessiontest is what every session.Store must pass. A store runs it in a few
// lines:
//
//	func TestStore(t *testing.T) {
//		sessiontest.Run(t, func(t *testing.T) session.Store { return memstore.New() })
//	}
package sessiontest

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"testing"
	"time"

	"leasehold.example/libs/identity"
	"leasehold.example/libs/session"
)

// Backend is all that the suites need of a store.
type Backend interface {
	session.Store
	session.Lister
	session.Locator
}

// Epoch is the time at which the suites begin. Far in the future, so that a store which
// deletes by the real clock deletes nothing of theirs.
var Epoch = time.Date(2100, 1, 1, 12, 0, 0, 0, time.UTC)

// Tenant returns a tenant id that no other test has, so that tests can share a store.
func Tenant() string { return "t-" + rand.Text() }

// Owner returns somebody whom no other test has, in a tenant of their own.
func Owner() identity.Owner {
	return identity.Owner{Tenant: Tenant(), Issuer: "https://idp.example/", Subject: "user-" + rand.Text()}
}

// Record returns a live record of owner with a random hash and every field set.
func Record(owner identity.Owner, kind session.Kind) session.Record {
	return session.Record{
		Key:     session.Key{Owner: owner, Kind: kind, Hash: session.HashID(kind, rand.Text())},
		Version: 1, Created: Epoch, Seen: Epoch, Expires: Epoch.Add(time.Hour), Absolute: Epoch.Add(24 * time.Hour),
		Confirmed: true, Protocol: "2025-11-25", Client: "client 1.0", ClientID: "client-1", LogLevel: "info",
		Size: len(`{"n":1}`),
	}
}

// Run checks the contract of session.Store, Lister and Locator. It calls open once per
// subtest; open may return one store for all, for they use tenants of their own.
func Run(t *testing.T, open func(t *testing.T) session.Store) {
	for name, test := range map[string]func(*testing.T, Backend){
		"create and load":                  testCreate,
		"create again":                     testCreateAgain,
		"absent":                           testAbsent,
		"keys do not meet":                 testKeys,
		"change of the header":             testChangeHeader,
		"change of the data":               testChangeData,
		"change without data":              testChangeWithoutData,
		"rule 26: change of an expired":    testChangeExpired,
		"rule 26: no write after a delete": testResurrection,
		"large data (rule 27)":             testLargeData,
		"data is the caller's own":         testAliasing,
		"times are whole seconds":          testSeconds,
		"list owner":                       testListOwner,
		"list tenant":                      testListTenant,
		"list tenant: bad cursor":          testBadCursor,
		"locate":                           testLocate,
		"cancelled context":                testCancelled,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, backend(t, open))
		})
	}
}

func backend(t *testing.T, open func(t *testing.T) session.Store) Backend {
	t.Helper()
	store, ok := open(t).(Backend)
	if !ok {
		t.Fatal("the store is not a Lister and a Locator")
	}
	return store
}

// Must fails the test on an error.
func Must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// WantErr fails the test unless err is want; nil is an error like any other.
func WantErr(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("error %v, want %v", err, want)
	}
}

func create(t testing.TB, s Backend, r session.Record) session.Record {
	t.Helper()
	Must(t, s.Create(t.Context(), r, []byte(`{"n":1}`)))
	return r
}

func wantRecord(t testing.TB, s Backend, want session.Record) {
	t.Helper()
	got, err := s.Load(t.Context(), want.Key)
	Must(t, err)
	if got != want {
		t.Fatalf("loaded %+v, want %+v", got, want)
	}
}

func wantData(t testing.TB, s Backend, k session.Key, want string, wantVersion int64) {
	t.Helper()
	got, version, err := s.LoadData(t.Context(), k)
	Must(t, err)
	if string(got) != want || version != wantVersion {
		t.Fatalf("data %q of version %d, want %q of %d", clip(got), version, clip([]byte(want)), wantVersion)
	}
}

func clip(b []byte) []byte { return b[:min(len(b), 64)] }

func testCreate(t *testing.T, s Backend) {
	r := create(t, s, Record(Owner(), session.KindMCP))
	wantRecord(t, s, r)
	wantData(t, s, r.Key, `{"n":1}`, 1)

	empty := Record(Owner(), session.KindMCP)
	empty.Confirmed, empty.Client, empty.ClientID, empty.Protocol, empty.LogLevel = false, "", "", "", ""
	create(t, s, empty)
	wantRecord(t, s, empty)
}

func testCreateAgain(t *testing.T, s Backend) {
	r := create(t, s, Record(Owner(), session.KindMCP))
	second := r
	second.Client = "another"
	WantErr(t, s.Create(t.Context(), second, []byte(`{"n":2}`)), session.ErrExists)
	wantRecord(t, s, r)
	wantData(t, s, r.Key, `{"n":1}`, 1)

	nonce := Record(Owner(), session.KindNonce)
	Must(t, s.Create(t.Context(), nonce, nil))
	WantErr(t, s.Create(t.Context(), nonce, nil), session.ErrExists)
}

func testAbsent(t *testing.T, s Backend) {
	k := Record(Owner(), session.KindMCP).Key
	_, err := s.Load(t.Context(), k)
	WantErr(t, err, session.ErrNotFound)
	_, _, err = s.LoadData(t.Context(), k)
	WantErr(t, err, session.ErrNotFound)
	WantErr(t, s.Change(t.Context(), k, session.Change{Now: Epoch, Seen: &Epoch}), session.ErrNotFound)
	WantErr(t, s.Change(t.Context(), k, session.Change{Now: Epoch, Data: []byte("{}"), IfVersion: 1}), session.ErrNotFound)
	WantErr(t, s.Delete(t.Context(), k), session.ErrNotFound)
	_, err = s.Load(t.Context(), k)
	WantErr(t, err, session.ErrNotFound)
}

// testKeys changes one part of a key at a time: each is somebody else's or something else.
func testKeys(t *testing.T, s Backend) {
	r := create(t, s, Record(Owner(), session.KindMCP))
	for name, alter := range map[string]func(*session.Key){
		"tenant":          func(k *session.Key) { k.Owner.Tenant += "2" },
		"issuer":          func(k *session.Key) { k.Owner.Issuer += "2" },
		"subject":         func(k *session.Key) { k.Owner.Subject += "2" },
		"kind (rule 24)":  func(k *session.Key) { k.Kind = session.KindNotebook },
		"hash":            func(k *session.Key) { k.Hash = session.HashID(k.Kind, "another") },
		"pair (rule 25)":  func(k *session.Key) { k.Owner.Issuer += "u"; k.Owner.Subject = k.Owner.Subject[1:] },
		"letters of hash": func(k *session.Key) { k.Hash = session.Hash(bytes.ToLower([]byte(k.Hash))) },
	} {
		k := r.Key
		alter(&k)
		_, err := s.Load(t.Context(), k)
		if !errors.Is(err, session.ErrNotFound) {
			t.Errorf("%s: load: %v", name, err)
		}
		if err := s.Delete(t.Context(), k); !errors.Is(err, session.ErrNotFound) {
			t.Errorf("%s: delete: %v", name, err)
		}
	}
	wantRecord(t, s, r)
}

func testChangeHeader(t *testing.T, s Backend) {
	unconfirmed := Record(Owner(), session.KindMCP)
	unconfirmed.Confirmed = false
	r := create(t, s, unconfirmed)
	seen, expires, confirmed, level := Epoch.Add(time.Minute), Epoch.Add(2*time.Hour), true, "debug"

	Must(t, s.Change(t.Context(), r.Key, session.Change{Now: Epoch, Seen: &seen, Expires: &expires}))
	r.Seen, r.Expires = seen, expires
	wantRecord(t, s, r) // rule 26: the version stays
	Must(t, s.Change(t.Context(), r.Key, session.Change{Now: Epoch, Confirmed: &confirmed}))
	r.Confirmed = true
	wantRecord(t, s, r)
	Must(t, s.Change(t.Context(), r.Key, session.Change{Now: Epoch, LogLevel: &level}))
	r.LogLevel = level
	wantRecord(t, s, r)
	wantData(t, s, r.Key, `{"n":1}`, 1)
}

func testChangeData(t *testing.T, s Backend) {
	r := create(t, s, Record(Owner(), session.KindMCP))
	Must(t, s.Change(t.Context(), r.Key, session.Change{Now: Epoch, Data: []byte(`{"n":22}`), IfVersion: 1}))
	r.Version, r.Size = 2, len(`{"n":22}`)
	wantRecord(t, s, r)
	wantData(t, s, r.Key, `{"n":22}`, 2)

	seen := Epoch.Add(time.Minute)
	for _, stale := range []int64{0, 1, 3} {
		c := session.Change{Now: Epoch, Data: []byte(`{"n":3}`), IfVersion: stale, Seen: &seen}
		WantErr(t, s.Change(t.Context(), r.Key, c), session.ErrConflict)
	}
	wantRecord(t, s, r) // nothing of a conflicting change is written, its header fields neither
	wantData(t, s, r.Key, `{"n":22}`, 2)
}

func testChangeWithoutData(t *testing.T, s Backend) {
	nonce := Record(Owner(), session.KindNonce)
	nonce.Size = 0
	Must(t, s.Create(t.Context(), nonce, nil))
	_, _, err := s.LoadData(t.Context(), nonce.Key)
	WantErr(t, err, session.ErrNotFound)
	c := session.Change{Now: Epoch, Data: []byte("{}"), IfVersion: 1}
	WantErr(t, s.Change(t.Context(), nonce.Key, c), session.ErrNotFound)
	wantRecord(t, s, nonce)
	Must(t, s.Delete(t.Context(), nonce.Key))
}

func testChangeExpired(t *testing.T, s Backend) {
	r := create(t, s, Record(Owner(), session.KindMCP))
	later := r.Expires.Add(time.Hour)
	for _, now := range []time.Time{r.Expires, r.Expires.Add(time.Second)} {
		WantErr(t, s.Change(t.Context(), r.Key, session.Change{Now: now, Expires: &later}), session.ErrNotFound)
		c := session.Change{Now: now, Data: []byte(`{"n":2}`), IfVersion: 1}
		WantErr(t, s.Change(t.Context(), r.Key, c), session.ErrNotFound)
		c.IfVersion = 7 // expired comes before conflict
		WantErr(t, s.Change(t.Context(), r.Key, c), session.ErrNotFound)
	}
	wantRecord(t, s, r)
	wantData(t, s, r.Key, `{"n":1}`, 1)
	now := r.Expires.Add(-time.Nanosecond)
	Must(t, s.Change(t.Context(), r.Key, session.Change{Now: now, Expires: &later}))
}

func testResurrection(t *testing.T, s Backend) {
	r := create(t, s, Record(Owner(), session.KindMCP))
	Must(t, s.Delete(t.Context(), r.Key))
	later, yes, level := Epoch.Add(time.Hour), true, "debug"
	for _, c := range []session.Change{
		{Seen: &later}, {Expires: &later}, {Confirmed: &yes}, {LogLevel: &level}, {Data: []byte("{}"), IfVersion: 1},
	} {
		c.Now = Epoch
		WantErr(t, s.Change(t.Context(), r.Key, c), session.ErrNotFound)
	}
	_, err := s.Load(t.Context(), r.Key)
	WantErr(t, err, session.ErrNotFound)
	_, _, err = s.LoadData(t.Context(), r.Key)
	WantErr(t, err, session.ErrNotFound)
	WantErr(t, s.Delete(t.Context(), r.Key), session.ErrNotFound)
	create(t, s, r) // the key is free again
}

func testLargeData(t *testing.T, s Backend) {
	r := Record(Owner(), session.KindNotebook)
	large := `{"s":"` + string(bytes.Repeat([]byte("x"), session.MaxData-len(`{"s":""}`))) + `"}`
	r.Size = len(large)
	Must(t, s.Create(t.Context(), r, []byte(large)))
	wantData(t, s, r.Key, large, 1)
	Must(t, s.Change(t.Context(), r.Key, session.Change{Now: Epoch, Data: []byte("{}"), IfVersion: 1}))
	Must(t, s.Change(t.Context(), r.Key, session.Change{Now: Epoch, Data: []byte(large), IfVersion: 2}))
	wantData(t, s, r.Key, large, 3)
}

func testAliasing(t *testing.T, s Backend) {
	r := Record(Owner(), session.KindMCP)
	data := []byte(`{"n":1}`)
	Must(t, s.Create(t.Context(), r, data))
	data[1] = 'X'
	wantData(t, s, r.Key, `{"n":1}`, 1)

	data = []byte(`{"n":2}`)
	Must(t, s.Change(t.Context(), r.Key, session.Change{Now: Epoch, Data: data, IfVersion: 1}))
	data[1] = 'X'
	got, _, err := s.LoadData(t.Context(), r.Key)
	Must(t, err)
	got[1] = 'Y'
	wantData(t, s, r.Key, `{"n":2}`, 2)
}

func testSeconds(t *testing.T, s Backend) {
	r := Record(Owner(), session.KindMCP)
	fraction := 999 * time.Millisecond
	r.Created, r.Seen = r.Created.Add(fraction), r.Seen.Add(fraction)
	r.Expires, r.Absolute = r.Expires.Add(fraction), r.Absolute.Add(fraction)
	create(t, s, r)
	wantRecord(t, s, r.Truncated())
	seen, expires := Epoch.Add(time.Minute+fraction), Epoch.Add(time.Hour+fraction).In(time.FixedZone("", 3600))
	Must(t, s.Change(t.Context(), r.Key, session.Change{Now: Epoch, Seen: &seen, Expires: &expires}))
	r.Seen, r.Expires = seen, expires
	wantRecord(t, s, r.Truncated())
}

func testListOwner(t *testing.T, s Backend) {
	owner := Owner()
	none, err := s.ListOwner(t.Context(), owner)
	Must(t, err)
	if len(none) != 0 {
		t.Fatalf("%d records of nobody", len(none))
	}
	var want []session.Record
	for i, kind := range []session.Kind{session.KindNotebook, session.KindMCP, session.KindNonce, session.KindSession} {
		r := Record(owner, kind)
		r.Created = Epoch.Add(time.Duration(i) * time.Second)
		if i == 1 {
			r.Expires = Epoch // an expired one that is still there
		}
		want = append(want, create(t, s, r))
	}
	deleted := create(t, s, Record(owner, session.KindMCP))
	Must(t, s.Delete(t.Context(), deleted.Key))
	neighbour := owner
	neighbour.Subject = "user-2"
	create(t, s, Record(neighbour, session.KindMCP))

	got, err := s.ListOwner(t.Context(), owner)
	Must(t, err)
	if !slices.Equal(got, want) {
		t.Fatalf("listed %+v, want %+v", got, want)
	}
}

func testListTenant(t *testing.T, s Backend) {
	owner := Owner()
	want := map[session.TenantEntry]bool{}
	for i := range 23 {
		owner.Subject = "user-" + string(rune('a'+i%3))
		r := Record(owner, session.KindMCP)
		r.Created = Epoch.Add(time.Duration(i/2) * time.Second)
		want[create(t, s, r).TenantEntry()] = true
	}
	create(t, s, Record(owner, session.KindNonce))
	near := owner
	near.Tenant += "2" // begins with the same letters
	create(t, s, Record(near, session.KindMCP))

	for _, limit := range []int{1, 5, 23, 100} {
		got := map[session.TenantEntry]bool{}
		for cursor, pages := "", 0; ; pages++ {
			entries, next, err := s.ListTenant(t.Context(), owner.Tenant, cursor, limit)
			Must(t, err)
			if len(entries) > limit || pages > 100 {
				t.Fatalf("limit %d: page %d has %d entries", limit, pages, len(entries))
			}
			for _, e := range entries {
				if got[e] {
					t.Fatalf("limit %d: listed twice: %+v", limit, e)
				}
				got[e] = true
			}
			if cursor = next; cursor == "" {
				break
			}
		}
		if len(got) != len(want) {
			t.Fatalf("limit %d: listed %d of %d", limit, len(got), len(want))
		}
		for e := range got {
			if !want[e] {
				t.Fatalf("limit %d: listed %+v", limit, e)
			}
		}
	}
}

func testBadCursor(t *testing.T, s Backend) {
	owner := Owner()
	for range 3 {
		create(t, s, Record(owner, session.KindMCP))
	}
	for _, cursor := range []string{"nonsense", "bnVsbA", "e30x", "//", "{}"} {
		entries, _, err := s.ListTenant(t.Context(), owner.Tenant, cursor, 10)
		if len(entries) > 0 && err == nil {
			continue // a position, if an odd one: nothing but this tenant's is behind it
		}
		if err != nil && !errors.Is(err, session.ErrCursor) {
			t.Errorf("cursor %q: %v", cursor, err)
		}
	}
	_, _, err := s.ListTenant(t.Context(), owner.Tenant, "nonsense", 10)
	WantErr(t, err, session.ErrCursor)
}

func testLocate(t *testing.T, s Backend) {
	r := create(t, s, Record(Owner(), session.KindMCP))
	tenant, ownerHash, found, err := s.Locate(t.Context(), r.Key.Kind, r.Key.Hash)
	Must(t, err)
	if !found || tenant != r.Key.Owner.Tenant || ownerHash != r.Key.Owner.Hash() {
		t.Fatalf("located %q %q %v", tenant, ownerHash, found)
	}
	for _, miss := range []session.Key{
		{Kind: session.KindNotebook, Hash: r.Key.Hash},
		{Kind: r.Key.Kind, Hash: session.HashID(r.Key.Kind, "another")},
	} {
		if _, _, found, err = s.Locate(t.Context(), miss.Kind, miss.Hash); err != nil || found {
			t.Fatalf("located %v: %v", miss, err)
		}
	}
	Must(t, s.Delete(t.Context(), r.Key))
	if _, _, found, err = s.Locate(t.Context(), r.Key.Kind, r.Key.Hash); err != nil || found {
		t.Fatalf("located a deleted record, error %v", err)
	}
}

// testCancelled demands ErrUnavailable and the context's own error, and that nothing is
// written.
func testCancelled(t *testing.T, s Backend) {
	r := create(t, s, Record(Owner(), session.KindMCP))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	other := Record(r.Key.Owner, session.KindMCP)
	_, loadErr := s.Load(ctx, r.Key)
	_, _, dataErr := s.LoadData(ctx, r.Key)
	_, ownerErr := s.ListOwner(ctx, r.Key.Owner)
	_, _, tenantErr := s.ListTenant(ctx, r.Key.Owner.Tenant, "", 1)
	_, _, _, locateErr := s.Locate(ctx, r.Key.Kind, r.Key.Hash)
	for name, err := range map[string]error{
		"create": s.Create(ctx, other, []byte("{}")), "load": loadErr, "load data": dataErr,
		"change": s.Change(ctx, r.Key, session.Change{Now: Epoch, Seen: &Epoch}), "delete": s.Delete(ctx, r.Key),
		"list owner": ownerErr, "list tenant": tenantErr, "locate": locateErr,
	} {
		if !errors.Is(err, session.ErrUnavailable) || !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
	}
	wantRecord(t, s, r)
	_, err := s.Load(t.Context(), other.Key)
	WantErr(t, err, session.ErrNotFound)
}
