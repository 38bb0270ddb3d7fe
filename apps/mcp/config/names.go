package config

// Prefix begins the name of every variable. One that begins with it and is not below is
// an error, because it is a typing mistake or a setting of another version.
const Prefix = "LEASEHOLD_"

// PrefixOTLP begins the variables of OpenTelemetry that say where spans and metrics go. One
// that is not below is an error too: what it asks for, such as headers, would not be done.
// https://opentelemetry.io/docs/specs/otel/protocol/exporter/
const PrefixOTLP = "OTEL_EXPORTER_OTLP_"

// Names of the environment variables, for the server that reads them and for the
// infrastructure that sets them. Config says what each one means.
const (
	EnvPublicURL         = "LEASEHOLD_PUBLIC_URL"
	EnvMetadataURL       = "LEASEHOLD_METADATA_URL"
	EnvIssuers           = "LEASEHOLD_ISSUERS"
	EnvTable             = "LEASEHOLD_TABLE"
	EnvSealSecretARN     = "LEASEHOLD_SEAL_SECRET_ARN" //nolint:gosec // the name of a variable
	EnvSessionIdle       = "LEASEHOLD_SESSION_IDLE"
	EnvSessionAbsolute   = "LEASEHOLD_SESSION_ABSOLUTE"
	EnvSessionCap        = "LEASEHOLD_SESSION_CAP"
	EnvSessionDataLimit  = "LEASEHOLD_SESSION_DATA_LIMIT"
	EnvSessionBindClient = "LEASEHOLD_SESSION_BIND_CLIENT"
	EnvAllowedOrigins    = "LEASEHOLD_ALLOWED_ORIGINS"
	EnvBaseScopes        = "LEASEHOLD_BASE_SCOPES"
	EnvBasePaths         = "LEASEHOLD_BASE_PATHS"
	EnvResponseMode      = "LEASEHOLD_RESPONSE_MODE"
	EnvResponseLimit     = "LEASEHOLD_RESPONSE_LIMIT"
	EnvRequestTimeout    = "LEASEHOLD_REQUEST_TIMEOUT"
	EnvChallengeHeader   = "LEASEHOLD_CHALLENGE_HEADER"
	EnvAuthorizerCache   = "LEASEHOLD_AUTHORIZER_CACHE"
	EnvLogLevel          = "LEASEHOLD_LOG_LEVEL"
	EnvLogSample         = "LEASEHOLD_LOG_SAMPLE"
	EnvStage             = "LEASEHOLD_STAGE"
	EnvListenAddr        = "LEASEHOLD_LISTEN_ADDR"
	EnvTraceSample       = "LEASEHOLD_TRACE_SAMPLE"

	EnvOTLPEndpoint        = "OTEL_EXPORTER_OTLP_ENDPOINT"
	EnvOTLPTracesEndpoint  = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
	EnvOTLPMetricsEndpoint = "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"
)
