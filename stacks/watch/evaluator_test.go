package watch_test

import (
	"math"
	"testing"

	"leasehold.example/platform"
)

// The evaluator gives what AWS's two tables say, for 3 of 3 and for 2 of 3 with a range of five: 0 is a value that does not
// breach, X one that does, - none.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
func TestEvaluate(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		m                    int
		points               string
		breaching, notBreach string
	}{
		{3, "0-X-X", ok, ok},
		{3, "0----", ok, ok},
		{3, "-----", alarm, ok},
		{3, "0XX-X", alarm, alarm},
		{3, "--X--", alarm, ok},
		{2, "0-X-X", alarm, alarm},
		{2, "00X0X", alarm, alarm},
		{2, "0-X--", alarm, ok},
		{2, "----0", alarm, ok},
		{2, "---X-", alarm, ok},
	} {
		var points []float64
		for _, sign := range c.points {
			points = append(points, map[rune]float64{'0': 0, 'X': 9, '-': none}[sign])
		}
		for missing, want := range map[string]string{platform.MissingBreaching: c.breaching, platform.MissingNotBreaching: c.notBreach} {
			a := platform.Alarm{Metrics: []platform.Metric{{}}, Threshold: 5, M: c.m, N: 3, Missing: missing}
			if got, err := evaluate(a, [][]float64{points}); err != nil || got != want {
				t.Errorf("%d of 3 of %s, %s: got %s, %v; want %s", c.m, c.points, missing, got, err, want)
			}
		}
	}
	a := platform.Alarm{Metrics: []platform.Metric{{}}, M: 1, N: 1, Missing: platform.MissingIgnore}
	if got, err := evaluate(a, [][]float64{{1}}); err == nil {
		t.Errorf("an alarm that ignores missing data is %s", got)
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
