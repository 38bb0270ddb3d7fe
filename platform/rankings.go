package platform

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Ranking counts the lines of logs by the values of their fields, whichever these are: a rule of CloudWatch
// Contributor Insights. What a dimension of a metric must not be, such as a tenant, can be a key.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/ContributorInsights-RuleSyntax.html
type Ranking struct {
	// Name follows project and stack: lower-case words with hyphens.
	Name string
	// LogGroups have lines in JSON; each may be a $name.
	LogGroups []string
	// Keys are the fields, one to four, by whose values lines are counted. A line that lacks one is not counted.
	Keys []string
	// Only has the values, ten at most, of which a counted line has one, by field; Except those that it must not
	// have. There are four fields in both together at most.
	Only, Except map[string][]string
}

// RankingsArgs describe rankings.
type RankingsArgs struct {
	Rankings []Ranking
	Names    Names
}

// Rankings are rules of Contributor Insights.
type Rankings struct {
	pulumi.ResourceState
	// RuleNames are what dashboards call them, by Ranking.Name.
	RuleNames map[string]pulumi.StringOutput
}

// NewRankings makes the rules.
func NewRankings(ctx *pulumi.Context, name string, args *RankingsArgs, opts ...pulumi.ResourceOption) (*Rankings, error) {
	if err := args.validate(name); err != nil {
		return nil, err
	}
	c := &Rankings{RuleNames: map[string]pulumi.StringOutput{}}
	if err := ctx.RegisterComponentResource("leasehold:platform:Rankings", name, c, opts...); err != nil {
		return nil, err
	}
	for _, r := range args.Rankings {
		definition, err := r.definition()
		if err != nil {
			return nil, fmt.Errorf("ranking %q: %w", r.Name, err)
		}
		rule, err := cloudwatch.NewContributorInsightRule(ctx, name+"-"+r.Name, &cloudwatch.ContributorInsightRuleArgs{
			RuleName:       pulumi.String(fmt.Sprintf("%s-%s-%s", ctx.Project(), ctx.Stack(), r.Name)),
			RuleState:      pulumi.String("ENABLED"),
			RuleDefinition: args.Names.fill(definition),
		}, pulumi.Parent(c))
		if err != nil {
			return nil, fmt.Errorf("ranking %q: %w", r.Name, err)
		}
		c.RuleNames[r.Name] = rule.RuleName
	}
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{})
}

func (args *RankingsArgs) validate(name string) error {
	c := newChecks("Rankings", name)
	for _, r := range args.Rankings {
		c.want(alarmName.MatchString(r.Name), "Rankings", "must have names of lower-case words with hyphens, not %q", r.Name)
		c.want(len(r.LogGroups) > 0, r.Name+": LogGroups", "must not be empty")
		c.between(r.Name+": Keys", len(r.Keys), 1, 4)
		c.between(r.Name+": Only and Except", len(r.Only)+len(r.Except), 0, 4)
		for _, filter := range []map[string][]string{r.Only, r.Except} {
			for _, field := range slices.Sorted(maps.Keys(filter)) {
				c.between(r.Name+": "+field, len(filter[field]), 1, 10)
			}
		}
	}
	return c.err()
}

// definition is the rule as CloudWatch reads it, with the $names still in it.
func (r Ranking) definition() (string, error) {
	keys := make([]string, len(r.Keys))
	for i, key := range r.Keys {
		keys[i] = "$." + key
	}
	filters := []map[string]any{}
	for _, field := range slices.Sorted(maps.Keys(r.Only)) {
		filters = append(filters, map[string]any{"Match": "$." + field, "In": r.Only[field]})
	}
	for _, field := range slices.Sorted(maps.Keys(r.Except)) {
		filters = append(filters, map[string]any{"Match": "$." + field, "NotIn": r.Except[field]})
	}
	definition, err := json.Marshal(map[string]any{
		"Schema":        map[string]any{"Name": "CloudWatchLogRule", "Version": 1},
		"LogGroupNames": r.LogGroups, "LogFormat": "JSON", "AggregateOn": "Count",
		"Contribution": map[string]any{"Keys": keys, "Filters": filters},
	})
	return string(definition), err
}
