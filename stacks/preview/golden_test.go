package preview_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"leasehold.example/stacks/preview"
)

var update = flag.Bool("update", false, "write what is compared with")

// full is a report in which everything occurs that a format has.
func full(t *testing.T) *preview.Report {
	t.Helper()
	was := newSample()
	was.noLogs, was.extraLogs, was.owner, was.hashKey, was.memory, was.actions = true, true, "nobody", "id", 256, `["dynamodb:GetItem","dynamodb:Scan"]`
	table := "urn:pulumi:prod::sample::leasehold:platform:Table$aws:dynamodb/table:Table::sessions-table"
	r := newSample().report(t, []string{"sample:edge: WAF cannot be attached to an HTTP API; it has <no> firewall | here"},
		preview.Finding{Policy: "table-recovery", Level: preview.Mandatory, URN: table, Message: "point-in-time recovery is off; a deleted item is gone", Why: "CIS"},
		preview.Finding{Policy: "tags", Level: "advisory", Message: "no cost centre is set"})
	changes, err := preview.Compare(was.report(t, nil), r, "commit 1a2b3c4d5e6f (main)")
	if err != nil {
		t.Fatal(err)
	}
	r.Changes = changes
	return r
}

func TestFormats(t *testing.T) {
	t.Parallel()
	r := full(t)
	for file, got := range map[string]string{
		"full.txt": r.Text(preview.Style{}), "full.color.txt": r.Text(preview.Style{Color: true, Width: 80}),
		"full.md": r.Markdown(), "full.json": r.JSON(), "full.mmd": r.Mermaid(),
	} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join("testdata", file)
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("%s is not as it was; if it should not be: go test ./stacks/preview -update\n%s", file, got)
			}
		})
	}
}
