package config_test

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"leasehold.example/apps/mcp/config"
	"leasehold.example/libs/identity"
)

var update = flag.Bool("update", false, "write docs/configuration.md")

// docs/configuration.md is made from Config, so that it cannot drift.
func TestDocumentation(t *testing.T) {
	t.Parallel()
	path := filepath.Join("..", "..", "..", "docs", "configuration.md")
	want := document(t)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what Config says; run `go test ./config -run TestDocumentation -update` in apps/mcp", path)
	}
}

// Each constant is a variable of Config and each variable has a constant: a tag cannot
// refer to one.
func TestNames(t *testing.T) {
	t.Parallel()
	constants := map[string]string{}
	ast.Inspect(parse(t, "names.go"), func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok && strings.HasPrefix(spec.Names[0].Name, "Env") {
			value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			constants[value] = spec.Names[0].Name
		}
		return true
	})
	fields := map[string]string{}
	for f := range reflect.TypeFor[config.Config]().Fields() {
		fields[f.Tag.Get("env")] = "Env" + f.Name
		if f.Tag.Get("want") == "" {
			t.Errorf("%s does not say what it wants", f.Name)
		}
	}
	if !maps.Equal(constants, fields) {
		t.Errorf("names.go has\n%v, Config has\n%v", constants, fields)
	}
	for name := range constants {
		if !strings.HasPrefix(name, config.Prefix) && !strings.HasPrefix(name, config.PrefixOTLP) {
			t.Errorf("%s lacks the prefix %s", name, config.Prefix)
		}
	}
}

func parse(t *testing.T, file string) *ast.File {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func document(t *testing.T) []byte {
	t.Helper()
	comments := structComments(t, "config.go", "Config")
	var out bytes.Buffer
	out.WriteString(`# Configuration

The MCP server reads these environment variables, and those of the AWS SDK. An empty one is an absent one. A missing or
wrong one, or one with the prefix that is not here, stops the start with one message that lists all that is wrong.
Those marked with * make no sense for ` + "`make run`" + `, which has a store, an issuer and keys of its own, and stop it.
The Lambda authorizer reads those marked with †, and only those; others stop it. It alone reads those marked with ‡.

| Variable | Value | Default |
|---|---|---|
`)
	var details bytes.Buffer
	for f := range reflect.TypeFor[config.Config]().Fields() {
		name, mark, byDefault := f.Tag.Get("env"), "", "none"
		if value, ok := f.Tag.Lookup("envDefault"); ok {
			byDefault = "`" + value + "`"
		}
		if f.Tag.Get("need") != "" {
			byDefault = "**must be set**"
		}
		if f.Tag.Get("deployed") != "" {
			mark = " *"
		}
		mark += map[string]string{"too": " †", "only": " ‡"}[f.Tag.Get("authorizer")]
		_, _ = fmt.Fprintf(&out, "| `%s`%s | %s | %s |\n", name, mark, f.Tag.Get("want"), byDefault)
		text := strings.TrimPrefix(strings.Join(strings.Fields(comments[f.Name]), " "), f.Name)
		_, _ = fmt.Fprintf(&details, "- `%s`%s\n", name, text)
	}
	out.WriteString("\n## What they mean\n\n")
	out.Write(details.Bytes())
	out.WriteString("\n## An issuer\n\n`LEASEHOLD_ISSUERS` is a JSON array of objects with these members; others are refused.\n\n")
	out.WriteString(issuerMembers(t))
	out.WriteString("\n(Made from `apps/mcp/config` by its test with `-update`; do not edit.)\n")
	return out.Bytes()
}

func issuerMembers(t *testing.T) string {
	t.Helper()
	file := filepath.Join("..", "..", "..", "libs", "identity", "issuer.go")
	comments := structComments(t, file, "Issuer")
	members := map[string]string{
		"ModeAudience": string(identity.ModeAudience), "ModeClientID": string(identity.ModeClientID),
	}
	for f := range reflect.TypeFor[identity.Issuer]().Fields() {
		members[f.Name], _, _ = strings.Cut(f.Tag.Get("json"), ",")
	}
	var out strings.Builder
	for f := range reflect.TypeFor[identity.Issuer]().Fields() {
		if members[f.Name] == "-" {
			continue
		}
		text := strings.TrimPrefix(strings.Join(strings.Fields(comments[f.Name]), " "), f.Name)
		text = strings.ReplaceAll(text, "; http only with InsecureLoopback", "") // not for the environment
		text = goName.ReplaceAllStringFunc(text, func(word string) string {
			if member := members[strings.TrimPrefix(word, "Issuer.")]; member != "" && member != "-" {
				return "`" + member + "`"
			}
			return word
		})
		_, _ = fmt.Fprintf(&out, "- `%s`%s\n", members[f.Name], text)
	}
	return out.String()
}

// goName finds what may be the name of a field in a comment.
var goName = regexp.MustCompile(`\b(Issuer\.)?[A-Z][A-Za-z]+\b`)

// structComments are the doc comments of the fields of a struct in file.
func structComments(t *testing.T, file, name string) map[string]string {
	t.Helper()
	comments := map[string]string{}
	ast.Inspect(parse(t, file), func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok || spec.Name.Name != name {
			return true
		}
		for _, field := range spec.Type.(*ast.StructType).Fields.List {
			comments[field.Names[0].Name] = field.Doc.Text()
		}
		return false
	})
	return comments
}
