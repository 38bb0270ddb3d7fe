package program

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"reflect"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/stack-configuration.md")

// docs/stack-configuration.md is made from Config, so that it cannot drift.
func TestDocumentation(t *testing.T) {
	t.Parallel()
	const path = "../../docs/stack-configuration.md"
	want := document(t)
	if *update {
		if err := os.WriteFile(path, want, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what Config says; run `go test ./program -run TestDocumentation -update` in stacks", path)
	}
}

// Tags that nothing reads, and numbers that are none, would be settings without bounds.
func TestTags(t *testing.T) {
	t.Parallel()
	walk(reflect.ValueOf(Config{}), "", func(f keyed, path string, _ reflect.Value) {
		for _, name := range []string{"min", "max"} {
			if value, ok := f.Tag.Lookup(name); ok {
				if _, err := strconv.ParseFloat(value, 64); err != nil {
					t.Errorf("%s: %s is no number", path, name)
				}
			}
		}
		if _, ok := patterns[f.Tag.Get("match")]; f.Tag.Get("match") != "" && !ok {
			t.Errorf("%s: there is no pattern %q", path, f.Tag.Get("match"))
		}
		if _, ok := serverVariable(f.Tag.Get("env")); f.Tag.Get("env") != "" && !ok {
			t.Errorf("%s: there is no variable %s", path, f.Tag.Get("env"))
		}
		if f.want() == "" {
			t.Errorf("%s does not say what it wants", path)
		}
		if value := f.Tag.Get("default"); value != "" {
			r := reader{set: map[string]bool{}}
			r.leaf(reflect.New(f.Type).Elem(), f, path, value)
			if len(r.problems) > 0 {
				t.Errorf("the default is refused: %v", r.problems)
			}
		}
	})
}

func document(t *testing.T) []byte {
	t.Helper()
	comments := fieldComments(t)
	var table, details bytes.Buffer
	for _, f := range fields(reflect.TypeFor[Config]()) {
		writeSetting(&table, &details, f, f.name(), comments["Config"])
		if f.kind() != reflect.Struct {
			continue
		}
		for _, member := range fields(f.Type) {
			writeSetting(&table, &details, member, f.name()+"."+member.name(), comments[f.Type.Name()])
		}
	}
	return fmt.Appendf(nil, `# Settings of a stack

`+"`Pulumi.<stack>.yaml`"+` has these settings, each with the prefix `+"`leasehold:`"+`. An empty one is an absent one. What is wrong, unknown
or without effect stops the program before it does anything, with one message that lists all of it by key. A name with a
dot is a member of an object: `+"`pulumi config set --path leasehold:function.memory 1024`"+`.

A setting with ↗ may be what another stack exports: `+"`stack:ORGANIZATION/PROJECT/STACK#OUTPUT`"+`, as in `+"`stack:acme/network/prod#vpcId`"+`. With a
backend of your own (a bucket, a folder) ORGANIZATION is the word `+"`organization`"+`. A list may be one output, or have several as elements,
and `+"`issuers`"+` any text in it. The output must exist, and must not be a secret but in `+"`issuers`"+`. A preview without a cloud shows
a placeholder, and says so.

| Setting | Value | Default |
|---|---|---|
%s
## What they mean

%s
(Made from `+"`stacks/program`"+` by its test with `+"`-update`"+`; do not edit.)
`, table.Bytes(), details.Bytes())
}

func writeSetting(table, details *bytes.Buffer, f keyed, path string, comments map[string]string) {
	if f.kind() != reflect.Struct {
		byDefault := "none"
		if f.byDefault() != "" {
			byDefault = "`" + f.byDefault() + "`"
		}
		if f.Tag.Get("need") != "" {
			byDefault = "**must be set**"
		}
		reference := ""
		if _, ok := f.Tag.Lookup("ref"); ok {
			reference = " ↗"
		}
		_, _ = fmt.Fprintf(table, "| `%s` | %s | %s |\n", path, strings.ReplaceAll(f.want(), "|", `\|`)+reference, byDefault)
	}
	text := strings.TrimPrefix(strings.Join(strings.Fields(comments[f.Name]), " "), f.Name)
	_, _ = fmt.Fprintf(details, "- `%s`%s\n", path, text)
}

// fieldComments are the doc comments of fields, by struct and field.
func fieldComments(t *testing.T) map[string]map[string]string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "config.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]map[string]string{}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok {
			return true
		}
		if s, ok := spec.Type.(*ast.StructType); ok {
			all[spec.Name.Name] = map[string]string{}
			for _, field := range s.Fields.List {
				all[spec.Name.Name][field.Names[0].Name] = field.Doc.Text()
			}
		}
		return false
	})
	return all
}
