// Package deployed builds Lambda binaries, and runs those of apps/mcp as Lambda does, as a
// process with nothing but its environment, between stand-ins for what a deployment has
// around it: a table in DynamoDB Local, a secret and a token issuer.
package deployed

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"leasehold.example/apps/mcp/config"
	"leasehold.example/libs/identity/identitytest"
	"leasehold.example/libs/session/dynamostore/dynamotest"
	"leasehold.example/tests/runtimeapi"
)

// The binaries that can be run: main packages, relative to the repository's root. The
// shipped one trusts no issuer that a test could have; the other two do.
const (
	Shipped    = "./apps/mcp/cmd/lambda"
	Tools      = "./apps/mcp/internal/everything/cmd/tools"  // the shipped tools
	Everything = "./apps/mcp/internal/everything/cmd/lambda" // the conformance suite's fixtures

	// The authorizer, as it ships and as it trusts the issuer of TEST_ISSUER.
	Authorizer         = "./apps/authorizer/cmd/lambda"
	AuthorizerLoopback = "./apps/authorizer/internal/loopback/cmd/lambda"
)

// scopes are all that the tools of the binaries need.
var scopes = []string{
	"mcp:basic", "session:read", "session:write", "notebook:read", "notebook:write", "notebook:delete",
}

// Options are what differs between functions. The zero value is a good deployment that
// answers buffered.
type Options struct {
	Streaming bool
	// Env is added to the environment, as KEY=value, and wins.
	Env []string
	// Timeout and Instances are those of runtimeapi.Config.
	Timeout   time.Duration
	Instances int
}

// Function is a running function.
type Function struct {
	*runtimeapi.Function
	Issuer  *identitytest.Issuer
	Secrets *Secrets

	streaming bool
	log       log
	mu        sync.Mutex
	private   []string
}

// Start builds the main package and runs it. The end of the test stops it with SIGTERM,
// fails if that does not end it in time, or if its log has anything that was given to Private; a failed
// test shows the log. Without DynamoDB Local the test is skipped.
func Start(t testing.TB, pkg string, o Options) *Function {
	t.Helper()
	_, table := dynamotest.NewTable(t)
	f := &Function{Issuer: identitytest.Serve(t), Secrets: ServeSecrets(t), streaming: o.Streaming}
	cfg := runtimeapi.Config{
		Bootstrap: Build(t, pkg), Output: &f.log, Timeout: o.Timeout, Instances: o.Instances, Grace: time.Minute,
		Env: Environment(
			config.EnvTable+"="+table,
			"AWS_ENDPOINT_URL_DYNAMODB="+dynamotest.Endpoint(t),
			"AWS_ENDPOINT_URL_SECRETS_MANAGER="+f.Secrets.URL,
			"TEST_ISSUER="+f.Issuer.URL(),
		),
	}
	f.Private(f.Secrets.Key())
	if o.Streaming {
		cfg.Env = append(cfg.Env, config.EnvResponseMode+"="+string(config.Streaming))
	}
	cfg.Env = append(cfg.Env, o.Env...)
	var err error
	if f.Function, err = runtimeapi.Start(cfg); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.stop(t) })
	return f
}

func (f *Function) stop(t testing.TB) {
	t.Helper()
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	printed := f.log.String()
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, secret := range f.private {
		if strings.Contains(printed, secret) {
			t.Error("the function logged a token, a session id, a handle or a key")
		}
	}
	if t.Failed() {
		t.Logf("the function printed:\n%s", printed)
	}
}

// Private names something that must not be in the function's log.
func (f *Function) Private(secret string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.private = append(f.private, secret)
}

// Log returns what the function has printed so far.
func (f *Function) Log() string { return f.log.String() }

// Token returns a token with every scope, unless changes say otherwise.
func (f *Function) Token(changes ...identitytest.Change) string {
	token := f.Issuer.Token(append([]identitytest.Change{identitytest.Scopes(scopes...)}, changes...)...)
	f.Private(token)
	return token
}

// Serve puts an edge in front of the function until the test ends, and returns the
// address of its MCP endpoint.
func (f *Function) Serve(t testing.TB, kind runtimeapi.Kind) string {
	t.Helper()
	server := httptest.NewServer(f.Edge(kind))
	t.Cleanup(server.Close)
	return server.URL + "/mcp"
}

// Edge returns an edge in front of the function.
func (f *Function) Edge(kind runtimeapi.Kind) http.Handler {
	return &runtimeapi.Edge{Function: f.Function, Kind: kind, Streaming: f.streaming}
}

// Environment is a good one, with extra behind it: of two equal names the last counts.
// What it names is not there unless extra says so.
func Environment(extra ...string) []string {
	return append([]string{
		config.EnvPublicURL + "=" + identitytest.Audience,
		config.EnvIssuers + `=[{"issuer":"https://issuer.example.com","jwks_url":"https://issuer.example.com/jwks","tenant":"acme"}]`,
		config.EnvTable + "=leasehold-sessions",
		config.EnvSealSecretARN + "=arn:aws:secretsmanager:eu-west-1:111122223333:secret:leasehold/seal-AbCdEf",
		"AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE",
		"AWS_SECRET_ACCESS_KEY=example",
		"AWS_SESSION_TOKEN=example",
	}, extra...)
}

// log is a buffer that several processes may write to.
type log struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buffer.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buffer.String()
}
