package pack

import (
	"context"
	"fmt"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"
)

// rule is a policy as this package writes it down. Either each or stack is set.
type rule struct {
	name string
	// why is the reason, in a sentence or two.
	why string
	// control is AWS's name for the same demand in Security Hub, empty where it has none.
	control string
	// page is where AWS, or the standard, says so.
	page string
	// protected rules hold in protected stacks only (see Level).
	protected bool
	types     []string
	each      check
	stack     func(*stack, reporter)
}

// check looks at one resource.
type check func(item, reporter)

// reporter tells of one violation. The item's URN goes with it.
type reporter func(r item, format string, args ...any)

// description is the reason and its source, in the form that docs/policies.md and the CLI show.
func (r rule) description() string {
	if r.control == "" {
		return fmt.Sprintf("%s (%s)", r.why, r.page)
	}
	return fmt.Sprintf("%s (Security Hub %s, %s)", r.why, r.control, r.page)
}

func (r rule) policy(level policyx.EnforcementLevel) policyx.Policy {
	base := policyx.NewResourceValidationPolicy(r.name, policyx.ResourceValidationPolicyArgs{
		Description: r.description(), EnforcementLevel: level,
		ValidateResource: func(_ context.Context, args policyx.ResourceValidationArgs) error {
			if slices.Contains(r.types, args.Resource.Type) {
				r.each(item{&args.Resource}, reportTo(args.Manager))
			}
			return nil
		},
	})
	if r.stack != nil {
		return stackPolicy{Policy: base, rule: r}
	}
	return base
}

// stackPolicy is a policyx.StackValidationPolicy. The SDK (v3.250.0) declares the interface
// and has no constructor for it; name, description and level are those of the embedded one.
type stackPolicy struct {
	policyx.Policy
	rule rule
}

// Validate holds all resources to the rule.
func (p stackPolicy) Validate(_ context.Context, args policyx.StackValidationArgs) error {
	p.rule.stack(newStack(args.Resources), reportTo(args.Manager))
	return nil
}

func reportTo(m policyx.PolicyManager) reporter {
	return func(r item, format string, args ...any) {
		m.ReportViolation(fmt.Sprintf(format, args...), r.URN)
	}
}

// rules are all rules. Their names are stable: a team switches one off by its name.
func rules() []rule {
	return slices.Concat(dataRules, secretRules, bucketRules, functionRules, logRules, alarmRules, apiRules, domainRules,
		firewallRules, iamRules, cognitoRules, estateRules)
}
