package e2e_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"leasehold.example/tests/canary"
	"leasehold.example/tests/e2e/e2etest"
)

// TestCanaryOutputs: what `make canary` reads is what the stack has, with a canary and without.
func TestCanaryOutputs(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		kind   e2etest.Kind
		canary bool
	}{"prod": {e2etest.Prod, true}, "dev": {e2etest.Dev, false}} {
		var state struct {
			Deployment struct {
				Resources []struct {
					Type    string
					Outputs json.RawMessage
				}
			}
		}
		if err := json.Unmarshal(c.kind.State(t), &state); err != nil {
			t.Fatal(err)
		}
		stacks := 0
		for _, r := range state.Deployment.Resources {
			if r.Type != "pulumi:pulumi:Stack" {
				continue
			}
			o, err := canary.ReadOutputs(bytes.NewReader(r.Outputs))
			if err != nil || (o.Application != "") != c.canary || (o.Group != "") != c.canary {
				t.Errorf("%s: %+v, %v", name, o, err)
			}
			stacks++
		}
		if stacks != 1 {
			t.Errorf("%s: the state has %d stacks", name, stacks)
		}
	}
}
