package preview

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"leasehold.example/stacks/forcenew"
)

func TestEveryStatefulTypeSaysWhatItLoses(t *testing.T) {
	t.Parallel()
	for _, typ := range forcenew.Types() {
		if forcenew.Stateful(typ) != (losses[typ] != "") {
			t.Errorf("%s: stateful is %v, losses has %q", typ, forcenew.Stateful(typ), losses[typ])
		}
	}
}

func TestMarkdownSaysThatNothingDiffers(t *testing.T) {
	t.Parallel()
	r := &Report{Project: "p", Stack: "s", Changes: &Changes{Against: "stack dev"}}
	if got := r.Markdown(); !strings.Contains(got, "\nDifferences from stack dev: none.\n") {
		t.Errorf("got %s", got)
	}
}

func TestFlatten(t *testing.T) {
	t.Parallel()
	out := map[string]any{}
	flatten(out, "", map[string]any{
		"plain":          []any{"a", "b"},
		"named":          []any{map[string]any{"name": "x", "v": 1.0}, map[string]any{"name": "y", "v": 2.0}},
		"twice":          []any{map[string]any{"name": "x", "v": 1.0}, map[string]any{"name": "x", "v": 2.0}},
		"nameless":       []any{map[string]any{"v": 1.0}, map[string]any{"v": 2.0}},
		"mixed":          `[{"Action":["a:B","a:C"],"Effect":"Allow"},{"Sid":"S","Effect":"Deny"}]`,
		"json":           `{"Statement":[{"Sid":"A","Effect":"Allow"}]}`,
		"dashboardBody":  `{"widgets":[{"y":0,"properties":{"title":"Calls","view":"table"}}]}`,
		"noJSON":         "{not json",
		"empty":          []any{},
		"sourceCodeHash": "ignored",
	})
	for path, want := range map[string]string{
		"plain": `["a","b"]`, "named[x].v": "1", "named[y].v": "2", "twice[x].v": "1", "twice[x#2].v": "2",
		"nameless[0].v": "1", "nameless[1].v": "2", "mixed[a:B].Effect": "Allow", "mixed[S].Effect": "Deny",
		"json.Statement[A].Effect": "Allow", "dashboardBody.widgets[Calls].properties.view": `table`,
		"noJSON": "{not json", "empty": "[]",
	} {
		if v, ok := out[path]; !ok || short(v) != want {
			t.Errorf("%s = %v, want %s", path, v, want)
		}
	}
	if _, ok := out["sourceCodeHash"]; ok {
		t.Error("a code hash is compared")
	}
}

func TestWrap(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		text        string
		first, rest int
		lines       []string
	}{
		{"", 0, 0, []string{""}},
		{"one two three", 0, 0, []string{"one two", "three"}},
		{"one two three", 6, 0, []string{"one", "two three"}},
		{"one two three", 0, 1, []string{"one two", "three"}},
		{"one two three", 6, 1, []string{"one", "two", "three"}},
		{"one two three", 7, 1, []string{"", "one two", "three"}},
		{"averylongword b", 0, 0, []string{"averylongword", "b"}},
		{"abcdef · b", 0, 0, []string{"abcdef ·", "b"}},
		{"ab abcde · b", 0, 0, []string{"ab", "abcde · b"}},
		{"\x1b[31mone\x1b[0m two", 0, 0, []string{"\x1b[31mone\x1b[0m two"}},
	} {
		if got := wrap(tt.text, tt.first, tt.rest, 9); !slices.Equal(got, tt.lines) {
			t.Errorf("wrap(%q, %d, %d) = %q, want %q", tt.text, tt.first, tt.rest, got, tt.lines)
		}
	}
}

// TestMarkdownHolds: no text of a program can end a table cell, a code span or a fold.
func TestMarkdownHolds(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"a|b":             "`a\\|b`",
		"a`b":             "``a`b``",
		"`":               "`` ` ``",
		"</details>":      "`</details>`", // code is never HTML
		"two\nlines here": "`\"two\\nlines here\"`",
	} {
		if got := code(short(in)); got != want {
			t.Errorf("code(%q) = %s, want %s", in, got, want)
		}
	}
	if got, want := escape("</details> @all *x*\n| y"), `&lt;/details&gt; &#64;all \*x\* \| y`; got != want {
		t.Errorf("escape = %s, want %s", got, want)
	}
	if got := fenced("", "```\nx"); !strings.HasPrefix(got, "````\n") {
		t.Errorf("fenced = %s", got)
	}
}

// TestMarkdownFitsAComment: what is too long is left out, and it says so; warnings stay.
func TestMarkdownFitsAComment(t *testing.T) {
	t.Parallel()
	r := &Report{Project: "p", Stack: "s", Warnings: []string{"look here"}}
	for i := range 3000 {
		r.Resources = append(r.Resources, Resource{URN: fmt.Sprint("urn:", i), Name: strings.Repeat("n", 30), Type: "t"})
	}
	got := r.Markdown()
	if len(got) > commentLimit || !strings.Contains(got, "look here") || !strings.Contains(got, "*Resources: left out") {
		t.Errorf("%d bytes: %.300s", len(got), got)
	}
}
