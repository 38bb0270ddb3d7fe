package platform

import (
	"errors"
	"fmt"
	"slices"
)

// checks collects what is wrong with the arguments of one component, so that one error
// names every field.
type checks struct {
	component string
	errs      []error
}

func newChecks(kind, name string) *checks {
	return &checks{component: fmt.Sprintf("%s %q", kind, name)}
}

// want notes that field is not as expected unless ok: "must be …".
func (c *checks) want(ok bool, field, expected string, args ...any) {
	if !ok {
		c.errs = append(c.errs, fmt.Errorf("%s: %s "+expected, append([]any{c.component, field}, args...)...))
	}
}

// between wants low <= n <= high.
func (c *checks) between(field string, n, low, high int) {
	c.want(low <= n && n <= high, field, "must be %d to %d, not %d", low, high, n)
}

// retention wants a number of days that CloudWatch Logs knows; keeping logs for ever is none.
func (c *checks) retention(field string, days int) {
	c.want(slices.Contains(retentionDays, days), field, "must be one of %v, not %d", retentionDays, days)
}

// err is nil when nothing was wrong.
func (c *checks) err() error { return errors.Join(c.errs...) }

// retentionDays are the values of
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
var retentionDays = []int{
	1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
}
