package waf

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// rateBased is a rate-based statement that counts by address or by headers.
// https://docs.aws.amazon.com/waf/latest/APIReference/API_RateBasedStatement.html
type rateBased struct {
	Limit               int
	EvaluationWindowSec int // 0: 300
	AggregateKeyType    string
	CustomKeys          []struct {
		Header struct {
			Name                string
			TextTransformations transformations
		}
	}
}

func (s rateBased) validate() error {
	var errs []error
	if s.Limit < 10 || s.Limit > 2_000_000_000 {
		errs = append(errs, fmt.Errorf("limit %d is not between 10 and 2000000000", s.Limit))
	}
	if !slices.Contains([]int{0, 60, 120, 300, 600}, s.EvaluationWindowSec) {
		errs = append(errs, fmt.Errorf("evaluationWindowSec %d is not 60, 120, 300 or 600", s.EvaluationWindowSec))
	}
	switch {
	case s.AggregateKeyType == "IP" && len(s.CustomKeys) == 0, s.AggregateKeyType == "CUSTOM_KEYS" && len(s.CustomKeys) > 0:
	default:
		errs = append(errs, fmt.Errorf("aggregateKeyType %q with %d customKeys is not known here", s.AggregateKeyType, len(s.CustomKeys)))
	}
	for _, k := range s.CustomKeys {
		if k.Header.Name == "" {
			errs = append(errs, errors.New("a custom key that is not a header is not known here"))
		}
		errs = append(errs, k.Header.TextTransformations.validate())
	}
	return errors.Join(errs...)
}

// key is what the request is counted under. One that lacks a header is not counted at all.
// The address is that of the connection: no header is believed.
// https://docs.aws.amazon.com/waf/latest/APIReference/API_RateBasedStatementCustomKey.html
func (s rateBased) key(r *http.Request) (string, bool) {
	if s.AggregateKeyType == "IP" {
		host, _, err := net.SplitHostPort(r.RemoteAddr)
		return host, err == nil
	}
	var key []string
	for _, k := range s.CustomKeys {
		values := r.Header.Values(k.Header.Name)
		if len(values) == 0 {
			return "", false
		}
		key = append(key, strings.Join(values, ","))
	}
	return strings.Join(key, "\n"), true
}

// rate counts requests by key. AWS estimates the rate with more weight on recent requests,
// some seconds late, and does not promise to meet the limit exactly. This estimate is
// immediate: the present window's count, and the part of the last one's that the sliding
// window still covers, as if they had come evenly.
// https://docs.aws.amazon.com/waf/latest/developerguide/waf-rule-statement-type-rate-based-caveats.html
type rate struct {
	rateBased
	window time.Duration
	now    func() time.Time

	mu       sync.Mutex
	index    int64 // of the present window
	present  map[string]int
	previous map[string]int
}

func newRate(s rateBased, now func() time.Time) *rate {
	seconds := s.EvaluationWindowSec
	if seconds == 0 {
		seconds = 300
	}
	return &rate{rateBased: s, window: time.Duration(seconds) * time.Second, now: now, present: map[string]int{}}
}

// matches counts the request, and is true beyond the limit. Those that are blocked count
// too: a client that does not slow down stays out.
func (c *rate) matches(r *request) bool {
	key, ok := c.key(r.Request)
	if !ok {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now().UnixNano()
	index, into := now/int64(c.window), now%int64(c.window)
	switch index {
	case c.index:
	case c.index + 1:
		c.previous, c.present = c.present, map[string]int{}
	default:
		c.previous, c.present = nil, map[string]int{}
	}
	c.index = index
	c.present[key]++
	covered := 1 - float64(into)/float64(c.window)
	return float64(c.present[key])+float64(c.previous[key])*covered > float64(c.Limit)
}

// sizeConstraint is a size constraint statement on the body.
// https://docs.aws.amazon.com/waf/latest/APIReference/API_SizeConstraintStatement.html
type sizeConstraint struct {
	ComparisonOperator string
	Size               int
	FieldToMatch       struct {
		Body *struct {
			OversizeHandling string // "": CONTINUE
		}
	}
	TextTransformations transformations
}

func (s sizeConstraint) validate() error {
	var errs []error
	if !slices.Contains([]string{"EQ", "NE", "LE", "LT", "GE", "GT"}, s.ComparisonOperator) {
		errs = append(errs, fmt.Errorf("comparisonOperator %q", s.ComparisonOperator))
	}
	if s.FieldToMatch.Body == nil {
		errs = append(errs, errors.New("a size that is not the body's is not known here"))
	} else if !slices.Contains([]string{"", "CONTINUE", "MATCH", "NO_MATCH"}, s.FieldToMatch.Body.OversizeHandling) {
		errs = append(errs, fmt.Errorf("oversizeHandling %q", s.FieldToMatch.Body.OversizeHandling))
	}
	return errors.Join(append(errs, s.TextTransformations.validate())...)
}

// matches compares the part of the body that WAF sees: a size beyond the inspection limit
// is never reached when oversize handling is CONTINUE (RULES 38).
// https://docs.aws.amazon.com/waf/latest/APIReference/API_Body.html
func (s sizeConstraint) matches(r *request) bool {
	if handling := s.FieldToMatch.Body.OversizeHandling; r.oversize && (handling == "MATCH" || handling == "NO_MATCH") {
		return handling == "MATCH"
	}
	n := len(r.body)
	switch s.ComparisonOperator {
	case "EQ":
		return n == s.Size
	case "NE":
		return n != s.Size
	case "LE":
		return n <= s.Size
	case "LT":
		return n < s.Size
	case "GE":
		return n >= s.Size
	default:
		return n > s.Size
	}
}
