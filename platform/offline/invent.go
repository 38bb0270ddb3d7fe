package offline

import (
	"cmp"
	"maps"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// The place of everything that is invented, unless an explicit provider says another. AWS
// keeps this account number for examples.
const (
	Account = "111122223333"
	Region  = "eu-central-1"
)

// place is where resources are said to be.
type place struct{ region, account, partition string }

// newPlace knows the partition of a region by its name:
// https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html
func newPlace(region, account string) place {
	p := place{region: region, account: account, partition: "aws"}
	switch {
	case strings.HasPrefix(region, "cn-"):
		p.partition = "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		p.partition = "aws-us-gov"
	}
	return p
}

func (p place) suffix() string {
	if p.partition == "aws-cn" {
		return "amazonaws.com.cn"
	}
	return "amazonaws.com"
}

// fill replaces the capital words of a template, and what every partition names otherwise.
func (p place) fill(template string, words ...string) string {
	words = append(words, "REGION", p.region, "ACCOUNT", p.account, "arn:aws:", "arn:"+p.partition+":", "amazonaws.com", p.suffix())
	return strings.NewReplacer(words...).Replace(template)
}

func (p place) arn(template string, words ...string) string {
	return p.fill("arn:aws:"+template, words...)
}

// invent returns an id and the state of a custom resource: its inputs, and what AWS adds
// that programs read. A physical name is the logical one unless the program chose one. An
// attribute in outputs that no table below knows is "<name>.<attribute>": visible, never empty.
func invent(r *Resource, p place, outputs []string) (id string, state resource.PropertyMap) {
	state = maps.Clone(r.Inputs)
	if state == nil {
		state = resource.PropertyMap{}
	}
	add := func(key, value string) {
		if _, set := state[resource.PropertyKey(key)]; !set {
			state[resource.PropertyKey(key)] = resource.NewProperty(value)
		}
	}
	name := physicalName(r)
	function := text(r.Inputs, "functionName")
	words := []string{
		"NAME", name, "STAGE", text(r.Inputs, "stageName"), "API", text(r.Inputs, "restApi"), "DOMAIN", text(r.Inputs, "domainName"),
		"GROUP", text(r.Inputs, "logGroupName"),
		"FUNCTION", function[strings.LastIndex(function, ":")+1:], // an ARN, or a name
	}
	if arn, ok := arns[r.Type]; ok {
		add("arn", p.arn(arn, words...))
	}
	words = append([]string{"ARN", text(state, "arn")}, words...)
	id = p.fill(cmp.Or(ids[r.Type], "NAME"), words...)
	for key, value := range computed[r.Type] {
		add(key, p.fill(value, words...))
	}
	add("name", name)
	for _, key := range outputs {
		if key == "arn" {
			add(key, p.arn(service(r.Type)+":REGION:ACCOUNT:NAME", words...))
		}
		add(key, name+"."+key)
	}
	nested(r.Type, state)
	return id, state
}

// physicalName is what the program chose, completed as AWS would where it chose a prefix.
func physicalName(r *Resource) string {
	if prefix := cmp.Or(text(r.Inputs, "namePrefix"), text(r.Inputs, "bucketPrefix")); prefix != "" {
		return prefix + r.Name
	}
	return cmp.Or(text(r.Inputs, "name"), text(r.Inputs, "bucket"), r.Name)
}

// service is the module of a type token: "dynamodb" of "aws:dynamodb/table:Table".
func service(typ string) string {
	_, module, _ := strings.Cut(typ, ":")
	module, _, _ = strings.Cut(module, "/")
	return module
}

// nested adds what AWS computes inside of an attribute: the proof that a certificate's DNS
// is to show, and the target of an HTTP API's domain.
func nested(kind string, state resource.PropertyMap) {
	domain := text(state, "domainName")
	object := func(values map[string]string) resource.PropertyMap {
		m := resource.PropertyMap{}
		for key, value := range values {
			m[resource.PropertyKey(key)] = resource.NewProperty(value)
		}
		return m
	}
	switch kind {
	case "aws:acm/certificate:Certificate":
		state["domainValidationOptions"] = resource.NewProperty([]resource.PropertyValue{resource.NewProperty(object(map[string]string{
			"domainName": domain, "resourceRecordType": "CNAME",
			"resourceRecordName": "_proof." + domain + ".", "resourceRecordValue": "_proof.acm-validations.aws.",
		}))})
	case "aws:apigatewayv2/domainName:DomainName":
		configuration := state["domainNameConfiguration"].ObjectValue().Copy()
		maps.Copy(configuration, object(map[string]string{
			"targetDomainName": "d-" + domain + ".execute-api." + Region + ".amazonaws.com", "hostedZoneId": "Z0000000000000000000",
		}))
		state["domainNameConfiguration"] = resource.NewProperty(configuration)
	}
}

// arns are the ARNs by resource type, without "arn:aws:".
// https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
var arns = map[string]string{
	"aws:dynamodb/table:Table":                            "dynamodb:REGION:ACCOUNT:table/NAME",
	"aws:lambda/alias:Alias":                              "lambda:REGION:ACCOUNT:function:FUNCTION:NAME",
	"aws:lambda/function:Function":                        "lambda:REGION:ACCOUNT:function:NAME",
	"aws:iam/role:Role":                                   "iam::ACCOUNT:role/NAME",
	"aws:iam/policy:Policy":                               "iam::ACCOUNT:policy/NAME",
	"aws:iam/openIdConnectProvider:OpenIdConnectProvider": "iam::ACCOUNT:oidc-provider/NAME",
	"aws:kms/key:Key":                                     "kms:REGION:ACCOUNT:key/NAME",
	"aws:secretsmanager/secret:Secret":                    "secretsmanager:REGION:ACCOUNT:secret:NAME-AbCdEf",
	"aws:cloudwatch/logGroup:LogGroup":                    "logs:REGION:ACCOUNT:log-group:NAME",
	"aws:cloudwatch/logStream:LogStream":                  "logs:REGION:ACCOUNT:log-group:GROUP:log-stream:NAME",
	"aws:cloudwatch/compositeAlarm:CompositeAlarm":        "cloudwatch:REGION:ACCOUNT:alarm:NAME",
	"aws:cloudwatch/dashboard:Dashboard":                  "cloudwatch::ACCOUNT:dashboard/NAME",
	"aws:cloudwatch/metricAlarm:MetricAlarm":              "cloudwatch:REGION:ACCOUNT:alarm:NAME",
	"aws:apigateway/restApi:RestApi":                      "apigateway:REGION::/restapis/NAME",
	"aws:apigateway/stage:Stage":                          "apigateway:REGION::/restapis/API/stages/STAGE",
	"aws:apigatewayv2/api:Api":                            "apigateway:REGION::/apis/NAME",
	"aws:wafv2/webAcl:WebAcl":                             "wafv2:REGION:ACCOUNT:regional/webacl/NAME/00000000-0000-4000-8000-000000000000",
	"aws:cognito/userPool:UserPool":                       "cognito-idp:REGION:ACCOUNT:userpool/REGION_NAME",
	"aws:budgets/budget:Budget":                           "budgets::ACCOUNT:budget/NAME",
	"aws:sns/topic:Topic":                                 "sns:REGION:ACCOUNT:NAME",
	"aws:s3/bucketV2:BucketV2":                            "s3:::NAME",
	"aws:acm/certificate:Certificate":                     "acm:REGION:ACCOUNT:certificate/NAME",
	"aws:codedeploy/application:Application":              "codedeploy:REGION:ACCOUNT:application:NAME",
	"aws:codedeploy/deploymentGroup:DeploymentGroup":      "codedeploy:REGION:ACCOUNT:deploymentgroup:NAME",
}

// computed are other attributes that programs read, by resource type. Capital words are
// replaced as in arns; ARN is the resource's own.
var computed = map[string]map[string]string{
	"aws:lambda/alias:Alias": {
		"invokeArn": "arn:aws:apigateway:REGION:lambda:path/2015-03-31/functions/ARN/invocations",
	},
	"aws:lambda/function:Function": {
		"invokeArn": "arn:aws:apigateway:REGION:lambda:path/2015-03-31/functions/ARN/invocations",
		"version":   "1", "qualifiedArn": "ARN:1",
	},
	"aws:apigateway/restApi:RestApi": {
		"executionArn": "arn:aws:execute-api:REGION:ACCOUNT:NAME", "rootResourceId": "root",
	},
	"aws:apigateway/stage:Stage": {
		"executionArn": "arn:aws:execute-api:REGION:ACCOUNT:API/STAGE",
		"invokeUrl":    "https://API.execute-api.REGION.amazonaws.com/STAGE",
	},
	"aws:apigateway/domainName:DomainName": {
		"regionalDomainName": "d-NAME.execute-api.REGION.amazonaws.com", "regionalZoneId": "Z0000000000000000000",
	},
	"aws:apigatewayv2/api:Api": {
		"executionArn": "arn:aws:execute-api:REGION:ACCOUNT:NAME", "apiEndpoint": "https://NAME.execute-api.REGION.amazonaws.com",
	},
	"aws:route53/record:Record":     {"fqdn": "NAME"},
	"aws:kms/key:Key":               {"keyId": "NAME"},
	"aws:cognito/userPool:UserPool": {"endpoint": "cognito-idp.REGION.amazonaws.com/REGION_NAME"},
	"aws:s3/bucketV2:BucketV2":      {"bucket": "NAME"},
}

// ids are the ids that are not the physical name, as the provider's pages give them under "Import":
// https://registry.terraform.io/providers/hashicorp/aws/latest/docs
var ids = map[string]string{
	"aws:acm/certificate:Certificate":                     "ARN",
	"aws:apigateway/stage:Stage":                          "ags-API-STAGE",
	"aws:cognito/userPool:UserPool":                       "REGION_NAME",
	"aws:iam/openIdConnectProvider:OpenIdConnectProvider": "ARN",
	"aws:iam/policy:Policy":                               "ARN",
	"aws:lambda/alias:Alias":                              "ARN",
	"aws:secretsmanager/secret:Secret":                    "ARN",
	"aws:sns/topic:Topic":                                 "ARN",
}

func text(m resource.PropertyMap, key string) string {
	v := m[resource.PropertyKey(key)]
	for v.IsSecret() {
		v = v.SecretValue().Element
	}
	if !v.IsString() {
		return ""
	}
	return v.StringValue()
}
