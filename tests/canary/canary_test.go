package canary_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"leasehold.example/tests/canary"
)

type object = map[string]any

// cloud is as much of Lambda and CodeDeploy as a deployment asks for.
type cloud struct {
	t  *testing.T
	mu sync.Mutex
	// version and weights are the alias's.
	version string
	weights object
	group   object
	// looks are what GetDeployment answers, one after the other; the last stays.
	looks []look
	// calls are the operations of CodeDeploy that changed something.
	calls []string
	spec  object
	fails string // an operation that AWS refuses
}

// look is a state of the deployment and of the alias.
type look struct {
	status  string
	more    object
	version string // of the alias from then on; empty is as before
	weights object
}

func newCloud(t *testing.T, looks ...look) *cloud {
	return &cloud{t: t, version: "7", looks: looks, group: object{
		"alarmConfiguration":        object{"enabled": true, "alarms": []any{object{"name": "leasehold-prod-mcp-errors"}}},
		"autoRollbackConfiguration": object{"enabled": true, "events": []string{"DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM"}},
	}}
}

// ServeHTTP is Lambda's REST API and CodeDeploy's JSON 1.1 protocol.
func (c *cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r.URL.Path == "/2015-03-31/functions/leasehold-prod-mcp/aliases/live" {
		answer(c.t, w, object{"FunctionVersion": c.version, "RoutingConfig": object{"AdditionalVersionWeights": c.weights}})
		return
	}
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	var in object
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		c.t.Errorf("%s: %v", operation, err)
	}
	if operation == c.fails {
		w.Header().Set("X-Amzn-Errortype", "DeploymentLimitExceededException")
		w.WriteHeader(http.StatusBadRequest)
		answer(c.t, w, object{"message": "no"})
		return
	}
	c.operation(w, operation, in)
}

func (c *cloud) operation(w http.ResponseWriter, operation string, in object) {
	switch operation {
	case "GetDeploymentGroup":
		c.want(in, "applicationName", "app")
		answer(c.t, w, object{"deploymentGroupInfo": c.group})
	case "CreateDeployment":
		c.calls = append(c.calls, operation)
		c.want(in, "applicationName", "app")
		c.want(in, "deploymentGroupName", "live")
		revision, _ := in["revision"].(object)
		content, _ := revision["appSpecContent"].(object)
		text, _ := content["content"].(string)
		if err := json.Unmarshal([]byte(text), &c.spec); err != nil || revision["revisionType"] != "AppSpecContent" {
			c.t.Errorf("the revision is %v", revision)
		}
		answer(c.t, w, object{"deploymentId": "d-1"})
	case "GetDeployment":
		l := c.looks[0]
		if len(c.looks) > 1 {
			c.looks = c.looks[1:]
		}
		if c.weights = l.weights; l.version != "" {
			c.version = l.version
		}
		info := object{"status": l.status}
		for k, v := range l.more {
			info[k] = v
		}
		answer(c.t, w, object{"deploymentInfo": info})
	case "StopDeployment":
		c.calls = append(c.calls, operation)
		c.want(in, "autoRollbackEnabled", true)
		answer(c.t, w, object{"status": "Pending"})
	default:
		c.t.Errorf("%q is asked for", operation)
	}
}

func (c *cloud) want(in object, member string, value any) {
	if in[member] != value {
		c.t.Errorf("%s is %v, want %v", member, in[member], value)
	}
}

func answer(t *testing.T, w http.ResponseWriter, body object) {
	if err := json.NewEncoder(w).Encode(body); err != nil {
		t.Error(err)
	}
}

// run has a canary of version 8, for five looks.
func (c *cloud) run(ctx context.Context, change func(*canary.Rollout)) (string, error) {
	c.t.Helper()
	server := httptest.NewServer(c)
	c.t.Cleanup(server.Close)
	cfg := aws.Config{
		Region: "eu-central-1", BaseEndpoint: &server.URL, RetryMaxAttempts: 1,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: "none"}, nil
		}),
	}
	var out bytes.Buffer
	r := &canary.Rollout{
		Outputs: canary.Outputs{Region: "eu-central-1", Function: "leasehold-prod-mcp", Alias: "live", Version: "8", Application: "app", Group: "live"},
		Lambda:  lambda.NewFromConfig(cfg), CodeDeploy: codedeploy.NewFromConfig(cfg),
		Every: time.Minute, Timeout: 5 * time.Minute, Out: &out,
		Wait: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	}
	if change != nil {
		change(r)
	}
	err := r.Run(ctx)
	return out.String(), err
}

var (
	created    = look{status: "Created"}
	inProgress = look{status: "InProgress", weights: object{"8": 0.1}}
	succeeded  = look{status: "Succeeded", version: "8"}
)

func TestSucceeds(t *testing.T) {
	t.Parallel()
	c := newCloud(t, created, inProgress, inProgress, succeeded)
	out, err := c.run(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	const want = `canary: deployment d-1 shifts live of leasehold-prod-mcp from version 7 to 8
canary: Created
canary: InProgress, version 8 gets 10%
canary: Succeeded
canary: live of leasehold-prod-mcp is at version 8
`
	if out != want {
		t.Errorf("printed\n%swant\n%s", out, want)
	}
	spec, _ := json.Marshal(c.spec) //nolint:errchkjson // it was JSON
	if got := string(spec); got != `{"Resources":[{"mcp":{"Properties":{"Alias":"live","CurrentVersion":"7","Name":"leasehold-prod-mcp","TargetVersion":"8"},"Type":"AWS::Lambda::Function"}}],"version":0}` {
		t.Errorf("the AppSpec is %s", got)
	}
}

// What is not an error, and makes no deployment.
func TestNothingToDo(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	c.version = "8"
	out, err := c.run(t.Context(), nil)
	if err != nil || !strings.Contains(out, "nothing to do: the alias live of leasehold-prod-mcp is at version 8") || c.calls != nil {
		t.Errorf("current: %v, %q, %q", err, out, c.calls)
	}
	c = newCloud(t)
	out, err = c.run(t.Context(), func(r *canary.Rollout) { r.Application = "" })
	if err != nil || !strings.Contains(out, "no canary: ") || c.calls != nil {
		t.Errorf("off: %v, %q, %q", err, out, c.calls)
	}
}

// What ends in another way fails, with what is served then.
func TestFails(t *testing.T) {
	t.Parallel()
	rolledBack := object{
		"errorInformation": object{"code": "ALARM_ACTIVE", "message": "an alarm rang"}, "rollbackInfo": object{"rollbackDeploymentId": "d-2"},
	}
	create, createAndStop := []string{"CreateDeployment"}, []string{"CreateDeployment", "StopDeployment"}
	for name, c := range map[string]struct {
		looks  []look
		change func(*cloud)
		calls  []string
		err    string
	}{
		"an alarm": {
			looks: []look{inProgress, {status: "Stopped", more: rolledBack}},
			calls: create, err: "deployment d-1: Stopped (ALARM_ACTIVE: an alarm rang); it is rolled back by deployment d-2; live is at version 7",
		},
		"a failure":          {looks: []look{created, {status: "Failed"}}, calls: create, err: "deployment d-1: Failed (no reason is given); live is at version 7"},
		"success without":    {looks: []look{{status: "Succeeded"}}, calls: create, err: "deployment d-1 succeeded, and yet live is at version 7"},
		"it takes too long":  {looks: []look{inProgress}, calls: createAndStop, err: "deployment d-1 did not end in 5m0s: it is stopped and rolled back"},
		"it cannot be seen":  {change: func(c *cloud) { c.fails = "GetDeployment" }, calls: create, err: "deployment d-1 goes on, under its alarms"},
		"it cannot be ended": {looks: []look{inProgress}, change: func(c *cloud) { c.fails = "StopDeployment" }, calls: create, err: "deployment d-1 goes on, under its alarms"},
		"it cannot be begun": {change: func(c *cloud) { c.fails = "CreateDeployment" }, err: "the deployment from version 7 to 8 did not start"},
		"one is under way":   {change: func(c *cloud) { c.weights = object{"6": 0.25} }, err: "a deployment is under way: live serves version 7, and version 6 gets 25%"},
		"no alarms":          {change: func(c *cloud) { delete(c.group, "alarmConfiguration") }, err: "deployment group live has no alarms"},
		"alarms off":         {change: func(c *cloud) { c.group["alarmConfiguration"].(object)["enabled"] = false }, err: "deployment group live has no alarms"},
		"no rollback":        {change: func(c *cloud) { delete(c.group, "autoRollbackConfiguration") }, err: "deployment group live does not roll back"},
		"rollback at failure": {change: func(c *cloud) {
			c.group["autoRollbackConfiguration"].(object)["events"] = []string{"DEPLOYMENT_FAILURE"}
		}, err: "deployment group live does not roll back"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud := newCloud(t, c.looks...)
			if c.change != nil {
				c.change(cloud)
			}
			out, err := cloud.run(t.Context(), nil)
			if err == nil || !strings.HasPrefix(err.Error(), c.err) || !slices.Equal(cloud.calls, c.calls) {
				t.Errorf("%v after %q\n%s", err, cloud.calls, out)
			}
		})
	}
}

// Who is told to end says that the deployment does not.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	c := newCloud(t, inProgress)
	_, err := c.run(t.Context(), func(r *canary.Rollout) {
		r.Wait = func(context.Context, time.Duration) error { return context.Canceled }
	})
	if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "goes on, under its alarms") || slices.Contains(c.calls, "StopDeployment") {
		t.Errorf("%v after %q", err, c.calls)
	}
}

func TestReadOutputs(t *testing.T) {
	t.Parallel()
	const good = `{"region":"eu-central-1","functionName":"f","aliasName":"live","functionVersion":"8","deploymentApplication":"a","deploymentGroup":"live","url":"x"}`
	o, err := canary.ReadOutputs(strings.NewReader(good))
	if want := (canary.Outputs{Region: "eu-central-1", Function: "f", Alias: "live", Version: "8", Application: "a", Group: "live"}); err != nil || o != want {
		t.Errorf("%+v, %v", o, err)
	}
	for text, want := range map[string]string{
		"": "want the JSON of `pulumi stack output --json`", "{}": `["aliasName" "functionName" "functionVersion" "region"] are not there`,
		strings.Replace(good, "functionVersion", "version", 1): `["functionVersion"] are not there`,
	} {
		if _, err := canary.ReadOutputs(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
