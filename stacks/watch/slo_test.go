package watch

import (
	"strconv"
	"testing"
)

// Thresholds are read by people, in the preview and at AWS.
func TestPercent(t *testing.T) {
	t.Parallel()
	for p, want := range map[float64]string{14.4 * (100 - 99.9): "0.0144", 6 * (100 - 99.9): "0.006", 14.4 * (100 - 99.99): "0.00144", 14.4 * 5: "0.72"} {
		if got := strconv.FormatFloat(percent(p), 'g', -1, 64); got != want {
			t.Errorf("%v %% is %s, want %s", p, got, want)
		}
	}
}
