package pack

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// typesOf are the resource types of the places, in order.
func typesOf(places ...map[string]string) []string {
	var all []string
	for _, place := range places {
		all = append(all, slices.Collect(maps.Keys(place))...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

var iamRules = []rule{
	{
		name:    "iam-no-wildcard-action",
		why:     "A wildcard grants what the service will have next year; every action is written out, but for kms:* in the statement by which a key leaves its use to the IAM of its account",
		control: "IAM.21", page: "https://docs.aws.amazon.com/securityhub/latest/userguide/iam-controls.html#iam-21",
		types: typesOf(identityPolicies, resourcePolicies), each: eachStatement(noWildcardAction, identityPolicies, resourcePolicies),
	},
	{
		name:    "iam-no-wildcard-resource",
		why:     "A role that may touch every table may touch another team's; resources are ARNs, with a wildcard only behind a name",
		control: "IAM.1", page: "https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#grant-least-privilege",
		types: typesOf(identityPolicies), each: eachStatement(noWildcardResource, identityPolicies),
	},
	{
		name:  "iam-no-inversion",
		why:   "NotAction, NotResource and NotPrincipal with Allow grant everything that nobody thought of, and a policy that cannot be read grants what nobody knows",
		page:  "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notaction.html",
		types: typesOf(identityPolicies, resourcePolicies, trustPolicies),
		each:  every(readable(identityPolicies, resourcePolicies, trustPolicies), eachStatement(noInversion, identityPolicies, resourcePolicies, trustPolicies)),
	},
	{
		name:    "iam-no-admin-policy",
		why:     "AWS's managed policies for administrators and full access are wider than any program's need, and widen by themselves",
		control: "IAM.1; CIS AWS Foundations 1.16", page: "https://docs.aws.amazon.com/securityhub/latest/userguide/iam-controls.html#iam-1",
		types: []string{
			role, "aws:iam/rolePolicyAttachment:RolePolicyAttachment", "aws:iam/policyAttachment:PolicyAttachment",
			"aws:iam/userPolicyAttachment:UserPolicyAttachment", "aws:iam/groupPolicyAttachment:GroupPolicyAttachment",
		},
		each: noAdminPolicy,
	},
	{
		name:    "iam-trust-is-exact",
		why:     "Who can become a role has its rights: a service or a role by its name, or a federated identity by its exact subject and audience",
		control: "", page: "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-idp_oidc.html#idp_oidc_Create_GitHub",
		types: typesOf(trustPolicies), each: eachStatement(exactTrust, trustPolicies),
	},
	{
		name:    "iam-no-users",
		why:     "A user's access key works from anywhere until somebody deletes it; people and pipelines get sessions of a role",
		control: "IAM.22", page: "https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#bp-workloads-use-roles",
		types: []string{"aws:iam/user:User", "aws:iam/accessKey:AccessKey"},
		each:  func(r item, report reporter) { report(r, "the program makes an IAM user or an access key") },
	},
	{
		name: "iam-permissions-boundary",
		why:  "Where the account bounds the roles that a deployment may make, a role without the boundary is a way around it",
		page: "https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html", stack: boundaries,
	},
	{
		name:    "no-public-resource-policy",
		why:     "A policy for everybody without a condition opens the resource to every account and to who has none",
		control: "S3.2, SNS.4, Lambda.1", page: "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-anonymous",
		types: typesOf(resourcePolicies), each: eachStatement(func(r item, s statement, report reporter) {
			if s.allows() && everybody(s.Principal) && len(s.Condition) == 0 {
				report(r, "the policy allows %s to everybody", strings.Join(s.Action, ", "))
			}
		}, resourcePolicies),
	},
}

func noInversion(r item, s statement, report reporter) {
	if s.allows() && len(s.NotAction)+len(s.NotResource)+len(s.NotPrincipal) > 0 {
		report(r, "a statement allows by NotAction, NotResource or NotPrincipal; expected what is allowed")
	}
}

// keyFamilies are actions of KMS that AWS itself writes with a wildcard: each family is one
// operation. https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
var keyFamilies = []string{"kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"}

func noWildcardAction(r item, s statement, report reporter) {
	for _, action := range s.Action {
		switch {
		case !s.allows() || !strings.ContainsAny(action, "*?"):
		case slices.Contains(keyFamilies, action):
		case r.Type == key && action == "kms:*" && accountOnly(s.Principal):
			// A key that leaves out its account can be managed by nobody, not even by AWS:
			// https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html#key-policy-default-allow-root-enable-iam
		default:
			report(r, "a statement allows %s; expected every action by its name", action)
		}
	}
}

var accountRoot = regexp.MustCompile(`^(arn:aws[a-z-]*:iam::[0-9]{12}:root|[0-9]{12})$`)

// accountOnly says that the principals are accounts, which decide by their own IAM policies.
func accountOnly(p principals) bool {
	return len(p) == 1 && len(p["AWS"]) > 0 && !slices.ContainsFunc(p["AWS"], func(arn string) bool { return !accountRoot.MatchString(arn) })
}

// withoutResource are the actions for which AWS has no resource, or asks for all of them,
// and that a program of ours needs. Everything else names what it may touch.
var withoutResource = []string{
	// X-Ray: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsx-ray.html
	"xray:PutTraceSegments", "xray:PutTelemetryRecords", "xray:GetSamplingRules", "xray:GetSamplingTargets",
	// A function in a VPC: https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions
	"ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets",
	"ec2:AssignPrivateIpAddresses", "ec2:UnassignPrivateIpAddresses",
	// CodeDeploy reads alarms by listing: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html
	"cloudwatch:DescribeAlarms",
}

func noWildcardResource(r item, s statement, report reporter) {
	if !s.allows() || len(s.Action) > 0 && !slices.ContainsFunc(s.Action, func(a string) bool { return !slices.Contains(withoutResource, a) }) {
		return
	}
	for _, resource := range s.Resource {
		if tooWide(resource) {
			report(r, "%s is allowed on %s; expected an ARN with a name in it", strings.Join(s.Action, ", "), resource)
		}
	}
}

// typeOnly is the resource of an ARN that has a type and no name.
var typeOnly = regexp.MustCompile(`^[a-z-]*[:/]?\*`)

// tooWide says that the resource is not named: it is no ARN, or partition, service, region or
// account are patterns, or what follows them begins as one. The names of buckets and APIs
// have no type before them.
func tooWide(resource string) bool {
	parts := strings.SplitN(resource, ":", 6)
	if len(parts) < 6 || strings.ContainsAny(strings.Join(parts[:5], ""), "*?") {
		return true
	}
	if parts[2] == "s3" || parts[2] == "execute-api" {
		return strings.HasPrefix(parts[5], "*")
	}
	return typeOnly.MatchString(parts[5])
}

var adminPolicy = regexp.MustCompile(`^arn:aws[a-z-]*:iam::aws:policy/(.*/)?(AdministratorAccess.*|PowerUserAccess|SystemAdministrator|[A-Za-z0-9_-]*FullAccess[A-Za-z0-9_-]*)$`)

func noAdminPolicy(r item, report reporter) {
	attached := []property.Value{r.at("policyArn")}
	if managed := r.at("managedPolicyArns"); managed.IsArray() {
		attached = managed.AsArray().AsSlice()
	}
	for _, v := range attached {
		if arn, _ := textOf(v); adminPolicy.MatchString(arn) {
			report(r, "%s is attached", arn)
		}
	}
}

func everybody(p principals) bool {
	for _, names := range p {
		if slices.Contains(names, "*") {
			return true
		}
	}
	return false
}

func exactTrust(r item, s statement, report reporter) {
	if !s.allows() {
		return
	}
	if len(s.Principal) == 0 {
		report(r, "the trust policy names no principal")
	}
	for kind, names := range s.Principal {
		for _, name := range names {
			switch {
			case strings.Contains(name, "*"):
				report(r, "the trust policy lets %s in; expected a name", name)
			case kind == "AWS" && accountRoot.MatchString(name) && len(s.Condition) == 0:
				report(r, "the trust policy lets every identity of %s in; expected a role, or a condition", name)
			}
		}
	}
	if len(s.Principal["Federated"]) > 0 {
		exactSubject(r, s, report)
	}
}

// exactSubject demands StringEquals, without wildcards, for audience and subject.
func exactSubject(r item, s statement, report reporter) {
	for _, claim := range []string{":aud", ":sub"} {
		exact := false
		for name, values := range s.Condition["StringEquals"] {
			exact = exact || strings.HasSuffix(strings.ToLower(name), claim) && !slices.ContainsFunc(values, func(v string) bool { return strings.ContainsAny(v, "*?") })
		}
		if !exact {
			report(r, "the trust policy has no StringEquals for %s of the federated identity", strings.TrimPrefix(claim, ":"))
		}
	}
}

// boundaries holds all roles to what one of them has.
func boundaries(s *stack, report reporter) {
	roles := s.of(role)
	if !slices.ContainsFunc(roles, func(r item) bool { return isSet(r.at("permissionsBoundary")) }) {
		return
	}
	for _, r := range roles {
		if !isSet(r.at("permissionsBoundary")) {
			report(r, "permissionsBoundary is not set; other roles of the stack have one")
		}
	}
}
