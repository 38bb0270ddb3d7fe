package program_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"gopkg.in/yaml.v3"

	"leasehold.example/platform/offline"
	"leasehold.example/stacks/program"
)

const root = "../.."

// stackFile reads Pulumi.<stack>.yaml as Pulumi hands it to a program: objects and lists as JSON.
func stackFile(t *testing.T, stack string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "Pulumi."+stack+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Config map[string]any }
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	values := map[string]string{}
	for key, value := range file.Config {
		switch value.(type) {
		case map[string]any, []any:
			object, err := json.Marshal(value)
			if err != nil {
				t.Fatal(err)
			}
			values[key] = string(object)
		default:
			values[key] = fmt.Sprint(value)
		}
	}
	return values
}

// stacks are the files and what else a stack can be.
func stacks(t *testing.T) map[string]map[string]string {
	t.Helper()
	const place = "eu-central-1:111122223333:"
	all := map[string]map[string]string{
		"edge http": with(map[string]string{"leasehold:edge": "http", "leasehold:firewall": `{"enabled":false}`}),
		"issuers":   good(),
		"streaming": with(map[string]string{"leasehold:streaming": "true", "leasehold:function": `{"timeout":900}`}),
		"cognito":   with(cognito),
		"domain": with(map[string]string{
			"leasehold:domain": `{"name":"mcp.example.com","hostedZoneId":"Z0123456789ABC"}`,
		}),
		"domain with certificate": with(map[string]string{
			"leasehold:domain": `{"name":"mcp.example.com","certificateArn":"arn:aws:acm:` + place + `certificate/1"}`,
		}),
		"vpc": with(map[string]string{
			"leasehold:vpc": `{"id":"vpc-0a","subnetIds":["subnet-0a","subnet-0b"],"routeTableIds":["rtb-0a"],"endpoints":true}`,
		}),
		"vpc without endpoints": with(map[string]string{"leasehold:vpc": `{"id":"vpc-0a","subnetIds":["subnet-0a","subnet-0b"]}`}),
		"own pool":              ownPool(nil),
		"own table, key, web ACL and boundary": with(map[string]string{
			"leasehold:table":               `{"arn":"arn:aws:dynamodb:` + place + `table/sessions"}`,
			"leasehold:encryption":          `{"keyArn":"arn:aws:kms:` + place + `key/0000"}`,
			"leasehold:firewall":            `{"webAclArn":"arn:aws:wafv2:` + place + `regional/webacl/own/1"}`,
			"leasehold:permissionsBoundary": "arn:aws:iam::111122223333:policy/boundary",
		}),
		"everything set": with(map[string]string{
			"leasehold:sessions": `{"idle":"10m","absolute":"2h","cap":5,"dataLimit":2048,"bindClient":true}`,
			"leasehold:origins":  `["https://app.example.com","http://localhost:6274"]`, "leasehold:baseScopes": `["mcp:basic","session:read"]`,
			"leasehold:function":   `{"logLevel":"warn","logSample":0.5,"reservedConcurrency":10,"provisionedConcurrency":1,"timeout":10}`,
			"leasehold:authorizer": `{"cacheSeconds":60}`, "leasehold:encryption": `{"customerKey":false}`, "leasehold:tracing": "false",
			"leasehold:policies": "advisory", "leasehold:otlp": `{"endpoint":"https://collector.example.com","sample":0.1}`,
		}),
		"canary": with(map[string]string{
			"leasehold:canary": `{"enabled":true,"alarms":["api-5xx"],"topicArn":"arn:aws:sns:` + place + `releases"}`,
		}),
		"told elsewhere, with a budget": with(map[string]string{
			"leasehold:monitoring": `{"topicArn":"arn:aws:sns:` + place + `alarms","budget":200,"runbook":"https://wiki.example.com/mcp"}`,
		}),
		"told by mail": with(map[string]string{"leasehold:monitoring": `{"emails":["team@example.com","night@example.com"],"budget":50}`}),
		"logs sent on": with(map[string]string{
			"leasehold:logs": `{"destinationArn":"arn:aws:logs:eu-central-1:444455556666:destination:all","auditDestinationArn":"arn:aws:logs:eu-central-1:444455556666:destination:audit"}`,
		}),
		"collector beside the function": with(map[string]string{
			"leasehold:otlp": `{"endpoint":"http://127.0.0.1:4318","layerArn":"arn:aws:lambda:` + place + `layer:collector:3"}`,
		}),
		"unwatched": with(map[string]string{"leasehold:monitoring": `{"enabled":false}`}),
		"china":     with(map[string]string{"leasehold:region": "cn-north-1", "leasehold:partition": "aws-cn"}),
	}
	for _, stack := range []string{"dev", "preview", "staging", "prod"} {
		all[stack] = stackFile(t, stack)
	}
	return all
}

// run runs the program of a stack, or fails the test.
func run(t *testing.T, values map[string]string, secrets ...string) *offline.Graph {
	t.Helper()
	g, err := runErr(values, secrets...)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func runErr(values map[string]string, secrets ...string) (*offline.Graph, error) {
	p := program.Program{Root: root, WithoutArchives: true, Settings: values}
	return offline.Run(offline.Options{Project: "leasehold", Stack: "test", Config: values, Secrets: secrets}, p.Deploy)
}

// each runs a test for every stack.
func each(t *testing.T, test func(t *testing.T, values map[string]string, g *offline.Graph)) {
	t.Helper()
	all := stacks(t)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, all[name], run(t, all[name]))
		})
	}
}

func ofType(g *offline.Graph, typ string) (all []*offline.Resource) {
	for _, r := range g.Resources {
		if r.Type == typ {
			all = append(all, r)
		}
	}
	return all
}

// named is the resource with that logical name.
func named(t *testing.T, g *offline.Graph, name string) *offline.Resource {
	t.Helper()
	for _, r := range g.Resources {
		if r.Name == name {
			return r
		}
	}
	t.Fatalf("no resource is called %s", name)
	return nil
}

// environment is that of a function, its secrets in clear.
func environment(t *testing.T, g *offline.Graph, function string) map[string]string {
	t.Helper()
	environ := map[string]string{}
	variables := open(open(named(t, g, function).Inputs["environment"]).ObjectValue()["variables"])
	for name, value := range variables.ObjectValue() {
		environ[string(name)] = open(value).StringValue()
	}
	return environ
}

func open(v resource.PropertyValue) resource.PropertyValue {
	for v.IsSecret() {
		v = v.SecretValue().Element
	}
	return v
}

func text(r *offline.Resource, path string) string {
	v := resource.NewProperty(r.Inputs)
	for name := range strings.SplitSeq(path, ".") {
		if v = open(v); !v.IsObject() {
			return ""
		}
		v = v.ObjectValue()[resource.PropertyKey(name)]
	}
	if v = open(v); !v.IsString() {
		return ""
	}
	return v.StringValue()
}
