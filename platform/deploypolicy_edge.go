package platform

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// edge: API Gateway's actions are the methods of its own API, and its ARNs have no account
// and no names, so that stacks of one account cannot be told apart here. Production in an
// account of its own is the answer (docs/bootstrap.md). Of the account's settings it reads
// only; they are Account's.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-iam-policy-examples.html
func (s deployScope) edge() []Statement {
	var apis []string
	for _, path := range []string{"/restapis", "/restapis/*", "/apis", "/apis/*", "/domainnames", "/domainnames/*", "/tags/*"} {
		apis = append(apis, s.gateway(path))
	}
	return []Statement{
		allow("APIs", "apigateway:DELETE apigateway:GET apigateway:PATCH apigateway:POST apigateway:PUT", apis...),
		allow("APISettings", "apigateway:GET", s.gateway("/account")),
		allow("APIFirewall", "apigateway:SetWebACL", s.gateway("/restapis/*/stages/*")),
	}
}

// domains need a role that API Gateway makes with the first one of an account.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/using-service-linked-roles.html
func (s deployScope) domains() []Statement {
	certificates := s.arn("acm", "certificate/*")
	linked := map[string]map[string]pulumi.StringInput{"StringEquals": {"iam:AWSServiceName": pulumi.String("ops.apigateway.amazonaws.com")}}
	statements := []Statement{
		allowIf(s.tagged(requestTag), "NewCertificates", "acm:AddTagsToCertificate acm:RequestCertificate", certificates),
		allowIf(s.tagged(resourceTag), "Certificates", `acm:AddTagsToCertificate acm:DeleteCertificate acm:DescribeCertificate
			acm:ListTagsForCertificate acm:RemoveTagsFromCertificate`, certificates),
		allowIf(linked, "DomainRole", "iam:CreateServiceLinkedRole",
			s.global("iam", "role/aws-service-role/ops.apigateway.amazonaws.com/AWSServiceRoleForAPIGateway")),
	}
	if len(s.e.HostedZoneIDs) == 0 {
		return statements
	}
	var zones []string
	for _, id := range s.e.HostedZoneIDs {
		zones = append(zones, "arn:"+s.Partition+":route53:::hostedzone/"+id)
	}
	return append(statements,
		allow("Records", "route53:ChangeResourceRecordSets route53:GetHostedZone route53:ListResourceRecordSets", zones...),
		allow("RecordChanges", "route53:GetChange", "arn:"+s.Partition+":route53:::change/*"))
}

func (s deployScope) firewall() []Statement {
	acls := s.arn("wafv2", "regional/webacl/"+s.named()+"/*")
	return []Statement{
		allow("Firewalls", `wafv2:CreateWebACL wafv2:DeleteLoggingConfiguration wafv2:DeleteWebACL wafv2:GetLoggingConfiguration
			wafv2:GetWebACL wafv2:ListTagsForResource wafv2:PutLoggingConfiguration wafv2:TagResource wafv2:UntagResource
			wafv2:UpdateWebACL`, acls),
		allow("FirewallRules", "wafv2:CreateWebACL wafv2:UpdateWebACL", s.arn("wafv2", "regional/managedruleset/*/*")),
		// A web ACL and a stage must both be allowed.
		allow("FirewallStages", "wafv2:AssociateWebACL wafv2:DisassociateWebACL wafv2:GetWebACL wafv2:GetWebACLForResource",
			s.arn("wafv2", "regional/webacl/*/*"), s.gateway("/restapis/*/stages/*")),
	}
}

// users: pools are made and changed; their users are not touched.
func (s deployScope) users() []Statement {
	pools := s.arn("cognito-idp", "userpool/*")
	return []Statement{
		allowIf(s.tagged(requestTag), "NewPools", "cognito-idp:CreateUserPool cognito-idp:TagResource", "*"), // a new pool has no ARN yet
		allowIf(s.tagged(resourceTag), "Pools", `cognito-idp:CreateResourceServer cognito-idp:CreateUserPoolClient
			cognito-idp:CreateUserPoolDomain cognito-idp:DeleteResourceServer cognito-idp:DeleteUserPool
			cognito-idp:DeleteUserPoolClient cognito-idp:DeleteUserPoolDomain cognito-idp:DescribeResourceServer
			cognito-idp:DescribeUserPool cognito-idp:DescribeUserPoolClient cognito-idp:GetUserPoolMfaConfig
			cognito-idp:ListTagsForResource cognito-idp:SetUserPoolMfaConfig cognito-idp:TagResource cognito-idp:UntagResource
			cognito-idp:UpdateResourceServer cognito-idp:UpdateUserPool cognito-idp:UpdateUserPoolClient
			cognito-idp:UpdateUserPoolDomain`, pools),
		// It asks by the domain's name, for which there is no resource.
		// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncognitouserpools.html
		allow("Domains", "cognito-idp:DescribeUserPoolDomain", "*"),
	}
}

// network is empty without a VPC. EC2's Describe actions have no resources.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
func (s deployScope) network() []Statement {
	if s.e.VPCID == "" {
		return nil
	}
	groups, rules, endpoints := s.arn("ec2", "security-group/*"), s.arn("ec2", "security-group-rule/*"), s.arn("ec2", "vpc-endpoint/*")
	// The key is there only while something is made; what exists is not tagged into reach.
	created := s.tagged(requestTag)
	created["StringLike"]["ec2:CreateAction"] = pulumi.String("?*")
	return []Statement{
		allowIf(s.tagged(requestTag), "NewNetwork", `ec2:AuthorizeSecurityGroupEgress ec2:AuthorizeSecurityGroupIngress
			ec2:CreateSecurityGroup ec2:CreateVpcEndpoint`, groups, rules, endpoints),
		allow("InNetwork", "ec2:CreateSecurityGroup ec2:CreateVpcEndpoint", s.arn("ec2", "vpc/"+s.e.VPCID)),
		allow("AtNetwork", "ec2:CreateVpcEndpoint ec2:ModifyVpcEndpoint", s.arn("ec2", "subnet/*"), s.arn("ec2", "route-table/*"), groups),
		allowIf(created, "TagNetwork", "ec2:CreateTags", groups, rules, endpoints),
		allowIf(s.tagged(resourceTag), "Network", `ec2:AuthorizeSecurityGroupEgress ec2:AuthorizeSecurityGroupIngress ec2:CreateTags
			ec2:DeleteSecurityGroup ec2:DeleteTags ec2:DeleteVpcEndpoints ec2:ModifySecurityGroupRules ec2:ModifyVpcEndpoint
			ec2:RevokeSecurityGroupEgress ec2:RevokeSecurityGroupIngress`, groups, rules, endpoints),
		allow("SeeNetwork", `ec2:DescribeNetworkInterfaces ec2:DescribePrefixLists ec2:DescribeRouteTables ec2:DescribeSecurityGroupRules
			ec2:DescribeSecurityGroups ec2:DescribeSubnets ec2:DescribeVpcAttribute ec2:DescribeVpcEndpoints ec2:DescribeVpcs`, "*"),
	}
}
