package math_test

import (
	"fmt"
	"math/big"
	"strings"
	"testing"

	"leasehold.example/apps/mcp/internal/tool"
	"leasehold.example/apps/mcp/internal/tool/math"
	"leasehold.example/apps/mcp/internal/tool/tooltest"
)

func TestTool(t *testing.T) {
	t.Parallel()
	alice := tooltest.Principal("acme", "alice", "mcp:basic")
	client := tooltest.Connect(t, tooltest.Catalog(t, math.New()...), tooltest.Modern,
		func() *tool.Call { return tooltest.Call(alice, tooltest.Modern) }, nil)
	for _, c := range []struct {
		arguments, want string
		isError         bool
	}{
		{`{"a":1,"b":2}`, `{"sum":3}`, false},
		{`{"a":9007199254740993,"b":-1}`, `{"sum":9007199254740992}`, false},
		{`{"a":9007199254740992,"b":1}`, `{"sum":9007199254740993}`, false},
		{`{"a":9223372036854775807,"b":1}`, "does not fit", true},
		{`{"a":1}`, `"b" is missing`, true},
		{`{"A":1,"a":1,"b":1}`, `"A" is unknown`, true},
	} {
		text, isError := client.Tool("math", c.arguments)
		if isError != c.isError || !strings.Contains(text, c.want) {
			t.Errorf("%s: error=%v %s, want %s", c.arguments, isError, text, c.want)
		}
	}
}

// Every pair of numbers near a limit gives the exact sum, or an error when it has none.
func TestAdd(t *testing.T) {
	t.Parallel()
	var near []int64
	for _, base := range []int64{-1 << 63, -1 << 62, -1 << 53, 0, 1 << 53, 1 << 62, 1<<63 - 1} {
		for offset := int64(-2); offset <= 2; offset++ {
			near = append(near, base+offset) // wraps around at both ends, which is as good
		}
	}
	for _, a := range near {
		for _, b := range near {
			want := new(big.Int).Add(big.NewInt(a), big.NewInt(b))
			got, err := math.Add(math.In{A: a, B: b})
			if (err == nil) != want.IsInt64() || err == nil && fmt.Sprint(got.Sum) != want.String() {
				t.Errorf("%d + %d = %d, %v, want %v", a, b, got.Sum, err, want)
			}
		}
	}
}
