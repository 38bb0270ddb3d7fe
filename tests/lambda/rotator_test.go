package lambda

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"leasehold.example/libs/seal"
	"leasehold.example/libs/seal/secretstest"
	"leasehold.example/tests/internal/deployed"
	"leasehold.example/tests/runtimeapi"
)

// TestRotator runs the shipped rotator as a process: the events that the stack and Secrets
// Manager send it, in their order, and one that is refused.
func TestRotator(t *testing.T) {
	t.Parallel()
	secret := secretstest.Serve(t)
	function, err := runtimeapi.Start(runtimeapi.Config{
		Grace:     time.Minute,
		Bootstrap: deployed.Build(t, "./apps/rotator/cmd/lambda"),
		Env: []string{
			"AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY=none",
			"AWS_ENDPOINT_URL_SECRETS_MANAGER=" + secret.URL,
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := function.Close(); err != nil {
			t.Error(err)
		}
	})
	const token = "11111111-1111-1111-1111-111111111111"
	invoke := func(step string) error {
		event, err := json.Marshal(map[string]string{"Step": step, "SecretId": secretstest.ARN, "ClientRequestToken": token})
		if err != nil {
			t.Fatal(err)
		}
		answer, err := function.Invoke(t.Context(), event)
		if err == nil && string(answer) != "null" {
			t.Errorf("%s: answer %s; it ends in the stack's state", step, answer)
		}
		return err
	}
	var failed *runtimeapi.FunctionError
	if err := invoke("createSecret"); !errors.As(err, &failed) {
		t.Errorf("a rotation that nobody began: %v", err)
	}
	if err := invoke("ensureSecret"); err != nil {
		t.Fatal(err)
	}
	first := secret.Value(secretstest.Current)
	secret.Rotate(token)
	for _, step := range []string{"createSecret", "setSecret", "testSecret", "finishSecret"} {
		if err := invoke(step); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := seal.ParseKey([]byte(secret.Value(secretstest.Current))); err != nil || secret.Value(secretstest.Previous) != first {
		t.Errorf("%v; or the first key is lost", err)
	}
}
