package pullrequest

import "github.com/pulumi/pulumi/sdk/v3/go/common/apitype"

// Ours is what is asked before a stack with these resources is destroyed.
func (s *Stacks) Ours(resources []apitype.ResourceV3) error { return s.ours(resources) }
