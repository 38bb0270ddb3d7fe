package need

import (
	"testing"
)

// outcome is a testing.TB that remembers how a test ended instead of ending it.
type outcome struct {
	testing.TB
	failed, skipped bool
}

func (*outcome) Helper()        {}
func (o *outcome) Fatal(...any) { o.failed = true; panic(o) }
func (o *outcome) Skip(...any)  { o.skipped = true; panic(o) }

func TestMissing(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		env    map[string]string
		failed bool
	}{
		{"a person's machine skips", nil, false},
		{"CI fails", map[string]string{"CI": "true"}, true},
		{"so does a run that requires all", map[string]string{"TEST_REQUIRE_ALL": "1"}, true},
		{"other values mean no", map[string]string{"CI": "false", "TEST_REQUIRE_ALL": "0"}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := &outcome{TB: t}
			func() {
				defer func() { _ = recover() }()
				missing(o, func(k string) string { return tt.env[k] }, "a tool")
			}()
			if o.failed != tt.failed || o.skipped == tt.failed {
				t.Errorf("failed %v, skipped %v; want failed %v", o.failed, o.skipped, tt.failed)
			}
		})
	}
}
