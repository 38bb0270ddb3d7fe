package engine_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// `make drift`: nothing that is as it was deployed is drift, whenever its archive was built. What somebody changed or
// deleted is, and so is code that is not deployed. A preview changes nothing, so that one stack does for all.
func TestDrift(t *testing.T) {
	t.Parallel()
	d := deploy(t, "preview", nil)
	d.up()
	bill := func(mode string) func() error {
		return func() error { return d.stack.Cloud().Edit(table, "billingMode", mode) }
	}
	code := func(text string) func() error {
		return func() error { d.writeArchive("mcp", text); return d.touch() }
	}
	memory := func(function string) func() error {
		return func() error { d.configure(map[string]string{"leasehold:function": function}); return nil }
	}
	for _, step := range []struct {
		name   string
		change func() error
		drift  bool
	}{
		{"as deployed", func() error { return nil }, false},
		{"changed by hand", bill("PROVISIONED"), true},
		{"changed back", bill("PAY_PER_REQUEST"), false},
		{"another program", code("the second"), true},
		{"built again, bytes alike", code("the first"), false},
		{"another setting", memory(`{"memory":256}`), true},
		{"the setting back", memory(`{"logLevel":"debug"}`), false},
		{"deleted by hand", func() error { return d.stack.Cloud().Lose("aws:lambda/alias:Alias") }, true},
	} {
		if err := step.change(); err != nil {
			t.Fatal(err)
		}
		r, err := d.stack.Drift(t.Context())
		if (err != nil) != step.drift {
			t.Errorf("%s: %v, and the engine would do %v", step.name, err, r.Steps)
		}
		if err != nil && !strings.Contains(err.Error(), "but changes were proposed") {
			t.Errorf("%s: another error: %v", step.name, err)
		}
	}
}

// touch gives every archive another time of modification.
func (d *deployment) touch() error {
	at := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, name := range []string{"auditor", "authorizer", "mcp", "rotator"} {
		if err := os.Chtimes(filepath.Join(d.archive, name+".zip"), at, at); err != nil {
			return err
		}
	}
	return nil
}
