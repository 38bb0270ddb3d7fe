package platform

import (
	"errors"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// NetworkArgs place a function in a VPC that exists.
type NetworkArgs struct {
	// Region names the endpoints' services. Required with Endpoints.
	Region string
	// VPCID and SubnetIDs are required; subnets in two zones at least are AWS's advice.
	VPCID     string
	SubnetIDs []string
	// RouteTableIDs are those of the subnets; required with Endpoints, for DynamoDB's gateway.
	RouteTableIDs []string
	// Endpoints makes the VPC endpoints of what the function calls: DynamoDB, Secrets Manager
	// and X-Ray. Off means that the VPC has them or a way out.
	Endpoints bool
	// TableARN and SecretARN are all that the endpoints of DynamoDB and Secrets Manager let
	// through; required with Endpoints.
	TableARN, SecretARN pulumi.StringInput
}

// Network is the security group, and the endpoints, of a function in a VPC.
type Network struct {
	pulumi.ResourceState

	SubnetIDs        pulumi.StringArrayOutput `pulumi:"subnetIds"`
	SecurityGroupIDs pulumi.StringArrayOutput `pulumi:"securityGroupIds"`
}

// NewNetwork makes the security group, and the endpoints if wanted.
func NewNetwork(ctx *pulumi.Context, name string, args *NetworkArgs, opts ...pulumi.ResourceOption) (*Network, error) {
	return nil, errors.ErrUnsupported
}
