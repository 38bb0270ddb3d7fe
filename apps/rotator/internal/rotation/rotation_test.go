package rotation_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"leasehold.example/apps/rotator/internal/rotation"
	"leasehold.example/libs/seal"
	"leasehold.example/libs/seal/secretstest"
)

// steps are those of a rotation, in their order.
var steps = []string{"createSecret", "setSecret", "testSecret", "finishSecret"}

func event(step, token string) events.SecretsManagerSecretRotationEvent {
	return events.SecretsManagerSecretRotationEvent{Step: step, SecretID: secretstest.ARN, ClientRequestToken: token}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func open(t *testing.T) (*secretstest.Secret, *rotation.Rotator) {
	t.Helper()
	secret := secretstest.Serve(t)
	return secret, rotation.New(secret.Client(), slog.New(slog.DiscardHandler))
}

// keys are what an application has at this moment.
func keys(t *testing.T, s *secretstest.Secret) seal.Keys {
	t.Helper()
	k, err := seal.NewSecretsManager(s.Client(), secretstest.ARN).Fetch(t.Context())
	must(t, err)
	return k
}

func TestFirstKey(t *testing.T) {
	t.Parallel()
	secret, r := open(t)
	must(t, r.Handle(t.Context(), event(rotation.StepEnsure, "")))
	first := secret.Value(secretstest.Current)
	if k := keys(t, secret); k.Current.ID() == "" || k.Pending != nil || k.Previous != nil {
		t.Errorf("keys %v", k)
	}
	must(t, r.Handle(t.Context(), event(rotation.StepEnsure, "")))
	if secret.Value(secretstest.Current) != first || secret.Writes() != 1 {
		t.Error("a second call made another key")
	}
}

// TestRule31 rotates twice with a look at the keys after each step: the new key is
// readable before it is used, the old one afterwards, and a step done twice changes nothing.
func TestRule31(t *testing.T) {
	t.Parallel()
	secret, r := open(t)
	must(t, r.Handle(t.Context(), event(rotation.StepEnsure, "")))
	for _, token := range []string{"11111111-1111-1111-1111-111111111111", "22222222-2222-2222-2222-222222222222"} {
		before := keys(t, secret)
		secret.Rotate(token)
		var pending string
		for i, step := range steps {
			must(t, r.Handle(t.Context(), event(step, token)))
			after, writes := keys(t, secret), secret.Writes()
			must(t, r.Handle(t.Context(), event(step, token)))
			if again := keys(t, secret); secret.Writes() != writes || again.Current.ID() != after.Current.ID() {
				t.Errorf("%s: the second time changed something", step)
			}
			if after.Pending == nil {
				t.Fatalf("%s: no pending key", step)
			}
			pending = after.Pending.ID()
			if i < len(steps)-1 && (after.Current.ID() != before.Current.ID() || pending == before.Current.ID()) {
				t.Errorf("%s: current %v, pending %v; before %v", step, after.Current, after.Pending, before.Current)
			}
		}
		after := keys(t, secret)
		if after.Current.ID() != pending || after.Previous == nil || after.Previous.ID() != before.Current.ID() {
			t.Errorf("after: %v; before: %v", after, before)
		}
	}
}

// token is the version that the rotations of TestRefused make.
const token = "33333333-3333-3333-3333-333333333333"

func TestRefused(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		prepare func(t *testing.T, s *secretstest.Secret, r *rotation.Rotator)
		event   events.SecretsManagerSecretRotationEvent
		want    string
	}{
		"rotation is off":        {event: event("createSecret", token), want: "not enabled"},
		"no token":               {rotate, event("createSecret", ""), "no such version"},
		"unknown token":          {rotate, event("createSecret", "another"), "no such version"},
		"unknown step":           {rotate, event("dropSecret", token), "unknown step"},
		"another secret":         {rotate, events.SecretsManagerSecretRotationEvent{Step: "createSecret", SecretID: "other", ClientRequestToken: token}, "ResourceNotFound"},
		"a version that is old":  {twice, event("createSecret", token), "not AWSPENDING"},
		"test before create":     {rotate, event("testSecret", token), "no key yet"},
		"test of what is no key": {pendingNonsense, event("testSecret", token), "not of the form"},
		"test of the id in use":  {pendingSameID, event("testSecret", token), "the id of another"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			secret, r := open(t)
			must(t, r.Handle(t.Context(), event(rotation.StepEnsure, "")))
			if test.prepare != nil {
				test.prepare(t, secret, r)
			}
			current, writes := secret.Value(secretstest.Current), secret.Writes()
			err := r.Handle(t.Context(), test.event)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
			if secret.Value(secretstest.Current) != current || secret.Writes() != writes {
				t.Error("a refused event changed the secret")
			}
		})
	}
}

func rotate(_ *testing.T, s *secretstest.Secret, _ *rotation.Rotator) { s.Rotate(token) }

// twice rotates to token, and then to another version.
func twice(t *testing.T, s *secretstest.Secret, r *rotation.Rotator) {
	t.Helper()
	for _, version := range []string{token, "44444444-4444-4444-4444-444444444444"} {
		s.Rotate(version)
		for _, step := range steps {
			must(t, r.Handle(t.Context(), event(step, version)))
		}
	}
}

func pendingNonsense(t *testing.T, s *secretstest.Secret, _ *rotation.Rotator) {
	t.Helper()
	pending(t, s, "no key")
}

// pendingSameID puts another key with the id of the current one.
func pendingSameID(t *testing.T, s *secretstest.Secret, _ *rotation.Rotator) {
	t.Helper()
	root := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("r"), 32))
	pending(t, s, fmt.Sprintf(`{"kid": %q, "key": %q}`, keys(t, s).Current.ID(), root))
}

func pending(t *testing.T, s *secretstest.Secret, value string) {
	t.Helper()
	s.Rotate(token)
	_, err := s.Client().PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{
		SecretId: aws.String(secretstest.ARN), ClientRequestToken: aws.String(token),
		VersionStages: []string{secretstest.Pending}, SecretString: &value,
	})
	must(t, err)
}

// late is a client whose reads miss what another invocation has written meanwhile.
type late struct {
	*secretsmanager.Client
}

func (l late) GetSecretValue(ctx context.Context, in *secretsmanager.GetSecretValueInput, o ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error) {
	absent := *in
	absent.VersionId = aws.String("55555555-5555-5555-5555-555555555555")
	return l.Client.GetSecretValue(ctx, &absent, o...)
}

// TestCreateTwiceAtOnce has two invocations of one step: the first key stays.
func TestCreateTwiceAtOnce(t *testing.T) {
	t.Parallel()
	secret, r := open(t)
	secret.Rotate(token)
	must(t, r.Handle(t.Context(), event("createSecret", token)))
	first := secret.Value(secretstest.Pending)
	slow := rotation.New(late{secret.Client()}, slog.New(slog.DiscardHandler))
	must(t, slow.Handle(t.Context(), event("createSecret", token)))
	if first == "" || secret.Value(secretstest.Pending) != first {
		t.Error("the second invocation replaced the key")
	}
}

// TestDown keeps an outage apart from a version without a value: no second key is made.
func TestDown(t *testing.T) {
	t.Parallel()
	secret := secretstest.Serve(t)
	secret.Rotate(token)
	down := errors.New("connection refused")
	err := rotation.New(outage{secret.Client(), down}, slog.New(slog.DiscardHandler)).Handle(t.Context(), event("createSecret", token))
	if !errors.Is(err, down) || secret.Writes() != 0 {
		t.Errorf("%v, %d writes", err, secret.Writes())
	}
}

type outage struct {
	*secretsmanager.Client
	err error
}

func (o outage) GetSecretValue(context.Context, *secretsmanager.GetSecretValueInput, ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error) {
	return nil, o.err
}

// TestNoKeyInLog is rule 25: neither the log nor an error has a key.
func TestNoKeyInLog(t *testing.T) {
	t.Parallel()
	secret := secretstest.Serve(t)
	var log bytes.Buffer
	r := rotation.New(secret.Client(), slog.New(slog.NewJSONHandler(&log, nil)))
	must(t, r.Handle(t.Context(), event(rotation.StepEnsure, "")))
	secret.Rotate(token)
	for _, step := range append(steps, "unknown") {
		if err := r.Handle(t.Context(), event(step, token)); err != nil {
			log.WriteString(err.Error())
		}
	}
	for _, stage := range []string{secretstest.Current, secretstest.Previous} {
		var document struct{ Key string }
		must(t, json.Unmarshal([]byte(secret.Value(stage)), &document))
		if document.Key == "" || strings.Contains(log.String(), document.Key) {
			t.Errorf("the log has the key %s: %s", stage, log.String())
		}
	}
}
