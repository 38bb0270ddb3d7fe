package preview

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"leasehold.example/stacks/forcenew"
)

// Changes are what differs from another preview.
type Changes struct {
	// Against names the other one: "stack dev", or "commit 1a2b3c4d5e6f (main)".
	Against string `json:"against"`
	// OtherStack means that the other one is a stack of its own, so nothing is about to
	// happen: what would be replaced is another resource already.
	OtherStack bool `json:"otherStack,omitempty"`
	// Stateful are resources that would lose what `pulumi up` does not bring back. It is an
	// estimate (forcenew.Properties).
	Stateful []Loss   `json:"stateful"`
	Added    []Ref    `json:"added"`
	Removed  []Ref    `json:"removed"`
	Changed  []Change `json:"changed"`
	// Tags are differences of tags that several resources have alike; they are in no Change.
	Tags []TagDifference `json:"tags"`
	// Outputs are the program's outputs that differ.
	Outputs []Difference `json:"outputs"`
	// Renamed counts differences that are only the other stack's name, account or region.
	Renamed int `json:"renamed,omitempty"`
}

// Ref names a resource.
type Ref struct {
	URN  string `json:"urn"`
	Type string `json:"type"`
	Name string `json:"name"`
}

// Loss is a stateful resource that would be replaced or destroyed.
type Loss struct {
	Ref
	// Effect is "replaced", "destroyed", "abandoned" (kept in AWS, managed by nobody), or "refused": the update fails.
	Effect string `json:"effect"`
	// Because are the inputs that force a replacement, or that AWS refuses to change.
	Because []string `json:"because,omitempty"`
	Loses   string   `json:"loses"`
	// Guard is what would stop it; empty when nothing would.
	Guard string `json:"guard,omitempty"`
}

// Change is a resource that is there on both sides and differs.
type Change struct {
	Ref
	// Was is its former URN when an alias says that it moved; empty when it did not.
	Was string `json:"was,omitempty"`
	// Replaced are the inputs whose change makes another resource, by the same estimate as Stateful.
	Replaced    []string     `json:"replaced,omitempty"`
	Differences []Difference `json:"differences"`
}

// TagDifference is one tag that differs alike on a number of resources.
type TagDifference struct {
	Difference
	Resources int `json:"resources"`
}

// Difference is an input or an option; nil is absence.
type Difference struct {
	Path string `json:"path"` // options are in parentheses: "(protect)"
	Was  any    `json:"was"`
	Is   any    `json:"is"`
}

// Compare says what differs in is from was. It fails when their formats do.
func Compare(was, is *Report, against string) (*Changes, error) {
	if was.Version != FormatVersion || is.Version != FormatVersion {
		return nil, fmt.Errorf("%s has version %d of the preview's format, this is version %d: they cannot be compared", against, was.Version, is.Version)
	}
	c := &comparison{Changes: Changes{
		Against: against, OtherStack: was.Stack != is.Stack,
		Stateful: []Loss{}, Added: []Ref{}, Removed: []Ref{}, Changed: []Change{}, Tags: []TagDifference{}, Outputs: []Difference{},
	}}
	if c.OtherStack {
		c.rename = renamer(was, is)
	}
	before := map[string]*Resource{}
	for i := range was.Resources {
		before[key(was.Resources[i].URN)] = &was.Resources[i]
	}
	for i := range is.Resources {
		c.resource(&is.Resources[i], before)
	}
	for _, r := range was.Resources { // in the order of URNs
		if before[key(r.URN)] != nil {
			c.Removed = append(c.Removed, r.ref())
			c.removed(&r)
		}
	}
	c.moved(was, is)
	c.gatherTags()
	c.Outputs = append(c.Outputs, differences(was.Outputs, is.Outputs, c.same)...)
	slices.SortStableFunc(c.Stateful, func(a, b Loss) int { return strings.Compare(a.URN, b.URN) })
	return &c.Changes, nil
}

// Empty reports whether nothing differs.
func (c *Changes) Empty() bool {
	return len(c.Added)+len(c.Removed)+len(c.Changed)+len(c.Tags)+len(c.Outputs) == 0
}

// gatherTags takes out of the changes what every second one would say: a tag of the whole
// stack is one difference, not fifty.
func (c *Changes) gatherTags() {
	alike := func(d Difference) string { return fmt.Sprintf("%s\x00%v\x00%v", d.Path, d.Was, d.Is) }
	count := map[string]int{}
	for _, change := range c.Changed {
		for _, d := range change.Differences {
			if strings.HasPrefix(d.Path, "tags.") {
				count[alike(d)]++
			}
		}
	}
	for i := range c.Changed {
		c.Changed[i].Differences = slices.DeleteFunc(c.Changed[i].Differences, func(d Difference) bool {
			n := count[alike(d)]
			if n > 1 {
				c.Tags = append(c.Tags, TagDifference{d, n})
			}
			return n > 1
		})
	}
	slices.SortFunc(c.Tags, func(a, b TagDifference) int { return strings.Compare(alike(a.Difference), alike(b.Difference)) })
	c.Tags = slices.CompactFunc(c.Tags, func(a, b TagDifference) bool { return alike(a.Difference) == alike(b.Difference) })
	c.Changed = slices.DeleteFunc(c.Changed, func(change Change) bool { return len(change.Differences) == 0 && change.Was == "" })
}

type comparison struct {
	Changes
	rename func(string) string // nil within one stack
}

// key is a URN without its stack and project, by which two stacks, and two names of a
// project, are compared.
func key(urn string) string {
	parts := strings.SplitN(urn, "::", 3)
	return parts[len(parts)-1]
}

func (r *Resource) ref() Ref { return Ref{r.URN, r.Type, r.Name} }

// resource finds the resource, or what it was by an alias, and takes that out of before.
func (c *comparison) resource(r *Resource, before map[string]*Resource) {
	for _, urn := range append([]string{r.URN}, r.Aliases...) {
		old := before[key(urn)]
		if old == nil {
			continue
		}
		delete(before, key(urn))
		change := Change{Ref: r.ref(), Differences: differences(old.compared(), r.compared(), c.same)}
		if c.OtherStack {
			change.Differences = slices.DeleteFunc(change.Differences, isHash)
		}
		if key(urn) != key(r.URN) {
			change.Was = old.URN
		}
		if !r.Read {
			change.Replaced = replacedBy(r, change.Differences)
		}
		if len(change.Differences) > 0 || change.Was != "" {
			c.Changed = append(c.Changed, change)
		}
		if len(change.Replaced) > 0 && forcenew.Stateful(r.Type) {
			c.replaced(r, old, change.Replaced)
		}
		if why := refusedBy(r, old, change.Differences); len(why) > 0 && !c.OtherStack {
			c.Stateful = append(c.Stateful, Loss{Ref: r.ref(), Effect: "refused", Because: why, Loses: loses(r.Type), Guard: "AWS refuses"})
		}
		return
	}
	c.Added = append(c.Added, r.ref())
}

// compared are the inputs and the options whose change a reviewer wants to see.
func (r *Resource) compared() map[string]any {
	all := map[string]any{"(provider)": key(r.Provider), "(ignoreChanges)": strings.Join(r.IgnoreChanges, " ")}
	for name, set := range map[string]bool{"(protect)": r.Protect, "(retainOnDelete)": r.RetainOnDelete, "(deleteBeforeReplace)": r.DeleteBeforeReplace} {
		all[name] = set
	}
	for name, v := range r.Inputs {
		all[name] = v
	}
	return all
}

// same reports whether two leaves say the same. Of another stack, what only carries that
// stack's name is the same; it is counted.
func (c *comparison) same(was, is any) bool {
	if reflect.DeepEqual(was, is) {
		return true
	}
	if c.rename == nil || c.rename(short(was)) != short(is) {
		return false
	}
	c.Renamed++
	return true
}

// renamer gives a text of one stack the name, account and region of the other.
func renamer(was, is *Report) func(string) string {
	var words []func(string) string
	for _, pair := range [][2]string{{was.Stack, is.Stack}, {was.Account, is.Account}, {was.Region, is.Region}} {
		if pair[0] == "" || pair[0] == pair[1] {
			continue
		}
		word := regexp.MustCompile(`\b` + regexp.QuoteMeta(pair[0]) + `\b`)
		words = append(words, func(s string) string { return word.ReplaceAllLiteralString(s, pair[1]) })
	}
	return func(s string) string {
		for _, replace := range words {
			s = replace(s)
		}
		return s
	}
}

func (c *comparison) replaced(r, old *Resource, why []string) {
	c.Stateful = append(c.Stateful, Loss{Ref: r.ref(), Effect: "replaced", Because: why, Loses: loses(r.Type), Guard: old.guard()})
}

func (c *comparison) removed(old *Resource) {
	if old.Read || !forcenew.Stateful(old.Type) {
		return
	}
	loss := Loss{Ref: old.ref(), Effect: "destroyed", Loses: loses(old.Type), Guard: old.guard()}
	if old.RetainOnDelete {
		loss.Effect, loss.Loses = "abandoned", "nothing yet: it stays in AWS and no stack manages it"
	}
	c.Stateful = append(c.Stateful, loss)
}

// moved adds the stateful resources whose provider goes to another region: pulumi-aws
// replaces such a provider, and so all that it made (pulumi-aws#4000).
func (c *comparison) moved(was, is *Report) {
	if c.OtherStack || was.Region == "" || was.Region == is.Region {
		return
	}
	listed := map[string]bool{}
	for _, loss := range c.Stateful {
		listed[loss.URN] = true
	}
	old := map[string]*Resource{}
	for i := range was.Resources {
		old[key(was.Resources[i].URN)] = &was.Resources[i]
	}
	for i, r := range is.Resources {
		before := old[key(r.URN)]
		if forcenew.Stateful(r.Type) && !r.Read && !listed[r.URN] && before != nil {
			c.replaced(&is.Resources[i], before, []string{"the provider's region"})
		}
	}
}

// guard is what stops the engine or AWS from deleting a resource as it is now.
func (r *Resource) guard() string {
	var all []string
	if r.Protect {
		all = append(all, "protect: pulumi refuses")
	}
	if r.Inputs["deletionProtectionEnabled"] == true || r.Inputs["deletionProtection"] == "ACTIVE" {
		all = append(all, "deletion protection: AWS refuses")
	}
	if r.RetainOnDelete {
		all = append(all, "the old one stays in AWS")
	}
	return strings.Join(all, "; ")
}
