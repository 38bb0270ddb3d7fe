package program_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"leasehold.example/apps/mcp/config"
	"leasehold.example/platform/offline"
	"leasehold.example/stacks/program"
)

// The server accepts exactly the environment that each stack gives it: no variable is unknown,
// missing, or refused.
func TestServerEnvironment(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, values map[string]string, g *offline.Graph) {
		environ := environment(t, g, "mcp-function")
		c, err := config.Load(environ)
		if err != nil {
			t.Fatal(err)
		}
		stack, err := program.Load("test", values)
		if err != nil {
			t.Fatal(err)
		}
		if c.PublicURL != open(g.Outputs["mcpUrl"]).StringValue() || c.MetadataURL != open(g.Outputs["metadataUrl"]).StringValue() ||
			c.Table != open(g.Outputs["tableName"]).StringValue() || c.SealSecretARN != open(g.Outputs["sealSecretArn"]).StringValue() {
			t.Errorf("the environment is of another place than the outputs: %v", environ)
		}
		if (c.ResponseMode == config.Streaming) != stack.Streaming {
			t.Errorf("response mode %s", c.ResponseMode)
		}
		limit := time.Duration(stack.Function.Timeout) * time.Second
		if c.RequestTimeout >= limit || c.RequestTimeout < limit*2/3-time.Second {
			t.Errorf("a request may take %v of the function's %v", c.RequestTimeout, limit)
		}
		if (c.ChallengeHeader != "") != (stack.Edge == program.EdgeHTTP) {
			t.Errorf("challenge header %q", c.ChallengeHeader)
		}
		for name := range environ {
			if !strings.HasPrefix(name, config.Prefix) && !strings.HasPrefix(name, config.PrefixOTLP) && !strings.HasPrefix(name, "AWS_LWA_") {
				t.Errorf("%s is nobody's variable", name)
			}
		}
	})
}

// The authorizer accepts its environment too, and trusts whom the server trusts.
func TestAuthorizerEnvironment(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, values map[string]string, g *offline.Graph) {
		if values["leasehold:edge"] == "http" {
			return // it has none
		}
		server, own := environment(t, g, "mcp-function"), environment(t, g, "authorizer-function")
		c, err := config.LoadAuthorizer(own)
		if err != nil {
			t.Fatal(err)
		}
		stack, err := program.Load("test", values)
		if err != nil {
			t.Fatal(err)
		}
		if want := time.Duration(stack.Authorizer.CacheSeconds) * time.Second; c.AuthorizerCache != want {
			t.Errorf("cache of %v, want %v", c.AuthorizerCache, want)
		}
		for name, value := range own {
			if name != config.EnvAuthorizerCache && server[name] != value {
				t.Errorf("%s is %q, and %q for the server", name, value, server[name])
			}
		}
		// Alarms and dashboards find both functions' metrics under the one stage.
		for _, name := range []string{config.EnvStage, config.EnvBaseScopes, config.EnvLogLevel, config.EnvLogSample} {
			if own[name] != server[name] {
				t.Errorf("%s is %q, and %q for the server", name, own[name], server[name])
			}
		}
		if own[config.EnvStage] == "" {
			t.Error("it has no stage")
		}
	})
}

// The trigger's package is its own; what it is given are names in its source.
func TestPreTokenEnvironment(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile(filepath.Join(root, "apps", "pretoken", "cmd", "lambda", "main.go"))
	if err != nil {
		t.Fatal(err)
	}
	environ := environment(t, run(t, with(cognito)), "identity-pretoken-function")
	for name := range environ {
		if !strings.Contains(string(source), `os.Getenv("`+name+`")`) {
			t.Errorf("apps/pretoken does not read %s", name)
		}
	}
	if len(environ) == 0 {
		t.Error("the trigger is told nothing")
	}
}

// Every setting with a variable reaches the server.
func TestSettingsReachTheServer(t *testing.T) {
	t.Parallel()
	got := environment(t, run(t, stacks(t)["everything set"]), "mcp-function")
	want := map[string]string{
		config.EnvSessionIdle: "10m", config.EnvSessionAbsolute: "2h", config.EnvSessionCap: "5", config.EnvSessionDataLimit: "2048",
		config.EnvSessionBindClient: "true", config.EnvAllowedOrigins: "https://app.example.com,http://localhost:6274",
		config.EnvBaseScopes: "mcp:basic session:read", config.EnvLogLevel: "warn", config.EnvRequestTimeout: "8s",
		config.EnvOTLPEndpoint: "https://collector.example.com", config.EnvTraceSample: "0.1",
	}
	for name, value := range want {
		if got[name] != value {
			t.Errorf("%s is %q, want %q", name, got[name], value)
		}
	}
}

// A collector comes as a layer of the server alone, which is told where it is.
func TestCollectorLayer(t *testing.T) {
	t.Parallel()
	const layer = "arn:aws:lambda:eu-central-1:111122223333:layer:collector:3"
	g := run(t, stacks(t)["collector beside the function"])
	for _, f := range ofType(g, "aws:lambda/function:Function") {
		has, told := false, text(f, "environment.variables."+config.EnvOTLPEndpoint) != ""
		for _, l := range open(f.Inputs["layers"]).ArrayValue() {
			has = has || open(l).StringValue() == layer
		}
		if want := f.Name == "mcp-function"; has != want || told != want {
			t.Errorf("%s: layer %v, endpoint %v", f.Name, has, told)
		}
	}
}

// Clients ask Cognito for scopes as it writes them, so the base scopes are written so; the pool knows them, and its
// tokens are trusted without the prefix (RULES 41).
func TestRule41Scopes(t *testing.T) {
	t.Parallel()
	g := run(t, with(cognito))
	c, err := config.Load(environment(t, g, "mcp-function"))
	if err != nil {
		t.Fatal(err)
	}
	issuer := c.Issuers[0]
	if !slices.Equal(c.BaseScopes, []string{issuer.ScopePrefix + "mcp:basic"}) || issuer.ScopePrefix == "" {
		t.Errorf("base scopes %v, prefix %q", c.BaseScopes, issuer.ScopePrefix)
	}
	if issuer.AdvertisedAs != open(g.Outputs["url"]).StringValue() {
		t.Errorf("advertised as %q", issuer.AdvertisedAs)
	}
	body := text(ofType(g, "aws:apigateway/restApiPut:RestApiPut")[0], "body")
	for _, want := range []string{c.BaseScopes[0], issuer.ScopePrefix + "notebook:write", "code_challenge_methods_supported"} {
		if !strings.Contains(body, want) {
			t.Errorf("the API's definition lacks %s", want)
		}
	}
}

// The policies of the server's role name the table and its indexes, the secret, and nothing of others.
func TestBroughtTable(t *testing.T) {
	t.Parallel()
	g := run(t, stacks(t)["own table, key, web ACL and boundary"])
	policy := text(named(t, g, "mcp-policy"), "policy")
	for _, want := range []string{
		`"arn:aws:dynamodb:eu-central-1:111122223333:table/sessions"`,
		`"arn:aws:dynamodb:eu-central-1:111122223333:table/sessions/index/by-handle"`,
		`"arn:aws:kms:eu-central-1:111122223333:key/0000"`,
	} {
		if !strings.Contains(policy, want) {
			t.Errorf("%s lacks %s", policy, want)
		}
	}
	if got := environment(t, g, "mcp-function")[config.EnvTable]; got != "sessions" {
		t.Errorf("table %q", got)
	}
}
