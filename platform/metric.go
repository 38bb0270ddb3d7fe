package platform

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Metric is one CloudWatch metric with a statistic: a line of a chart, or what an alarm looks at.
type Metric struct {
	// ID names the metric in an Expression: a lower-case letter, then letters, digits and
	// underscores. Empty where there is no expression.
	ID string
	// Namespace and Name are those that the emitter uses.
	Namespace, Name string
	// Dimensions must be the metric's, all of them: with one more or less it is another
	// metric, which nobody emits. A value that begins with $ is a name of Names.
	Dimensions map[string]string
	// Statistic is Sum, Average, Minimum, Maximum, SampleCount or a percentile such as p99.
	Statistic string
	// Label is what a chart calls the line; empty is the metric's name. Hidden leaves a metric out
	// of its chart, where only an expression uses it.
	Label  string
	Hidden bool
}

// Names are texts that are known when the stack is up, such as a function's name, by what
// a Metric or a Widget calls them after a $.
type Names map[string]pulumi.StringInput

// resolve is the value of a dimension. check has seen that the name exists.
func (n Names) resolve(value string) pulumi.StringInput {
	if name, ok := strings.CutPrefix(value, "$"); ok {
		return n[name]
	}
	return pulumi.String(value)
}

func (n Names) dimensions(m Metric) pulumi.StringMap {
	all := pulumi.StringMap{}
	for key, value := range m.Dimensions {
		all[key] = n.resolve(value)
	}
	return all
}

// check notes what is wrong with a metric under field.
func (n Names) check(c *checks, field string, m Metric) {
	c.want(m.Namespace != "" && m.Name != "" && m.Statistic != "", field, "must have a namespace, a name and a statistic")
	for _, key := range slices.Sorted(maps.Keys(m.Dimensions)) {
		name, ref := strings.CutPrefix(m.Dimensions[key], "$")
		c.want(!ref || n[name] != nil, field, "must not name $%s, which is not in Names", name)
	}
}

// fill replaces every $name of text, which is JSON, by its value.
func (n Names) fill(text string) pulumi.StringOutput {
	keys := slices.SortedFunc(maps.Keys(n), func(a, b string) int { return len(b) - len(a) }) // $mcp after $mcpLogs
	values := make([]any, 0, len(keys))
	for _, key := range keys {
		values = append(values, n[key])
	}
	return pulumi.All(values...).ApplyT(func(values []any) string {
		pairs := make([]string, 0, 2*len(keys))
		for i, key := range keys {
			pairs = append(pairs, "$"+key, fmt.Sprint(values[i]))
		}
		return strings.NewReplacer(pairs...).Replace(text)
	}).(pulumi.StringOutput)
}
