package standin

import (
	"crypto/rand"
	"fmt"
	"maps"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"

	"leasehold.example/platform/offline"
)

// identity are the properties that tell two resources of a type apart. A type that is not
// here goes by its physical name, or has none and gets an id from AWS; an empty list is a
// type whose name need not be unique.
var identity = map[string][]string{
	"aws:apigateway/basePathMapping:BasePathMapping":                                             {"domainName", "basePath"},
	"aws:apigateway/domainName:DomainName":                                                       {"domainName"},
	"aws:apigateway/methodSettings:MethodSettings":                                               {"restApi", "stageName", "methodPath"},
	"aws:apigateway/restApi:RestApi":                                                             {},
	"aws:apigateway/stage:Stage":                                                                 {"restApi", "stageName"},
	"aws:apigatewayv2/api:Api":                                                                   {},
	"aws:apigatewayv2/domainName:DomainName":                                                     {"domainName"},
	"aws:apigatewayv2/route:Route":                                                               {"apiId", "routeKey"},
	"aws:apigatewayv2/stage:Stage":                                                               {"apiId", "name"},
	"aws:cloudwatch/dashboard:Dashboard":                                                         {"dashboardName"},
	"aws:cloudwatch/logMetricFilter:LogMetricFilter":                                             {"logGroupName", "name"},
	"aws:cloudwatch/logResourcePolicy:LogResourcePolicy":                                         {"policyName"},
	"aws:codedeploy/deploymentGroup:DeploymentGroup":                                             {"appName", "deploymentGroupName"},
	"aws:cognito/resourceServer:ResourceServer":                                                  {"userPoolId", "identifier"},
	"aws:cognito/userPool:UserPool":                                                              {},
	"aws:cognito/userPoolClient:UserPoolClient":                                                  {},
	"aws:cognito/userPoolDomain:UserPoolDomain":                                                  {"domain"},
	"aws:iam/openIdConnectProvider:OpenIdConnectProvider":                                        {"url"},
	"aws:iam/rolePolicy:RolePolicy":                                                              {"role", "name"},
	"aws:iam/rolePolicyAttachment:RolePolicyAttachment":                                          {"role", "policyArn"},
	"aws:lambda/alias:Alias":                                                                     {"functionName", "name"},
	"aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig":                             {"functionName", "qualifier"},
	"aws:lambda/permission:Permission":                                                           {"function", "statementId"},
	"aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig":                       {"functionName", "qualifier"},
	"aws:route53/record:Record":                                                                  {"zoneId", "name", "type", "setIdentifier"},
	"aws:s3/bucketOwnershipControls:BucketOwnershipControls":                                     {"bucket"},
	"aws:s3/bucketPolicy:BucketPolicy":                                                           {"bucket"},
	"aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock":                                     {"bucket"},
	"aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2": {"bucket"},
	"aws:s3/bucketVersioningV2:BucketVersioningV2":                                               {"bucket"},
	"aws:secretsmanager/secretPolicy:SecretPolicy":                                               {"secretArn"},
	"aws:secretsmanager/secretRotation:SecretRotation":                                           {"secretId"},
	"aws:sns/topicPolicy:TopicPolicy":                                                            {"arn"},
	association:                                                                                  {"resourceArn"},
	"aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration":                            {"resourceArn"},
}

// key is what makes a resource unique among those of its type; empty when AWS assigns the
// id.
func key(token string, properties resource.PropertyMap) string {
	parts, listed := identity[token]
	if name, named := nameProperty(inputs[token]); !listed && named {
		parts = []string{string(name)}
	}
	values := make([]string, len(parts))
	for i, p := range parts {
		if v := properties[resource.PropertyKey(p)]; v.IsString() {
			values[i] = v.StringValue()
		}
	}
	return strings.Join(values, "/")
}

// place is where an explicit provider puts its resources; empty parts are package
// offline's.
type place struct{ region, account string }

// born returns the id and the state of a new resource: its inputs, and what AWS adds that
// programs read.
func (p place) born(token string, properties resource.PropertyMap) (id string, state resource.PropertyMap) {
	in := maps.Clone(properties)
	delete(in, generatedKey)
	if prefix, ok := in["namePrefix"]; ok && prefix.IsString() {
		in["name"] = resource.NewProperty(prefix.StringValue() + random(26))
	}
	physical := key(token, in)
	if physical == "" {
		physical = random(10)
	}
	invented := &offline.Resource{Type: token, Name: physical, Inputs: maps.Clone(in)}
	delete(invented.Inputs, "namePrefix") // done already
	if parts, listed := identity[token]; listed && len(parts) == 0 {
		delete(invented.Inputs, "name") // ARNs are made of the id
	}
	id, state = offline.Invent(invented, p.region, p.account)
	// What AWS makes up within an ARN, so that a second resource of the same name has another.
	unique := strings.NewReplacer("00000000-0000-4000-8000-000000000000", "00000000-0000-4000-8000-"+random(12), "-AbCdEf", "-"+random(6))
	for k, v := range state {
		if v.IsString() {
			state[k] = resource.NewProperty(unique.Replace(v.StringValue()))
		}
	}
	maps.Copy(state, in)
	if tags, ok := in["tags"]; ok {
		state["tagsAll"] = tags
	}
	return unique.Replace(id), state
}

// unknown is what a preview can say of a state.
func unknown(in, state resource.PropertyMap) resource.PropertyMap {
	known := maps.Clone(in)
	for k := range state {
		if _, set := in[k]; !set {
			known[k] = resource.MakeComputed(resource.NewProperty(""))
		}
	}
	delete(known, generatedKey)
	return known
}

// changed is the state after an update in place: what AWS had added stays.
func changed(r plugin.UpdateRequest) resource.PropertyMap {
	state := maps.Clone(r.OldOutputs)
	for k := range r.OldInputs {
		delete(state, k)
	}
	maps.Copy(state, r.NewInputs)
	delete(state, generatedKey)
	if tags, ok := state["tags"]; ok {
		state["tagsAll"] = tags
	}
	if r.Type == "aws:lambda/function:Function" {
		publish(state, r)
	}
	return state
}

// publish gives a function a new version if it publishes versions and something changed
// that a version holds.
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-versions.html
func publish(state resource.PropertyMap, r plugin.UpdateRequest) {
	diff := r.OldInputs.Diff(r.NewInputs, func(k resource.PropertyKey) bool {
		return k == "tags" || k == "reservedConcurrentExecutions" || k == "publish" || strings.HasPrefix(string(k), "__")
	})
	if p := r.NewInputs["publish"]; diff == nil || !p.IsBool() || !p.BoolValue() {
		return
	}
	if r.Preview {
		state["version"], state["qualifiedArn"] = resource.MakeComputed(resource.NewProperty("")), resource.MakeComputed(resource.NewProperty(""))
		return
	}
	last, err := strconv.Atoi(fmt.Sprint(r.OldOutputs["version"].V))
	if err != nil {
		last = 0
	}
	version := strconv.Itoa(last + 1)
	state["version"] = resource.NewProperty(version)
	state["qualifiedArn"] = resource.NewProperty(fmt.Sprint(state["arn"].V) + ":" + version)
}

// random returns n characters as AWS uses them in ids.
func random(n int) string {
	return strings.ToLower(rand.Text())[:n]
}
