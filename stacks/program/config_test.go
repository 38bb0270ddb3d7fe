package program_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"leasehold.example/stacks/program"
)

// good is a configuration with everything that must be set, with identity issuers.
func good() map[string]string {
	return map[string]string{
		"leasehold:accountId": "111122223333",
		"leasehold:region":    "eu-central-1",
		"leasehold:identity":  "issuers",
		"leasehold:issuers":   `[{"issuer":"https://idp.example.com","tenant":"acme"}]`,
		"leasehold:tags":      `{"owner":"platform-team","costCentre":"sandbox"}`,
	}
}

func with(changes map[string]string) map[string]string {
	values := good()
	maps.Copy(values, changes)
	maps.DeleteFunc(values, func(_, value string) bool { return value == "" })
	return values
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	c, err := program.Load("dev", good())
	if err != nil {
		t.Fatal(err)
	}
	if c.Stack != "dev" || c.Partition != "aws" || c.Edge != program.EdgeREST || c.Streaming || !c.Firewall.Enabled || !c.Tracing ||
		c.Function.Memory != 512 || c.Function.ReservedConcurrency != nil || c.Authorizer.CacheSeconds != 0 || c.Throttle.Rate != 100 ||
		!c.Table.DeletionProtection || c.Policies != "mandatory" {
		t.Errorf("got %+v", c)
	}
	// Numbers and truth values may be texts and the other way round, as `pulumi config set --path` writes either.
	c, err = program.Load("dev", with(map[string]string{
		"leasehold:function": `{"memory":"1024","reservedConcurrency":5,"timeout":20}`, "leasehold:sessions": `{"cap":7,"bindClient":true}`,
		"pulumi:tags": "x", "leasehold:streaming": "true",
	}))
	if err != nil {
		t.Fatal(err)
	}
	if c.Function.Memory != 1024 || *c.Function.ReservedConcurrency != 5 || c.Sessions.Cap != "7" || c.Sessions.BindClient != "true" || !c.Streaming {
		t.Errorf("got %+v", c)
	}
}

// misspelt and otherCase are namespaces that are nearly ours.
var misspelt, otherCase = program.Namespace + "x", strings.ToUpper(program.Namespace[:1]) + program.Namespace[1:]

var cognito = map[string]string{"leasehold:identity": "cognito", "leasehold:issuers": "", "leasehold:cognito": `{"callbackUrls":["https://app.example.com/cb"]}`}

func cognitoWith(members string) map[string]string {
	values := maps.Clone(cognito)
	values["leasehold:cognito"] = `{"callbackUrls":["https://app.example.com/cb"],` + members + `}`
	return values
}

// Each bad configuration has these messages, one a line, and no others.
func TestBadConfigurations(t *testing.T) {
	t.Parallel()
	const kms = "arn:aws:kms:eu-central-1:111122223333:key/0000"
	for name, test := range map[string]struct {
		values map[string]string
		want   []string
	}{
		"edge":              {map[string]string{"leasehold:edge": "x"}, []string{`leasehold:edge: want rest or http, got "x"`}},
		"account too short": {map[string]string{"leasehold:accountId": "1234"}, []string{`leasehold:accountId: want the 12 digits of an AWS account, got "1234"`}},
		"no account":        {map[string]string{"leasehold:accountId": ""}, []string{`leasehold:accountId: want the 12 digits of an AWS account, it is not set`}},
		"region":            {map[string]string{"leasehold:region": "Frankfurt"}, []string{`leasehold:region: want an AWS region such as eu-central-1, got "Frankfurt"`}},
		"partition":         {map[string]string{"leasehold:region": "cn-north-1"}, []string{`leasehold:partition: want aws-cn in region cn-north-1, got "aws"`}},
		"too many issuers": {
			map[string]string{"leasehold:issuers": `[{"issuer":"https://idp.example.com","tenant":"acme","audiences":["` + strings.Repeat("a", 3000) + `"]}]`},
			[]string{`leasehold:issuers: want at most 2800 bytes of JSON, as all variables of a function have 4,096 together, got 3071`},
		},
		"unknown key":        {map[string]string{"leasehold:egde": "rest"}, []string{`leasehold:egde: there is no such setting; the nearest is edge`}},
		"unknown member":     {map[string]string{"leasehold:function": `{"memroy":512}`}, []string{`leasehold:function.memroy: there is no such setting; the nearest is memory`}},
		"namespace":          {map[string]string{misspelt + ":edge": "http", otherCase + ":edge": "http", "somebody-else:edge": "http"}, []string{otherCase + `:edge: there is no such setting; the nearest namespace is leasehold`, misspelt + `:edge: there is no such setting; the nearest namespace is leasehold`}},
		"case of a member":   {map[string]string{"leasehold:domain": `{"hostedZoneID":"Z1"}`}, []string{`leasehold:domain.hostedZoneID: there is no such setting; the nearest is hostedZoneId`}},
		"provider":           {map[string]string{"aws:region": "us-east-1"}, []string{`aws:region: has no effect: leasehold:region and leasehold:accountId say where the stack is`}},
		"not an object":      {map[string]string{"leasehold:function": "512"}, []string{`leasehold:function: want an object, got "512"`}},
		"not JSON":           {map[string]string{"leasehold:function": "memory=512"}, []string{`leasehold:function: want an object, got something that is neither an object nor a list`}},
		"not a list":         {map[string]string{"leasehold:vpc": `{"subnetIds":"subnet-0a"}`}, []string{`leasehold:vpc.subnetIds: want a list, each the id of a subnet such as subnet-0abc, got something that is neither an object nor a list`}},
		"an object too much": {map[string]string{"leasehold:function": `{"memory":{"mib":512}}`}, []string{`leasehold:function.memory: want a whole number from 128 to 10240, got an object`}},
		"memory":             {map[string]string{"leasehold:function": `{"memory":64}`}, []string{`leasehold:function.memory: want a whole number from 128 to 10240, got "64"`}},
		"memory in halves":   {map[string]string{"leasehold:function": `{"memory":512.5}`}, []string{`leasehold:function.memory: want a whole number from 128 to 10240, got "512.5"`}},
		"not a number":       {map[string]string{"leasehold:throttle": `{"rate":"NaN"}`}, []string{`leasehold:throttle.rate: want a number from 1 to 10000, got "NaN"`}},
		"truth":              {map[string]string{"leasehold:tracing": "yes"}, []string{`leasehold:tracing: want true or false, got "yes"`}},
		"collector":          {map[string]string{"leasehold:otlp": `{"endpoint":"http://collector.example.com:4318"}`}, []string{`leasehold:otlp.endpoint: want an https URL without user, query and fragment, or http on loopback; it is something else`}},
		"nobody listens":     {map[string]string{"leasehold:otlp": `{"endpoint":"http://127.0.0.1:4318"}`}, []string{`leasehold:otlp.layerArn: want a layer with a collector beside leasehold:otlp.endpoint on loopback, it is not set`}},
		"layer":              {map[string]string{"leasehold:otlp": `{"endpoint":"http://127.0.0.1:4318","layerArn":"collector"}`}, []string{`leasehold:otlp.layerArn: want the ARN of a version of a Lambda layer, got "collector"`}},
		"layer elsewhere":    {map[string]string{"leasehold:otlp": `{"endpoint":"http://127.0.0.1:4318","layerArn":"arn:aws:lambda:us-east-1:111122223333:layer:collector:3"}`}, []string{`leasehold:otlp.layerArn: want an ARN of arn:aws in region eu-central-1, got "arn:aws:lambda:us-east-1:111122223333:layer:collector:3"`}},
		"share of spans":     {map[string]string{"leasehold:otlp": `{"endpoint":"https://collector.example.com","sample":2}`}, []string{`leasehold:otlp.sample: want a number from 0 to 1; it is "2"`}},
		"no collector":       {map[string]string{"leasehold:otlp": `{"sample":0.5}`}, []string{`leasehold:otlp.sample: has no effect without leasehold:otlp.endpoint`}},
		"architecture":       {map[string]string{"leasehold:function": `{"architecture":"amd64"}`}, []string{`leasehold:function.architecture: want arm64 or x86_64, got "amd64"`}},
		"log level":          {map[string]string{"leasehold:function": `{"logLevel":"loud"}`}, []string{`leasehold:function.logLevel: want debug, info, warn or error; it is "loud"`}},
		"timeout of REST":    {map[string]string{"leasehold:function": `{"timeout":30}`}, []string{`leasehold:function.timeout: want at most 29, got 30: the edge does not wait longer`}},
		"timeout of HTTP": {
			map[string]string{"leasehold:edge": "http", "leasehold:firewall": `{"enabled":false}`, "leasehold:function": `{"timeout":31}`},
			[]string{`leasehold:function.timeout: want at most 30, got 31: the edge does not wait longer`},
		},
		"timeout of streaming": {
			map[string]string{"leasehold:streaming": "true", "leasehold:function": `{"timeout":901}`},
			[]string{`leasehold:function.timeout: want a whole number from 3 to 900, got "901"`},
		},
		"firewall and HTTP": {map[string]string{"leasehold:edge": "http"}, []string{`leasehold:firewall.enabled: want false with leasehold:edge http: WAF cannot be attached to an HTTP API`}},
		"streaming and HTTP": {
			map[string]string{"leasehold:edge": "http", "leasehold:firewall": `{"enabled":false}`, "leasehold:streaming": "true"},
			[]string{`leasehold:streaming: want false with leasehold:edge http: an HTTP API does not stream`},
		},
		"authorizer and HTTP": {
			map[string]string{"leasehold:edge": "http", "leasehold:firewall": `{"enabled":false}`, "leasehold:authorizer": `{"memory":128}`},
			[]string{`leasehold:authorizer: has no effect with leasehold:edge http, where the function answers by itself`},
		},
		"canary and warm instances": {
			map[string]string{"leasehold:function": `{"provisionedConcurrency":2}`, "leasehold:canary": `{"enabled":true}`},
			[]string{`leasehold:canary.enabled: want false with leasehold:function.provisionedConcurrency: an alias that shifts traffic cannot have it`},
		},
		"more warm than there may be": {
			map[string]string{"leasehold:function": `{"provisionedConcurrency":5,"reservedConcurrency":2}`},
			[]string{`leasehold:function.provisionedConcurrency: want at most leasehold:function.reservedConcurrency`},
		},
		"canary off": {map[string]string{"leasehold:canary": `{"alarms":["errors"]}`}, []string{`leasehold:canary.alarms: has no effect without leasehold:canary.enabled`}},
		"domain alone": {
			map[string]string{"leasehold:domain": `{"name":"mcp.example.com"}`},
			[]string{`leasehold:domain.name: want leasehold:domain.hostedZoneId or leasehold:domain.certificateArn beside it, got neither`},
		},
		"address":           {map[string]string{"leasehold:monitoring": `{"emails":["team"]}`}, []string{`leasehold:monitoring.emails[0]: want an address such as team@example.com, got "team"`}},
		"topic elsewhere":   {map[string]string{"leasehold:monitoring": `{"topicArn":"arn:aws:sns:us-east-1:111122223333:alarms"}`}, []string{`leasehold:monitoring.topicArn: want an ARN of arn:aws in region eu-central-1, got "arn:aws:sns:us-east-1:111122223333:alarms"`}},
		"runbook":           {map[string]string{"leasehold:monitoring": `{"runbook":"https://wiki.example.com/mcp#alarms"}`}, []string{`leasehold:monitoring.runbook: want an https URL without a fragment, got "https://wiki.example.com/mcp#alarms"`}},
		"two topics":        {map[string]string{"leasehold:monitoring": `{"topicArn":"arn:aws:sns:eu-central-1:111122223333:alarms","emails":["team@example.com"]}`}, []string{`leasehold:monitoring.emails: has no effect with leasehold:monitoring.topicArn, a topic that is not this stack's`}},
		"unwatched":         {map[string]string{"leasehold:monitoring": `{"enabled":false,"p90Ms":100}`, "leasehold:slo": `{"latencyMs":100}`}, []string{`leasehold:slo: has no effect without leasehold:monitoring.enabled`, `leasehold:monitoring.p90Ms: has no effect without leasehold:monitoring.enabled`}},
		"percentiles":       {map[string]string{"leasehold:monitoring": `{"p90Ms":6000}`}, []string{`leasehold:monitoring.p99Ms: want at least leasehold:monitoring.p90Ms`}},
		"objective too low": {map[string]string{"leasehold:slo": `{"latency":90}`}, []string{`leasehold:slo.latency: want a number from 95 to 99.99, got "90"`}},
		"budget in China": {
			map[string]string{"leasehold:region": "cn-north-1", "leasehold:partition": "aws-cn", "leasehold:monitoring": `{"budget":10}`},
			[]string{`leasehold:monitoring.budget: want 0 in partition aws-cn, whose bills are kept elsewhere`},
		},
		"blocks without firewall": {
			map[string]string{"leasehold:firewall": `{"enabled":false}`, "leasehold:monitoring": `{"firewallBlocks":9}`},
			[]string{`leasehold:monitoring.firewallBlocks: has no effect without a web ACL of the stack's own`},
		},
		"two concurrencies": {
			map[string]string{"leasehold:function": `{"reservedConcurrency":9}`, "leasehold:monitoring": `{"accountConcurrency":20}`},
			[]string{`leasehold:monitoring.accountConcurrency: has no effect with leasehold:function.reservedConcurrency, whose alarm takes its place`},
		},
		"bucket for logs":     {map[string]string{"leasehold:logs": `{"destinationArn":"arn:aws:s3:::logs"}`}, []string{`leasehold:logs.destinationArn: want the ARN of a destination of CloudWatch Logs, got "arn:aws:s3:::logs"`}},
		"domain without name": {map[string]string{"leasehold:domain": `{"hostedZoneId":"Z1"}`}, []string{`leasehold:domain.hostedZoneId: has no effect without leasehold:domain.name`}},
		"domain as a URL": {
			map[string]string{"leasehold:domain": `{"name":"https://mcp.example.com","hostedZoneId":"Z1"}`},
			[]string{`leasehold:domain.name: want a host name such as mcp.example.com, got "https://mcp.example.com"`},
		},
		"certificate elsewhere": {
			map[string]string{"leasehold:domain": `{"name":"mcp.example.com","certificateArn":"arn:aws:acm:us-east-1:111122223333:certificate/1"}`},
			[]string{`leasehold:domain.certificateArn: want an ARN of arn:aws in region eu-central-1, got "arn:aws:acm:us-east-1:111122223333:certificate/1"`},
		},
		"identity": {map[string]string{"leasehold:identity": ""}, []string{`leasehold:identity: want issuers or cognito, it is not set`}},
		"no issuers": {
			map[string]string{"leasehold:issuers": ""},
			[]string{`leasehold:issuers: want a JSON array of issuers with leasehold:identity issuers, it is not set`},
		},
		"issuer without tenant": {
			map[string]string{"leasehold:issuers": `[{"issuer":"https://idp.example.com"}]`},
			[]string{`leasehold:issuers: identity: issuer 1: exactly one of tenant and tenant_claim must be set`},
		},
		"member of an issuer": {
			map[string]string{"leasehold:issuers": `[{"issuer":"https://idp.example.com","tenant":"acme","audience":"x"}]`},
			[]string{`leasehold:issuers: want a JSON array of issuers; there is no such member: "audience"`},
		},
		"issuers and Cognito": {
			map[string]string{"leasehold:identity": "cognito", "leasehold:cognito": `{"callbackUrls":["https://app.example.com/cb"]}`},
			[]string{`leasehold:issuers: has no effect with leasehold:identity cognito, which makes the issuer`},
		},
		"Cognito and issuers": {map[string]string{"leasehold:cognito": `{"mfa":"ON"}`}, []string{`leasehold:cognito: has no effect with leasehold:identity issuers`}},
		"no callback": {
			map[string]string{"leasehold:identity": "cognito", "leasehold:issuers": ""},
			[]string{`leasehold:cognito.callbackUrls: want a list, each an https URL, or http on localhost, without a fragment, it is not set`},
		},
		"callback in clear": {
			map[string]string{"leasehold:identity": "cognito", "leasehold:issuers": "", "leasehold:cognito": `{"callbackUrls":["https://a.example.com","http://a.example.com"]}`},
			[]string{`leasehold:cognito.callbackUrls[1]: want an https URL, or http on localhost, without a fragment, got "http://a.example.com"`},
		},
		"prefix": {
			cognitoWith(`"domainPrefix":"my-cognito"`),
			[]string{`leasehold:cognito.domainPrefix: want up to 63 lower-case letters, digits and hyphens, without aws, amazon and cognito, got "my-cognito"`},
		},
		"table and its settings": {
			map[string]string{"leasehold:table": `{"arn":"arn:aws:dynamodb:eu-central-1:111122223333:table/sessions","retain":true}`},
			[]string{`leasehold:table.retain: has no effect with leasehold:table.arn, a table that is not this stack's`},
		},
		"two keys": {
			map[string]string{"leasehold:encryption": `{"customerKey":true,"keyArn":"` + kms + `"}`},
			[]string{`leasehold:encryption.customerKey: has no effect with leasehold:encryption.keyArn, which takes its place`},
		},
		"alias for a key": {
			map[string]string{"leasehold:encryption": `{"keyArn":"arn:aws:kms:eu-central-1:111122223333:alias/mine"}`},
			[]string{`leasehold:encryption.keyArn: want the ARN of a KMS key (an alias is none), got "arn:aws:kms:eu-central-1:111122223333:alias/mine"`},
		},
		"rates of a foreign web ACL": {
			map[string]string{"leasehold:firewall": `{"webAclArn":"arn:aws:wafv2:eu-central-1:111122223333:regional/webacl/x/1","ratePerIp":100}`},
			[]string{`leasehold:firewall.ratePerIp: has no effect with leasehold:firewall.webAclArn, a web ACL that is not this stack's`},
		},
		"rates without a firewall": {map[string]string{"leasehold:firewall": `{"enabled":false,"ratePerToken":100}`}, []string{`leasehold:firewall.ratePerToken: has no effect without leasehold:firewall.enabled`}},
		"one subnet": {
			map[string]string{"leasehold:vpc": `{"id":"vpc-0a","subnetIds":["subnet-0a"]}`},
			[]string{`leasehold:vpc.subnetIds: want two subnets or more with leasehold:vpc.id`},
		},
		"endpoints without route tables": {
			map[string]string{"leasehold:vpc": `{"id":"vpc-0a","subnetIds":["subnet-0a","subnet-0b"],"endpoints":true}`},
			[]string{`leasehold:vpc.routeTableIds: want the route tables of the subnets with leasehold:vpc.endpoints`},
		},
		"subnets without a VPC": {map[string]string{"leasehold:vpc": `{"subnetIds":["subnet-0a"]}`}, []string{`leasehold:vpc.subnetIds: has no effect without leasehold:vpc.id`}},
		"idle":                  {map[string]string{"leasehold:sessions": `{"idle":"1m"}`}, []string{`leasehold:sessions.idle: want a duration from 5m up to the absolute lifetime; it is "1m"`}},
		"origin":                {map[string]string{"leasehold:origins": `["*"]`}, []string{`leasehold:origins: want origins such as https://app.example.com, separated by commas; it is "*"`}},
		"retention": {
			map[string]string{"leasehold:logs": `{"retentionDays":10}`},
			[]string{`leasehold:logs.retentionDays: want 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653, got "10"`},
		},
		"no owner": {map[string]string{"leasehold:tags": `{"costCentre":"x"}`}, []string{`leasehold:tags.owner: want 1 to 256 letters, digits, spaces and + - = . _ : / @, it is not set`}},
		"boundary": {map[string]string{"leasehold:permissionsBoundary": "boundary"}, []string{`leasehold:permissionsBoundary: want the ARN of an IAM policy, got "boundary"`}},
		"policies": {map[string]string{"leasehold:policies": "off"}, []string{`leasehold:policies: want advisory or mandatory, got "off"`}},
		"all at once": {
			map[string]string{"leasehold:accountId": "x", "leasehold:edge": "x", "leasehold:function": `{"memory":1,"timeout":"x"}`, "leasehold:sessions": `{"cap":0}`, "leasehold:zone": "x"},
			[]string{
				`leasehold:accountId: want the 12 digits of an AWS account, got "x"`,
				`leasehold:edge: want rest or http, got "x"`,
				`leasehold:function.memory: want a whole number from 128 to 10240, got "1"`,
				`leasehold:function.timeout: want a whole number from 3 to 900, got "x"`,
				`leasehold:zone: there is no such setting; the nearest is edge`,
				`leasehold:sessions.cap: want a number from 1 to 1000; it is "0"`,
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := program.Load("dev", with(test.values))
			want := append([]string{"the configuration of stack dev is wrong:"}, test.want...)
			if err == nil {
				t.Fatal("accepted")
			}
			if got := strings.Split(err.Error(), "\n"); !slices.Equal(got, want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		})
	}
}

func TestStackName(t *testing.T) {
	t.Parallel()
	if _, err := program.Load("Dev_1", good()); err == nil || !strings.Contains(err.Error(), `stack: want a lower-case letter`) {
		t.Errorf("got %v", err)
	}
}

// No error shows a secret, and secrets are refused where the value would be seen anyway.
func TestSecretsAreNotPrinted(t *testing.T) {
	t.Parallel()
	const secret = "s3cr3t"
	for key, value := range map[string]string{
		"leasehold:issuers": `[{"issuer":"` + secret + `","` + secret + `":1}]`, "leasehold:edge": secret, "leasehold:function": `{"` + secret + `":1}`,
	} {
		_, err := program.Load("dev", with(map[string]string{key: value}), key)
		if err == nil || strings.Contains(err.Error(), secret) || !strings.Contains(err.Error(), key+": ") {
			t.Errorf("%s: got %v", key, err)
		}
	}
	if _, err := program.Load("dev", good(), "leasehold:issuers"); err != nil {
		t.Error(err)
	}
}

func TestWarnings(t *testing.T) {
	t.Parallel()
	c, err := program.Load("dev", with(map[string]string{
		"leasehold:edge": "http", "leasehold:firewall": `{"enabled":false}`, "leasehold:table": `{"deletionProtection":false,"retain":false}`,
	}))
	if err != nil {
		t.Fatal(err)
	}
	if all := strings.Join(c.Warnings(), "\n"); !strings.Contains(all, "WAF cannot be attached") || !strings.Contains(all, "pulumi destroy") || !strings.Contains(all, "nobody is told of alarms") || len(c.Warnings()) != 3 {
		t.Errorf("got %s", all)
	}
	c, err = program.Load("dev", with(map[string]string{"leasehold:monitoring": `{"enabled":false}`}))
	if err != nil || len(c.Warnings()) != 1 || !strings.Contains(c.Warnings()[0], "nobody is told when the stack fails") {
		t.Errorf("got %q, %v", c.Warnings(), err)
	}
}
