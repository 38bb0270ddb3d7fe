package pack

import (
	"fmt"
	"strings"
)

// Document is docs/policies.md: every policy, its reason and its reference.
func Document() string {
	var b strings.Builder
	b.WriteString(`# The policies of a stack

This page is made from the policies in ` + "`stacks/policy/pack`" + `, by ` + "`go test ./stacks/policy/pack -update`" + `.

The pack runs three ways, and says the same each time as far as values are known:

| Where | How |
|---|---|
| in tests and in a pull request | ` + "`make preview STACK=prod`" + `: offline, without an account |
| in a real preview or update | ` + "`pulumi preview --policy-pack stacks/policy`, `pulumi up --policy-pack stacks/policy`" + ` |
| in code | ` + "`pack.Check(graph, level)`" + ` |

` + "`leasehold:policies`" + ` in ` + "`Pulumi.<stack>.yaml`" + ` is the level of a stack. With ` + "`advisory`" + ` a finding is
reported. With ` + "`mandatory`" + `, the default, it ends ` + "`make preview`, `make deploy`" + ` and an update with ` + "`--policy-pack`" + ` in an
error, and the stack is a protected one: the policies marked *protected* below, about recovery and deletion, apply to it alone.

To switch one policy off, or to change its level, give Pulumi a file; say in it why:

` + "```" + `json
{"key-deletion-window": {"enforcementLevel": "disabled"}}
` + "```" + `

` + "`pulumi up --policy-pack stacks/policy --policy-pack-config policies.json`" + `; the policy ` + "`all`" + ` is every policy.

The bootstrap program, ` + "`stacks/bootstrap`" + `, is held to the same policies, with
` + "`iam-no-wildcard-resource`" + ` disabled: a role that deploys works on what has no name before it is made.

A value that is not known yet, as the ARN of what is not there yet, is no finding. Policies
of one resource are asked again during the update, before the resource is made, and
those marked *stack* when everything is there.

The pack has a server of its own (` + "`stacks/policy/server.go`" + `), because the one of the SDK, policyx.Main of
v3.250.0, asks no policy of a stack and shows no resource options. Pulumi's own installation has
the host for policy packs in Go. Where it is missing, the engine starts the
executable ` + "`pulumi-analyzer-policy-go`" + ` of the PATH instead:

<!-- needs: Pulumi's language host -->
` + "```" + `sh
go build -o .tools/pulumi-analyzer-policy-go ./stacks/policy
PATH="$PWD/.tools:$PATH" pulumi preview --policy-pack stacks/policy
` + "```" + `

| Policy | Applies to | Why | Reference |
|---|---|---|---|
`)
	for _, p := range Policies(Mandatory) {
		for _, r := range rules() {
			if r.name == p.Name() {
				b.WriteString(r.row())
			}
		}
	}
	return b.String()
}

func (r rule) row() string {
	scope := []string{"every stack"}
	if r.protected {
		scope = []string{"*protected*"}
	}
	if r.stack != nil {
		scope = append(scope, "*stack*")
	}
	reference := r.control
	if reference == "" {
		reference = "documentation"
	}
	return fmt.Sprintf("| %#q | %s | %s | [%s](%s) |\n", r.name, strings.Join(scope, ", "), r.why, reference, r.page)
}
