// Package iam decides, as AWS does, whether a role's policies allow a call: enough of the
// language for the policies that our stack writes. What it does not know is an error, so
// that a new element in a policy is not decided by accident.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
package iam

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Policy is one policy document of a role.
type Policy struct {
	// Name is the policy's own, for messages.
	Name       string
	Statements []Statement
}

// Statement is one of a policy's.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
type Statement struct {
	Sid       string
	Deny      bool
	Actions   []string
	Resources []string
	// Conditions by operator ("StringEquals") and context key ("aws:SourceAccount").
	Conditions map[string]map[string][]string
}

// texts is a JSON string or an array of strings.
type texts []string

// UnmarshalJSON reads either form; numbers and booleans are values of conditions too.
func (t *texts) UnmarshalJSON(b []byte) error {
	var many []any
	if err := json.Unmarshal(b, &many); err != nil {
		many = make([]any, 1)
		if err := json.Unmarshal(b, &many[0]); err != nil {
			return err
		}
	}
	for _, v := range many {
		switch v.(type) {
		case string, bool, float64:
			*t = append(*t, fmt.Sprint(v))
		default:
			return fmt.Errorf("want a string or an array of strings, got %s", b)
		}
	}
	return nil
}

// Parse reads a policy document. Elements that no policy of a role has, or that this
// package does not decide, are errors.
func Parse(name string, document []byte) (Policy, error) {
	var d struct {
		Version   string
		Statement []statement
	}
	if err := json.Unmarshal(document, &d); err != nil {
		return Policy{}, fmt.Errorf("iam: policy %s: %w", name, err)
	}
	if d.Version != "2012-10-17" {
		return Policy{}, fmt.Errorf("iam: policy %s: version %q has no policy variables; want 2012-10-17", name, d.Version)
	}
	p := Policy{Name: name}
	for i := range d.Statement {
		s, err := d.Statement[i].read()
		if err != nil {
			return Policy{}, fmt.Errorf("iam: policy %s: statement %d: %w", name, i, err)
		}
		p.Statements = append(p.Statements, s)
	}
	return p, nil
}

// statement is one as documents write it.
type statement struct {
	Sid, Effect      string
	Action, Resource texts
	Condition        map[string]map[string]texts
	// Not decided here.
	NotAction, NotResource, Principal, NotPrincipal json.RawMessage
}

func (s *statement) read() (Statement, error) {
	if s.NotAction != nil || s.NotResource != nil || s.Principal != nil || s.NotPrincipal != nil {
		return Statement{}, errors.New("NotAction, NotResource and principals are not decided here")
	}
	if s.Effect != "Allow" && s.Effect != "Deny" || len(s.Action) == 0 || len(s.Resource) == 0 {
		return Statement{}, errors.New("it lacks Effect, Action or Resource")
	}
	out := Statement{Sid: s.Sid, Deny: s.Effect == "Deny", Actions: s.Action, Resources: s.Resource}
	for operator, keys := range s.Condition {
		if _, known := operators[strings.TrimSuffix(operator, "IfExists")]; !known {
			return Statement{}, fmt.Errorf("condition operator %s is not known here", operator)
		}
		if out.Conditions == nil {
			out.Conditions = map[string]map[string][]string{}
		}
		out.Conditions[operator] = map[string][]string{}
		for key, values := range keys {
			out.Conditions[operator][key] = values
		}
	}
	return out, nil
}

// Call is what a principal asks for.
type Call struct {
	// Action is the service's prefix and the action, such as "dynamodb:GetItem".
	Action string
	// Resource is an ARN; "*" for actions without one.
	Resource string
	// Context has the values of condition keys, lower case: what the call itself says
	// ("dynamodb:leadingkeys") and what the role's session says ("aws:principaltag/tenant").
	Context map[string][]string
}

// Decision is the outcome for one call.
type Decision struct {
	Allowed bool
	// By are the statements that decided, as "policy/sid" or "policy/number from 0": those that
	// deny, or all that allow; empty for an implicit deny.
	By []string
}

// Evaluate decides a call: an explicit deny wins, then an allow, and what nothing allows is
// denied.
func Evaluate(policies []Policy, c Call) Decision {
	var allows, denies []string
	for _, p := range policies {
		for i, s := range p.Statements {
			if !s.matches(c) {
				continue
			}
			if s.Deny {
				denies = append(denies, p.label(i))
			} else {
				allows = append(allows, p.label(i))
			}
		}
	}
	if len(denies) > 0 {
		return Decision{By: denies}
	}
	return Decision{Allowed: len(allows) > 0, By: allows}
}

// Labels are the names of all statements, as decisions use them.
func (p Policy) Labels() []string {
	all := make([]string, len(p.Statements))
	for i := range p.Statements {
		all[i] = p.label(i)
	}
	return all
}

func (p Policy) label(i int) string {
	if sid := p.Statements[i].Sid; sid != "" {
		return p.Name + "/" + sid
	}
	return fmt.Sprintf("%s/%d", p.Name, i)
}

func (s Statement) matches(c Call) bool {
	action := func(pattern string) bool { return like(strings.ToLower(pattern), strings.ToLower(c.Action)) }
	resource := func(pattern string) bool {
		pattern, ok := substitute(pattern, c.Context)
		return ok && like(pattern, c.Resource)
	}
	if !slices.ContainsFunc(s.Actions, action) || !slices.ContainsFunc(s.Resources, resource) {
		return false
	}
	for operator, keys := range s.Conditions {
		for key, values := range keys {
			if !holds(operator, values, c.Context, strings.ToLower(key)) {
				return false
			}
		}
	}
	return true
}
