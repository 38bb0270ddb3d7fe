package program

import "leasehold.example/stacks/archives"

// archives are those that the stack deploys.
func (c *Config) archives() []string {
	all := []string{archives.Server, archives.Authorizer, archives.Rotator, archives.Auditor}
	if c.Edge == EdgeHTTP {
		all = []string{archives.Container, archives.Rotator, archives.Auditor}
	}
	if c.Identity == IdentityCognito {
		all = append(all, archives.PreToken)
	}
	return all
}
