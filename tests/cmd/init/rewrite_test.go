package main

import (
	"strings"
	"testing"
)

var acme = identity{module: "github.com/acme/mcp", name: "acme-mcp"}

// written puts the name of this repository, its title, its module path and the prefix of its
// variables into the cases, which init would otherwise rename.
var written = strings.NewReplacer("{n}", oldName, "{T}", oldTitle, "{m}", oldModule, "{V}", strings.ToUpper(oldName))

func TestRewrite(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		file, before, after string
	}{
		"words":             {"a.md", "{T} and {n}: {n}-prod, x-{n}-challenge, .{n}, \"{n}\"\n", "acme-mcp and acme-mcp: acme-mcp-prod, x-acme-mcp-challenge, .acme-mcp, \"acme-mcp\"\n"},
		"part of a word":    {"a.md", "{n}er my{n} {T}s\n", "{n}er my{n} {T}s\n"},
		"module paths":      {"a.sh", "go test {m}/libs/... {m} [{m}]\n", "go test github.com/acme/mcp/libs/... github.com/acme/mcp [github.com/acme/mcp]\n"},
		"settings and URNs": {"a.json", "urn:pulumi:prod::{n}::{n}:platform:Key::data {n}:edge\n", "urn:pulumi:prod::acme-mcp::{n}:platform:Key::data acme-mcp:edge\n"},
		"variables":         {"a.md", "{V}_TABLE\n", "{V}_TABLE\n"},
		"formats":           {"a.md", "{n}/seal/v1 {n}/mcp:basic\n", "{n}/seal/v1 acme-mcp/mcp:basic\n"},
		"escapes":           {"a.json", `"a\n{n}:b\t{n}/seal/v1 \n{m}"` + "\n", `"a\nacme-mcp:b\t{n}/seal/v1 \ngithub.com/acme/mcp"` + "\n"},
		"Go": {
			"a.go", "package a\n\nimport (\n\t\"fmt\"\n\n\t\"{m}/libs\"\n\t\"{m}/libs/seal\"\n)\n\n// {T} is.\nvar a, b = `{n}`, \"{n}/owner/v1\" // {n}\n",
			"package a\n\nimport (\n\t\"fmt\"\n\n\t\"github.com/acme/mcp/libs\"\n\t\"github.com/acme/mcp/libs/seal\"\n)\n\n// acme-mcp is.\nvar a, b = `acme-mcp`, \"{n}/owner/v1\" // acme-mcp\n",
		},
		"columns of Go":       {"a.go", "package a\n\nvar m = map[string]int{\n\t\"{n}\":   1,\n\t\"another-key\": 2,\n}\n", "package a\n\nvar m = map[string]int{\n\t\"acme-mcp\":    1,\n\t\"another-key\": 2,\n}\n"},
		"identifiers of Go":   {"a.go", "package a\n\nvar {n} = 1\n", "package a\n\nvar {n} = 1\n"},
		"lines of Windows":    {"a.go", "package a\r\n\r\n// {T}\r\n", "package a\r\n\r\n// acme-mcp\r\n"},
		"modules in order":    {"go.mod", "module {m}/tests\n\nrequire (\n\tgolang.org/x/mod v0.41.0\n\t{m}/libs v0.0.0\n)\n\nreplace {m}/libs => ../libs\n", "module github.com/acme/mcp/tests\n\nrequire (\n\tgithub.com/acme/mcp/libs v0.0.0\n\tgolang.org/x/mod v0.41.0\n)\n\nreplace github.com/acme/mcp/libs => ../libs\n"},
		"npm":                 {"package-lock.json", "{\n  \"name\": \"{n}-tests\",\n  \"x\": \"{n}\"\n}\n", "{\n  \"name\": \"acme-mcp-tests\",\n  \"x\": \"{n}\"\n}\n"},
		"a lock file":         {"go.sum", "# v1 {n}\n", "# v1 {n}\n"},
		"a licence":           {"LICENSE", "Copyright of {T}\n", "Copyright of {T}\n"},
		"a picture":           {"a.png", "{n}", "{n}"},
		"the README":          {"README.md", "# {T}\n\nWhat it is.\n\n## Run {T}\n", "# acme-mcp\n\nacme-mcp is an MCP server whose sessions belong to one tenant and one user, on localhost and on AWS Lambda.\n\nMade from {T}, commit 1a2b3c; [docs/your-own.md](docs/your-own.md) says what was renamed.\n\n## Run acme-mcp\n"},
		"another README":      {"README.md", "# Ours\n\nMade from {T}, commit 1a2b3c.\n", "# Ours\n\nMade from {T}, commit 1a2b3c.\n"},
		"no contact yet":      {"SECURITY.md", contactHole + "\n", contactHole + "\n"},
		"no owner yet":        {".github/CODEOWNERS", "* " + ownerHole + "\n", "* " + ownerHole + "\n"},
		"a file of no kind":   {"a.unheard-of", "{n}\n", "{n}\n"},
		"a script by its top": {"bin/a", "#!/bin/sh\necho {n}\n", "#!/bin/sh\necho acme-mcp\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before, want := written.Replace(test.before), written.Replace(test.after)
			r := newRewriter(acme, "1a2b3c")
			k := kindOf(test.file, []byte(before))
			got, err := r.rewrite(k, test.file, []byte(before))
			if err != nil || string(got) != want {
				t.Fatalf("%v, got\n%s\nwant\n%s", err, got, want)
			}
			if again, err := r.rewrite(k, test.file, got); err != nil || string(again) != want {
				t.Errorf("%v, the second time\n%s", err, again)
			}
		})
	}
}
