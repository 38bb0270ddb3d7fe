package watch

import (
	"fmt"
	"math"
	"strconv"

	"leasehold.example/platform"
)

// burn is how fast an error budget of 30 days may be used up: over a long window, so that it matters, and over a
// short one, so that the alarm ends soon after the trouble does. 14.4 uses two hundredths of the budget in
// an hour, 6 a twentieth in six.
// https://sre.google/workbook/alerting-on-slos/ (multiwindow, multi-burn-rate)
type burn struct {
	name        string
	rate        float64
	long, short int // seconds
}

var burnRates = []burn{{"fast", 14.4, 3600, 300}, {"slow", 6, 6 * 3600, 1800}}

// objectives are the two windows of each burn rate, which tell nobody; burns does.
func (s *Settings) objectives() []platform.Alarm {
	var all []platform.Alarm
	for _, b := range burnRates {
		all = append(all, s.unavailable(b, "long", b.long), s.unavailable(b, "short", b.short),
			s.slow(b, "long", b.long), s.slow(b, "short", b.short))
	}
	return all
}

func (s *Settings) unavailable(b burn, window string, seconds int) platform.Alarm {
	return platform.Alarm{
		Name: burning("availability", b) + "-" + window, Part: true,
		Reason:     fmt.Sprintf("The requests that fail use the error budget of %g %% up %g times too fast.", s.AvailabilityPercent, b.rate),
		Metrics:    []platform.Metric{with(s.gateway(restErrors, sum), "failed", ""), with(s.gateway("Count", sum), "requests", "")},
		Expression: errorRate, Threshold: percent(b.rate * (100 - s.AvailabilityPercent)),
		PeriodSeconds: seconds, M: 1, N: 1, Missing: platform.MissingNotBreaching, MissingReason: "no request uses no budget",
	}
}

// percent is p as a share, without the digits that binary fractions leave behind: 0.0144, not
// 0.014399999999998414.
func percent(p float64) float64 { return math.Round(p*1e6) / 1e8 }

// slow looks at the percentile where the budget ends: more than 6 % of the requests are too
// slow exactly when the 94th percentile is.
func (s *Settings) slow(b burn, window string, seconds int) platform.Alarm {
	percentile := 100 - b.rate*(100-s.LatencyPercent)
	return platform.Alarm{
		Name: burning("latency", b) + "-" + window, Part: true,
		Reason:  fmt.Sprintf("The requests over %d ms use the error budget of %g %% up %g times too fast.", s.LatencyMillis, s.LatencyPercent, b.rate),
		Metrics: s.latency("p" + strconv.FormatFloat(percentile, 'f', 2, 64)), Expression: enoughSlow, Threshold: float64(s.LatencyMillis),
		PeriodSeconds: seconds, M: 1, N: 1, Missing: platform.MissingNotBreaching, MissingReason: "no request uses no budget",
	}
}

// burns ring while both windows of a burn rate do.
func (s *Settings) burns() []platform.Composite {
	var all []platform.Composite
	for _, objective := range []string{"availability", "latency"} {
		for _, b := range burnRates {
			name := burning(objective, b)
			all = append(all, platform.Composite{
				Name: name, Reason: fmt.Sprintf("The %s objective's error budget burns %g times too fast, over %s and still.", objective, b.rate, span(b.long)),
				AllOf: []string{name + "-long", name + "-short"},
			})
		}
	}
	return all
}

func burning(objective string, b burn) string { return objective + "-burn-" + b.name }

func span(seconds int) string {
	if seconds == 3600 {
		return "an hour"
	}
	return fmt.Sprintf("%d hours", seconds/3600)
}
