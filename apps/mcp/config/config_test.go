package config_test

import (
	"log/slog"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"leasehold.example/apps/mcp/config"
	"leasehold.example/libs/identity"
)

const issuersJSON = `[{"issuer": "https://issuer.example", "tenant_claim": "tenant", "advertised": true}]`

// environment returns the least that a deployed server needs, with changes.
func environment(changes ...string) map[string]string {
	e := map[string]string{
		config.EnvPublicURL:     "https://mcp.example.com/mcp",
		config.EnvIssuers:       issuersJSON,
		config.EnvTable:         "leasehold-sessions",
		config.EnvSealSecretARN: "arn:aws:secretsmanager:eu-central-1:111122223333:secret:leasehold/seal-AbCdEf",
		"PATH":                  "/usr/bin",
	}
	for i := 0; i < len(changes); i += 2 {
		e[changes[i]] = changes[i+1]
	}
	return e
}

func TestLoadDefaults(t *testing.T) {
	t.Parallel()
	got, err := config.Load(environment())
	if err != nil {
		t.Fatal(err)
	}
	want := config.Config{
		PublicURL:        "https://mcp.example.com/mcp",
		Issuers:          config.Issuers{{Issuer: "https://issuer.example", TenantClaim: "tenant", Advertised: true}},
		Table:            "leasehold-sessions",
		SealSecretARN:    "arn:aws:secretsmanager:eu-central-1:111122223333:secret:leasehold/seal-AbCdEf",
		SessionIdle:      30 * time.Minute,
		SessionAbsolute:  24 * time.Hour,
		SessionCap:       100,
		SessionDataLimit: 32 << 10,
		BaseScopes:       []string{"mcp:basic"},
		ResponseMode:     config.Buffered,
		ResponseLimit:    5 << 20,
		RequestTimeout:   25 * time.Second,
		LogLevel:         slog.LevelInfo,
		LogSample:        1,
		TraceSample:      1,
		Stage:            "local",
		ListenAddr:       "127.0.0.1:8080",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("Load =\n%+v, want\n%+v", got, want)
	}
	empty := environment()
	for _, name := range names(t) {
		if _, set := empty[name]; !set {
			empty[name] = ""
		}
	}
	if again, err := config.Load(empty); err != nil || !reflect.DeepEqual(again, want) {
		t.Errorf("empty values are not as absent ones: %+v, %v", again, err)
	}
}

func TestLoadEverything(t *testing.T) {
	t.Parallel()
	got, err := config.Load(environment(
		config.EnvMetadataURL, "https://mcp.example.com/prod/.well-known/oauth-protected-resource",
		config.EnvIssuers, `[
			{"issuer": "https://a.example", "tenant": "acme", "audiences": ["x"]},
			{"issuer": "https://b.example", "tenant_claim": "org", "tenants": ["globex", "in-*"], "mode": "client_id", "client_ids": ["c"]}]`,
		config.EnvSessionIdle, "20m", config.EnvSessionAbsolute, "12h", config.EnvSessionCap, "5",
		config.EnvSessionDataLimit, "262144", config.EnvSessionBindClient, "true",
		config.EnvAllowedOrigins, "https://app.example.com,http://localhost:6274,https://app.example.com:8443",
		config.EnvBaseScopes, "mcp:basic openid", config.EnvBasePaths, "/prod,/tools/v1",
		config.EnvResponseMode, "streaming", config.EnvResponseLimit, "65536",
		config.EnvRequestTimeout, "90s", config.EnvLogLevel, "debug", config.EnvListenAddr, ":8080",
		config.EnvChallengeHeader, "X-Challenge", config.EnvLogSample, "0.25", config.EnvStage, "prod-eu.1",
		config.EnvTraceSample, "0.5", config.EnvOTLPEndpoint, "http://127.0.0.1:4318",
		config.EnvOTLPTracesEndpoint, "https://traces.example/in", config.EnvOTLPMetricsEndpoint, "http://localhost:4318/m",
	))
	if err != nil {
		t.Fatal(err)
	}
	want := config.Config{
		PublicURL:   "https://mcp.example.com/mcp",
		MetadataURL: "https://mcp.example.com/prod/.well-known/oauth-protected-resource",
		Issuers: config.Issuers{
			{Issuer: "https://a.example", Tenant: "acme", Audiences: []string{"x"}},
			{Issuer: "https://b.example", TenantClaim: "org", Tenants: []string{"globex", "in-*"}, Mode: identity.ModeClientID, ClientIDs: []string{"c"}},
		},
		Table:         "leasehold-sessions",
		SealSecretARN: "arn:aws:secretsmanager:eu-central-1:111122223333:secret:leasehold/seal-AbCdEf",
		SessionIdle:   20 * time.Minute, SessionAbsolute: 12 * time.Hour, SessionCap: 5, SessionDataLimit: 256 << 10, SessionBindClient: true,
		AllowedOrigins: []string{"https://app.example.com", "http://localhost:6274", "https://app.example.com:8443"},
		BaseScopes:     []string{"mcp:basic", "openid"}, BasePaths: []string{"/prod", "/tools/v1"},
		ResponseMode: config.Streaming, ResponseLimit: 64 << 10, RequestTimeout: 90 * time.Second,
		LogLevel: slog.LevelDebug, ListenAddr: ":8080", ChallengeHeader: "X-Challenge", LogSample: 0.25, Stage: "prod-eu.1",
		TraceSample: 0.5, OTLPEndpoint: "http://127.0.0.1:4318",
		OTLPTracesEndpoint: "https://traces.example/in", OTLPMetricsEndpoint: "http://localhost:4318/m",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("Load =\n%+v, want\n%+v", got, want)
	}
}

// One message lists all that is wrong, and each line names its variable.
func TestLoadListsAllProblems(t *testing.T) {
	t.Parallel()
	_, err := config.Load(map[string]string{
		config.EnvPublicURL:       "http://mcp.example.com/mcp",
		config.EnvIssuers:         `[{"issuer": "https://issuer.example", "tenent": "acme"}]`,
		config.EnvSessionIdle:     "soon",
		config.EnvSessionCap:      "0",
		config.EnvAllowedOrigins:  "null",
		config.EnvLogLevel:        "loud",
		"LEASEHOLD_SESION_IDLE":   "1h",
		"LEASEHOLD_ADMIN_API_KEY": "hunter2",
	})
	if err == nil {
		t.Fatal("no error")
	}
	want := []string{
		"LEASEHOLD_PUBLIC_URL: want an https URL", "LEASEHOLD_ISSUERS: want a JSON array", "LEASEHOLD_TABLE: want the name",
		"LEASEHOLD_SEAL_SECRET_ARN: want the ARN", "LEASEHOLD_SESSION_IDLE: want a duration", "LEASEHOLD_SESSION_CAP: want a number",
		"LEASEHOLD_ALLOWED_ORIGINS: want origins", "LEASEHOLD_LOG_LEVEL: want debug",
		"LEASEHOLD_ADMIN_API_KEY: there is no such variable", "LEASEHOLD_SESION_IDLE: there is no such variable",
	}
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != 1+len(want) {
		t.Errorf("%d lines, want a heading and %d:\n%v", len(lines), len(want), err)
	}
	for i, prefix := range want {
		if i+1 < len(lines) && !strings.HasPrefix(lines[i+1], prefix) {
			t.Errorf("line %d is %q, want it to begin with %q", i+1, lines[i+1], prefix)
		}
	}
	if strings.Contains(err.Error(), "hunter2") {
		t.Error("the value of an unknown variable shows: it may be a secret of somebody else")
	}
	if !strings.Contains(err.Error(), `"tenent"`) {
		t.Errorf("the unknown member of an issuer is not named: %v", err)
	}
}

func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	for name, values := range map[string][]string{
		config.EnvPublicURL: {
			"mcp.example.com/mcp", "https://", "https:///mcp", "https://mcp.example.com/mcp/", "https://mcp.example.com/mcp?x=1",
			"https://mcp.example.com/mcp#x", "https://user@mcp.example.com/mcp", "https://mcp.example.com/mcp?", "ftp://mcp.example.com",
		},
		config.EnvMetadataURL: {"/.well-known/oauth-protected-resource", "http://mcp.example.com/x"},
		config.EnvIssuers: {
			"x", "{}", "[]", "null", `[{}]`, `[{"issuer": "http://issuer.example", "tenant": "acme"}]`,
			`[{"issuer": "https://issuer.example"}]`, issuersJSON + "x", `[{"Issuer": "https://issuer.example", "tenant": "acme"}]`,
			`[{"issuer": "https://issuer.example", "tenant": "acme", "tenant": "globex"}]`,
			`[{"issuer": "https://127.0.0.1:1", "tenant": "acme", "InsecureLoopback": true}]`,
			// Rule 15: with several issuers, one that names tenants by claim needs a list.
			`[{"issuer": "https://a.example", "tenant": "acme"}, {"issuer": "https://b.example", "tenant_claim": "t"}]`,
		},
		config.EnvTable:            {"ab", "a b c", strings.Repeat("x", 256)},
		config.EnvSealSecretARN:    {"leasehold/seal", "arn:aws:s3:::bucket", `{"kid": "k1", "key": "AAAA"}`},
		config.EnvSessionIdle:      {"4m59s", "25h", "-1h", "60"}, // rule 26: not under 5 minutes
		config.EnvSessionAbsolute:  {"29m", "721h", "0s", "forever"},
		config.EnvSessionCap:       {"-1", "1001", "many", "1.5"},
		config.EnvSessionDataLimit: {"1023", "262145"}, // rule 27: 256 KiB at most
		config.EnvSessionBindClient: {
			"perhaps",
		},
		config.EnvAllowedOrigins: { // rule 22
			"null", "*", "https://*.example.com", "https://app.example.com/", "https://app.example.com/x", "http://app.example.com",
			"app.example.com", "https://App.example.com", "https://app.example.com, https://b.example.com", "https://app.example.com,",
		},
		config.EnvBaseScopes:     {"a  b", `"a"`, "a\tb", " "},
		config.EnvBasePaths:      {"prod", "/", "/prod/", "/a,,/b", "/a b", "//"},
		config.EnvResponseMode:   {"stream", "Buffered"},
		config.EnvResponseLimit:  {"65535", "6291457", "5MB"},
		config.EnvRequestTimeout: {"999ms", "15m1s", "25"},
		config.EnvLogLevel:       {"verbose"},
		config.EnvLogSample:      {"-0.1", "1.5", "NaN", "half"},
		config.EnvStage:          {"a b", "-a", "a/b", strings.Repeat("a", 65)},
		config.EnvTraceSample:    {"-0.1", "1.1", "NaN", "all"},
		config.EnvOTLPEndpoint: {
			"collector:4318", "http://collector.example:4318", "http://127.0.0.1.example", "https://", "https://u:p@collector.example",
			"https://collector.example?key=x", "https://collector.example#x", "grpc://127.0.0.1:4317",
		},
		config.EnvOTLPTracesEndpoint:  {"http://10.0.0.1:4318/v1/traces"},
		config.EnvOTLPMetricsEndpoint: {"http://collector/v1/metrics"},
		config.EnvListenAddr:          {"8080", "127.0.0.1", "127.0.0.1:"},
		// The edge cannot carry WWW-Authenticate, or it would need no other.
		config.EnvChallengeHeader: {"X Challenge", "X-Challenge:", "www-authenticate", "-", "X\r\nY"},
		config.EnvAuthorizerCache: {"0s"}, // the server has no cache of this kind
	} {
		for _, value := range values {
			_, err := config.Load(environment(name, value))
			if err == nil {
				t.Errorf("%s=%q is accepted", name, value)
				continue
			}
			for _, line := range strings.Split(err.Error(), "\n")[1:] {
				// A short absolute lifetime is reported where it shows, at the idle timeout.
				if !strings.HasPrefix(line, name+": ") && !strings.HasPrefix(line, config.EnvSessionIdle) {
					t.Errorf("%s=%q: a line does not name it: %q", name, value, line)
				}
			}
		}
	}
}

// What cannot be read is one problem, and none of what is compared with it.
func TestLoadReportsOnce(t *testing.T) {
	t.Parallel()
	_, err := config.Load(environment(config.EnvSessionAbsolute, "forever"))
	if err == nil || strings.Count(err.Error(), "\n") != 1 {
		t.Errorf("Load = %v, want one problem", err)
	}
}

// Rule 31: the environment holds the ARN only, and a key put there by mistake is not logged.
func TestLoadHidesKey(t *testing.T) {
	t.Parallel()
	_, err := config.Load(environment(config.EnvSealSecretARN, `{"kid": "k1", "key": "c2VjcmV0"}`))
	if err == nil || strings.Contains(err.Error(), "c2VjcmV0") {
		t.Errorf("Load = %v, want an error without the key", err)
	}
}

// Where spans and metrics go, and that a credential for it does not show, nor is taken for
// one that is used.
func TestLoadOTLP(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		set             []string
		traces, metrics string
	}{
		"nothing": {},
		"one for both": {
			[]string{config.EnvOTLPEndpoint, "https://c.example/otlp/"}, "https://c.example/otlp/v1/traces", "https://c.example/otlp/v1/metrics",
		},
		"spans alone": {[]string{config.EnvOTLPTracesEndpoint, "http://[::1]:4318/in"}, "http://[::1]:4318/in", ""},
		"metrics elsewhere": {
			[]string{config.EnvOTLPEndpoint, "https://c.example", config.EnvOTLPMetricsEndpoint, "https://m.example/v1"},
			"https://c.example/v1/traces", "https://m.example/v1",
		},
	} {
		c, err := config.Load(environment(test.set...))
		if err != nil || c.TracesURL() != test.traces || c.MetricsURL() != test.metrics {
			t.Errorf("%s: %q and %q, %v", name, c.TracesURL(), c.MetricsURL(), err)
		}
	}
	for name, value := range map[string]string{
		config.EnvOTLPEndpoint:                "https://user:hunter2@c.example",
		config.EnvOTLPTracesEndpoint:          "https://c.example?key=hunter2",
		config.PrefixOTLP + "HEADERS":         "api-key=hunter2",
		config.PrefixOTLP + "TRACES_PROTOCOL": "grpc-hunter2",
	} {
		_, err := config.Load(environment(name, value))
		if err == nil || !strings.Contains(err.Error(), name) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v, want an error that names it without its value", name, err)
		}
	}
}

// Missing ones are named, each alone.
func TestLoadNeeds(t *testing.T) {
	t.Parallel()
	for _, name := range []string{config.EnvPublicURL, config.EnvIssuers, config.EnvTable, config.EnvSealSecretARN} {
		e := environment()
		delete(e, name)
		_, err := config.Load(e)
		if err == nil || strings.Count(err.Error(), "\n") != 1 || !strings.Contains(err.Error(), "\n"+name+": want ") || !strings.HasSuffix(err.Error(), "it is not set") {
			t.Errorf("without %s: %v", name, err)
		}
	}
}

// A nil map is an empty environment, not the one of the process.
func TestLoadNil(t *testing.T) {
	t.Setenv(config.EnvTable, "from-the-process")
	if _, err := config.Load(nil); err == nil || !strings.Contains(err.Error(), config.EnvTable) {
		t.Errorf("Load(nil) = %v, want %s to be missing", err, config.EnvTable)
	}
}

func TestLoadLocal(t *testing.T) {
	t.Parallel()
	got, err := config.LoadLocal(map[string]string{config.EnvSessionIdle: "10m"}, "127.0.0.1:9090")
	if err != nil {
		t.Fatal(err)
	}
	if got.PublicURL != "http://127.0.0.1:9090/mcp" || got.SessionIdle != 10*time.Minute || got.Table != "" || got.Issuers != nil {
		t.Errorf("LoadLocal = %+v", got)
	}
	_, err = config.LoadLocal(environment(config.EnvSessionIdle, "1m"), "127.0.0.1:9090")
	if err == nil {
		t.Fatal("variables of a deployment are accepted")
	}
	for _, name := range []string{config.EnvPublicURL, config.EnvIssuers, config.EnvTable, config.EnvSealSecretARN} {
		if !strings.Contains(err.Error(), "\n"+name+": has no effect on the local server") {
			t.Errorf("%s is not named: %v", name, err)
		}
	}
	if !strings.Contains(err.Error(), config.EnvSessionIdle) {
		t.Errorf("the idle timeout is not checked: %v", err)
	}
	if _, err := config.LoadLocal(map[string]string{"LEASEHOLD_X": "1"}, "127.0.0.1:9090"); err == nil {
		t.Error("an unknown variable is accepted")
	}
}

// What the authorizer reads it checks as the server does; the rest would have no effect.
func TestLoadAuthorizer(t *testing.T) {
	t.Parallel()
	good := func(changes ...string) map[string]string {
		e := environment(changes...)
		delete(e, config.EnvTable)
		delete(e, config.EnvSealSecretARN)
		return e
	}
	got, err := config.LoadAuthorizer(good(config.EnvAuthorizerCache, "5m", config.EnvLogLevel, "warn"))
	if err != nil {
		t.Fatal(err)
	}
	if got.PublicURL != "https://mcp.example.com/mcp" || len(got.Issuers) != 1 || got.AuthorizerCache != 5*time.Minute ||
		got.LogLevel != slog.LevelWarn || !slices.Equal(got.BaseScopes, []string{"mcp:basic"}) {
		t.Errorf("LoadAuthorizer = %+v", got)
	}
	_, err = config.LoadAuthorizer(map[string]string{
		config.EnvIssuers: "[]", config.EnvTable: "leasehold-sessions", config.EnvAuthorizerCache: "61m", "LEASEHOLD_X": "1",
	})
	want := []string{
		config.EnvPublicURL + ": want ", config.EnvIssuers + ": ", config.EnvTable + ": has no effect on the authorizer",
		config.EnvAuthorizerCache + ": want a duration from 0s to 1h", "LEASEHOLD_X: there is no such variable",
	}
	if err == nil || strings.Count(err.Error(), "\n") != len(want) {
		t.Errorf("LoadAuthorizer = %v, want %d problems", err, len(want))
	}
	for _, line := range want {
		if err == nil || !strings.Contains(err.Error(), "\n"+line) {
			t.Errorf("%v lacks %q", err, line)
		}
	}
	if _, err := config.LoadAuthorizer(good(config.EnvAuthorizerCache, "-1s")); err == nil {
		t.Error("a negative time is accepted")
	}
}

func names(t *testing.T) []string {
	t.Helper()
	byName := map[string]bool{}
	for f := range reflect.TypeFor[config.Config]().Fields() {
		byName[f.Tag.Get("env")] = true
	}
	var all []string
	for name := range maps.Keys(byName) {
		all = append(all, name)
	}
	return all
}
