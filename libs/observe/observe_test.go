package observe_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"leasehold.example/libs/identity"
	"leasehold.example/libs/observe"
	"leasehold.example/libs/session"
)

// deriver derives a key that is its own name.
type deriver struct {
	kid string
	err error
}

func (d deriver) Derive(_ context.Context, purpose string) (string, []byte, error) {
	return d.kid, []byte(d.kid + purpose), d.err
}

// Rule 25: logs use a keyed HMAC.
func TestPseudonym(t *testing.T) {
	t.Parallel()
	p := observe.NewPseudonyms(deriver{kid: "k1"})
	owner := identity.Owner{Tenant: "acme", Issuer: "https://issuer.example", Subject: "user-1"}
	name := p.Pseudonym(t.Context(), owner)
	if name != p.Pseudonym(t.Context(), owner) {
		t.Error("one owner has two pseudonyms")
	}
	if !strings.HasPrefix(name, "k1.") || len(name) != len("k1.")+22 {
		t.Errorf("pseudonym = %q, want the key's id and 22 characters", name)
	}
	for _, leak := range []string{"user-1", owner.Hash()[:8], "acme"} {
		if strings.Contains(name, leak) {
			t.Errorf("pseudonym %q shows %q", name, leak)
		}
	}
	for what, other := range map[string]identity.Owner{
		"tenant":   {Tenant: "globex", Issuer: owner.Issuer, Subject: owner.Subject},
		"issuer":   {Tenant: owner.Tenant, Issuer: "https://other.example", Subject: owner.Subject},
		"subject":  {Tenant: owner.Tenant, Issuer: owner.Issuer, Subject: "user-2"},
		"boundary": {Tenant: owner.Tenant, Issuer: owner.Issuer + "u", Subject: "ser-1"},
	} {
		if p.Pseudonym(t.Context(), other) == name {
			t.Errorf("another %s has the same pseudonym", what)
		}
	}
	rotated := observe.NewPseudonyms(deriver{kid: "k2"}).Pseudonym(t.Context(), owner)
	if _, hash, _ := strings.Cut(rotated, "."); strings.HasSuffix(name, hash) {
		t.Error("the pseudonym does not depend on the key")
	}
	down := observe.NewPseudonyms(deriver{err: errors.New("no key")})
	if got := down.Pseudonym(t.Context(), owner); got != observe.NoPseudonym {
		t.Errorf("without a key: %q, want %q", got, observe.NoPseudonym)
	}
}

func TestLoggerJSON(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	logger := observe.NewLogger(&out, slog.LevelInfo).With("a", 1)
	ctx := lambdacontext.NewContext(t.Context(), &lambdacontext.LambdaContext{AwsRequestID: "request-1"})
	logger.DebugContext(ctx, "hidden")
	logger.InfoContext(ctx, "hello")
	var record map[string]any
	if err := json.Unmarshal(out.Bytes(), &record); err != nil {
		t.Fatalf("not one JSON record: %v: %s", err, out.String())
	}
	if record["message"] != "hello" || record["requestId"] != "request-1" || record["level"] != "INFO" || record["a"] != 1.0 || record["timestamp"] == nil {
		t.Errorf("record = %v", record)
	}
	out.Reset()
	logger.WithGroup("g").InfoContext(ctx, "in a group", "x", 1)
	if !strings.Contains(out.String(), `"requestId":"request-1"`) {
		t.Errorf("no request id in a group: %s", out.String())
	}
	out.Reset()
	logger.InfoContext(t.Context(), "outside of Lambda")
	if strings.Contains(out.String(), "requestId") {
		t.Errorf("a request id without an invocation: %s", out.String())
	}
}

func TestLoggerText(t *testing.T) {
	t.Parallel()
	terminal, err := os.Open(os.DevNull) // a character device, as terminals are
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = terminal.Close() })
	file, err := os.CreateTemp(t.TempDir(), "log")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	if !observe.IsText(observe.NewLogger(terminal, slog.LevelInfo)) {
		t.Error("a terminal gets JSON")
	}
	if observe.IsText(observe.NewLogger(file, slog.LevelInfo)) {
		t.Error("a file gets text")
	}
}

// A rotation of the root key is seen within a minute; until then nothing is derived.
func TestPseudonymAfterRotation(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		keys := &deriver{kid: "k1"}
		p := observe.NewPseudonyms(keys)
		name := func() string { return p.Pseudonym(t.Context(), identity.Owner{Tenant: "acme", Subject: "user-1"}) }
		before := name()
		keys.kid = "k2"
		time.Sleep(59 * time.Second)
		if got := name(); got != before {
			t.Errorf("within the minute: %s, want %s", got, before)
		}
		time.Sleep(time.Second)
		if got := name(); !strings.HasPrefix(got, "k2.") {
			t.Errorf("after it: %s", got)
		}
	})
}

// Who asks and leaves is named all the same, though the key has to be fetched first.
func TestAuditOfWhoLeft(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	ctx, leave := context.WithCancel(t.Context())
	leave()
	observe.NewAuditor(observe.NewLogger(&out, slog.LevelInfo), observe.NewPseudonyms(patient{})).
		Session(ctx, session.Event{Problem: session.SessionBindingViolation, Principal: identity.Principal{Tenant: "acme", Subject: "user-1"}})
	if !strings.Contains(out.String(), `"principal":"k1.`) {
		t.Errorf("got %s", out.String())
	}
}

// patient derives for whoever waits.
type patient struct{}

func (patient) Derive(ctx context.Context, purpose string) (string, []byte, error) {
	if ctx.Err() != nil {
		return "", nil, ctx.Err()
	}
	return deriver{kid: "k1"}.Derive(ctx, purpose)
}

// Rules 9 and 25: every problem is one record under its own name, whatever the level, and
// shows no subject.
func TestAudit(t *testing.T) {
	t.Parallel()
	principal := identity.Principal{Tenant: "acme", Issuer: "https://issuer.example", Subject: "user-1", ClientID: "client-1", Scopes: []string{"s"}}
	for problem, level := range map[session.Problem]string{
		session.SessionBindingViolation: "WARN",
		session.ClassifierFailed:        "WARN",
		session.Unclassified:            "WARN",
		session.TouchFailed:             "WARN",
		session.TenantChanged:           "INFO",
		session.SessionUnknown:          "INFO",
		session.ClientChanged:           "INFO",
	} {
		var out bytes.Buffer
		audit := observe.NewAuditor(observe.NewLogger(&out, slog.LevelError+4), observe.NewPseudonyms(deriver{kid: "k1"})).Session
		audit(t.Context(), session.Event{
			Problem: problem, Kind: session.KindMCP, Principal: principal, Tenant: "globex", Refused: true, Err: errors.New("store down"),
		})
		var record map[string]any
		if err := json.Unmarshal(out.Bytes(), &record); err != nil {
			t.Fatalf("%s: not one JSON record: %v: %s", problem, err, out.String())
		}
		pseudonym := observe.NewPseudonyms(deriver{kid: "k1"}).Pseudonym(t.Context(), principal.Owner())
		for key, want := range map[string]any{
			"message": string(problem), "level": level, "kind": "mcp", "refused": true, "tenant": "acme", "ownerTenant": "globex",
			"issuer": "https://issuer.example", "principal": pseudonym, "client": "client-1", "error": "store down",
		} {
			if record[key] != want {
				t.Errorf("%s: %s = %v, want %v", problem, key, record[key], want)
			}
		}
		if strings.Contains(out.String(), "user-1") {
			t.Errorf("%s: the subject is in the log: %s", problem, out.String())
		}
		out.Reset()
		audit(t.Context(), session.Event{Problem: problem, Principal: principal})
		if strings.Contains(out.String(), "ownerTenant") || strings.Contains(out.String(), `"error"`) {
			t.Errorf("%s: empty attributes are logged: %s", problem, out.String())
		}
	}
}
