package need

import "testing"

// outcome is a testing.TB that remembers how a test ended instead of ending it.
type outcome struct {
	testing.TB
	failed, skipped bool
}

func (*outcome) Helper()        {}
func (o *outcome) Fatal(...any) { o.failed = true }
func (o *outcome) Skip(...any)  { o.skipped = true }

func TestMissing(t *testing.T) {
	t.Parallel()
	for name, env := range map[string]string{"CI": "true", "TEST_REQUIRE_ALL": "1", "neither": ""} {
		o := &outcome{TB: t}
		missing(o, func(k string) string {
			if k == name {
				return env
			}
			return ""
		}, "a tool")
		if o.failed != (env != "") {
			t.Errorf("with %s: failed %v, skipped %v", name, o.failed, o.skipped)
		}
	}
}
