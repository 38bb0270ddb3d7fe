package waf

import (
	"errors"
	"fmt"
	"slices"

	"leasehold.example/tests/deployment"
)

// managedGroup is a managed rule group statement.
// https://docs.aws.amazon.com/waf/latest/APIReference/API_ManagedRuleGroupStatement.html
type managedGroup struct {
	VendorName, Name    string
	Version             string // "": the default version, which AWS moves on
	RuleActionOverrides []struct {
		Name        string
		ActionToUse action
	}
}

func (g managedGroup) validate() error {
	if g.VendorName != "AWS" || g.Name == "" {
		return fmt.Errorf("the group %q of vendor %q is not known here", g.Name, g.VendorName)
	}
	return nil
}

// Check holds ordinary MCP traffic against the managed groups of a web ACL, and returns an
// error for each rule in Block that would refuse some of it, and for each override of a
// rule that AWS does not document: a misspelt one is accepted, and changes nothing. The
// matchers are approximations, see managedRules: silence does not prove that AWS lets all
// pass.
// https://docs.aws.amazon.com/waf/latest/APIReference/API_RuleActionOverride.html
func Check(acl *deployment.WebACL) error {
	parsed, err := parse(acl)
	if err != nil {
		return err
	}
	traffic, err := ordinary(parsed.limit)
	if err != nil {
		return err
	}
	var errs []error
	for _, r := range parsed.rules {
		group, ok := r.statement.(managedGroup)
		if !ok || r.action.kind == counts {
			continue
		}
		if err := group.check(traffic); err != nil {
			errs = append(errs, fmt.Errorf("%s: rule %q: %w", acl.URN, r.name, err))
		}
	}
	return errors.Join(errs...)
}

func (g managedGroup) check(traffic []*message) error {
	documented, ok := managedRules[g.Name]
	if !ok {
		return fmt.Errorf("what the group %s blocks is not written down here", g.Name)
	}
	overridden := map[string]kind{}
	var errs []error
	for _, o := range g.RuleActionOverrides {
		overridden[o.Name] = o.ActionToUse.kind
		if !slices.ContainsFunc(documented, func(r managedRule) bool { return r.name == o.Name }) {
			errs = append(errs, fmt.Errorf("overrides %s, and AWS documents no such rule of the group", o.Name))
		}
	}
	for _, r := range documented {
		action, ok := overridden[r.name]
		if !ok {
			action = r.action
		}
		if action != blocks || r.hits == nil {
			continue
		}
		if i := slices.IndexFunc(traffic, r.hits); i >= 0 {
			errs = append(errs, fmt.Errorf("%s is in Block, and refuses ordinary traffic: %s", r.name, traffic[i].name))
		}
	}
	return errors.Join(errs...)
}
