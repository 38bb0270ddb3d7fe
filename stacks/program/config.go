// Package program is the Pulumi program of a stack: its configuration, and the resources
// that follow from it. Stacks differ by values of their configuration only.
package program

import "slices"

// Namespace begins the keys of a stack's settings, as in "leasehold:edge".
const Namespace = "leasehold"

// The edges.
const (
	EdgeREST = "rest"
	EdgeHTTP = "http"
)

// Where tokens come from.
const (
	IdentityIssuers = "issuers"
	IdentityCognito = "cognito"
)

// Config is what Pulumi.<stack>.yaml says. docs/stack-configuration.md is made from its
// comments and tags: `default` is what an absent or empty value means, `need` marks what must be set,
// `min`, `max`, `oneof` and `match` are what is accepted, and `env` is the variable of
// apps/mcp/config that takes the value, with its own default and bounds. What has `ref` may be an output of
// another stack, and that is what a preview without a cloud shows in its place (references.go).
type Config struct {
	// Stack is the name of the Pulumi stack. It is in tags and names; nothing is decided by it.
	Stack string `json:"-"`
	// AccountID is the AWS account. The provider refuses credentials of another one, so
	// that a stack never lands in the wrong account.
	AccountID string `json:"accountId" match:"account" need:"yes"`
	// Region is the AWS region of the whole stack.
	Region string `json:"region" match:"region" need:"yes"`
	// Partition begins ARNs, and has to be that of the region.
	Partition string `json:"partition" default:"aws" oneof:"aws aws-us-gov aws-cn"`
	// Edge is what stands before the function: a REST API, which WAF can protect and which can stream,
	// or an HTTP API with the Lambda Web Adapter, which costs less and can neither.
	Edge string `json:"edge" default:"rest" oneof:"rest http"`
	// Streaming sends responses while they are made, up to 15 minutes. It needs the edge rest.
	Streaming bool `json:"streaming" default:"false"`
	// Domain is a domain of your own. Absent means the one that API Gateway gives, behind which a stage is
	// part of every path.
	Domain Domain `json:"domain"`
	// Function is the MCP server.
	Function Function `json:"function"`
	// Authorizer is the function that answers first at the edge rest.
	Authorizer Authorizer `json:"authorizer"`
	// Table is the DynamoDB table of the sessions.
	Table Table `json:"table"`
	// Encryption is the key of table, logs, secrets and function environments.
	Encryption Encryption `json:"encryption"`
	// Firewall is AWS WAF. It needs the edge rest.
	Firewall Firewall `json:"firewall"`
	// Identity says whose tokens are trusted: your own issuers', or those of a Cognito
	// user pool that this stack makes.
	Identity string `json:"identity" oneof:"issuers cognito" need:"yes"`
	// Issuers are the trusted issuers with identity issuers; docs/configuration.md has their members. It is
	// the one setting that may be a Pulumi secret.
	Issuers JSON `json:"issuers" env:"LEASEHOLD_ISSUERS" ref:"[{\"issuer\":\"https://reference.invalid\",\"jwks_url\":\"https://reference.invalid/keys\",\"tenant\":\"reference\",\"advertised\":true}]"`
	// AuthorizationServer is metadata for the one advertised issuer of yours that has none which clients accept. Absent
	// means that clients read the issuer's own.
	AuthorizationServer AuthorizationServer `json:"authorizationServer"`
	// Cognito is the user pool with identity cognito.
	Cognito Cognito `json:"cognito"`
	// Sessions bound the sessions of a principal.
	Sessions Sessions `json:"sessions"`
	// Origins are the web origins that browsers may call from. Absent means none.
	Origins []string `json:"origins" env:"LEASEHOLD_ALLOWED_ORIGINS" join:","`
	// BaseScopes are the scopes that a client should ask for first.
	BaseScopes []string `json:"baseScopes" env:"LEASEHOLD_BASE_SCOPES" join:" "`
	// Logs are the log groups of functions, API and firewall.
	Logs Logs `json:"logs"`
	// Tracing turns on X-Ray for functions and API.
	Tracing bool `json:"tracing" default:"true"`
	// OTLP sends the server's spans, and its metrics once more, to an OpenTelemetry collector.
	OTLP OTLP `json:"otlp"`
	// Throttle bounds the requests that the API accepts from everybody together.
	Throttle Throttle `json:"throttle"`
	// VPC puts the function into a network of yours. Absent means none, which is right
	// unless a tool needs something inside one.
	VPC VPC `json:"vpc"`
	// Canary shifts traffic to a new version step by step.
	Canary Canary `json:"canary"`
	// PermissionsBoundary is the policy that bounds every role of the stack. Absent means none.
	PermissionsBoundary string `json:"permissionsBoundary" match:"policy" ref:"arn:PARTITION:iam::ACCOUNT:policy/reference"`
	// Tags are on everything that has tags, beside project, stack and managed-by.
	Tags Tags `json:"tags"`
	// Policies says what a finding of the policy pack does. A mandatory one ends `make preview` and `make deploy` with an
	// error, the latter before anything is made; `pulumi up` asks the pack when it has --policy-pack. An advisory one is shown.
	Policies string `json:"policies" default:"mandatory" oneof:"advisory mandatory"`
	// Sealing is about the keys of sealed values.
	Sealing Sealing `json:"sealing"`
	// Monitoring are the alarms, the dashboards and the budget; docs/operate.md says what to do when one rings.
	Monitoring Monitoring `json:"monitoring"`
	// SLO are the objectives over 30 days. What they leave is an error budget, and an alarm rings when it is used up too fast.
	SLO SLO `json:"slo"`

	// secret is whether Issuers is a Pulumi secret.
	secret bool
}

// JSON is a value of which another package knows the form.
type JSON string

// Domain is a domain of your own.
type Domain struct {
	// Name is the host name of clients' URLs.
	Name string `json:"name" match:"host"`
	// HostedZoneID is the Route 53 zone in which the stack makes the record, and validates a certificate
	// unless there is one. Absent means that you make the record; then the certificate is needed.
	HostedZoneID string `json:"hostedZoneId" match:"zone" ref:"Z00000000000000000000"`
	// CertificateARN is a certificate of ACM in the stack's region. Absent means that the stack makes one.
	CertificateARN string `json:"certificateArn" match:"arn:acm" ref:"arn:PARTITION:acm:REGION:ACCOUNT:certificate/reference"`
}

// Function sizes the MCP server.
type Function struct {
	// Memory is in MiB; the share of CPU grows with it.
	Memory int `json:"memory" default:"512" min:"128" max:"10240"`
	// Timeout is in seconds: at most 29 at the edge rest, 30 at the edge http, 900 with streaming. A request
	// ends some seconds before it, so that the client gets an answer.
	Timeout int `json:"timeout" default:"29" min:"3" max:"900"`
	// Architecture is the instruction set; GOARCH of `make lambda` has to be the same.
	Architecture string `json:"architecture" default:"arm64" oneof:"arm64 x86_64"`
	// ReservedConcurrency is how many requests run at once, taken from the account's. Absent means no bound of its
	// own, as new accounts have no room for one.
	ReservedConcurrency *int `json:"reservedConcurrency" min:"0" max:"10000"`
	// ProvisionedConcurrency keeps so many instances warm, for money. It excludes a canary.
	ProvisionedConcurrency int `json:"provisionedConcurrency" default:"0" min:"0" max:"10000"`
	// LogLevel is the least level that is logged.
	LogLevel string `json:"logLevel" env:"LEASEHOLD_LOG_LEVEL"`
	// LogSample is the share of the successful requests whose line has its fields; metrics count all.
	LogSample string `json:"logSample" env:"LEASEHOLD_LOG_SAMPLE"`
}

// Authorizer sizes the Lambda authorizer.
type Authorizer struct {
	// Memory is in MiB.
	Memory int `json:"memory" default:"256" min:"128" max:"10240"`
	// Timeout is in seconds. A client waits for it before anything else happens.
	Timeout int `json:"timeout" default:"10" min:"1" max:"10"`
	// CacheSeconds is how long API Gateway remembers an answer. Beyond 0, an allow outlives its token.
	CacheSeconds int `json:"cacheSeconds" default:"0" min:"0" max:"3600"`
}

// Table is the table of the sessions.
type Table struct {
	// ARN is a table of yours, with the keys and indexes of docs/deploy.md. Absent means that the stack makes one; the
	// others are about that one.
	ARN string `json:"arn" match:"arn:dynamodb" ref:"arn:PARTITION:dynamodb:REGION:ACCOUNT:table/reference"`
	// PointInTimeRecovery keeps 35 days of backups.
	PointInTimeRecovery bool `json:"pointInTimeRecovery" default:"true"`
	// DeletionProtection makes DynamoDB refuse to delete the table.
	DeletionProtection bool `json:"deletionProtection" default:"true"`
	// Retain makes Pulumi refuse to delete the table, and leave it behind when it is no longer in the program.
	Retain bool `json:"retain" default:"true"`
}

// Encryption is the key of what is stored.
type Encryption struct {
	// CustomerKey makes a KMS key, and encrypts with it. Without one, AWS-owned and AWS-managed keys do.
	CustomerKey bool `json:"customerKey" default:"true"`
	// KeyARN is a KMS key of yours in the place of the stack's, whose policy has to let the services use it
	// (docs/deploy.md).
	KeyARN string `json:"keyArn" match:"arn:kms" ref:"arn:PARTITION:kms:REGION:ACCOUNT:key/reference"`
}

// Firewall is AWS WAF.
type Firewall struct {
	// Enabled puts a web ACL before the API.
	Enabled bool `json:"enabled" default:"true"`
	// WebACLARN is a regional web ACL of yours. Absent means that the stack makes one; the rates are about that one.
	WebACLARN string `json:"webAclArn" match:"arn:wafv2" ref:"arn:PARTITION:wafv2:REGION:ACCOUNT:regional/webacl/reference/0"`
	// RatePerIP is how many requests of one address pass in 5 minutes. Users of a hosted client share addresses.
	RatePerIP int `json:"ratePerIp" default:"3000" min:"10" max:"2000000000"`
	// RatePerToken is how many requests with one Authorization header pass in 5 minutes.
	RatePerToken int `json:"ratePerToken" default:"1500" min:"10" max:"2000000000"`
}

// AuthorizationServer is what the stack tells clients of an issuer (RFC 8414), in its place. The issuer lets public
// clients use PKCE with S256, and does not say so: a Cognito user pool of yours is one.
type AuthorizationServer struct {
	// AuthorizationEndpoint is where people sign in. The other members need it.
	AuthorizationEndpoint string `json:"authorizationEndpoint" match:"https" ref:"https://reference.invalid/authorize"`
	// TokenEndpoint is where clients get tokens.
	TokenEndpoint string `json:"tokenEndpoint" match:"https" ref:"https://reference.invalid/token"`
	// RevocationEndpoint ends refresh tokens. Absent means that there is none.
	RevocationEndpoint string `json:"revocationEndpoint" match:"https" ref:"https://reference.invalid/revoke"`
	// RegistrationEndpoint is for dynamic client registration. Absent means that clients have ids already.
	RegistrationEndpoint string `json:"registrationEndpoint" match:"https" ref:"https://reference.invalid/register"`
}

// Cognito is a user pool.
type Cognito struct {
	// DomainPrefix begins the host name of the sign-in pages, unique in the region. Absent means
	// project, stack and account.
	DomainPrefix string `json:"domainPrefix" match:"prefix"`
	// CallbackURLs are the redirect URIs of clients, compared exactly.
	CallbackURLs []string `json:"callbackUrls" match:"callback"`
	// TenantAttribute is the custom attribute of a user that names the tenant; users cannot write it.
	TenantAttribute string `json:"tenantAttribute" default:"tenant" match:"attribute"`
	// MFA is whether users sign in with a second factor.
	MFA string `json:"mfa" default:"OPTIONAL" oneof:"OFF OPTIONAL ON"`
	// Tier is the feature plan. Access tokens get a tenant in these two only.
	Tier string `json:"tier" default:"ESSENTIALS" oneof:"ESSENTIALS PLUS"`
	// DeletionProtection makes Cognito refuse to delete the pool.
	DeletionProtection bool `json:"deletionProtection" default:"true"`
	// Retain makes Pulumi refuse to delete the pool.
	Retain bool `json:"retain" default:"true"`
}

// Sessions bound sessions.
type Sessions struct {
	// Idle ends a session that is not used for so long.
	Idle string `json:"idle" env:"LEASEHOLD_SESSION_IDLE"`
	// Absolute ends a session however much it is used.
	Absolute string `json:"absolute" env:"LEASEHOLD_SESSION_ABSOLUTE"`
	// Cap is how many live sessions and handles one principal may have.
	Cap string `json:"cap" env:"LEASEHOLD_SESSION_CAP"`
	// DataLimit is the size of one session's data in bytes.
	DataLimit string `json:"dataLimit" env:"LEASEHOLD_SESSION_DATA_LIMIT"`
	// BindClient keeps other OAuth clients of the same principal from using a session.
	BindClient string `json:"bindClient" env:"LEASEHOLD_SESSION_BIND_CLIENT"`
}

// Logs are log groups.
type Logs struct {
	// RetentionDays is how long logs are kept.
	RetentionDays int `json:"retentionDays" default:"90" oneof:"1 3 5 7 14 30 60 90 120 150 180 365 400 545 731 1096 1827 2192 2557 2922 3288 3653"`
	// AuditRetentionDays is how long the lines of the audit are kept, which have a log group of their own.
	AuditRetentionDays int `json:"auditRetentionDays" default:"365" oneof:"1 3 5 7 14 30 60 90 120 150 180 365 400 545 731 1096 1827 2192 2557 2922 3288 3653"`
	// DestinationARN is a destination of CloudWatch Logs, mostly another account's, that gets every line of the server's and
	// the authorizer's logs as well (docs/operate.md). Absent means none.
	DestinationARN string `json:"destinationArn" match:"arn:logs"`
	// AuditDestinationARN is one that gets the lines of the audit group, to be kept elsewhere. Absent means none.
	AuditDestinationARN string `json:"auditDestinationArn" match:"arn:logs"`
}

// OTLP is where an OpenTelemetry collector is. Its credentials for what is behind it are its own.
type OTLP struct {
	// Endpoint takes spans and metrics at v1/traces and v1/metrics below it: a collector that the function reaches over TLS,
	// or http://127.0.0.1:4318 of the layer. Absent means that nothing is sent; X-Ray's own segments are the setting tracing.
	Endpoint string `json:"endpoint" env:"OTEL_EXPORTER_OTLP_ENDPOINT"`
	// LayerARN is a Lambda layer with a collector, such as AWS's Distro for OpenTelemetry, for the function's architecture.
	// It has memory and a start of its own. Absent means none.
	LayerARN string `json:"layerArn" match:"arn:layer"`
	// Sample is the share of requests that leave spans, beside those that X-Ray samples.
	Sample string `json:"sample" env:"LEASEHOLD_TRACE_SAMPLE"`
}

// Throttle bounds requests.
type Throttle struct {
	// Rate is in requests a second.
	Rate float64 `json:"rate" default:"100" min:"1" max:"10000"`
	// Burst is how many requests may come at once.
	Burst int `json:"burst" default:"200" min:"1" max:"5000"`
}

// VPC is a network of yours.
type VPC struct {
	// ID is the VPC.
	ID string `json:"id" match:"vpc" ref:"vpc-00000000"`
	// SubnetIDs are private subnets, in two availability zones or more.
	SubnetIDs []string `json:"subnetIds" match:"subnet" ref:"subnet-00000000 subnet-00000001"`
	// RouteTableIDs are those of the subnets, to which the DynamoDB endpoint is added with endpoints.
	RouteTableIDs []string `json:"routeTableIds" match:"routeTable" ref:"rtb-00000000 rtb-00000001"`
	// Endpoints makes VPC endpoints for what the function calls in AWS, which then answer for the whole VPC and let
	// nothing else through. Without, the network has to reach DynamoDB and Secrets Manager by itself. In either
	// case it has to reach the issuers' keys.
	Endpoints bool `json:"endpoints" default:"false"`
}

// Canary is a deployment step by step.
type Canary struct {
	// Enabled leaves the alias to CodeDeploy: `pulumi up` publishes a version, and a deployment shifts traffic to it.
	Enabled bool `json:"enabled" default:"false"`
	// Strategy is how CodeDeploy shifts traffic.
	Strategy string `json:"strategy" default:"CodeDeployDefault.LambdaCanary10Percent5Minutes" oneof:"CodeDeployDefault.LambdaAllAtOnce CodeDeployDefault.LambdaCanary10Percent5Minutes CodeDeployDefault.LambdaCanary10Percent10Minutes CodeDeployDefault.LambdaCanary10Percent15Minutes CodeDeployDefault.LambdaCanary10Percent30Minutes CodeDeployDefault.LambdaLinear10PercentEvery1Minute CodeDeployDefault.LambdaLinear10PercentEvery2Minutes CodeDeployDefault.LambdaLinear10PercentEvery3Minutes CodeDeployDefault.LambdaLinear10PercentEvery10Minutes"`
	// Alarms are names of CloudWatch alarms that roll a deployment back, at most eight, beside those that the stack
	// makes: of invocations that fail and, with monitoring, of requests that fail with 5xx.
	Alarms []string `json:"alarms" match:"alarm" ref:"reference"`
	// TopicARN is an SNS topic that hears of failed deployments. Absent means none.
	TopicARN string `json:"topicArn" match:"arn:sns" ref:"arn:PARTITION:sns:REGION:ACCOUNT:reference"`
}

// Tags say whose a resource is.
type Tags struct {
	// Owner is who answers for the stack.
	Owner string `json:"owner" match:"tag" need:"yes"`
	// CostCentre is who pays.
	CostCentre string `json:"costCentre" match:"tag" need:"yes"`
}

// Sealing is about the keys of sealed values.
type Sealing struct {
	// RotationDays is how often they rotate.
	RotationDays int `json:"rotationDays" default:"30" min:"1" max:"365"`
}

// Monitoring is what is looked at, and who is told.
type Monitoring struct {
	// Enabled makes the alarms and the dashboards. Without, policies find fault with everything that runs.
	Enabled bool `json:"enabled" default:"true"`
	// Emails are told of every alarm, after each has confirmed a mail of AWS's. Absent means nobody.
	Emails []string `json:"emails" match:"email"`
	// TopicARN is an SNS topic of yours in the place of the stack's; its policy, and its key's, have to let CloudWatch
	// publish (docs/operate.md). Absent means that the stack makes one, under a key of its own.
	TopicARN string `json:"topicArn" match:"arn:sns" ref:"arn:PARTITION:sns:REGION:ACCOUNT:reference"`
	// Runbook is the page that alarms link to. Its default is docs/operate.md on GitHub, once make init has written the module's path.
	Runbook string `json:"runbook" default:"https://leasehold.example/blob/main/docs/operate.md" match:"link"`
	// Budget is what the stack may cost a month, in US dollars; 0 watches no costs. It needs the tag stack to be
	// active for cost allocation.
	Budget float64 `json:"budget" default:"0" min:"0" max:"1000000"`
	// ErrorPercent of the requests may fail with 5xx before an alarm rings.
	ErrorPercent float64 `json:"errorPercent" default:"1" min:"0.01" max:"100"`
	// P90Ms is how long nine requests in ten may take at the edge, in milliseconds.
	P90Ms int `json:"p90Ms" default:"1000" min:"1" max:"900000"`
	// P99Ms is how long all but one request in a hundred may take.
	P99Ms int `json:"p99Ms" default:"5000" min:"1" max:"900000"`
	// AuthFailures is how many bad tokens in five minutes are normal.
	AuthFailures int `json:"authFailures" default:"100" min:"1" max:"1000000"`
	// FirewallBlocks is how many blocked requests in five minutes are normal.
	FirewallBlocks int `json:"firewallBlocks" default:"500" min:"1" max:"1000000"`
	// AccountConcurrency is the account's quota of concurrent executions in the region; new accounts have
	// 10. An alarm rings at four fifths of it, or of function.reservedConcurrency where that is set.
	AccountConcurrency int `json:"accountConcurrency" default:"1000" min:"10" max:"1000000"`
}

// SLO are objectives, in percent of the requests.
type SLO struct {
	// Availability is how many requests are to be answered without 5xx.
	Availability float64 `json:"availability" default:"99.9" min:"95" max:"99.99"`
	// Latency is how many requests are to be answered within latencyMs.
	Latency float64 `json:"latency" default:"99" min:"95" max:"99.99"`
	// LatencyMs is in milliseconds, at the edge.
	LatencyMs int `json:"latencyMs" default:"2000" min:"1" max:"900000"`
}

// Warnings are what a reader of the stack should know although it is allowed.
func (c *Config) Warnings() []string {
	var all []string
	warn := func(when bool, text string) {
		if when {
			all = append(all, text)
		}
	}
	warn(c.Edge == EdgeHTTP, "leasehold:edge: WAF cannot be attached to an HTTP API; the firewall of the edge rest is missing here")
	warn(c.Partition == "aws-cn", "leasehold:partition: aws-cn was never tried; names of endpoints and services differ there")
	warn(c.Edge == EdgeREST && !c.Firewall.Enabled, "leasehold:firewall.enabled: there is no WAF before this API")
	warn(c.Authorizer.CacheSeconds > 0, "leasehold:authorizer.cacheSeconds: a cached allow outlives its token; the function still refuses it")
	warn(c.Function.ReservedConcurrency != nil && *c.Function.ReservedConcurrency == 0, "leasehold:function.reservedConcurrency: 0 stops the function")
	warn(c.Table.ARN == "" && !c.Table.DeletionProtection && !c.Table.Retain, "leasehold:table: nothing keeps `pulumi destroy` from deleting the sessions")
	warn(!c.Monitoring.Enabled, "leasehold:monitoring.enabled: nobody is told when the stack fails")
	warn(c.Monitoring.Enabled && c.Monitoring.TopicARN == "" && len(c.Monitoring.Emails) == 0,
		"leasehold:monitoring.emails: nobody is told of alarms, unless somebody subscribes to the topic that is the output alarmTopicArn")
	return slices.Clip(all)
}
