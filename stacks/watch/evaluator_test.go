package watch_test

import (
	"math"
	"testing"

	"leasehold.example/platform"
)

// The evaluator follows AWS's rules of missing data, here for 3 of 3 and 2 of 3.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
func TestEvaluate(t *testing.T) {
	t.Parallel()
	const x = 9 // breaches
	for _, c := range []struct {
		m                                     int
		points                                []float64
		missing, ignore, breaching, notBreach string
	}{
		{3, []float64{0, none, x}, ok, ok, ok, ok},
		{3, []float64{none, none, none}, insufficient, "was", alarm, ok},
		{3, []float64{x, x, x}, alarm, alarm, alarm, alarm},
		{3, []float64{none, x, x}, ok, ok, alarm, ok},
		{2, []float64{0, none, x}, ok, ok, alarm, ok},
		{2, []float64{x, none, x}, alarm, alarm, alarm, alarm},
		{2, []float64{0, 0, x}, ok, ok, ok, ok},
	} {
		for missing, want := range map[string]string{
			platform.MissingMissing: c.missing, platform.MissingIgnore: c.ignore,
			platform.MissingBreaching: c.breaching, platform.MissingNotBreaching: c.notBreach,
		} {
			a := platform.Alarm{Metrics: []platform.Metric{{}}, Threshold: 5, M: c.m, N: 3, Missing: missing}
			if got, err := evaluate(a, [][]float64{c.points}, "was"); err != nil || got != want {
				t.Errorf("%d of 3 of %v, %s: got %s, %v; want %s", c.m, c.points, missing, got, err, want)
			}
		}
	}
}

func TestCalculate(t *testing.T) {
	t.Parallel()
	values := map[string]float64{"a": 6, "b": 3, "gone": none}
	for expression, want := range map[string]float64{
		"a + b * 2": 12, "(a + b) / 3": 3, "a - b - 1": 2, "a > b": 1, "a <= b": 0, "IF(a >= 6, b, 0)": 3, "IF(a < 6, b, 1.5)": 1.5,
		"FILL(gone, 0) + a": 6, "gone + a": none, "IF(gone > 1, 1, 2)": none, "a / 0": none, "0 / 0": none,
	} {
		got, err := calculate(expression, values)
		if err != nil || got != want && !(math.IsNaN(got) && math.IsNaN(want)) {
			t.Errorf("%s is %v, %v; want %v", expression, got, err, want)
		}
	}
	for _, expression := range []string{"c + 1", "a +", "IF(a, b)", "a b", "FILL(a 0)", "MAX(a)"} {
		if got, err := calculate(expression, values); err == nil {
			t.Errorf("%s is %v", expression, got)
		}
	}
}
