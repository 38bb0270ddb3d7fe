package preview

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// setting is one input that a reader of the tree wants to see. The value takes the place of
// the per cent sign in the label, or follows it.
type setting struct{ label, path string }

// shown are the inputs that matter, by type, in the order of reading. Other types show
// their few plain inputs (see settingsOf).
var shown = map[string][]setting{
	"aws:acm/certificate:Certificate":      {{"", "domainName"}, {"% validation", "validationMethod"}},
	"aws:apigateway/deployment:Deployment": {},
	"aws:apigateway/domainName:DomainName": {{"", "domainName"}, {"", "securityPolicy"}},
	"aws:apigateway/methodSettings:MethodSettings": {
		{"% requests/s", "settings.throttlingRateLimit"}, {"burst", "settings.throttlingBurstLimit"}, {"metrics", "settings.metricsEnabled"},
	},
	"aws:apigateway/restApi:RestApi":       {{"", "endpointConfiguration.types"}, {"default endpoint off", "disableExecuteApiEndpoint"}},
	"aws:apigateway/restApiPut:RestApiPut": {{"paths", "body"}},
	"aws:apigateway/stage:Stage": {
		{"", "stageName"}, {"tracing", "xrayTracingEnabled"}, {"", "accessLogSettings.destinationArn"},
	},
	"aws:cloudwatch/logGroup:LogGroup": {{"", "name"}, {"%…", "namePrefix"}, {"% days", "retentionInDays"}, {"", "kmsKeyId"}},
	"aws:cognito/userPool:UserPool": {
		{"", "userPoolTier"},
		{"MFA", "mfaConfiguration"},
		{"deletion protection", "deletionProtection"},
		{"admin-only sign-up", "adminCreateUserConfig.allowAdminCreateUserOnly"},
	},
	"aws:cognito/userPoolClient:UserPoolClient": {
		{"flows", "allowedOauthFlows"}, {"scopes", "allowedOauthScopes"}, {"callbacks", "callbackUrls"}, {"with a secret", "generateSecret"},
	},
	"aws:codedeploy/application:Application":         {},
	"aws:codedeploy/deploymentGroup:DeploymentGroup": {{"", "deploymentConfigName"}},
	"aws:cloudwatch/metricAlarm:MetricAlarm": {
		{"", "metricName"}, {"", "comparisonOperator"}, {"threshold", "threshold"}, {"% s periods", "period"},
	},
	"aws:dynamodb/table:Table": {
		{"", "name"},
		{"partition key", "hashKey"},
		{"sort key", "rangeKey"},
		{"TTL", "ttl.attributeName"},
		{"indexes", "globalSecondaryIndexes"},
		{"local indexes", "localSecondaryIndexes"},
		{"", "billingMode"},
		{"point-in-time recovery", "pointInTimeRecovery.enabled"},
		{"deletion protection", "deletionProtectionEnabled"},
		{"", "serverSideEncryption.kmsKeyArn"},
	},
	"aws:iam/role:Role":             {{"boundary", "permissionsBoundary"}},
	"aws:iam/rolePolicy:RolePolicy": {{"allows", "policy"}},
	"aws:kms/key:Key":               {{"rotated", "enableKeyRotation"}, {"deleted after % days", "deletionWindowInDays"}},
	"aws:lambda/alias:Alias":        {{"", "name"}, {"version", "functionVersion"}},
	"aws:lambda/function:Function": {
		{"% MB", "memorySize"},
		{"% s", "timeout"},
		{"", "architectures"},
		{"% reserved", "reservedConcurrentExecutions"},
		{"tracing", "tracingConfig.mode"},
		{"% variables", "environment.variables"},
		{"layers", "layers"},
		{"in subnets", "vpcConfig.subnetIds"},
	},
	"aws:lambda/permission:Permission":                                     {{"", "action"}, {"for", "principal"}},
	"aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig": {{"% instances", "provisionedConcurrentExecutions"}},
	"aws:secretsmanager/secret:Secret":                                     {{"", "name"}, {"recoverable for % days", "recoveryWindowInDays"}, {"", "kmsKeyId"}},
	"aws:secretsmanager/secretRotation:SecretRotation":                     {{"every % days", "rotationRules.automaticallyAfterDays"}},
	"aws:wafv2/webAcl:WebAcl":                                              {{"", "name"}, {"", "scope"}, {"rules", "rules"}},
	"aws:wafv2/webAclAssociation:WebAclAssociation":                        {{"on", "resourceArn"}},
	"aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration":      {{"% fields redacted", "redactedFields"}},
	"pulumi:providers:aws":                                                 {{"", "region"}, {"account", "allowedAccountIds"}},
}

// settingsOf are the settings of a resource that matter, and its options. A type that is
// not in shown has its plain inputs instead, the first four by name.
func settingsOf(r Resource) []string {
	var all []string
	list, known := shown[r.Type]
	if !known && !r.Component {
		list = plainInputs(r.Inputs)
	}
	for _, s := range list {
		if text := s.text(at(r.Inputs, s.path)); text != "" {
			all = append(all, text)
		}
	}
	for _, option := range []struct {
		label string
		set   bool
	}{{"protected", r.Protect}, {"kept when deleted", r.RetainOnDelete}, {"deleted before replaced", r.DeleteBeforeReplace}, {"exists already", r.Read}} {
		if option.set {
			all = append(all, option.label)
		}
	}
	return all
}

func plainInputs(inputs map[string]any) []setting {
	var list []setting
	for _, key := range slices.Sorted(maps.Keys(inputs)) {
		switch v := inputs[key].(type) {
		case bool, float64:
		case string:
			if v == "" || v[0] == '{' {
				continue
			}
		default:
			continue
		}
		if list = append(list, setting{key, key}); len(list) == 4 {
			break
		}
	}
	return list
}

// at is the value at a path of names; nil when there is none.
func at(v any, path string) any {
	for name := range strings.SplitSeq(path, ".") {
		m, _ := v.(map[string]any)
		v = m[name]
	}
	return v
}

// text is the setting as read in the tree; empty when it is not set or off.
func (s setting) text(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case bool:
		if !v {
			return ""
		}
		return s.label
	case map[string]any:
		return labelled(s.label, strconv.Itoa(len(v)))
	case []any:
		if len(v) == 0 {
			return ""
		}
		if text := scalars(v); len(text) > 0 {
			return labelled(s.label, strings.Join(text, ", "))
		}
		return labelled(s.label, strings.Join(names(v), ", "))
	case string:
		if doc, ok := document(v); ok {
			return labelled(s.label, summary(doc))
		}
		if parts := strings.SplitN(v, ":", 6); parts[0] == "arn" && len(parts) == 6 {
			return labelled(s.label, parts[5]) // the resource; the rest is the stack's own place
		}
	}
	return labelled(s.label, short(v))
}

func labelled(label, value string) string {
	if before, after, ok := strings.Cut(label, "%"); ok {
		return before + value + after
	}
	return strings.TrimSpace(label + " " + value)
}

// scalars are the elements of a list that has nothing else.
func scalars(v any) []string {
	list, _ := v.([]any)
	var all []string
	for _, element := range list {
		switch element.(type) {
		case []any, map[string]any:
			return nil
		}
		all = append(all, short(element))
	}
	return all
}

// names are what the elements of a list call themselves, or how many there are.
func names(list []any) []string {
	var all []string
	for _, element := range list {
		name := identity(element)
		if name == "" {
			return []string{strconv.Itoa(len(list))}
		}
		all = append(all, name)
	}
	return all
}

// summary says of an IAM policy what it allows, and of an OpenAPI document which paths it has.
func summary(doc any) string {
	if paths, ok := at(doc, "paths").(map[string]any); ok {
		return strings.Join(slices.Sorted(maps.Keys(paths)), ", ")
	}
	statements, _ := at(doc, "Statement").([]any)
	var actions []string
	for _, statement := range statements {
		switch action := at(statement, "Action").(type) {
		case string:
			actions = append(actions, action)
		case []any:
			actions = append(actions, scalars(action)...)
		}
	}
	slices.Sort(actions)
	return strings.Join(slices.Compact(actions), ", ")
}

// document is the JSON object or list that a text holds; programs pass policies and API
// bodies that way.
func document(text string) (any, bool) {
	if text == "" || text[0] != '{' && text[0] != '[' {
		return nil, false
	}
	var v any
	err := json.Unmarshal([]byte(text), &v)
	return v, err == nil
}

// short is a scalar as people read it: whole numbers without an exponent, text on one line.
func short(v any) string {
	switch v := v.(type) {
	case string:
		if strings.ContainsFunc(v, func(r rune) bool { return !strconv.IsPrint(r) }) {
			return strconv.Quote(v)
		}
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case nil:
		return "(absent)"
	case []any, map[string]any:
		text, err := json.Marshal(v)
		if err == nil {
			return string(text)
		}
	}
	return fmt.Sprint(v)
}
