package platform

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/vpc"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// NetworkArgs place a function in a VPC that exists. What the function calls outside of
// AWS, the issuers' keys, needs a way out of its own, such as a NAT gateway; a function
// has no public address.
type NetworkArgs struct {
	// Region names the endpoints' services. Required with Endpoints.
	Region string
	// VPCID is required.
	VPCID string
	// SubnetIDs are private subnets, at least one; AWS advises two zones.
	SubnetIDs []string
	// RouteTableIDs are those of the subnets; required with Endpoints, for DynamoDB's gateway.
	RouteTableIDs []string
	// Endpoints makes the VPC endpoints of what the function calls: DynamoDB, Secrets Manager
	// and, with Tracing, X-Ray. They answer for the whole VPC under the services' usual names,
	// and let through nothing but this table and secret: for a VPC that others use too, leave
	// it off, and let the VPC have endpoints or a way out of its own.
	Endpoints, Tracing bool
	// TableARN and SecretARN are what the endpoints let through; required with Endpoints.
	TableARN, SecretARN pulumi.StringInput
}

// Network is the security group, and the endpoints, of a function in a VPC.
type Network struct {
	pulumi.ResourceState

	SubnetIDs        pulumi.StringArrayOutput
	SecurityGroupIDs pulumi.StringArrayOutput
}

// NewNetwork makes the security group, and the endpoints if wanted.
func NewNetwork(ctx *pulumi.Context, name string, args *NetworkArgs, opts ...pulumi.ResourceOption) (*Network, error) {
	if err := args.validate(name); err != nil {
		return nil, err
	}
	c := &Network{}
	if err := ctx.RegisterComponentResource("leasehold:platform:Network", name, c, opts...); err != nil {
		return nil, err
	}
	// After the registration, which gives the fields outputs of its own.
	c.SubnetIDs = pulumi.ToStringArray(args.SubnetIDs).ToStringArrayOutput()
	group, err := args.securityGroup(ctx, name, "function", "what the function may reach", pulumi.Parent(c))
	if err == nil {
		err = args.egress(ctx, name, group, pulumi.Parent(c))
	}
	if err == nil && args.Endpoints {
		err = args.endpoints(ctx, name, group, pulumi.Parent(c))
	}
	if err != nil {
		return nil, fmt.Errorf("network %q: %w", name, err)
	}
	c.SecurityGroupIDs = pulumi.StringArray{group.ID()}.ToStringArrayOutput()
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{"subnetIds": c.SubnetIDs, "securityGroupIds": c.SecurityGroupIDs})
}

func (a *NetworkArgs) validate(name string) error {
	c := newChecks("Network", name)
	c.want(strings.HasPrefix(a.VPCID, "vpc-"), "VPCID", "must be the id of a VPC, not %q", a.VPCID)
	c.want(len(a.SubnetIDs) > 0, "SubnetIDs", "must have at least one")
	for _, id := range a.SubnetIDs {
		c.want(strings.HasPrefix(id, "subnet-"), "SubnetIDs", "must be ids of subnets, not %q", id)
	}
	for _, id := range a.RouteTableIDs {
		c.want(strings.HasPrefix(id, "rtb-"), "RouteTableIDs", "must be ids of route tables, not %q", id)
	}
	if a.Endpoints {
		c.want(a.Region != "", "Region", "must be set with Endpoints")
		c.want(len(a.RouteTableIDs) > 0, "RouteTableIDs", "must have those of the subnets with Endpoints: the gateway of DynamoDB is a route")
		c.want(a.TableARN != nil, "TableARN", "must be set with Endpoints")
		c.want(a.SecretARN != nil, "SecretARN", "must be set with Endpoints")
	}
	return c.err()
}

func (a *NetworkArgs) securityGroup(ctx *pulumi.Context, name, what, description string, parent pulumi.ResourceOption) (*ec2.SecurityGroup, error) {
	return ec2.NewSecurityGroup(ctx, name+"-"+what, &ec2.SecurityGroupArgs{
		VpcId: pulumi.String(a.VPCID), Description: pulumi.Sprintf("%s: %s", name, description),
	}, parent)
}

// egress lets the function out by HTTPS and nothing in. It goes to any address, because
// issuers have no fixed ones. DNS needs no rule: security groups do not filter the VPC's resolver.
// https://docs.aws.amazon.com/vpc/latest/userguide/vpc-security-groups.html
func (a *NetworkArgs) egress(ctx *pulumi.Context, name string, group *ec2.SecurityGroup, parent pulumi.ResourceOption) error {
	_, err := vpc.NewSecurityGroupEgressRule(ctx, name+"-https", &vpc.SecurityGroupEgressRuleArgs{
		SecurityGroupId: group.ID(), Description: pulumi.String("AWS endpoints, and the keys of issuers"),
		IpProtocol: pulumi.String("tcp"), FromPort: pulumi.Int(443), ToPort: pulumi.Int(443), CidrIpv4: pulumi.String("0.0.0.0/0"),
	}, parent)
	return err
}

// endpoints keep the calls of AWS inside the VPC, and let through only what the function
// is there for: stolen credentials of another account reach nothing by them.
func (a *NetworkArgs) endpoints(ctx *pulumi.Context, name string, function *ec2.SecurityGroup, parent pulumi.ResourceOption) error {
	if _, err := ec2.NewVpcEndpoint(ctx, name+"-dynamodb", &ec2.VpcEndpointArgs{
		VpcId: pulumi.String(a.VPCID), ServiceName: a.service("dynamodb"), VpcEndpointType: pulumi.String("Gateway"),
		RouteTableIds: pulumi.ToStringArray(a.RouteTableIDs), Policy: a.endpointPolicy(itemActions, a.TableARN, pulumi.Sprintf("%s/index/*", a.TableARN)),
	}, parent); err != nil {
		return err
	}
	group, err := a.securityGroup(ctx, name, "endpoints", "who may reach the endpoints", parent)
	if err != nil {
		return err
	}
	if _, err := vpc.NewSecurityGroupIngressRule(ctx, name+"-endpoints-https", &vpc.SecurityGroupIngressRuleArgs{
		SecurityGroupId: group.ID(), Description: pulumi.String("the function"), ReferencedSecurityGroupId: function.ID(),
		IpProtocol: pulumi.String("tcp"), FromPort: pulumi.Int(443), ToPort: pulumi.Int(443),
	}, parent); err != nil {
		return err
	}
	if err := a.privateEndpoint(ctx, name, "secretsmanager", a.endpointPolicy([]string{"secretsmanager:GetSecretValue"}, a.SecretARN), group, parent); err != nil || !a.Tracing {
		return err
	}
	// X-Ray has no resources for these.
	// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsx-ray.html
	traces := a.endpointPolicy([]string{"xray:PutTelemetryRecords", "xray:PutTraceSegments"}, pulumi.String("*"))
	return a.privateEndpoint(ctx, name, "xray", traces, group, parent)
}

// privateEndpoint makes an endpoint under the service's usual name.
func (a *NetworkArgs) privateEndpoint(ctx *pulumi.Context, name, service string, policy pulumi.StringOutput, group *ec2.SecurityGroup, parent pulumi.ResourceOption) error {
	_, err := ec2.NewVpcEndpoint(ctx, name+"-"+service, &ec2.VpcEndpointArgs{
		VpcId: pulumi.String(a.VPCID), ServiceName: a.service(service), VpcEndpointType: pulumi.String("Interface"),
		SubnetIds: pulumi.ToStringArray(a.SubnetIDs), SecurityGroupIds: pulumi.StringArray{group.ID()},
		PrivateDnsEnabled: pulumi.Bool(true), Policy: policy,
	}, parent)
	return err
}

func (a *NetworkArgs) service(name string) pulumi.String {
	return pulumi.String("com.amazonaws." + a.Region + "." + name)
}

// itemActions are those on items. An endpoint says on which table, the role says which.
var itemActions = []string{
	"dynamodb:BatchGetItem", "dynamodb:BatchWriteItem", "dynamodb:ConditionCheckItem", "dynamodb:DeleteItem",
	"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem",
}

// endpointPolicy lets the actions through for principals of the table's account. The role
// is not named, because it comes after the network.
// https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html
func (a *NetworkArgs) endpointPolicy(actions []string, resources ...pulumi.StringInput) pulumi.StringOutput {
	account := beside(a.TableARN, func(p place) string { return p.account })
	return PolicyDocument(Statement{
		Principals: map[string][]string{"AWS": {"*"}}, Actions: actions, Resources: resources,
		Conditions: map[string]map[string]pulumi.StringInput{"StringEquals": {"aws:PrincipalAccount": account}},
	})
}
