package platform_test

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"leasehold.example/platform"
)

func network(args *platform.NetworkArgs) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		_, err := platform.NewNetwork(ctx, "network", args)
		return err
	}
}

func networkArgs() *platform.NetworkArgs {
	return &platform.NetworkArgs{
		Region: "eu-central-1", VPCID: "vpc-1", SubnetIDs: []string{"subnet-1", "subnet-2"}, RouteTableIDs: []string{"rtb-1"},
		Endpoints: true, Tracing: true,
		TableARN:  pulumi.String("arn:aws:dynamodb:eu-central-1:111122223333:table/sessions"),
		SecretARN: pulumi.String("arn:aws:secretsmanager:eu-central-1:111122223333:secret:keys-AbCdEf"),
	}
}

func TestNetwork(t *testing.T) {
	t.Parallel()
	g := run(t, network(networkArgs()))
	wantTree(t, g, `
		Network network
		  SecurityGroup network-endpoints
		  SecurityGroup network-function
		  VpcEndpoint network-dynamodb
		  VpcEndpoint network-secretsmanager
		  VpcEndpoint network-xray
		  SecurityGroupEgressRule network-https
		  SecurityGroupIngressRule network-endpoints-https`)
	wantInputs(t, find(t, g, "network-https"), `{"securityGroupId": "network-function", "ipProtocol": "tcp", "fromPort": 443, "toPort": 443,
		"cidrIpv4": "0.0.0.0/0"}`)
	wantInputs(t, find(t, g, "network-endpoints-https"), `{"securityGroupId": "network-endpoints", "ipProtocol": "tcp", "fromPort": 443,
		"toPort": 443, "referencedSecurityGroupId": "network-function", "cidrIpv4": null}`)
	wantInputs(t, find(t, g, "network-function"), `{"vpcId": "vpc-1", "ingress": null, "egress": null}`)
	wantInputs(t, find(t, g, "network-dynamodb"), `{"vpcId": "vpc-1", "vpcEndpointType": "Gateway", "routeTableIds": ["rtb-1"],
		"serviceName": "com.amazonaws.eu-central-1.dynamodb", "subnetIds": null}`)
	for _, service := range []string{"secretsmanager", "xray"} {
		wantInputs(t, find(t, g, "network-"+service), `{"vpcId": "vpc-1", "vpcEndpointType": "Interface", "privateDnsEnabled": true,
			"serviceName": "com.amazonaws.eu-central-1.`+service+`", "subnetIds": ["subnet-1", "subnet-2"], "securityGroupIds": ["network-endpoints"]}`)
	}
}

func TestNetworkEndpointPolicies(t *testing.T) {
	t.Parallel()
	g := run(t, network(networkArgs()))
	for service, want := range map[string]string{
		"dynamodb": `"Action": ["dynamodb:BatchGetItem", "dynamodb:BatchWriteItem", "dynamodb:ConditionCheckItem", "dynamodb:DeleteItem",
			"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"],
			"Resource": ["arn:aws:dynamodb:eu-central-1:111122223333:table/sessions", "arn:aws:dynamodb:eu-central-1:111122223333:table/sessions/index/*"]`,
		"secretsmanager": `"Action": ["secretsmanager:GetSecretValue"],
			"Resource": ["arn:aws:secretsmanager:eu-central-1:111122223333:secret:keys-AbCdEf"]`,
		"xray": `"Action": ["xray:PutTelemetryRecords", "xray:PutTraceSegments"], "Resource": ["*"]`,
	} {
		wantDocument(t, find(t, g, "network-"+service), "policy", `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
			"Principal": {"AWS": ["*"]}, `+want+`, "Condition": {"StringEquals": {"aws:PrincipalAccount": "111122223333"}}}]}`)
	}
}

func TestNetworkWithoutEndpoints(t *testing.T) {
	t.Parallel()
	wantTree(t, run(t, network(&platform.NetworkArgs{VPCID: "vpc-1", SubnetIDs: []string{"subnet-1"}})), `
		Network network
		  SecurityGroup network-function
		  SecurityGroupEgressRule network-https`)
	args := networkArgs()
	args.Tracing = false
	for _, r := range run(t, network(args)).Resources {
		if r.Name == "network-xray" {
			t.Error("an endpoint for traces that nobody writes")
		}
	}
}

func TestNetworkArgs(t *testing.T) {
	t.Parallel()
	wantLines(t, refused(t, network(&platform.NetworkArgs{VPCID: "1", RouteTableIDs: []string{"x"}})),
		`Network "network": VPCID must be the id of a VPC, not "1"`, "SubnetIDs must have at least one",
		`RouteTableIDs must be ids of route tables, not "x"`)
	wantLines(t, refused(t, network(&platform.NetworkArgs{VPCID: "vpc-1", SubnetIDs: []string{"s"}, Endpoints: true})),
		`SubnetIDs must be ids of subnets, not "s"`, "Region must be set with Endpoints", "RouteTableIDs must have those of the subnets",
		"TableARN must be set with Endpoints", "SecretARN must be set with Endpoints")
}
