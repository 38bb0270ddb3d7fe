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
	ok    = "OK"
	alarm = "ALARM"
)

// evaluate is the state of an alarm after series, which has the values of each metric, oldest first, by the metric's place among
// the alarm's. They are as many as CloudWatch looks at, N or some more: how many more, AWS does not say.
//
// The newest N values that there are decide, also those that are older than N periods. Only where there are fewer than N, the
// rest is filled in as the alarm says. Alarms that ignore missing data, or have a state for it, also look at the order of the
// values; they are an error here, as there are none.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
func evaluate(a platform.Alarm, series [][]float64) (string, error) {
	if a.Missing != platform.MissingBreaching && a.Missing != platform.MissingNotBreaching {
		return "", fmt.Errorf("missing data is taken as %q", a.Missing)
	}
	values, err := combine(a, series)
	if err != nil {
		return "", err
	}
	values = values[max(0, len(values)-a.N):]
	breaching := 0
	if a.Missing == platform.MissingBreaching {
		breaching = a.N - len(values)
	}
	for _, value := range values {
		if value > a.Threshold || a.AtLeast && value == a.Threshold {
			breaching++
		}
	}
	if breaching >= a.M {
		return alarm, nil
	}
	return ok, nil
}

// combine are the alarm's values, without the periods that have none.
func combine(a platform.Alarm, series [][]float64) ([]float64, error) {
	if len(series) != len(a.Metrics) {
		return nil, fmt.Errorf("%d series for %d metrics", len(series), len(a.Metrics))
	}
	var all []float64
	for i := range series[0] {
		values := map[string]float64{}
		for m, one := range series {
			if len(one) != len(series[0]) || len(one) < a.N {
				return nil, fmt.Errorf("%d points beside %d, for %d periods", len(one), len(series[0]), a.N)
			}
			values[a.Metrics[m].ID] = one[i]
		}
		value := values[""]
		if a.Expression != "" {
			var err error
			if value, err = calculate(a.Expression, values); err != nil {
				return nil, err
			}
		}
		if !math.IsNaN(value) {
			all = append(all, value)
		}
	}
	return all, nil
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
