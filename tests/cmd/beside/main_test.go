package main

import (
	"strings"
	"testing"
)

const input = `goos: linux
BenchmarkOther-2  100  5 ns/op
BenchmarkCall/tool=math/server=leasehold-2  100  30 ns/op  200 B/op  3 allocs/op
BenchmarkCall/tool=math/server=leasehold-2  100  90 ns/op  200 B/op  3 allocs/op
BenchmarkCall/tool=math/server=leasehold-2  100  50 ns/op  200 B/op  3 allocs/op
BenchmarkCall/tool=math/server=go-sdk-2     100  200 ns/op  1000 B/op  12 allocs/op
BenchmarkCall/tool=math/server=mcp-go-2     100  40 ns/op  100 B/op  6 allocs/op
PASS
`

func TestRun(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, in, want string }{
		{"the medians and the ratios", input, "leasehold go-sdk ratio mcp-go ratio" +
			" Call/tool=math ns/op 50 200 0.25 40 1.25" +
			" Call/tool=math B/op 200 1000 0.20 100 2.00" +
			" Call/tool=math allocs/op 3 12 0.25 6 0.50"},
		{"one processor, so no suffix", strings.ReplaceAll(input, "-2 ", " "), "leasehold go-sdk ratio mcp-go ratio" +
			" Call/tool=math ns/op 50 200 0.25 40 1.25" +
			" Call/tool=math B/op 200 1000 0.20 100 2.00" +
			" Call/tool=math allocs/op 3 12 0.25 6 0.50"},
		{"nobody", "PASS\n", "leasehold go-sdk ratio mcp-go ratio"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			if err := run(&out, strings.NewReader(tt.in)); err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(strings.Fields(out.String()), " "); got != tt.want {
				t.Errorf("got %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestRunFails(t *testing.T) {
	t.Parallel()
	lines := strings.SplitAfter(input, "\n")
	for name, in := range map[string]string{
		"a peer is missing": strings.Join(lines[:6], ""),
		"no number":         strings.Replace(input, "200 ns/op", "many ns/op", 1),
	} {
		if err := run(&strings.Builder{}, strings.NewReader(in)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
