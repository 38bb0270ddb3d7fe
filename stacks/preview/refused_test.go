package preview_test

import (
	"slices"
	"strings"
	"testing"

	"leasehold.example/stacks/preview"
)

const userPool = "aws:cognito/userPool:UserPool"

// pool is a report of a user pool with attributes, of one deployment and its hash.
func pool(stack, hash string, schemas ...any) *preview.Report {
	urn := func(typ string) string { return "urn:pulumi:" + stack + "::leasehold::" + typ + "::x" }
	const deployment = "aws:apigateway/deployment:Deployment"
	return &preview.Report{
		Version: preview.FormatVersion, Project: "leasehold", Stack: stack, Outputs: map[string]any{"version": hash[:1]},
		Resources: []preview.Resource{
			{URN: urn(userPool), Type: userPool, Name: "x", Inputs: map[string]any{"schemas": schemas}},
			{URN: urn(deployment), Type: deployment, Name: "x", Inputs: map[string]any{"triggers": map[string]any{"definition": hash}}},
		},
	}
}

func attribute(name string, mutable bool) map[string]any {
	return map[string]any{"name": name, "attributeDataType": "String", "mutable": mutable}
}

// Attributes of a pool can be added. AWS neither changes nor removes them, and what fails then is the update.
func TestRule47RefusedByAWS(t *testing.T) {
	t.Parallel()
	one, two := strings.Repeat("1", 64), strings.Repeat("2", 64)
	was := pool("main", one, attribute("tenant", true))
	for name, tt := range map[string]struct {
		is   *preview.Report
		want []string
	}{
		"the same":   {pool("main", one, attribute("tenant", true)), nil},
		"added":      {pool("main", one, attribute("tenant", true), attribute("team", true)), nil},
		"changed":    {pool("main", one, attribute("tenant", false)), []string{"schemas[tenant]"}},
		"renamed":    {pool("main", one, attribute("org", true)), []string{"schemas[tenant]"}},
		"constraint": {pool("main", one, map[string]any{"name": "tenant", "attributeDataType": "String", "mutable": true, "required": true}), []string{"schemas[tenant]"}},
		"elsewhere":  {pool("other", one, attribute("org", true)), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := preview.Compare(was, tt.is, "x")
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, loss := range c.Stateful {
				if loss.Effect != "refused" || loss.Type != userPool {
					t.Errorf("%+v", loss)
				}
				got = append(got, loss.Because...)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("refused %q, want %q", got, tt.want)
			}
			tt.is.Changes = c
			if said := strings.Contains(tt.is.Text(preview.Style{Width: 300}), "AWS refuses, and the update fails"); said != (tt.want != nil) {
				t.Errorf("said so: %v", said)
			}
		})
	}
	for stack, want := range map[string]string{
		"main":  "Differences from x  0 added, 0 removed, 1 changed; outputs differ",
		"other": "Differences from x  0 added, 0 removed, 0 changed; outputs differ", // hashes are of what is shown
	} {
		is := pool(stack, two, attribute("tenant", true))
		var err error
		if is.Changes, err = preview.Compare(was, is, "x"); err != nil {
			t.Fatal(err)
		}
		if text := is.Text(preview.Style{}); !strings.Contains(text, want+"\n") {
			t.Errorf("%q is not in:\n%s", want, text)
		}
	}
}
