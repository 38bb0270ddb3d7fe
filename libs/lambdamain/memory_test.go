package lambdamain

import (
	"math"
	"runtime/debug"
	"testing"
)

// TestUseMemory sets what belongs to the whole process, so it is not parallel.
func TestUseMemory(t *testing.T) {
	percent, limit := debug.SetGCPercent(100), debug.SetMemoryLimit(math.MaxInt64)
	defer func() { debug.SetGCPercent(percent); debug.SetMemoryLimit(limit) }()
	tests := []struct {
		name    string
		environ map[string]string
		percent int
		limit   int64
	}{
		{"a function", map[string]string{"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512"}, gcPercent, 384 << 20},
		{"the operator's own", map[string]string{"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512", "GOGC": "50", "GOMEMLIMIT": "1GiB"}, 100, math.MaxInt64},
		{"no function", nil, gcPercent, math.MaxInt64},
	}
	for _, tt := range tests {
		debug.SetGCPercent(100)
		debug.SetMemoryLimit(math.MaxInt64)
		UseMemory(tt.environ)
		if got := debug.SetGCPercent(100); got != tt.percent {
			t.Errorf("%s: GOGC %d, want %d", tt.name, got, tt.percent)
		}
		if got := debug.SetMemoryLimit(-1); got != tt.limit {
			t.Errorf("%s: memory limit %d, want %d", tt.name, got, tt.limit)
		}
	}
}
