package preview_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"leasehold.example/stacks/forcenew"
	"leasehold.example/stacks/preview"
)

// told are the changes in lines: "+ name", "- name", "~ name path", "! name effect because".
func told(c *preview.Changes) []string {
	var all []string
	for _, r := range c.Added {
		all = append(all, "+ "+r.Name)
	}
	for _, r := range c.Removed {
		all = append(all, "- "+r.Name)
	}
	for _, change := range c.Changed {
		if change.Was != "" {
			all = append(all, "~ "+change.Name+" was "+change.Was[strings.LastIndex(change.Was, "::")+2:])
		}
		for _, d := range change.Differences {
			all = append(all, fmt.Sprintf("~ %s %s %v %v", change.Name, d.Path, d.Was, d.Is))
		}
	}
	for _, d := range c.Tags {
		all = append(all, fmt.Sprintf("~ %d resources %s %v %v", d.Resources, d.Path, d.Was, d.Is))
	}
	for _, d := range c.Outputs {
		all = append(all, "~ output "+d.Path)
	}
	for _, l := range c.Stateful {
		line := "! " + l.Name + " " + l.Effect
		if len(l.Because) > 0 {
			line += " " + strings.Join(l.Because, " ")
		}
		if l.Guard != "" {
			line += " (" + l.Guard + ")"
		}
		all = append(all, line)
	}
	return all
}

// TestRule47Compare changes one thing of the sample and says what must be told of it: rule 47
// demands stateful resources from a list, aliases honoured, code hashes ignored.
func TestRule47Compare(t *testing.T) {
	t.Parallel()
	const guard = " (protect: pulumi refuses; deletion protection: AWS refuses)"
	renamed := []pulumi.Alias{{Name: pulumi.String("sessions")}}
	for name, tt := range map[string]struct {
		was, is func(*sample)
		want    []string
	}{
		"nothing":                       {},
		"code only":                     {is: func(s *sample) { s.archive, s.codeHash = "build/new.zip", "2" }},
		"a setting":                     {is: func(s *sample) { s.memory = 1024 }, want: []string{"~ server-function memorySize 512 1024"}},
		"inside of a policy":            {is: func(s *sample) { s.actions = `"dynamodb:Scan"` }, want: []string{"~ server-policy policy.Statement[Sessions].Action [dynamodb:GetItem dynamodb:PutItem] dynamodb:Scan"}},
		"a tag of all":                  {is: func(s *sample) { s.owner = "security" }, want: []string{"~ 3 resources tags.owner platform security"}},
		"an option":                     {is: func(s *sample) { s.protect = false }, want: []string{"~ sessions-table (protect) true false"}},
		"added":                         {is: func(s *sample) { s.extraLogs = true }, want: []string{"+ server-more-logs"}},
		"removed":                       {was: func(s *sample) { s.extraLogs = true }, want: []string{"- server-more-logs", "! server-more-logs destroyed"}},
		"a stateful update in place":    {is: func(s *sample) { s.ttl = "gone" }, want: []string{"~ sessions-table ttl.attributeName exp gone"}},
		"a stateful replacement":        {is: func(s *sample) { s.hashKey = "id" }, want: []string{"~ sessions-table hashKey pk id", "! sessions-table replaced hashKey" + guard}},
		"nobody guards it":              {was: unguarded, is: func(s *sample) { unguarded(s); s.hashKey = "id" }, want: []string{"~ sessions-table hashKey pk id", "! sessions-table replaced hashKey (deletion protection: AWS refuses)"}},
		"a replacement that is ignored": {was: ignoring, is: func(s *sample) { ignoring(s); s.hashKey = "id" }, want: []string{"~ sessions-table hashKey pk id"}},
		"a nested one": {is: func(s *sample) { s.local = true }, want: []string{
			"~ sessions-table localSecondaryIndexes[by-age].name <nil> by-age",
			"~ sessions-table localSecondaryIndexes[by-age].projectionType <nil> ALL",
			"~ sessions-table localSecondaryIndexes[by-age].rangeKey <nil> age",
			"! sessions-table replaced localSecondaryIndexes[by-age].name localSecondaryIndexes[by-age].projectionType localSecondaryIndexes[by-age].rangeKey" + guard,
		}},
		"moved with an alias": {is: func(s *sample) { s.table, s.aliases = "leases", renamed }, want: []string{
			// Names are invented from logical ones; in AWS the table keeps its own.
			`~ server-policy policy.Statement[Sessions].Resource arn:aws:dynamodb:eu-central-1:111122223333:table/sessions-table arn:aws:dynamodb:eu-central-1:111122223333:table/leases-table`,
			"~ leases-table was sessions-table", "~ leases was sessions",
		}},
		"moved without": {is: func(s *sample) { s.table = "leases" }, want: []string{
			"+ leases-table", "+ leases", "- sessions-table", "- sessions",
			`~ server-policy policy.Statement[Sessions].Resource arn:aws:dynamodb:eu-central-1:111122223333:table/sessions-table arn:aws:dynamodb:eu-central-1:111122223333:table/leases-table`,
			"! sessions-table destroyed" + guard,
		}},
		"kept when removed": {was: func(s *sample) { unguarded(s); s.retain = true }, is: func(s *sample) { s.noTable = true }, want: []string{
			"- sessions-table", "- sessions",
			`~ server-policy policy.Statement[Sessions].Resource arn:aws:dynamodb:eu-central-1:111122223333:table/sessions-table arn:aws:dynamodb:eu-central-1:111122223333:table/theirs`,
			"! sessions-table abandoned (deletion protection: AWS refuses; the old one stays in AWS)",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			was, is := newSample(), newSample()
			if tt.was != nil {
				tt.was(&was)
			}
			if tt.is != nil {
				tt.is(&is)
			} else if tt.was == nil {
				is = was
			}
			c, err := preview.Compare(was.report(t, nil), is.report(t, nil), "then")
			if err != nil {
				t.Fatal(err)
			}
			if got := told(c); !slices.Equal(got, tt.want) {
				t.Errorf("told\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
			if c.Empty() != (len(tt.want) == 0) {
				t.Errorf("Empty() = %v", c.Empty())
			}
		})
	}
}

func unguarded(s *sample) { s.protect = false }

func ignoring(s *sample) { s.ignore = []string{"hashKey"} }

// TestRule47AnotherRegion: pulumi-aws replaces a provider that goes to another region, and
// with it everything that it made.
func TestRule47AnotherRegion(t *testing.T) {
	t.Parallel()
	was, is := newSample(), newSample()
	is.region = "eu-west-1"
	c, err := preview.Compare(was.report(t, nil), is.report(t, nil), "then")
	if err != nil {
		t.Fatal(err)
	}
	var lost []string
	for _, l := range c.Stateful {
		lost = append(lost, l.Name+" "+strings.Join(l.Because, " "))
	}
	want := []string{"server-logs the provider's region", "sessions-table the provider's region"}
	if !slices.Equal(lost, want) {
		t.Errorf("lost %q, want %q", lost, want)
	}
}

// TestCompareStacks: what only carries the other stack's name, account or region is no difference.
func TestCompareStacks(t *testing.T) {
	t.Parallel()
	dev, prod := newSample(), newSample()
	dev.region, dev.memory = "eu-west-1", 256
	c, err := preview.Compare(dev.reportOf(t, "dev", nil), prod.reportOf(t, "prod", nil), "stack dev")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := told(c), []string{"~ server-function memorySize 256 512"}; !slices.Equal(got, want) {
		t.Errorf("told %q, want %q", got, want)
	}
	// The function's description, an ARN in a policy, the provider's region, two outputs.
	if c.Renamed != 5 || !c.OtherStack {
		t.Errorf("Renamed = %d, want 5; OtherStack = %v", c.Renamed, c.OtherStack)
	}
}

func TestCompareRefusesAnotherFormat(t *testing.T) {
	t.Parallel()
	is := newSample().report(t, nil)
	was := *is
	was.Version = 2
	_, err := preview.Compare(&was, is, "commit 1a2b")
	if want := "commit 1a2b has version 2 of the preview's format, this is version 1: they cannot be compared"; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

// TestRule47ForceNew holds the table to what the provider's sources say of the resources
// that this program makes, so that nobody shortens it unnoticed.
func TestRule47ForceNew(t *testing.T) {
	t.Parallel()
	for typ, inputs := range map[string][]string{
		"aws:cloudwatch/logGroup:LogGroup":          {"logGroupClass", "name", "namePrefix"},
		"aws:cognito/resourceServer:ResourceServer": {"identifier", "name", "userPoolId"},
		"aws:cognito/userPool:UserPool":             {"aliasAttributes", "name", "usernameAttributes", "usernameConfiguration"},
		"aws:cognito/userPoolClient:UserPoolClient": {"generateSecret", "userPoolId"},
		"aws:cognito/userPoolDomain:UserPoolDomain": {"domain", "userPoolId"},
		"aws:dynamodb/table:Table":                  {"hashKey", "localSecondaryIndexes", "name", "rangeKey", "restoreSourceName"},
		"aws:kms/key:Key":                           {"customKeyStoreId", "customerMasterKeySpec", "keyUsage", "multiRegion"},
		"aws:s3/bucketV2:BucketV2":                  {"bucket", "bucketPrefix", "objectLockEnabled"},
		"aws:secretsmanager/secret:Secret":          {"name", "namePrefix"},
	} {
		forced, known := forcenew.Properties(typ)
		if !known || !forcenew.Stateful(typ) {
			t.Errorf("%s: known %v, stateful %v", typ, known, forcenew.Stateful(typ))
		}
		for _, input := range inputs {
			if !slices.Contains(forced, input) {
				t.Errorf("%s: %s forces a replacement and is not in the table", typ, input)
			}
		}
	}
}
