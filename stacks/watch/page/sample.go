package page

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
)

// points is how many a line has: a day of half hours.
const points = 48

// sample makes a day of figures of AWS's up, the same each time for the same label of the same widget.
func sample(label, about string) []float64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(label + about))
	random := rand.New(rand.NewPCG(h.Sum64(), 1)) //nolint:gosec // figures to look at
	all := make([]float64, points)
	for i := range all {
		busy := 1.2 - math.Cos(2*math.Pi*float64(i)/points) + 0.3*random.Float64() // the night is quiet
		switch {
		case label == "available":
			all[i] = 100 - 0.2*max(0, random.Float64()-0.7)
		case lasting(label + about):
			all[i] = (20 + 30*busy) * spread(label)
		case rare(label):
			all[i] = math.Floor(5 * max(0, random.Float64()-0.85) * busy * 4)
		default:
			all[i] = math.Round(400 * busy * (0.5 + float64(h.Sum64()%100)/100))
		}
	}
	return all
}

func has(label string, words ...string) bool {
	for _, w := range words {
		if strings.Contains(strings.ToLower(label), w) {
			return true
		}
	}
	return false
}

func lasting(text string) bool { return has(text, "latency", "duration") }

func rare(label string) bool {
	return has(label, "error", "throttle", "fail", "5xx", "reads", "writes", "item", "query", "blocked", "rotator", "auditor", "undelivered", "tenants into")
}

// spread is how far a percentile is from the median.
func spread(label string) float64 {
	for percentile, factor := range map[string]float64{"p90": 2.2, "p99": 5} {
		if strings.Contains(label, percentile) {
			return factor
		}
	}
	return 1
}

// number is short.
func number(v float64) string {
	switch {
	case v >= 10000:
		return fmt.Sprintf("%.0fk", v/1000)
	case v == math.Trunc(v):
		return strconv.FormatFloat(v, 'f', 0, 64)
	default:
		return strconv.FormatFloat(v, 'f', 2, 64)
	}
}
