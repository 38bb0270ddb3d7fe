package platform

import (
	"errors"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// FirewallArgs configure a Firewall.
type FirewallArgs struct {
	// Name is the web ACL's physical name: letters, digits, `-` and `_`. Required unless
	// WebACLARN is set, and fixed, so that the ACL is updated and never replaced (RULES 38).
	Name string
	// StageARN is the stage of the REST API to protect. Required.
	StageARN pulumi.StringInput
	// WebACLARN is a regional web ACL that exists. Set, it is associated and nothing else is
	// made here: its rules and logging are its owner's.
	WebACLARN string
	// RatePerIP and RatePerToken are how many requests in five minutes one address and one
	// Authorization header may make, 10 to 2,000,000,000.
	RatePerIP, RatePerToken int
	// LogRetentionDays is how long the log is kept; one of the values CloudWatch Logs knows.
	LogRetentionDays int
	// LogKMSKeyARN encrypts the log; nil is CloudWatch's own key.
	LogKMSKeyARN pulumi.StringPtrInput
}

// Firewall is a regional web ACL in front of a REST API's stage.
type Firewall struct {
	pulumi.ResourceState

	WebACLARN pulumi.StringOutput `pulumi:"webAclArn"`
}

// NewFirewall makes the web ACL, or takes the one named, and associates it with the stage.
func NewFirewall(ctx *pulumi.Context, name string, args *FirewallArgs, opts ...pulumi.ResourceOption) (*Firewall, error) {
	return nil, errors.ErrUnsupported
}
