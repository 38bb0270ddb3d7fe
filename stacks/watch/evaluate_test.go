package watch_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"leasehold.example/platform"
)

// none is a period without data.
var none = math.NaN()

// States of an alarm.
const (
	ok           = "OK"
	alarm        = "ALARM"
	insufficient = "INSUFFICIENT_DATA"
)

// evaluate is the state of an alarm after the last period of series, which has the values of each metric, oldest first, by
// the metric's place among the alarm's. was is the state before.
//
// CloudWatch looks at the last N periods, fills those without data as the alarm says, and rings when M of them breach. It
// also reaches further back for data when some of the N are missing; the series here have no more than N.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
func evaluate(a platform.Alarm, series [][]float64, was string) (string, error) {
	var breaching, missing int
	for i := range a.N {
		value, err := point(a, series, i)
		if err != nil {
			return "", err
		}
		switch {
		case math.IsNaN(value):
			missing++
		case value > a.Threshold, a.AtLeast && value == a.Threshold:
			breaching++
		}
	}
	switch {
	case missing == 0:
	case a.Missing == platform.MissingBreaching:
		breaching += missing
	case a.Missing == platform.MissingNotBreaching:
	case missing == a.N && a.Missing == platform.MissingIgnore:
		return was, nil
	case missing == a.N:
		return insufficient, nil
	}
	if breaching >= a.M {
		return alarm, nil
	}
	return ok, nil
}

// point is the alarm's value in period i, not a number without data.
func point(a platform.Alarm, series [][]float64, i int) (float64, error) {
	if len(series) != len(a.Metrics) {
		return 0, fmt.Errorf("%d series for %d metrics", len(series), len(a.Metrics))
	}
	values := map[string]float64{}
	for m, values1 := range series {
		if len(values1) != a.N {
			return 0, fmt.Errorf("%d points for %d periods", len(values1), a.N)
		}
		values[a.Metrics[m].ID] = values1[i]
	}
	if a.Expression == "" {
		return values[""], nil
	}
	return calculate(a.Expression, values)
}

// calculate does what of metric math the alarms use: + - * / with a number or a metric, comparisons, IF and FILL. A
// metric without data makes everything that it is in have none, but for FILL. An unknown word is an error.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
func calculate(expression string, values map[string]float64) (float64, error) {
	p := &parser{tokens: tokens(expression), values: values}
	value := p.comparison()
	if p.err == nil && len(p.tokens) > 0 {
		p.fail("%q is left", p.tokens)
	}
	return value, p.err
}

// tokens are words, numbers and signs.
func tokens(s string) (all []string) {
	for s = strings.TrimSpace(s); s != ""; s = strings.TrimSpace(s) {
		n := strings.IndexFunc(s, func(r rune) bool { return !strings.ContainsRune("._", r) && !isWord(r) })
		switch {
		case n < 0:
			n = len(s)
		case n == 0 && len(s) > 1 && slices.Contains([]string{"<=", ">="}, s[:2]):
			n = 2
		case n == 0:
			n = 1
		}
		all, s = append(all, s[:n]), s[n:]
	}
	return all
}

func isWord(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
}

type parser struct {
	tokens []string
	values map[string]float64
	err    error
}

func (p *parser) fail(format string, args ...any) float64 {
	if p.err == nil {
		p.err = errors.New("metric math: " + fmt.Sprintf(format, args...))
	}
	return none
}

func (p *parser) peek() string {
	if len(p.tokens) == 0 {
		return ""
	}
	return p.tokens[0]
}

func (p *parser) next() string {
	token := p.peek()
	if token != "" {
		p.tokens = p.tokens[1:]
	}
	return token
}

func (p *parser) expect(token string) {
	if got := p.next(); got != token {
		p.fail("%q where %q is due", got, token)
	}
}

func (p *parser) comparison() float64 {
	left := p.sum()
	holds := map[string]func(a, b float64) bool{
		">": func(a, b float64) bool { return a > b }, ">=": func(a, b float64) bool { return a >= b },
		"<": func(a, b float64) bool { return a < b }, "<=": func(a, b float64) bool { return a <= b },
	}[p.peek()]
	if holds == nil {
		return left
	}
	p.next()
	right := p.sum()
	switch {
	case math.IsNaN(left) || math.IsNaN(right):
		return none
	case holds(left, right):
		return 1
	}
	return 0
}

func (p *parser) sum() float64 {
	value := p.product()
	for p.err == nil {
		switch p.peek() {
		case "+":
			p.next()
			value += p.product()
		case "-":
			p.next()
			value -= p.product()
		default:
			return value
		}
	}
	return none
}

func (p *parser) product() float64 {
	value := p.term()
	for p.err == nil {
		switch p.peek() {
		case "*":
			p.next()
			value *= p.term()
		case "/":
			p.next()
			if value /= p.term(); math.IsInf(value, 0) {
				value = none // a division by zero has no data
			}
		default:
			return value
		}
	}
	return none
}

func (p *parser) term() float64 {
	token := p.next()
	if number, err := strconv.ParseFloat(token, 64); err == nil {
		return number
	}
	switch token {
	case "(":
		value := p.comparison()
		p.expect(")")
		return value
	case "IF":
		args := p.arguments(3)
		if math.IsNaN(args[0]) {
			return none
		}
		if args[0] != 0 {
			return args[1]
		}
		return args[2]
	case "FILL":
		args := p.arguments(2)
		if math.IsNaN(args[0]) {
			return args[1]
		}
		return args[0]
	}
	value, known := p.values[token]
	if !known {
		return p.fail("there is no %q", token)
	}
	return value
}

func (p *parser) arguments(n int) []float64 {
	args := make([]float64, n)
	p.expect("(")
	for i := range args {
		if i > 0 {
			p.expect(",")
		}
		args[i] = p.comparison()
	}
	p.expect(")")
	return args
}
