package platform

import (
	"slices"
)

func (a *FunctionArgs) validate(name string) error {
	c := newChecks("Function", name)
	c.want(a.Archive != "", "Archive", "must be the path of a zip")
	c.want(slices.Contains([]string{"", "arm64", "x86_64"}, a.Architecture), "Architecture", "must be arm64 or x86_64, not %q", a.Architecture)
	c.between("MemoryMB", a.MemoryMB, 128, 10240)
	c.between("TimeoutSeconds", a.TimeoutSeconds, 1, 900)
	c.want(a.EdgeTimeoutSeconds >= 0, "EdgeTimeoutSeconds", "must not be negative")
	c.want(a.EdgeTimeoutSeconds <= 0 || a.TimeoutSeconds <= a.EdgeTimeoutSeconds, "TimeoutSeconds",
		"must not be longer than the %d seconds of EdgeTimeoutSeconds, after which nobody waits for the answer", a.EdgeTimeoutSeconds)
	c.want(len(a.Layers) <= 5, "Layers", "must be five at most")
	c.retention("LogRetentionDays", a.LogRetentionDays)
	c.want((a.SubnetIDs == nil) == (a.SecurityGroupIDs == nil), "SubnetIDs", "must be given together with SecurityGroupIDs")
	c.want(a.ProvisionedConcurrency >= 0, "ProvisionedConcurrency", "must not be negative")
	if r := a.ReservedConcurrency; r != nil {
		c.want(*r >= 0, "ReservedConcurrency", "must not be negative")
		c.want(a.ProvisionedConcurrency <= *r, "ProvisionedConcurrency", "must not be more than the %d of ReservedConcurrency", *r)
	}
	if a.Canary != nil {
		c.want(a.ProvisionedConcurrency == 0, "ProvisionedConcurrency",
			"must be absent with Canary: an alias with weights cannot have provisioned concurrency")
		a.Canary.check(c)
	}
	return c.err()
}
