// Package authorizer tests the binary of the Lambda authorizer as a process under a Runtime
// API, with the events that API Gateway sends.
package authorizer

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"leasehold.example/apps/mcp/config"
	"leasehold.example/libs/identity/identitytest"
	"leasehold.example/tests/internal/deployed"
	"leasehold.example/tests/runtimeapi"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestMain(m *testing.M) { os.Exit(deployed.Main(m)) }

// environment is a good one, with extra behind it: of two equal names the last counts.
func environment(extra ...string) []string {
	return append([]string{
		config.EnvPublicURL + "=" + identitytest.Audience,
		config.EnvIssuers + `=[{"issuer":"https://issuer.example.com","jwks_url":"https://issuer.example.com/jwks","tenant":"acme"}]`,
	}, extra...)
}

// TestStartRefused starts the shipped binary with what an operator can get wrong: it ends at
// once, with one message that lists all of it.
func TestStartRefused(t *testing.T) {
	t.Parallel()
	bootstrap := deployed.Build(t, deployed.Authorizer)
	for name, env := range map[string][]string{
		"nothing-set": nil,
		"all-wrong": {
			config.EnvPublicURL + "=http://api.example.com/mcp", config.EnvIssuers + "=[]", config.EnvTable + "=sessions",
			config.EnvAuthorizerCache + "=2h", config.EnvLogLevel + "=loud", "LEASEHOLD_TTL=0",
		},
		"loopback-issuer": environment(config.EnvIssuers + `=[{"issuer":"http://127.0.0.1:1","tenant":"acme"}]`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), bootstrap)
			cmd.Env = append([]string{"AWS_LAMBDA_RUNTIME_API=127.0.0.1:1"}, env...)
			var stdout, stderr bytes.Buffer
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			var exit *exec.ExitError
			if err := cmd.Run(); !errors.As(err, &exit) || exit.ExitCode() < 1 || stdout.Len() > 0 {
				t.Errorf("ended with %v and %q, want an exit code above 0 and nothing", err, stdout.String())
			}
			golden(t, name, stderr.String())
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s:\n%s\nwant:\n%s", file, got, want)
	}
}

// printed is what a process prints.
type printed struct {
	mu sync.Mutex
	bytes.Buffer
}

func (p *printed) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.Buffer.Write(b)
}

// start runs a binary. SIGTERM ends it with the test, in time, and what it has printed by
// then holds none of the tokens.
func start(t *testing.T, pkg string, tokens *[]string, env ...string) *runtimeapi.Function {
	t.Helper()
	var log printed
	f, err := runtimeapi.Start(runtimeapi.Config{Bootstrap: deployed.Build(t, pkg), Env: environment(env...), Output: &log, Grace: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Errorf("SIGTERM: %v", err)
		}
		if said := log.String(); said != "" && !strings.Contains(said, `"version":"$LATEST"`) {
			t.Error("no line has the version that Lambda gave")
		}
		for _, token := range *tokens {
			if strings.Contains(log.String(), token) {
				t.Error("the log has a token")
			}
		}
		if t.Failed() {
			t.Logf("it printed:\n%s", log.String())
		}
	})
	return f
}

// ask sends the event in testdata, as API Gateway documents it, with more headers.
func ask(t *testing.T, f *runtimeapi.Function, header map[string]string) (events.APIGatewayCustomAuthorizerResponse, error) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", "request.json"))
	if err != nil {
		t.Fatal(err)
	}
	var e map[string]any
	if err := json.Unmarshal(raw, &e); err != nil {
		t.Fatal(err)
	}
	for name, value := range header {
		e["headers"].(map[string]any)[name] = value
		e["multiValueHeaders"].(map[string]any)[name] = []string{value}
	}
	if raw, err = json.Marshal(e); err != nil {
		t.Fatal(err)
	}
	out, err := f.Invoke(t.Context(), raw)
	var answer events.APIGatewayCustomAuthorizerResponse
	if err == nil {
		err = json.Unmarshal(out, &answer)
	}
	return answer, err
}

// TestRule33Process: the three answers, through the process that is deployed but for the
// issuer that it trusts.
func TestRule33Process(t *testing.T) {
	t.Parallel()
	issuer := identitytest.Serve(t)
	good := issuer.Token(identitytest.Scopes("mcp:basic"))
	bad := issuer.Token(identitytest.Claim("aud", "https://elsewhere.example"))
	f := start(t, deployed.AuthorizerLoopback, &[]string{good, bad}, "TEST_ISSUER="+issuer.URL())

	got, err := ask(t, f, map[string]string{"authorization": "Bearer " + good})
	if err != nil || got.PolicyDocument.Statement[0].Effect != "Allow" || got.Context["tenant"] != "acme" ||
		got.PolicyDocument.Statement[0].Resource[0] != "arn:aws:execute-api:eu-west-1:111122223333:a1b2c3d4e5/prod/*/mcp" {
		t.Errorf("a good token: %+v, %v", got, err)
	}
	got, err = ask(t, f, map[string]string{
		"authorization": "Bearer " + good, "mcp-protocol-version": "2026-07-28", "mcp-method": "tools/call", "mcp-name": "session_open",
	})
	challenge, _ := got.Context["challenge"].(string)
	if err != nil || got.PolicyDocument.Statement[0].Effect != "Deny" || !strings.Contains(challenge, `scope="mcp:basic session:write"`) {
		t.Errorf("without the scope: %+v, %v", got, err)
	}
	for name, header := range map[string]map[string]string{
		"no token": nil, "a bad token": {"authorization": "Bearer " + bad},
	} {
		// API Gateway compares the message: anything else would be its 500.
		var failure *runtimeapi.FunctionError
		if _, err := ask(t, f, header); !errors.As(err, &failure) || failure.Message != "Unauthorized" {
			t.Errorf("%s: %v, want Unauthorized", name, err)
		}
	}
}

// TestRule16Process: an issuer that is down is no reason to sign in again.
func TestRule16Process(t *testing.T) {
	t.Parallel()
	issuer := identitytest.Serve(t)
	token := issuer.Token()
	issuer.SetDown(true)
	f := start(t, deployed.AuthorizerLoopback, &[]string{token}, "TEST_ISSUER="+issuer.URL())
	header := map[string]string{"Authorization": "Bearer " + token}
	var failure *runtimeapi.FunctionError
	if _, err := ask(t, f, header); !errors.As(err, &failure) || failure.Message == "Unauthorized" || failure.Type == "Runtime.ExitError" {
		t.Errorf("%v, want an error of another text", err)
	}
}

// TestShipped: the shipped binary trusts nobody's token, and survives what is no event.
func TestShipped(t *testing.T) {
	t.Parallel()
	stranger := identitytest.NewIssuer(t, "https://stranger.example").Token()
	f := start(t, deployed.Authorizer, &[]string{stranger})
	for _, event := range []string{``, `[]`, `"x"`, `{}`, `{"type":"TOKEN","authorizationToken":"Bearer x","methodArn":"x"}`} {
		var failure *runtimeapi.FunctionError
		if _, err := f.Invoke(t.Context(), []byte(event)); !errors.As(err, &failure) || failure.Type == "Runtime.ExitError" {
			t.Errorf("event %q: %v, want an error of the function", event, err)
		}
	}
	var failure *runtimeapi.FunctionError
	_, err := ask(t, f, map[string]string{"Authorization": "Bearer " + stranger})
	if !errors.As(err, &failure) || failure.Message != "Unauthorized" {
		t.Errorf("a stranger's token: %v", err)
	}
}
