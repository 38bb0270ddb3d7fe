package watch_test

// emitted is a metric that AWS documents, with every set of dimensions that the page gives it and that we use. A
// metric under other dimensions is another one, which has no data.
type emitted struct {
	page       string
	dimensions []string // each a set, sorted, with spaces
}

const (
	pageREST   = "https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html"
	pageHTTP   = "https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html"
	pageLambda = "https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html"
	pageLogs   = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch-Logs-Monitoring-CloudWatch-Metrics.html"
	pageTable  = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html"
	pageWAF    = "https://docs.aws.amazon.com/waf/latest/developerguide/waf-metrics.html"
)

var (
	byREST     = []string{"ApiName Stage"}
	byHTTP     = []string{"ApiId Stage"}
	byFunction = []string{"FunctionName"}
)

// aws has them by namespace and name.
var aws = map[string]emitted{
	"AWS/ApiGateway 5XXError": {pageREST, byREST},
	"AWS/ApiGateway 4XXError": {pageREST, byREST},
	"AWS/ApiGateway 5xx":      {pageHTTP, byHTTP},
	"AWS/ApiGateway 4xx":      {pageHTTP, byHTTP},
	// Both pages have these two, each with its own dimensions.
	"AWS/ApiGateway Count":   {pageREST, []string{"ApiName Stage", "ApiId Stage"}},
	"AWS/ApiGateway Latency": {pageREST, []string{"ApiName Stage", "ApiId Stage"}},

	"AWS/Lambda Invocations":               {pageLambda, byFunction},
	"AWS/Lambda Errors":                    {pageLambda, byFunction},
	"AWS/Lambda Throttles":                 {pageLambda, byFunction},
	"AWS/Lambda Duration":                  {pageLambda, byFunction},
	"AWS/Lambda ConcurrentExecutions":      {pageLambda, byFunction},
	"AWS/Lambda ClaimedAccountConcurrency": {pageLambda, []string{""}}, // of the account in the region

	"AWS/Lambda AsyncEventsDropped": {pageLambda, byFunction},

	"AWS/Logs DeliveryErrors": {pageLogs, []string{"DestinationType FilterName LogGroupName"}},

	"AWS/DynamoDB ConsumedReadCapacityUnits":  {pageTable, []string{"TableName"}},
	"AWS/DynamoDB ConsumedWriteCapacityUnits": {pageTable, []string{"TableName"}},
	"AWS/DynamoDB ReadThrottleEvents":         {pageTable, []string{"TableName", "GlobalSecondaryIndexName TableName"}},
	"AWS/DynamoDB WriteThrottleEvents":        {pageTable, []string{"TableName", "GlobalSecondaryIndexName TableName"}},
	"AWS/DynamoDB SystemErrors":               {pageTable, []string{"Operation TableName"}},

	"AWS/WAFV2 BlockedRequests": {pageWAF, []string{"Region Rule WebACL"}},
	"AWS/WAFV2 AllowedRequests": {pageWAF, []string{"Region Rule WebACL"}},
}
