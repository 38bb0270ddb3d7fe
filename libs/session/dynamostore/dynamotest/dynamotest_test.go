package dynamotest_test

import (
	"testing"

	"leasehold.example/libs/session/dynamostore/dynamotest"
)

// verdict is a test that notes how it ends.
type verdict struct {
	testing.TB
	got string
}

func (v *verdict) Helper()               {}
func (v *verdict) Fatalf(string, ...any) { v.got = "failed"; panic(v) }
func (v *verdict) Skipf(string, ...any)  { v.got = "skipped"; panic(v) }

func TestEndpoint(t *testing.T) {
	for _, test := range []struct{ endpoint, required, want string }{
		{"http://127.0.0.1:1", "", ""},
		{"http://127.0.0.1:1", "1", ""},
		{"", "", "skipped"},
		{"", "0", "skipped"},
		{"", "1", "failed"},
	} {
		t.Setenv(dynamotest.EndpointVariable, test.endpoint)
		t.Setenv(dynamotest.RequireVariable, test.required)
		v := &verdict{TB: t}
		func() {
			defer func() {
				if r := recover(); r != nil && r != v {
					panic(r)
				}
			}()
			dynamotest.Endpoint(v)
		}()
		if v.got != test.want {
			t.Errorf("%+v: %q", test, v.got)
		}
	}
}
