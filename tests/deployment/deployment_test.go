package deployment

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"leasehold.example/tests/internal/repo"
)

// object is a JSON object.
type object = map[string]any

const (
	mcpAlias        = "arn:aws:lambda:eu-central-1:111122223333:function:mcp:live"
	authorizerAlias = "arn:aws:lambda:eu-central-1:111122223333:function:authorizer:live"
	execution       = "arn:aws:execute-api:eu-central-1:111122223333:abc"
)

// sample is a state in the shape of the engine's, as text of resources by logical name.
type sample map[string]object

func (s sample) add(kind, name, id string, outputs object) {
	s[name] = object{"urn": "urn:pulumi:dev::leasehold::aws:" + kind + "::" + name, "type": "aws:" + kind, "id": id, "inputs": object{}, "outputs": outputs}
}

func (s sample) outputs(name string) object { return s[name]["outputs"].(object) }

func (s sample) function(name string) {
	arn := "arn:aws:lambda:eu-central-1:111122223333:function:" + name
	role := "arn:aws:iam::111122223333:role/" + name + "-role"
	s.add("iam/role:Role", name+"-role", name+"-role", object{"name": name + "-role", "arn": role})
	s.add("iam/rolePolicy:RolePolicy", name+"-policy", "", object{
		"role": name + "-role", "policy": `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "a:B", "Resource": "*"}]}`,
	})
	s.add("lambda/function:Function", name+"-function", name, object{
		"name": name, "arn": arn, "handler": "bootstrap", "runtime": "provided.al2023", "memorySize": 256.0, "timeout": 20.0,
		"architectures": []any{"arm64"}, "role": role, "version": "3", "loggingConfig": object{"logGroup": "/aws/lambda/dev-" + name},
		"environment": object{"variables": object{"LEASEHOLD_TABLE": "sessions", "SECRET": object{
			signatureKey: secretSignature, "plaintext": `"shown"`,
		}}},
	})
	s[name+"-function"]["inputs"] = object{"code": object{signatureKey: "0def7320c3a5731c473e5ecbe6d01bc7", "path": "build/" + name + ".zip"}}
	s.add("lambda/alias:Alias", name+"-live", "", object{"name": "live", "arn": arn + ":live", "functionName": name})
	s.add("lambda/permission:Permission", name+"-permission", "", object{
		"action": "lambda:InvokeFunction", "function": name, "principal": "apigateway.amazonaws.com", "qualifier": "live", "sourceArn": execution + "/live/*",
	})
}

// common is what both edges have.
func common() sample {
	s := sample{}
	s.function("mcp")
	s.add("dynamodb/table:Table", "sessions-table", "sessions", object{
		"name": "sessions", "arn": "arn:aws:dynamodb:eu-central-1:111122223333:table/sessions", "hashKey": "pk", "rangeKey": "sk",
		"attributes":             []any{object{"name": "pk", "type": "S"}, object{"name": "sk", "type": "S"}, object{"name": "n", "type": "N"}},
		"globalSecondaryIndexes": []any{object{"name": "by-sk", "hashKey": "sk", "rangeKey": "n", "projectionType": "INCLUDE", "nonKeyAttributes": []any{"x"}}},
		"ttl":                    object{"attributeName": "exp", "enabled": true},
	})
	s.add("secretsmanager/secret:Secret", "sealing-secret", "", object{"name": "sealing", "arn": "arn:aws:secretsmanager:eu-central-1:111122223333:secret:sealing-AbCdEf"})
	return s
}

// restState is the state around the definition that platform writes.
func restState(t *testing.T) sample {
	t.Helper()
	body, err := os.ReadFile("testdata/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	s := common()
	s.function("authorizer")
	s.outputs("authorizer-permission")["sourceArn"] = execution + "/authorizers/*"
	s.add("apigateway/restApi:RestApi", "edge-api", "abc", object{"name": "edge", "executionArn": execution})
	s.add("apigateway/restApiPut:RestApiPut", "edge-definition", "", object{"restApiId": "abc", "body": string(body)})
	s.add("apigateway/stage:Stage", "edge-stage", "", object{
		"restApi": "abc", "stageName": "live", "arn": "arn:aws:apigateway:eu-central-1::/restapis/abc/stages/live",
		"accessLogSettings": object{"format": `{"status":"$context.status"}`},
	})
	s.add("apigateway/methodSettings:MethodSettings", "edge-settings", "", object{
		"restApi": "abc", "stageName": "live", "methodPath": "*/*", "settings": object{"throttlingRateLimit": 50.5, "throttlingBurstLimit": 100.0},
	})
	s.add("apigateway/domainName:DomainName", "edge-domain", "", object{"domainName": "tools.example.com"})
	s.add("apigateway/basePathMapping:BasePathMapping", "edge-mapping", "", object{"domainName": "tools.example.com", "restApi": "abc", "stageName": "live"})
	s.add("wafv2/webAcl:WebAcl", "edge-acl", "", object{"arn": "arn:aws:wafv2:acl", "rules": []any{object{"name": "rate"}}})
	s.add("wafv2/webAclAssociation:WebAclAssociation", "edge-acl-association", "", object{
		"resourceArn": "arn:aws:apigateway:eu-central-1::/restapis/abc/stages/live", "webAclArn": "arn:aws:wafv2:acl",
	})
	return s
}

func (s sample) read(t *testing.T) (*Deployment, error) {
	t.Helper()
	all := []any{object{"urn": "urn:stack", "type": "pulumi:pulumi:Stack", "outputs": object{"url": "https://tools.example.com"}}}
	for _, r := range s {
		all = append(all, r)
	}
	document, err := json.Marshal(object{"version": 3, "deployment": object{"resources": all}})
	if err != nil {
		t.Fatal(err)
	}
	return Read(bytes.NewReader(document))
}

func TestReadREST(t *testing.T) {
	t.Parallel()
	d, err := restState(t).read(t)
	if err != nil {
		t.Fatal(err)
	}
	r := d.REST
	if r.Host != "tools.example.com" || r.Prefix != "" || !r.Open || r.Stage != "live" || r.Throttle != (Throttle{Rate: 50.5, Burst: 100}) ||
		r.LogFormat != `{"status":"$context.status"}` || d.Outputs["url"] != "https://tools.example.com" || d.HTTP != nil {
		t.Errorf("%+v, outputs %v", r, d.Outputs)
	}
	mcp := r.Methods["/mcp"][AnyMethod]
	if mcp.Function.ARN != mcpAlias || mcp.Streaming || mcp.Timeout != 29*time.Second || mcp.Authorizer == nil ||
		mcp.Authorizer.Function.ARN != authorizerAlias || mcp.Authorizer.TTL != 0 || strings.Join(mcp.Authorizer.Sources, " ") != "method.request.header.Authorization" {
		t.Errorf("/mcp: %+v, %+v", mcp, mcp.Authorizer)
	}
	if r.Methods["/mcp"]["OPTIONS"].Authorizer != nil || r.Methods["/healthz"]["GET"].Function == nil || r.Methods["/healthz"][AnyMethod] != nil {
		t.Errorf("methods %v", r.Methods)
	}
	mock := r.Methods["/.well-known/openid-configuration"]["GET"].Mock
	if mock == nil || mock.Status != 200 || mock.Header["Cache-Control"] != "public, max-age=300" || mock.ContentType != "application/json" || !strings.HasPrefix(mock.Body, "{") {
		t.Errorf("mock %+v", mock)
	}
	if u := r.Responses["UNAUTHORIZED"]; u.Status != 401 || !strings.HasPrefix(u.Header["WWW-Authenticate"], "'Bearer ") || !strings.Contains(u.Template, "$context.requestId") {
		t.Errorf("UNAUTHORIZED %+v", u)
	}
	f := mcp.Function.Function
	if f.Archive != "build/mcp.zip" || f.Environment["SECRET"] != "shown" || f.Timeout != 20*time.Second || f.MemoryMB != 256 || f.Architecture != "arm64" ||
		f.ReservedConcurrency != -1 || f.Region() != "eu-central-1" || f.Account() != "111122223333" || len(f.Role.Policies) != 1 ||
		len(f.Permissions) != 1 || f.Permissions[0].Qualifier != "live" || f.LogGroup != "/aws/lambda/dev-mcp" || f.Version != "3" {
		t.Errorf("function %+v", f)
	}
	if x := d.Tables[0]; x.TTL != "exp" || x.Attributes["n"] != "N" || x.Indexes[0].Name != "by-sk" || x.Indexes[0].Include[0] != "x" {
		t.Errorf("table %+v", x)
	}
	if d.WebACL == nil || !strings.Contains(string(d.WebACL.Document), `"name":"rate"`) || d.Secrets[0].Name != "sealing" {
		t.Errorf("web ACL %+v", d.WebACL)
	}
}

// The state that the real engine leaves of the repository's own stack is understood.
func TestReadRelease(t *testing.T) {
	t.Parallel()
	f, err := os.Open(filepath.Join(repo.Root(t), "stacks", "engine", "testdata", "release.json"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	d, err := Read(f)
	if err != nil {
		t.Fatal(err)
	}
	mcp := d.REST.Methods["/mcp"][AnyMethod]
	if mcp == nil || mcp.Authorizer == nil || len(mcp.Function.Function.Role.Policies) == 0 || len(d.Tables) != 1 || len(d.Secrets) != 1 || d.WebACL == nil {
		t.Errorf("%+v", d)
	}
}

// Without a domain the stage is in the path; a definition that closes the default host then
// leaves nothing that answers (RULES 35).
func TestReadDefaultHost(t *testing.T) {
	t.Parallel()
	s := restState(t)
	delete(s, "edge-domain")
	delete(s, "edge-mapping")
	d, err := s.read(t)
	if err != nil {
		t.Fatal(err)
	}
	if d.REST.Prefix != "/live" || d.REST.Host != "abc.execute-api.eu-central-1.amazonaws.com" || d.REST.Open || d.REST.CustomDomain {
		t.Errorf("%+v", d.REST)
	}
}

// Whatever is not understood is an error that names the resource.
func TestReadRefuses(t *testing.T) {
	t.Parallel()
	body := func(old, replacement string) func(sample) {
		return func(s sample) {
			before, _ := s.outputs("edge-definition")["body"].(string)
			after := strings.ReplaceAll(before, old, replacement)
			if after == before {
				panic("the body has no " + old)
			}
			s.outputs("edge-definition")["body"] = after
		}
	}
	for name, tt := range map[string]struct {
		change func(sample)
		want   []string
	}{
		"no definition":              {func(s sample) { delete(s, "edge-definition") }, []string{"edge-api", "restApiPut"}},
		"two stages":                 {func(s sample) { s.add("apigateway/stage:Stage", "other", "", object{}) }, []string{"edge-stage", "other"}},
		"no stage":                   {func(s sample) { delete(s, "edge-stage") }, []string{"edge-api", "stage:Stage"}},
		"stage of another":           {func(s sample) { s.outputs("edge-stage")["restApi"] = "xyz" }, []string{"edge-stage", "xyz"}},
		"stage variables":            {func(s sample) { s.outputs("edge-stage")["variables"] = object{"a": "b"} }, []string{"edge-stage"}},
		"no throttle":                {func(s sample) { delete(s, "edge-settings") }, []string{"edge-stage", "methodSettings"}},
		"other throttle":             {func(s sample) { s.outputs("edge-settings")["methodPath"] = "mcp/POST" }, []string{"edge-settings"}},
		"mapping elsewhere":          {func(s sample) { s.outputs("edge-mapping")["stageName"] = "prod" }, []string{"edge-mapping", "prod"}},
		"no mapping":                 {func(s sample) { delete(s, "edge-mapping") }, []string{"edge-domain"}},
		"rule 38: detached firewall": {func(s sample) { delete(s, "edge-acl-association") }, []string{"edge-acl"}},
		"rule 38: firewall elsewhere": {
			func(s sample) { s.outputs("edge-acl-association")["resourceArn"] = "arn:aws:apigateway:x" }, []string{"edge-acl-association", "stages/live"},
		},
		"no archive": {func(s sample) { s["mcp-function"]["inputs"] = object{} }, []string{"mcp-function", "archive"}},
		"a reserved variable": {func(s sample) {
			s.outputs("mcp-function")["environment"] = object{"variables": object{"AWS_REGION": "eu-west-1"}}
		}, []string{"mcp-function", "AWS_REGION"}},
		"an environment of more than 4 KB": {func(s sample) {
			s.outputs("mcp-function")["environment"] = object{"variables": object{"LEASEHOLD_ISSUERS": strings.Repeat("x", 4080)}}
		}, []string{"mcp-function", "4097"}},
		"no role":    {func(s sample) { delete(s, "mcp-role") }, []string{"mcp-function", "mcp-role"}},
		"no timeout": {func(s sample) { delete(s.outputs("mcp-function"), "timeout") }, []string{"mcp-function", "timeout"}},
		"hidden secret": {func(s sample) {
			s.outputs("mcp-function")["handler"] = object{signatureKey: secretSignature, "ciphertext": "x"}
		}, []string{"mcp-function", "handler"}},
		"managed policy": {func(s sample) { s.add("iam/rolePolicyAttachment:RolePolicyAttachment", "managed", "", object{}) }, []string{"managed"}},
		"policy": {func(s sample) {
			s.outputs("mcp-policy")["policy"] = `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "NotAction": "a:B", "Resource": "*"}]}`
		}, []string{"mcp-policy", "NotAction"}},
		"no alias":                               {func(s sample) { delete(s, "mcp-live") }, []string{"edge-definition", "/mcp", mcpAlias}},
		"no function":                            {func(s sample) { delete(s, "mcp-function") }, []string{"mcp-live", "mcp-permission"}},
		"no table name":                          {func(s sample) { delete(s.outputs("sessions-table"), "name") }, []string{"sessions-table", "name"}},
		"rule 37: streaming by the buffered URI": {body(`"responseTransferMode": "BUFFERED"`, `"responseTransferMode": "STREAM"`), []string{"edge-definition", "STREAM", "2015-03-31"}},
		"integration timeout":                    {body(`29000`, `30000`), []string{"edge-definition", "30000"}},
		"another integration":                    {body(`"aws_proxy"`, `"http"`), []string{"edge-definition", "http"}},
		"Lambda called by GET":                   {body(`"httpMethod": "POST"`, `"httpMethod": "GET"`), []string{"edge-definition", "GET"}},
		"an extension":                           {body(`"openapi": "3.0.1"`, `"openapi": "3.0.1", "x-amazon-apigateway-policy": {}`), []string{"edge-definition", "policy"}},
		"path parameter":                         {body(`"/healthz"`, `"/{proxy+}"`), []string{"edge-definition", "proxy+"}},
		"an authorizer's type":                   {body(`"request"`, `"token"`), []string{"edge-definition", "bearer"}},
		"another scheme":                         {body(`"bearer": []`, `"basic": []`), []string{"edge-definition", "basic"}},
		"an identity source":                     {body(`method.request.header.Authorization`, `stageVariables.x`), []string{"edge-definition", "stageVariables"}},
		"an authorizer's URI":                    {body(`function:authorizer:live/invocations`, `function:authorizer:live`), []string{"edge-definition", "authorizerUri"}},
		"cache without a source":                 {body(`"authorizerResultTtlInSeconds": 0,`, ``), nil},
		"a response's type":                      {body(`"ACCESS_DENIED"`, `"DENIED"`), []string{"edge-definition", "DENIED"}},
		"a response's header":                    {body(`context.authorizer.challenge`, `method.request.header.X`), []string{"edge-definition", "ACCESS_DENIED"}},
		"an unquoted value":                      {body(`"'no-store'"`, `"no-store"`), []string{"edge-definition", "no-store"}},
		"Velocity":                               {body(`\\u0024`, `$`), []string{"edge-definition", "Velocity"}},
		"an undeclared header":                   {body(`method.response.header.Cache-Control`, `method.response.header.Expires`), []string{"edge-definition", "Expires"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := restState(t)
			tt.change(s)
			d, err := s.read(t)
			if tt.want == nil { // 300 s is AWS's default
				if err != nil || d.REST.Methods["/mcp"][AnyMethod].Authorizer.TTL != 5*time.Minute {
					t.Errorf("%v", err)
				}
				return
			}
			if err == nil {
				t.Fatal("read")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%v\nlacks %s", err, want)
				}
			}
		})
	}
	if _, err := Read(strings.NewReader(`{"version": 3, "deployment": {}}`)); err == nil {
		t.Error("an empty state")
	}
}

func httpState() sample {
	s := common()
	s.add("apigatewayv2/api:Api", "edge-api", "abc", object{"protocolType": "HTTP", "executionArn": execution, "apiEndpoint": "https://abc.execute-api.eu-central-1.amazonaws.com"})
	s.add("apigatewayv2/stage:Stage", "edge-stage", "", object{
		"apiId": "abc", "name": "$default", "autoDeploy": true, "accessLogSettings": object{"format": "$context.status"},
		"defaultRouteSettings": object{"throttlingRateLimit": 5.0, "throttlingBurstLimit": 10.0},
	})
	s.add("apigatewayv2/integration:Integration", "edge-integration", "i1", object{
		"apiId": "abc", "integrationType": "AWS_PROXY", "payloadFormatVersion": "2.0", "timeoutMilliseconds": 30000.0,
		"integrationUri": "arn:aws:apigateway:eu-central-1:lambda:path/2015-03-31/functions/" + mcpAlias + "/invocations",
		"responseParameters": []any{object{"statusCode": "401", "mappings": object{
			"overwrite:header.WWW-Authenticate": "$response.header.x-leasehold-challenge", "remove:header.x-leasehold-challenge": "''",
		}}},
	})
	s.add("apigatewayv2/route:Route", "edge-mcp", "", object{"apiId": "abc", "routeKey": "ANY /mcp", "target": "integrations/i1"})
	return s
}

func TestReadHTTP(t *testing.T) {
	t.Parallel()
	d, err := httpState().read(t)
	if err != nil {
		t.Fatal(err)
	}
	route := d.HTTP.Routes["ANY /mcp"]
	if route.Function.ARN != mcpAlias || route.Timeout != 30*time.Second || route.Mappings[401]["remove:header.x-leasehold-challenge"] != "''" ||
		d.HTTP.Host != "abc.execute-api.eu-central-1.amazonaws.com" || d.HTTP.Throttle.Burst != 10 || d.REST != nil {
		t.Errorf("%+v %+v", d.HTTP, route)
	}
	for name, tt := range map[string]struct {
		change func(sample)
		want   string
	}{
		"deployed by nobody": {func(s sample) { s.outputs("edge-stage")["autoDeploy"] = false }, "edge-stage: has no autoDeploy"},
		"streaming": {func(s sample) {
			s.outputs("edge-integration")["integrationUri"] = "arn:aws:apigateway:r:lambda:path/2021-11-15/functions/" + mcpAlias + "/response-streaming-invocations"
		}, "cannot stream"},
		"format 1.0": {func(s sample) { s.outputs("edge-integration")["payloadFormatVersion"] = "1.0" }, "edge-integration"},
		"reserved header": {func(s sample) {
			s.outputs("edge-integration")["responseParameters"] = []any{object{"statusCode": "401", "mappings": object{"overwrite:header.X-Amzn-Thing": "x"}}}
		}, "reserved"},
		"a route to nowhere": {func(s sample) { s.outputs("edge-mcp")["target"] = "integrations/other" }, "edge-mcp"},
		"closed":             {func(s sample) { s.outputs("edge-api")["disableExecuteApiEndpoint"] = true }, "nothing answers"},
		"two edges":          {func(s sample) { delete(s, "edge-api") }, "one edge"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := httpState()
			tt.change(s)
			if _, err := s.read(t); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %s", err, tt.want)
			}
		})
	}
}

// The table is made as the state has it, TTL and indexes included.
func TestCreateTable(t *testing.T) {
	t.Parallel()
	d, err := restState(t).read(t)
	if err != nil {
		t.Fatal(err)
	}
	calls := map[string]object{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in object
		operation := r.Header.Get("X-Amz-Target")
		if json.NewDecoder(r.Body).Decode(&in) != nil || operation == "DynamoDB_20120810.DeleteTable" {
			http.Error(w, `{"__type":"ResourceNotFoundException"}`, http.StatusBadRequest)
			return
		}
		calls[operation] = in
	}))
	defer server.Close()
	if err := d.Tables[0].Create(t.Context(), server.URL); err != nil {
		t.Fatal(err)
	}
	made, err := json.Marshal(calls)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"TableName":"sessions"`, `{"AttributeName":"pk","KeyType":"HASH"},{"AttributeName":"sk","KeyType":"RANGE"}`, `{"AttributeName":"n","AttributeType":"N"}`,
		`"IndexName":"by-sk"`, `"NonKeyAttributes":["x"]`, `"TimeToLiveSpecification":{"AttributeName":"exp","Enabled":true}`,
	} {
		if !strings.Contains(string(made), want) {
			t.Errorf("no %s in %s", want, made)
		}
	}
	if err := d.Tables[0].Delete(t.Context(), server.URL); err == nil || !strings.Contains(err.Error(), "ResourceNotFoundException") || !strings.Contains(err.Error(), "sessions-table") {
		t.Errorf("refused: %v", err)
	}
}
