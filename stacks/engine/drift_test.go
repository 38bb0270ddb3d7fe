package engine_test

import (
	"os"
	"strings"
	"testing"
	"time"
)

// `make drift`: nothing that is as it was deployed is drift, whenever its archive was built. What somebody changed or
// deleted is, and so is code that is not deployed.
func TestDrift(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*deployment) error
		drift  bool
	}{
		"as deployed":              {func(*deployment) error { return nil }, false},
		"built again, bytes alike": {func(d *deployment) error { d.writeArchive("mcp", "the first"); return d.touch() }, false},
		"another program":          {func(d *deployment) error { d.writeArchive("mcp", "the second"); return nil }, true},
		"changed by hand": {func(d *deployment) error {
			return d.stack.Cloud().Edit("aws:lambda/function:Function", "description", "changed in the console")
		}, true},
		"deleted by hand": {func(d *deployment) error { return d.stack.Cloud().Lose("aws:lambda/alias:Alias") }, true},
		"another setting": {func(d *deployment) error {
			d.configure(map[string]string{"leasehold:function": `{"memory":256}`})
			return nil
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := deploy(t, "preview", nil)
			d.up()
			if err := c.change(d); err != nil {
				t.Fatal(err)
			}
			r, err := d.stack.Drift(t.Context())
			if (err != nil) != c.drift {
				t.Errorf("%v, and the engine would do %v", err, r.Steps)
			}
			if err != nil && !strings.Contains(err.Error(), "but changes were proposed") {
				t.Errorf("another error: %v", err)
			}
		})
	}
}

// touch gives every archive another time of modification.
func (d *deployment) touch() error {
	at := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, name := range []string{"authorizer", "mcp", "rotator"} {
		if err := os.Chtimes(d.archive+"/"+name+".zip", at, at); err != nil {
			return err
		}
	}
	return nil
}
