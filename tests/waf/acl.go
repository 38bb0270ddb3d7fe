package waf

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"leasehold.example/tests/deployment"
)

// webACL is what a state says of a web ACL.
type webACL struct {
	rules    []rule // by priority
	fallback action // the default action
	limit    int    // bytes of a body that can be inspected
}

// rule is one of a web ACL's.
type rule struct {
	name      string
	priority  int
	action    action // of a managed group: counts when all of the group only counts
	statement statement
}

// statement is a rateBased, a sizeConstraint or a managedGroup.
type statement interface{ validate() error }

// kind is what a rule does with a request that it matches.
// https://docs.aws.amazon.com/waf/latest/developerguide/waf-rule-action.html
type kind int

const (
	allows kind = iota
	blocks
	counts
)

// action is a kind, with the status of a custom response: 0 for a block without one.
type action struct {
	kind   kind
	status int
}

// UnmarshalJSON reads an action; CAPTCHA and Challenge, and all that customizes requests or
// responses beyond a status, are errors.
func (a *action) UnmarshalJSON(b []byte) error {
	var d struct {
		Allow, Count *struct{}
		Block        *struct {
			CustomResponse struct {
				ResponseCode int `json:"responseCode"`
			} `json:"customResponse"`
		}
	}
	if err := strict(b, &d); err != nil {
		return err
	}
	switch {
	case d.Allow != nil && d.Block == nil && d.Count == nil:
		*a = action{kind: allows}
	case d.Block != nil && d.Allow == nil && d.Count == nil:
		*a = action{kind: blocks, status: d.Block.CustomResponse.ResponseCode}
	case d.Count != nil && d.Allow == nil && d.Block == nil:
		*a = action{kind: counts}
	default:
		return fmt.Errorf("an action has to be one of allow, block and count, not %s", b)
	}
	return nil
}

// parse reads a web ACL; each rule that is not understood is an error of its own.
func parse(acl *deployment.WebACL) (*webACL, error) {
	var d struct {
		DefaultAction     *action           `json:"defaultAction"`
		Rules             []json.RawMessage `json:"rules"`
		AssociationConfig struct {
			RequestBodies []struct {
				APIGateways []struct {
					Limit string `json:"defaultSizeInspectionLimit"`
				} `json:"apiGateways"`
			} `json:"requestBodies"`
		} `json:"associationConfig"`
	}
	if err := json.Unmarshal(acl.Document, &d); err != nil {
		return nil, fmt.Errorf("%s: %w", acl.URN, err)
	}
	if d.DefaultAction == nil || d.DefaultAction.kind == counts {
		return nil, fmt.Errorf("%s: defaultAction has to be allow or block", acl.URN)
	}
	parsed := &webACL{fallback: *d.DefaultAction, limit: 16 << 10}
	var errs []error
	for _, bodies := range d.AssociationConfig.RequestBodies {
		for _, g := range bodies.APIGateways {
			var kb int
			if _, err := fmt.Sscanf(g.Limit, "KB_%d", &kb); err != nil || !slices.Contains([]int{16, 32, 48, 64}, kb) {
				errs = append(errs, fmt.Errorf("%s: defaultSizeInspectionLimit %q", acl.URN, g.Limit))
			}
			parsed.limit = kb << 10
		}
	}
	priorities := map[int]string{}
	for _, raw := range d.Rules {
		r, err := parseRule(raw)
		if other, taken := priorities[r.priority]; taken && err == nil {
			err = fmt.Errorf("has the priority %d of rule %q", r.priority, other)
		}
		priorities[r.priority] = r.name
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: rule %q: %w", acl.URN, r.name, err))
		}
		parsed.rules = append(parsed.rules, r)
	}
	slices.SortFunc(parsed.rules, func(a, b rule) int { return cmp.Compare(a.priority, b.priority) })
	return parsed, errors.Join(errs...)
}

// parseRule reads a rule. On an error the rule has its name, if that much is known.
func parseRule(raw []byte) (rule, error) {
	var d struct {
		Name             string
		Priority         int
		VisibilityConfig json.RawMessage
		Action           *action
		OverrideAction   *struct{ None, Count *struct{} }
		Statement        map[string]json.RawMessage
	}
	_ = json.Unmarshal(raw, &struct{ Name *string }{&d.Name}) // whatever is wrong is said below
	r := rule{name: d.Name}
	if err := strict(raw, &d); err != nil {
		return r, err
	}
	r.priority = d.Priority
	statement, err := parseStatement(d.Statement)
	if err != nil {
		return r, err
	}
	r.statement = statement
	if _, group := statement.(managedGroup); group {
		if d.Action != nil || d.OverrideAction == nil || (d.OverrideAction.None == nil) == (d.OverrideAction.Count == nil) {
			return r, errors.New("a group has an overrideAction, none or count, and no action")
		}
		if d.OverrideAction.Count != nil {
			r.action.kind = counts
		}
		return r, nil
	}
	if d.Action == nil || d.OverrideAction != nil {
		return r, errors.New("a rule of our own has an action and no overrideAction")
	}
	r.action = *d.Action
	return r, nil
}

func parseStatement(all map[string]json.RawMessage) (statement, error) {
	if len(all) != 1 {
		return nil, fmt.Errorf("has %d statements", len(all))
	}
	var s statement
	var err error
	for kind, raw := range all {
		switch kind {
		case "rateBasedStatement":
			s, err = read[rateBased](raw)
		case "sizeConstraintStatement":
			s, err = read[sizeConstraint](raw)
		case "managedRuleGroupStatement":
			s, err = read[managedGroup](raw)
		default:
			err = fmt.Errorf("the type %s is not known here", kind)
		}
	}
	return s, err
}

func read[S statement](raw []byte) (statement, error) {
	var s S
	if err := strict(raw, &s); err != nil {
		return nil, err
	}
	return s, s.validate()
}

// strict decodes JSON in which every field has to be known: one that is not would change
// what the rule does.
func strict(raw []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	return d.Decode(v)
}

// matcher is what the rule asks of a request; nil for a managed group.
func (r rule) matcher(now func() time.Time) func(*request) bool {
	switch s := r.statement.(type) {
	case rateBased:
		return newRate(s, now).matches
	case sizeConstraint:
		return s.matches
	default:
		return nil
	}
}

// transformations of a field before it is looked at. None is the only one that is known.
type transformations []struct {
	Priority int
	Type     string
}

func (all transformations) validate() error {
	for _, t := range all {
		if t.Type != "NONE" {
			return fmt.Errorf("the text transformation %s is not known here", t.Type)
		}
	}
	return nil
}
