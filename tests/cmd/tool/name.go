package main

import (
	"errors"
	"fmt"
	"go/token"
	"go/types"
	"regexp"
	"slices"
	"strings"
)

// longestName leaves room in the 64 characters that models' APIs give to a tool's name, before
// which clients put that of the server. MCP 2026-07-28, "Tool Names", allows 128, capitals,
// hyphens and dots as well; one form is enough, so that two names never differ in it alone.
const longestName = 40

var (
	nameForm = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)
	// scopeForm is narrower than a scope-token (RFC 6749 section 3.3): the Go name is made of its words.
	scopeForm = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*:[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
)

// imported are the packages that the new files import, whose names the new package cannot have, and what
// the new test calls before it calls the package; the directories that the go command treats as special; and
// the package that it leaves out of every build, documentation (go/build, "Package documentation").
var imported = []string{
	"context", "strings", "testing", "fx", "tool", "tooltest", "scopes", "t", "alice",
	"main", "init", "internal", "vendor", "testdata", "documentation",
}

// packageOf is the Go package of a tool: its name without underscores, as Go's are.
func packageOf(name string) string { return strings.ReplaceAll(name, "_", "") }

func checkName(name string) error {
	const want = "NAME: want 1 to 40 lower-case letters and digits, words joined by underscores, a letter first, such as list_invoices"
	switch pkg := packageOf(name); {
	case name == "":
		return errors.New(want + "; it is not set")
	case len(name) > longestName || !nameForm.MatchString(name):
		return fmt.Errorf("%s; got %q", want, name)
	case token.IsKeyword(pkg) || types.Universe.Lookup(pkg) != nil || slices.Contains(imported, pkg):
		return fmt.Errorf("NAME: want a name that Go or the tool's own files have no other meaning for, got %q", name)
	}
	return nil
}

func checkScope(scope string) error {
	if scope == "" || len(scope) <= longestName && scopeForm.MatchString(scope) {
		return nil
	}
	return fmt.Errorf("SCOPE: want up to %d characters such as invoices:read, lower-case words joined by hyphens on both sides of a colon; got %q", longestName, scope)
}

// constant is the Go name of a scope: InvoicesRead for invoices:read.
func constant(scope string) string {
	var b strings.Builder
	for word := range strings.FieldsFuncSeq(scope, func(r rune) bool { return r == ':' || r == '-' }) {
		b.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return b.String()
}
