package pages_test

import (
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
)

// node is an element of a page. The pages are written so that they parse as XML, too.
type node struct {
	name     string
	attrs    map[string]string
	children []*node
	text     string // of the element itself and of everything in it
}

func parsePage(t *testing.T, body string) *node {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(body))
	d.Entity = xml.HTMLEntity
	stack := []*node{{}}
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("not well-formed: %v\n%s", err, body)
		}
		switch token := token.(type) {
		case xml.StartElement:
			n := &node{name: token.Name.Local, attrs: map[string]string{}}
			for _, a := range token.Attr {
				n.attrs[a.Name.Local] = a.Value
			}
			last := stack[len(stack)-1]
			last.children = append(last.children, n)
			stack = append(stack, n)
		case xml.EndElement:
			stack = stack[:len(stack)-1]
		case xml.CharData:
			for _, n := range stack {
				n.text += string(token)
			}
		}
	}
	return stack[0]
}

// all are the elements of these names, in their order; every element without names.
func (n *node) all(names ...string) []*node {
	var found []*node
	for _, c := range n.children {
		if len(names) == 0 || slices.Contains(names, c.name) {
			found = append(found, c)
		}
		found = append(found, c.all(names...)...)
	}
	return found
}

// one is the element with an attribute; the test fails unless there is exactly one.
func (n *node) one(t *testing.T, attr, value string) *node {
	t.Helper()
	var found []*node
	for _, e := range n.all() {
		if e.attrs[attr] == value {
			found = append(found, e)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d elements with %s=%q in: %s", len(found), attr, value, n.text)
	}
	return found[0]
}

// form is the form that posts to a path and holds a control of this name and value.
func (n *node) form(t *testing.T, action, name, value string) *node {
	t.Helper()
	for _, f := range n.all("form") {
		for _, c := range f.all() {
			if f.attrs["action"] == action && c.attrs["name"] == name && c.attrs["value"] == value {
				return f
			}
		}
	}
	t.Fatalf("no form to %s with %s=%q", action, name, value)
	return nil
}

// values are what a browser sends with a form when no button has a name.
func (n *node) values() map[string]string {
	values := map[string]string{}
	for _, c := range n.all("input", "textarea", "select") {
		switch {
		case c.attrs["type"] == "radio" || c.attrs["type"] == "checkbox":
			if c.attrs["checked"] != "" {
				values[c.attrs["name"]] = c.attrs["value"]
			}
		case c.name == "textarea":
			values[c.attrs["name"]] = strings.TrimPrefix(c.text, "\n")
		case c.name == "select":
			for _, o := range c.all("option") {
				if o.attrs["selected"] != "" {
					values[c.attrs["name"]] = o.attrs["value"]
				}
			}
		default:
			values[c.attrs["name"]] = c.attrs["value"]
		}
	}
	return values
}

// wantSound holds what is true of every page: it can be used with a keyboard and with a
// screen reader, and it runs and loads nothing.
func wantSound(t *testing.T, page *node) {
	t.Helper()
	ids := map[string]int{}
	labelled := map[string]bool{}
	for _, e := range page.all() {
		if id, ok := e.attrs["id"]; ok {
			ids[id]++
		}
		if e.name == "label" {
			labelled[e.attrs["for"]] = true
		}
	}
	for id, n := range ids {
		if n > 1 || id == "" || strings.ContainsAny(id, " \t\n") {
			t.Errorf("id %q stands %d times", id, n)
		}
	}
	for _, e := range page.all() {
		wantSoundElement(t, e, ids, labelled)
	}
	if len(page.all("h1")) != 1 || len(page.all("main")) != 1 || page.all("html")[0].attrs["lang"] != "en" {
		t.Error("a page has one h1, one main and a language")
	}
	if title := page.all("title")[0].text; !strings.Contains(title, "Leasehold") {
		t.Errorf("title %q", title)
	}
	if first := page.all("a")[0]; first.attrs["href"] != "#main" {
		t.Errorf("the first link is %q, want the one that skips to the content", first.attrs["href"])
	}
}

func wantSoundElement(t *testing.T, e *node, ids map[string]int, labelled map[string]bool) {
	t.Helper()
	for _, name := range []string{"aria-describedby", "aria-labelledby"} {
		for _, id := range strings.Fields(e.attrs[name]) {
			if ids[id] != 1 {
				t.Errorf("%s names %q, which is not there", name, id)
			}
		}
	}
	for name, value := range e.attrs {
		if strings.HasPrefix(name, "on") || name == "style" || name == "autofocus" {
			t.Errorf("<%s %s>", e.name, name)
		}
		if name == "href" || name == "src" || name == "action" {
			if !strings.HasPrefix(value, "/") && !strings.HasPrefix(value, "#") || strings.HasPrefix(value, "//") {
				t.Errorf("<%s %s=%q> leaves the server", e.name, name, value)
			}
		}
	}
	switch e.name {
	case "script", "style", "img", "iframe", "b-hostile":
		t.Errorf("<%s> on a page", e.name)
	case "input", "select", "textarea":
		if e.attrs["type"] != "hidden" && (e.attrs["id"] == "" || !labelled[e.attrs["id"]]) {
			t.Errorf("no label for %s %q", e.name, e.attrs["name"])
		}
		if e.attrs["aria-invalid"] != "" && !strings.Contains(e.attrs["aria-describedby"], "-error") {
			t.Errorf("the error of %q is not tied to it", e.attrs["name"])
		}
	case "form":
		if e.attrs["method"] != "post" || e.values()["csrf"] == "" {
			t.Errorf("form to %q: method %q, CSRF token %q", e.attrs["action"], e.attrs["method"], e.values()["csrf"])
		}
	case "fieldset":
		if len(e.children) == 0 || e.children[0].name != "legend" {
			t.Error("a fieldset without legend")
		}
	case "th":
		if e.attrs["scope"] == "" {
			t.Error("a th without scope")
		}
	}
}
