// Package metric names the metrics of Leasehold's functions, for the code that emits them
// and for the dashboards and alarms of the stack, so that both sides agree at compile time.
package metric

import "slices"

// Namespace is the CloudWatch namespace of every metric here.
const Namespace = "Leasehold"

// Dimensions of every metric, always both. A tenant, a tool or a person is a property of the
// log line that carries the metrics, never a dimension: each value of a dimension is a
// metric of its own, paid for and without end.
const (
	// DimensionService is which program it was, one of the Service constants.
	DimensionService = "Service"
	// DimensionStage is which deployment it was: the value of LEASEHOLD_STAGE, "local" when
	// that is not set; a stack sets it to its name.
	DimensionStage = "Stage"
)

// Values of DimensionService.
const (
	ServiceMCP        = "mcp"
	ServiceAuthorizer = "authorizer"
)

// The units in use, as CloudWatch spells them.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html
const (
	Count        = "Count"
	Milliseconds = "Milliseconds"
)

// Names of the metrics. All says what each one counts. Those in Count are emitted when they
// are not zero: alarms take their Sum, and a missing one for zero. Only Requests and the
// latencies are there for every request.
const (
	Requests                 = "Requests"
	ValidMCPEvents           = "ValidMCPEvents"
	ToolErrors               = "ToolErrors"
	ProtocolErrors           = "ProtocolErrors"
	InternalErrors           = "InternalErrors"
	Unavailable              = "Unavailable"
	Latency                  = "Latency"
	ColdStarts               = "ColdStarts"
	AuthFailures             = "AuthFailures"
	TokensWithoutTenant      = "TokensWithoutTenant"
	InsufficientScope        = "InsufficientScope"
	SessionBindingViolations = "SessionBindingViolations"
	UnclassifiedMisses       = "UnclassifiedMisses"
	SessionsOpened           = "SessionsOpened"
	SessionsRevoked          = "SessionsRevoked"
	StoreLatency             = "StoreLatency"
	StoreConflicts           = "StoreConflicts"
	StoreThrottles           = "StoreThrottles"
	LimitsReached            = "LimitsReached"
)

// Metric describes one metric.
type Metric struct {
	// Name is one of the constants, Unit is Count or Milliseconds, and Help says in a
	// sentence what one unit stands for.
	Name, Unit, Help string
	// Services emit it: values of DimensionService.
	Services []string
}

var (
	both = []string{ServiceMCP, ServiceAuthorizer}
	mcp  = []string{ServiceMCP}
	auth = []string{ServiceAuthorizer}
	all  = []Metric{
		{Requests, Count, "Requests to /mcp, whatever the answer; in the authorizer, tokens to judge.", both},
		{ValidMCPEvents, Count, "JSON-RPC messages of an authenticated caller that were carried out, and not answered with an error; a tool's own error counts as carried out.", mcp},
		{ToolErrors, Count, "Results of tools/call that say isError.", mcp},
		{ProtocolErrors, Count, "Errors of the client's making: a status of 4xx, or a JSON-RPC error, that none of the other metrics counts.", mcp},
		{InternalErrors, Count, "Errors of our making: a status of 5xx other than 503, an internal JSON-RPC error, a panic.", mcp},
		{Unavailable, Count, "Answers that say to come again, because the session store, an issuer or the sealing keys could not be reached: 503. In the authorizer, tokens that could not be checked.", both},
		{Latency, Milliseconds, "From the request's first line to the end of its answer.", both},
		{ColdStarts, Count, "Requests that were the first of their instance.", both},
		{AuthFailures, Count, "Requests without a token, or with one that is not good or names no tenant.", both},
		{TokensWithoutTenant, Count, "Those of AuthFailures whose token is good and names no tenant. They are denied, and are no errors of the function as the others are.", auth},
		{InsufficientScope, Count, "Requests whose good token lacks a scope.", both},
		{SessionBindingViolations, Count, "Sessions that were asked for by somebody whose they are not: a leak, a guess, or a client that mixes up its users.", mcp},
		{UnclassifiedMisses, Count, "Sessions that were not found, and of which nobody looked whose they are: the caller had too many misses of late, or the store failed.", mcp},
		{SessionsOpened, Count, "Sessions and handles that were created.", mcp},
		{SessionsRevoked, Count, "Sessions and handles that were ended by request.", mcp},
		{StoreLatency, Milliseconds, "Duration of each call of the session store.", mcp},
		{StoreConflicts, Count, "Writes of session data that somebody else's write came before; they are tried again.", mcp},
		{StoreThrottles, Count, "Attempts that DynamoDB throttled, those included that the SDK tried again with success.", mcp},
		{LimitsReached, Count, "What was refused for a limit: sessions of one principal, the size of a session's data, the size of a result.", mcp},
	}
)

// All returns every metric, in the order of the documentation.
func All() []Metric { return slices.Clone(all) }

// Find returns the metric called name; ok is false when there is none.
func Find(name string) (m Metric, ok bool) {
	i := slices.IndexFunc(all, func(m Metric) bool { return m.Name == name })
	if i < 0 {
		return Metric{}, false
	}
	return all[i], true
}

// Emits reports whether service emits m.
func (m Metric) Emits(service string) bool { return slices.Contains(m.Services, service) }
