package preview

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Mermaid is a flowchart of the components, each with the resources in it, and an arrow to
// what it uses: https://mermaid.js.org/syntax/flowchart.html
func (r *Report) Mermaid() string {
	top := map[string]string{} // URN to that of the component it is in, or its own
	parent := map[string]string{}
	for _, got := range r.Resources {
		parent[got.URN] = got.Parent
	}
	for urn := range parent {
		root := urn
		for parent[root] != "" {
			root = parent[root]
		}
		top[urn] = root
	}
	var w bytes.Buffer
	fmt.Fprintln(&w, "flowchart LR")
	node := map[string]string{}
	for _, got := range r.Resources {
		if top[got.URN] != got.URN || strings.HasPrefix(got.Type, "pulumi:providers:") {
			continue
		}
		node[got.URN] = fmt.Sprintf("n%d", len(node))
		fmt.Fprintf(&w, "  %s[\"%s\"]\n", node[got.URN], r.label(got, top))
	}
	for _, edge := range r.edges(top) {
		if node[edge[0]] != "" && node[edge[1]] != "" {
			fmt.Fprintf(&w, "  %s --> %s\n", node[edge[0]], node[edge[1]])
		}
	}
	return w.String()
}

// label is the name, the type, and how many resources of which types are inside.
func (r *Report) label(of Resource, top map[string]string) string {
	lines := []string{"<b>" + mermaidText(of.Name) + "</b>", "<i>" + mermaidText(kind(of.Type)) + "</i>"}
	inside := map[string]int{}
	for _, got := range r.Resources {
		if top[got.URN] == of.URN && !got.Component && got.URN != of.URN {
			inside[kind(got.Type)]++
		}
	}
	for _, typ := range slices.Sorted(maps.Keys(inside)) {
		line := mermaidText(typ)
		if n := inside[typ]; n > 1 {
			line = fmt.Sprintf("%d × %s", n, line)
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "<br/>")
}

// edges are the dependencies between what is in two different components, each once.
func (r *Report) edges(top map[string]string) [][2]string {
	var all [][2]string
	for _, got := range r.Resources {
		for _, on := range got.Dependencies {
			if from, to := top[got.URN], top[on]; to != "" && from != to {
				all = append(all, [2]string{from, to})
			}
		}
	}
	slices.SortFunc(all, func(a, b [2]string) int { return slices.Compare(a[:], b[:]) })
	return slices.Compact(all)
}

// mermaidText is a text inside of a quoted label; Mermaid knows entities by number sign.
func mermaidText(text string) string {
	return strings.NewReplacer("#", "#35;", `"`, "#quot;", "<", "#lt;", ">", "#gt;").Replace(text)
}
