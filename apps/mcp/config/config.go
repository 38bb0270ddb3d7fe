// Package config names the environment variables of the MCP server and reads them. The
// infrastructure imports it for the names, so that both sides agree at compile time.
// docs/configuration.md is made from Config's comments and tags.
package config

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/go-json-experiment/json"

	"leasehold.example/libs/identity"
)

// ResponseMode says how a Lambda function answers.
type ResponseMode string

const (
	// Buffered answers with one whole response per event.
	Buffered ResponseMode = "buffered"
	// Streaming sends a response while it is made.
	Streaming ResponseMode = "streaming"
)

// Issuers are the trusted token issuers.
type Issuers []identity.Issuer

// UnmarshalText reads a JSON array. Unknown and repeated members are errors: a setting
// that is dropped for a typing mistake could be one that restricts.
func (i *Issuers) UnmarshalText(text []byte) error {
	err := json.Unmarshal(text, (*[]identity.Issuer)(i), json.RejectUnknownMembers(true))
	// In our words: those of the library change from one process to the next.
	switch semantic, ok := errors.AsType[*json.SemanticError](err); {
	case err == nil:
		return nil
	case !ok:
		return errors.New("it is not JSON, or has a member twice")
	case errors.Is(err, json.ErrUnknownName):
		return fmt.Errorf("there is no such member: %q", semantic.JSONPointer.LastToken())
	default:
		return fmt.Errorf("of another type than wanted: %s", cmp.Or(string(semantic.JSONPointer), "the whole"))
	}
}

// Config is what the environment says. Tags: `env` is the variable, `envDefault` what an
// absent or empty one means, `want` what is accepted; `need` marks what must be set,
// `deployed` what the local server does not read, because it makes its own, and
// `authorizer` what the Lambda authorizer reads: "too", or "only".
type Config struct {
	// PublicURL is the URL at which clients reach the MCP endpoint. It is the resource of the
	// protected resource metadata (RFC 9728) and the audience that tokens must name,
	// compared exactly. No header of a request ever takes its place.
	PublicURL string `env:"LEASEHOLD_PUBLIC_URL" want:"an https URL without user, query, fragment or trailing slash" need:"yes" deployed:"yes" authorizer:"too"`
	// MetadataURL is the URL of the protected resource metadata that challenges name. Absent
	// means the well-known one of the public URL; set it where that cannot be served, such
	// as behind the stage of a default API Gateway domain.
	MetadataURL string `env:"LEASEHOLD_METADATA_URL" want:"an https URL without user, query, fragment or trailing slash" deployed:"yes" authorizer:"too"`
	// Issuers are the token issuers that are trusted, at least one.
	Issuers Issuers `env:"LEASEHOLD_ISSUERS" want:"a JSON array of issuers" need:"yes" deployed:"yes" authorizer:"too"`
	// Table is the DynamoDB table of the sessions.
	Table string `env:"LEASEHOLD_TABLE" want:"the name of a DynamoDB table" need:"yes" deployed:"yes"`
	// SealSecretARN is the Secrets Manager secret whose versions hold the root keys of sealed
	// values and pseudonyms. The keys themselves are never in the environment.
	SealSecretARN string `env:"LEASEHOLD_SEAL_SECRET_ARN" want:"the ARN of a Secrets Manager secret" need:"yes" deployed:"yes"`
	// SessionIdle ends a session that is not used for so long.
	SessionIdle time.Duration `env:"LEASEHOLD_SESSION_IDLE" envDefault:"30m" want:"a duration from 5m up to the absolute lifetime"`
	// SessionAbsolute ends a session however much it is used.
	SessionAbsolute time.Duration `env:"LEASEHOLD_SESSION_ABSOLUTE" envDefault:"24h" want:"a duration from 5m to 720h"`
	// SessionCap is how many live sessions and handles one principal may have.
	SessionCap int `env:"LEASEHOLD_SESSION_CAP" envDefault:"100" want:"a number from 1 to 1000"`
	// SessionDataLimit is the size of one session's data in bytes.
	SessionDataLimit int `env:"LEASEHOLD_SESSION_DATA_LIMIT" envDefault:"32768" want:"a number from 1024 to 262144"`
	// SessionBindClient keeps other OAuth clients of the same principal from using a session.
	// Without it they may, and the audit log says so.
	SessionBindClient bool `env:"LEASEHOLD_SESSION_BIND_CLIENT" envDefault:"false" want:"true or false"`
	// AllowedOrigins are the web origins that browsers may call from. Absent means none.
	AllowedOrigins []string `env:"LEASEHOLD_ALLOWED_ORIGINS" want:"origins such as https://app.example.com, separated by commas"`
	// BaseScopes are the scopes that a client should ask for first: scopes_supported, and the
	// scope of the first challenge. Others are asked for when a tool needs them.
	BaseScopes []string `env:"LEASEHOLD_BASE_SCOPES" envDefault:"mcp:basic" envSeparator:" " want:"OAuth scopes, separated by single spaces" authorizer:"too"`
	// BasePaths are taken off the beginning of a path: base paths of custom domains, and stages.
	BasePaths []string `env:"LEASEHOLD_BASE_PATHS" want:"paths such as /prod, separated by commas" deployed:"yes"`
	// ResponseMode says how the Lambda function answers; it has to be the edge's setting too.
	ResponseMode ResponseMode `env:"LEASEHOLD_RESPONSE_MODE" envDefault:"buffered" want:"buffered or streaming" deployed:"yes"`
	// ResponseLimit is the size in bytes beyond which a result becomes an error, counted as a
	// JSON string, which is how Lambda carries a body: 6 MiB, headers and envelope included.
	ResponseLimit int `env:"LEASEHOLD_RESPONSE_LIMIT" envDefault:"5242880" want:"a number from 65536 to 6225920"`
	// RequestTimeout is the deadline of one request, and has to end before the edge's:
	// API Gateway's is 29 s unless raised.
	RequestTimeout time.Duration `env:"LEASEHOLD_REQUEST_TIMEOUT" envDefault:"25s" want:"a duration from 1s to 15m"`
	// ChallengeHeader is the name of a header that repeats WWW-Authenticate, for an edge that
	// renames that one but can set it from another: an HTTP API by its response mapping.
	// Absent means none.
	ChallengeHeader string `env:"LEASEHOLD_CHALLENGE_HEADER" want:"the name of a header other than WWW-Authenticate, such as X-Challenge" deployed:"yes"`
	// AuthorizerCache is how long API Gateway reuses an answer of the authorizer for the same
	// token: the authorizer's TTL, as it is configured there. While it is not 0s, the
	// authorizer leaves scopes to the function, because a denial of one tool would be reused
	// for the others.
	AuthorizerCache time.Duration `env:"LEASEHOLD_AUTHORIZER_CACHE" envDefault:"0s" want:"a duration from 0s to 1h" deployed:"yes" authorizer:"only"`
	// LogLevel is the least level that is logged. Over info, the summary lines of requests that
	// did not fail carry nothing but their metrics.
	LogLevel slog.Level `env:"LEASEHOLD_LOG_LEVEL" envDefault:"info" want:"debug, info, warn or error" authorizer:"too"`
	// LogSample is the share of successful requests whose summary lines have all their fields;
	// those of the others carry nothing but their metrics, which are never sampled.
	LogSample float64 `env:"LEASEHOLD_LOG_SAMPLE" envDefault:"1" want:"a number from 0 to 1" authorizer:"too"`
	// Stage names the deployment: in every line of the log, and as a dimension of the metrics.
	// A stack sets it to its name.
	Stage string `env:"LEASEHOLD_STAGE" envDefault:"local" want:"1 to 64 letters, digits and . _ -, beginning with a letter or a digit" authorizer:"too"`
	// TraceSample is the share of requests that leave spans, beside those that X-Ray samples. A
	// caller whose own trace is not sampled keeps its request out of it; none gets one in.
	TraceSample float64 `env:"LEASEHOLD_TRACE_SAMPLE" envDefault:"1" want:"a number from 0 to 1"`
	// OTLPEndpoint is the collector that gets spans and metrics, by OTLP over HTTP in protobuf: at v1/traces and
	// v1/metrics below it. Absent means that there are neither. It takes no credentials: those
	// belong to a collector beside the server, and OTEL_EXPORTER_OTLP_HEADERS stops the start.
	OTLPEndpoint string `env:"OTEL_EXPORTER_OTLP_ENDPOINT" want:"an https URL without user, query and fragment, or http on loopback"`
	// OTLPTracesEndpoint is the URL that gets the spans, in the place of the one below OTEL_EXPORTER_OTLP_ENDPOINT.
	OTLPTracesEndpoint string `env:"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT" want:"an https URL without user, query and fragment, or http on loopback"`
	// OTLPMetricsEndpoint is the URL that gets the metrics, in the place of the one below OTEL_EXPORTER_OTLP_ENDPOINT.
	OTLPMetricsEndpoint string `env:"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT" want:"an https URL without user, query and fragment, or http on loopback"`
	// ListenAddr is where cmd/server listens in a container; the Lambda function ignores it.
	ListenAddr string `env:"LEASEHOLD_LISTEN_ADDR" envDefault:"127.0.0.1:8080" want:"host:port" deployed:"yes"`
}
