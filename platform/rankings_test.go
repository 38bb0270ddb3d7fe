package platform_test

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"leasehold.example/platform"
)

func rankings(args *platform.RankingsArgs) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		r, err := platform.NewRankings(ctx, "ranking", args)
		if err == nil {
			ctx.Export("rule", r.RuleNames["tenant-errors"])
		}
		return err
	}
}

// A rule counts by its keys what passes its filters, in the log groups that its names mean.
func TestRankings(t *testing.T) {
	t.Parallel()
	g := run(t, rankings(&platform.RankingsArgs{
		Names: platform.Names{"logs": pulumi.String("/aws/lambda/mcp")},
		Rankings: []platform.Ranking{{
			Name: "tenant-errors", LogGroups: []string{"$logs"}, Keys: []string{"tenant", "outcome"},
			Only: map[string][]string{"message": {"request"}}, Except: map[string][]string{"outcome": {"ok", "cancelled"}},
		}},
	}))
	rule := find(t, g, "ranking-tenant-errors")
	wantInputs(t, rule, `{"ruleName": "leasehold-test-tenant-errors", "ruleState": "ENABLED"}`)
	wantDocument(t, rule, "ruleDefinition", `{"Schema": {"Name": "CloudWatchLogRule", "Version": 1}, "LogFormat": "JSON", "AggregateOn": "Count",
		"LogGroupNames": ["/aws/lambda/mcp"], "Contribution": {"Keys": ["$.tenant", "$.outcome"], "Filters": [
			{"Match": "$.message", "In": ["request"]}, {"Match": "$.outcome", "NotIn": ["ok", "cancelled"]}]}}`)
	if got := g.Outputs["rule"]; got.StringValue() != "leasehold-test-tenant-errors" {
		t.Errorf("a dashboard would call it %v", got)
	}
}

func TestRankingsArgs(t *testing.T) {
	t.Parallel()
	five := []string{"a", "b", "c", "d", "e"}
	wantLines(t, refused(t, rankings(&platform.RankingsArgs{Rankings: []platform.Ranking{{
		Name: "Tenants", Keys: five, Only: map[string][]string{"a": {}, "b": five}, Except: map[string][]string{"c": append(five, "f", "g", "h", "i", "j", "k"), "d": five, "e": five},
	}}})),
		`Rankings "ranking": Rankings must have names`, "LogGroups must not be empty", "Keys must be 1 to 4, not 5", "Only and Except must be 0 to 4, not 5",
		"Tenants: a must be 1 to 10, not 0", "Tenants: c must be 1 to 10, not 11")
}
