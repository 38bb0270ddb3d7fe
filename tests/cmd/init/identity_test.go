package main

import (
	"strings"
	"testing"
)

func TestIdentity(t *testing.T) {
	t.Parallel()
	good := identity{"github.com/acme/mcp", "acme-mcp", "@acme/platform", "security@acme.example"}
	const (
		wantName = "NAME: want 3 to 20 lower-case letters, digits and inner hyphens, a letter first, as Pulumi and names in AWS are made of it; got "
		wantPath = "MODULE: want a module path such as github.com/acme/mcp"
	)
	for name, test := range map[string]struct {
		change func(*identity)
		want   string
	}{
		"good":                  {func(*identity) {}, ""},
		"no owner, no contact":  {func(i *identity) { i.owner, i.contact = "", "" }, ""},
		"a user, a URL":         {func(i *identity) { i.owner, i.contact = "@ann", "https://acme.example/security" }, ""},
		"the shortest":          {func(i *identity) { i.name = "abc" }, ""},
		"the longest":           {func(i *identity) { i.name = "a2345678901234567890" }, ""},
		"a fork":                {func(i *identity) { i.module = "github.com/acme/" + oldName }, ""},
		"no module":             {func(i *identity) { i.module = "" }, wantPath + ", it is not set"},
		"a URL":                 {func(i *identity) { i.module = "https://github.com/acme/mcp" }, wantPath + `: malformed module path "https://github.com/acme/mcp": double slash`},
		"a word":                {func(i *identity) { i.module = "mcp" }, wantPath + `: malformed module path "mcp": missing dot in first path element`},
		"a slash too many":      {func(i *identity) { i.module = "github.com/acme/" }, wantPath + `: malformed module path "github.com/acme/": trailing slash`},
		"capitals in a path":    {func(i *identity) { i.module = "github.com/Acme/mcp" }, wantPath + `, in lower case (the module proxy and some file systems tell cases apart, others do not), got "github.com/Acme/mcp"`},
		"no name":               {func(i *identity) { i.name = "" }, wantName + `""`},
		"short":                 {func(i *identity) { i.name = "ab" }, wantName + `"ab"`},
		"long":                  {func(i *identity) { i.name = "a23456789012345678901" }, wantName + `"a23456789012345678901"`},
		"capitals":              {func(i *identity) { i.name = "Acme" }, wantName + `"Acme"`},
		"a hyphen at the end":   {func(i *identity) { i.name = "acme-" }, wantName + `"acme-"`},
		"two hyphens":           {func(i *identity) { i.name = "acme--mcp" }, wantName + `"acme--mcp"`},
		"an underscore":         {func(i *identity) { i.name = "acme_mcp" }, wantName + `"acme_mcp"`},
		"a digit first":         {func(i *identity) { i.name = "1acme" }, wantName + `"1acme"`},
		"what Cognito reserves": {func(i *identity) { i.name = "acme-aws" }, `NAME: want a name without aws, got "acme-aws"`},
		"the old name":          {func(i *identity) { i.name = "my-" + oldName }, "NAME: want a name without " + oldName + `, got "my-` + oldName + `"`},
		"an owner without @":    {func(i *identity) { i.owner = "acme/platform" }, `OWNER: want @user or @organization/team, got "acme/platform"`},
		"a contact by name":     {func(i *identity) { i.contact = "Ann <ann@acme.example>" }, `CONTACT: want a mail address or an https URL, got "Ann <ann@acme.example>"`},
		"a contact with more":   {func(i *identity) { i.contact = "https://acme.example/><b>" }, `CONTACT: want a mail address or an https URL, got "https://acme.example/><b>"`},
		"a contact in the open": {func(i *identity) { i.contact = "http://acme.example" }, `CONTACT: want a mail address or an https URL, got "http://acme.example"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := good
			test.change(&i)
			got := ""
			if err := i.check(); err != nil {
				got = err.Error()
			}
			if got != test.want {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}

// TestAllAtOnce: who has four things wrong reads of all four.
func TestAllAtOnce(t *testing.T) {
	t.Parallel()
	err := identity{"mcp", "A", "acme", "nobody"}.check()
	for _, field := range []string{"MODULE: ", "\nNAME: ", "\nOWNER: ", "\nCONTACT: "} {
		if err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%q is not in %v", field, err)
		}
	}
}
