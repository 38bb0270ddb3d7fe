package preview

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// codeHashes are inputs that say which code is in an archive, not what the stack is (RULES 47).
var codeHashes = []string{"codeSha256", "sourceCodeHash", "sourceHash"}

// flatten puts the leaves of a value into out by their paths: "ttl.attributeName",
// "statement[Tables].action". A list of plain values is one leaf, JSON in a text is looked
// into, and an element of a list has its own name in the path.
func flatten(out map[string]any, path string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for key, member := range v {
			if !slices.Contains(codeHashes, key) {
				flatten(out, strings.TrimPrefix(path+"."+key, "."), member)
			}
		}
		return
	case []any:
		if scalars(v) == nil && len(v) > 0 {
			for i, label := range labels(v) {
				flatten(out, path+"["+label+"]", v[i])
			}
			return
		}
	case string:
		if doc, ok := document(v); ok {
			flatten(out, path, doc)
			return
		}
	}
	out[path] = v
}

// labels tell the elements of a list apart by their names, so that one more of them changes
// no other's path; the nameless are counted.
func labels(list []any) []string {
	seen := map[string]int{}
	all := make([]string, len(list))
	for i, element := range list {
		name := identity(element)
		if name == "" {
			name = firstAction(element)
		}
		switch n := seen[name]; {
		case name == "":
			all[i] = strconv.Itoa(n)
		case n > 0:
			all[i] = name + "#" + strconv.Itoa(n+1)
		default:
			all[i] = name
		}
		seen[name]++
	}
	return all
}

// firstAction names a statement of a policy that has no Sid.
func firstAction(element any) string {
	action := at(element, "Action")
	if list, ok := action.([]any); ok && len(list) > 0 {
		action = list[0]
	}
	name, _ := action.(string)
	return name
}

// identity is what an element of a list calls itself; empty when it does not. A widget of a
// dashboard has its title for a name.
func identity(element any) string {
	for _, key := range []string{"name", "Sid", "properties.title"} {
		if name, ok := at(element, key).(string); ok {
			return name
		}
	}
	return ""
}

// differences are the leaves that differ, by path. same decides whether two leaves are one.
func differences(was, is any, same func(was, is any) bool) []Difference {
	before, after := map[string]any{}, map[string]any{}
	flatten(before, "", was)
	flatten(after, "", is)
	var all []Difference
	paths := maps.Clone(before)
	maps.Copy(paths, after)
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		if d := (Difference{path, before[path], after[path]}); !isArchive(d) && !same(d.Was, d.Is) {
			all = append(all, d)
		}
	}
	return all
}

// isArchive reports whether a file took the place of another: which code runs is no part of a preview.
func isArchive(d Difference) bool {
	was, _ := d.Was.(string)
	is, _ := d.Is.(string)
	return strings.HasPrefix(was, archivePrefix) && strings.HasPrefix(is, archivePrefix)
}

// isHash reports whether one SHA-256 took the place of another: what it is of differs too, and is shown.
func isHash(d Difference) bool { return sha256Sum(d.Was) && sha256Sum(d.Is) }

func sha256Sum(v any) bool {
	text, _ := v.(string)
	sum, err := hex.DecodeString(text)
	return err == nil && len(sum) == sha256.Size
}
