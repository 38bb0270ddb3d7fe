package seal_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strings"
	"testing"
	"time"

	"leasehold.example/libs/seal"
)

// Rule 30: the payload carries expiry, nonce and state.
func TestSealOpen(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := testBinding(t)
	for _, state := range []string{"", "{}", strings.Repeat("x", seal.MaxState)} {
		sealed := f.mustSeal(t, b, state)
		got, err := f.Open(t.Context(), b, sealed)
		if err != nil {
			t.Fatalf("Open: %v", err)
		}
		if string(got.State) != state {
			t.Errorf("Open = %d bytes of state; want %d", len(got.State), len(state))
		}
		if want := f.clock.Now().Add(10 * time.Minute); !got.ExpiresAt.Equal(want) {
			t.Errorf("ExpiresAt = %v, want %v", got.ExpiresAt, want)
		}
		if state != "" && strings.Contains(sealed, base64.RawURLEncoding.EncodeToString([]byte(state))) {
			t.Error("the sealed value shows its state")
		}
		if parts := strings.Split(sealed, "."); len(parts) != 4 || parts[0] != "v1" || parts[1] != "k1" {
			t.Errorf("rule 31: format is %q, want v1.k1.nonce.ct", sealed)
		}
	}
	if one, two := f.mustSeal(t, b, "x"), f.mustSeal(t, b, "x"); one == two {
		t.Error("two values of one state are equal: the cipher's nonce repeats")
	}
}

// Rule 30: operations that are not idempotent have a nonce to consume.
func TestNonce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := testBinding(t)
	seen := map[string]bool{}
	for range 3 {
		sealed := f.mustSeal(t, b, "state")
		got, err := f.Open(t.Context(), b, sealed)
		if err != nil || string(got.State) != "state" {
			t.Fatalf("Open = %q, %v", got.State, err)
		}
		if len(got.Nonce) < 22 || seen[got.Nonce] {
			t.Errorf("nonce %q is short or was seen before", got.Nonce)
		}
		seen[got.Nonce] = true
		again, err := f.Open(t.Context(), b, sealed)
		if err != nil || again.Nonce != got.Nonce {
			t.Errorf("a second Open gives nonce %q, %v; want the same one to consume", again.Nonce, err)
		}
	}
}

// Rule 30: a value opens for nobody and nothing else.
func TestOpenBinding(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := testBinding(t)
	sealed := f.mustSeal(t, b, "state")
	otherArgs, err := seal.DigestArgs(map[string]any{"notebook": "n-2"})
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*seal.Binding){
		"resource":         func(b *seal.Binding) { b.Resource = "https://staging.example.com/mcp" },
		"era":              func(b *seal.Binding) { b.Protocol = "2025-11-25" },
		"method":           func(b *seal.Binding) { b.Method = "prompts/get" },
		"tool":             func(b *seal.Binding) { b.Tool = "notebook_read" },
		"tenant":           func(b *seal.Binding) { b.Tenant = "globex" },
		"issuer":           func(b *seal.Binding) { b.Issuer = "https://other.example" },
		"subject":          func(b *seal.Binding) { b.Subject = "user-2" },
		"client":           func(b *seal.Binding) { b.ClientID = "client-2" },
		"no client":        func(b *seal.Binding) { b.ClientID = "" },
		"arguments":        func(b *seal.Binding) { b.ArgsDigest = otherArgs },
		"shifted boundary": func(b *seal.Binding) { b.Issuer += b.Subject[:1]; b.Subject = b.Subject[1:] },
	} {
		other := b
		change(&other)
		if _, err := f.Open(t.Context(), other, sealed); !errors.Is(err, seal.ErrInvalid) {
			t.Errorf("%s: Open = %v, want ErrInvalid", name, err)
		}
		// The other way round, so that neither side is special.
		if _, err := f.Open(t.Context(), b, f.mustSeal(t, other, "state")); !errors.Is(err, seal.ErrInvalid) {
			t.Errorf("%s: Open of the other's value = %v, want ErrInvalid", name, err)
		}
	}
	if _, err := f.Open(t.Context(), b, sealed); err != nil {
		t.Errorf("the right binding does not open: %v", err)
	}
}

// Rule 30: format version and key id are part of what is bound.
func TestDigestCoversKey(t *testing.T) {
	t.Parallel()
	b := testBinding(t)
	if seal.Digest(b, "k1") == seal.Digest(b, "k2") {
		t.Error("the digest of a binding does not depend on the key id")
	}
}

// Rule 30: "payload, not only associated data"; rule 31: a key per tenant and purpose.
// Each forgery is wrong in one part alone.
func TestOpenForged(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	good := testForgery(t, f.clock.Now().Add(time.Minute))
	b := good.Outside
	if _, err := f.Open(t.Context(), b, good.Value()); err != nil {
		t.Fatalf("the forgery is not even well-formed: %v", err)
	}
	other := b
	other.Subject = "user-2"
	for name, change := range map[string]func(*seal.Forgery){
		"payload of another subject":         func(g *seal.Forgery) { g.Inside = other },
		"associated data of another subject": func(g *seal.Forgery) { g.Outside = other },
		"key of another tenant":              func(g *seal.Forgery) { g.Tenant = "globex" },
		"key of another purpose":             func(g *seal.Forgery) { g.Purpose = "other" },
		"expired":                            func(g *seal.Forgery) { g.Expires = f.clock.Now() },
		"expired before 1970":                func(g *seal.Forgery) { g.Expires = time.Unix(-1, 0) },
	} {
		forged := good
		change(&forged)
		if _, err := f.Open(t.Context(), b, forged.Value()); !errors.Is(err, seal.ErrInvalid) {
			t.Errorf("%s: Open = %v, want ErrInvalid", name, err)
		}
	}
}

func testForgery(tb testing.TB, expires time.Time) seal.Forgery {
	tb.Helper()
	b := testBinding(tb)
	return seal.Forgery{
		Key: testKey(tb, "k1"), Purpose: purpose, Tenant: b.Tenant, Outside: b, Inside: b, Expires: expires,
	}
}

func TestOpenMalformedPayload(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := testBinding(t)
	digest := seal.Digest(b, "k1")
	head := binary.BigEndian.AppendUint64(digest[:], uint64(f.clock.Now().Unix()+60))
	for name, plain := range map[string][]byte{
		"empty":       {},
		"no expiry":   digest[:],
		"no nonce":    head,
		"short nonce": append(bytes.Clone(head), "fifteen bytes.."...),
	} {
		forged := testForgery(t, time.Time{})
		forged.Plain = plain
		if _, err := f.Open(t.Context(), b, forged.Value()); !errors.Is(err, seal.ErrInvalid) {
			t.Errorf("%s: Open = %v, want ErrInvalid", name, err)
		}
	}
}

// Rule 30: ten minutes, to the second.
func TestOpenExpiry(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := testBinding(t)
	sealed := f.mustSeal(t, b, "state")
	f.clock.Advance(10*time.Minute - time.Second)
	if _, err := f.Open(t.Context(), b, sealed); err != nil {
		t.Errorf("a second before the expiry: %v", err)
	}
	f.clock.Advance(time.Second)
	if _, err := f.Open(t.Context(), b, sealed); !errors.Is(err, seal.ErrInvalid) {
		t.Errorf("at the expiry: Open = %v, want ErrInvalid", err)
	}
}

// Rule 31: every byte of every part counts, and a value has one spelling.
func TestOpenTampered(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := testBinding(t)
	sealed := f.mustSeal(t, b, "state")
	refused := func(name, value string) {
		t.Helper()
		if _, err := f.Open(t.Context(), b, value); !errors.Is(err, seal.ErrInvalid) {
			t.Errorf("%s: Open = %v, want ErrInvalid", name, err)
		}
	}
	for i := range len(sealed) {
		for _, c := range []byte{sealed[i] ^ 1, 'A', '_', '.', '=', '\n', 0, 0xff} {
			if c != sealed[i] {
				refused("changed byte", sealed[:i]+string([]byte{c})+sealed[i+1:])
			}
		}
		refused("truncated", sealed[:i])
		refused("without its beginning", sealed[i+1:])
		refused("inserted line break", sealed[:i]+"\n"+sealed[i:])
	}
	parts := strings.Split(sealed, ".")
	other := strings.Split(f.mustSeal(t, b, "state"), ".")
	for name, value := range map[string]string{
		"appended":             sealed + "A",
		"padded":               sealed + "==",
		"trailing dot":         sealed + ".",
		"fifth part":           sealed + ".AAAA",
		"nonce of another":     strings.Join([]string{parts[0], parts[1], other[2], parts[3]}, "."),
		"text of another":      strings.Join([]string{parts[0], parts[1], parts[2], other[3]}, "."),
		"key id in upper case": strings.Join([]string{parts[0], "K1", parts[2], parts[3]}, "."),
		"no key id":            strings.Join([]string{parts[0], "", parts[2], parts[3]}, "."),
		"long key id":          strings.Join([]string{parts[0], strings.Repeat("k", 33), parts[2], parts[3]}, "."),
		"another version":      strings.Join([]string{"v2", parts[1], parts[2], parts[3]}, "."),
		"swapped":              strings.Join([]string{parts[0], parts[1], parts[3], parts[2]}, "."),
		"no text":              strings.Join([]string{parts[0], parts[1], parts[2], ""}, "."),
		"huge":                 strings.Join([]string{parts[0], parts[1], parts[2], strings.Repeat("A", 1<<20)}, "."),
		"only dots":            "...",
	} {
		refused(name, value)
	}
}

// Input longer than any value is refused before keys are asked for.
func TestOpenCapsInput(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	long := testForgery(t, time.Time{})
	long.Plain = make([]byte, 2*seal.MaxState)
	if _, err := f.Open(t.Context(), testBinding(t), long.Value()); !errors.Is(err, seal.ErrInvalid) {
		t.Errorf("Open = %v, want ErrInvalid", err)
	}
	if n := f.src.count(); n != 0 {
		t.Errorf("keys were fetched %d times for oversized input", n)
	}
}

func TestSealRefuses(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := testBinding(t)
	if _, err := f.Seal(t.Context(), b, make([]byte, seal.MaxState+1)); err == nil {
		t.Error("a state over MaxState was sealed")
	}
	for name, drop := range map[string]func(*seal.Binding){
		"resource": func(b *seal.Binding) { b.Resource = "" },
		"protocol": func(b *seal.Binding) { b.Protocol = "" },
		"method":   func(b *seal.Binding) { b.Method = "" },
		"tool":     func(b *seal.Binding) { b.Tool = "" },
		"tenant":   func(b *seal.Binding) { b.Tenant = "" },
		"issuer":   func(b *seal.Binding) { b.Issuer = "" },
		"subject":  func(b *seal.Binding) { b.Subject = "" },
		"digest":   func(b *seal.Binding) { b.ArgsDigest = [32]byte{} },
	} {
		incomplete := b
		drop(&incomplete)
		if _, err := f.Seal(t.Context(), incomplete, nil); err == nil {
			t.Errorf("sealed without a %s", name)
		}
		if _, err := f.Open(t.Context(), incomplete, f.mustSeal(t, b, "")); !errors.Is(err, seal.ErrInvalid) {
			t.Errorf("opened without a %s: %v", name, err)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for name, o := range map[string]seal.Options{
		"no purpose":        {},
		"negative lifetime": {Purpose: "p", Lifetime: -time.Minute},
		"tiny lifetime":     {Purpose: "p", Lifetime: time.Millisecond},
	} {
		if _, err := seal.New(f.ring, o); err == nil {
			t.Errorf("%s: New gave no error", name)
		}
	}
}

// Rule 30: the digest is of decoded arguments, so that a retry matches its request.
func TestDigestArgs(t *testing.T) {
	t.Parallel()
	type input struct {
		Notebook string `json:"notebook"`
		Count    int64  `json:"count"`
	}
	digest := func(v any) [32]byte {
		t.Helper()
		d, err := seal.DigestArgs(v)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	if digest(input{"n", 1}) != digest(map[string]any{"count": int64(1), "notebook": "n"}) {
		t.Error("the order of members changes the digest")
	}
	if digest(input{"n", 1}) == digest(input{"n", 2}) || digest(input{"n", 1}) == digest(input{"m", 1}) {
		t.Error("different arguments have one digest")
	}
	if digest(input{"n", 1<<53 + 1}) == digest(input{"n", 1 << 53}) {
		t.Error("integers above 2^53 are rounded before the digest")
	}
	if _, err := seal.DigestArgs(func() {}); err == nil {
		t.Error("what has no JSON has a digest")
	}
}

// FuzzOpen: nothing but the value itself opens, and all else is ErrInvalid.
func FuzzOpen(f *testing.F) {
	fx := newFixture(f)
	b := testBinding(f)
	// A forgery, because it is the same in each of the fuzzer's processes.
	sealed := testForgery(f, fx.clock.Now().Add(time.Minute)).Value()
	f.Add(sealed)
	f.Add("")
	f.Add("...")
	f.Add("v1.k1..")
	f.Add("v1.unknown." + strings.SplitN(sealed, ".", 3)[2])
	f.Add(strings.ToUpper(sealed))
	f.Add(sealed[:len(sealed)-1])
	f.Add("v1.k1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAA")
	f.Fuzz(func(t *testing.T, s string) {
		_, err := fx.Open(t.Context(), b, s)
		switch {
		case s == sealed && err != nil:
			t.Errorf("the value itself: %v", err)
		case s != sealed && !errors.Is(err, seal.ErrInvalid):
			t.Errorf("Open(%q) = %v, want ErrInvalid", s, err)
		}
	})
}
