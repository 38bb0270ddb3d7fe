package program

import (
	"fmt"
	"strings"
)

// Limits of the edges on the time of one request, in seconds.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html
const (
	limitBuffered  = 29
	limitStreaming = 900
	limitHTTP      = 30
)

// maxIssuers is what LEASEHOLD_ISSUERS may have of the 4 KB that Lambda gives to all names and
// values of a function's environment.
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const maxIssuers = 2800

// edgeLimit is how many seconds the edge waits for the function.
func (c *Config) edgeLimit() int {
	switch {
	case c.Edge == EdgeHTTP:
		return limitHTTP
	case c.Streaming:
		return limitStreaming
	default:
		return limitBuffered
	}
}

func (c *Config) checkStack() []error {
	if stackName(c.Stack) {
		return nil
	}
	return []error{fmt.Errorf("stack: want a lower-case letter, then up to %d lower-case letters, digits and hyphens, as names in AWS are made of it; got %q", maxStack-1, c.Stack)}
}

// checkTogether returns what contradicts what. set has the paths that the stack sets itself.
func (c *Config) checkTogether(set map[string]bool) []error {
	k := checks{set: set}
	k.refuse(c.Edge == EdgeHTTP && c.Firewall.Enabled, "firewall.enabled",
		"want false with leasehold:edge http: WAF cannot be attached to an HTTP API")
	k.refuse(c.Edge == EdgeHTTP && c.Streaming, "streaming", "want false with leasehold:edge http: an HTTP API does not stream")
	k.refuse(c.Function.Timeout > c.edgeLimit(), "function.timeout",
		fmt.Sprintf("want at most %d, got %d: the edge does not wait longer", c.edgeLimit(), c.Function.Timeout))
	c.checkCapacity(&k)
	c.checkCanary(&k)
	c.checkDomain(&k)
	c.checkPlace(&k)
	c.checkIdentity(&k)
	c.checkAuthorizationServer(&k)
	c.checkVPC(&k)
	c.checkOTLP(&k)
	c.checkIdle(&k)
	return k.problems
}

// checks collects problems.
type checks struct {
	set      map[string]bool
	problems []error
}

func (k *checks) refuse(when bool, path, why string) {
	if when {
		k.problems = append(k.problems, fmt.Errorf("%s: %s", fullKey(path), why))
	}
}

// idle refuses what is set and would have no effect.
func (k *checks) idle(when bool, because string, paths ...string) {
	for _, path := range paths {
		k.refuse(when && k.set[path], path, "has no effect "+because)
	}
}

func (c *Config) checkCapacity(k *checks) {
	reserved, provisioned := c.Function.ReservedConcurrency, c.Function.ProvisionedConcurrency
	// https://docs.aws.amazon.com/lambda/latest/dg/provisioned-concurrency.html
	k.refuse(reserved != nil && provisioned > *reserved, "function.provisionedConcurrency",
		"want at most leasehold:function.reservedConcurrency")
	// RULES 40; https://docs.aws.amazon.com/lambda/latest/dg/configuring-alias-routing.html
	k.refuse(c.Canary.Enabled && provisioned > 0, "canary.enabled",
		"want false with leasehold:function.provisionedConcurrency: an alias that shifts traffic cannot have it")
}

func (c *Config) checkCanary(k *checks) {
	// https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_AlarmConfiguration.html
	k.refuse(len(c.Canary.Alarms) > 8, "canary.alarms", "want eight at most beside the stack's own two")
}

// checkOTLP wants somebody to listen on loopback, where nothing of ours does.
func (c *Config) checkOTLP(k *checks) {
	k.idle(c.OTLP.Endpoint == "", "without leasehold:otlp.endpoint", "otlp.layerArn", "otlp.sample")
	k.refuse(strings.HasPrefix(c.OTLP.Endpoint, "http://") && c.OTLP.LayerARN == "", "otlp.layerArn",
		"want a layer with a collector beside leasehold:otlp.endpoint on loopback, it is not set")
}

func (c *Config) checkDomain(k *checks) {
	d := c.Domain
	k.refuse(d.Name != "" && d.HostedZoneID == "" && d.CertificateARN == "", "domain.name",
		"want leasehold:domain.hostedZoneId or leasehold:domain.certificateArn beside it, got neither")
	k.idle(d.Name == "", "without leasehold:domain.name", "domain.hostedZoneId", "domain.certificateArn")
}

// checkPlace compares region and partition with those of every ARN.
func (c *Config) checkPlace(k *checks) {
	want := "aws"
	switch {
	case strings.HasPrefix(c.Region, "cn-"):
		want = "aws-cn"
	case strings.HasPrefix(c.Region, "us-gov-"):
		want = "aws-us-gov"
	}
	k.refuse(c.Partition != want, "partition", fmt.Sprintf("want %s in region %s, got %q", want, c.Region, c.Partition))
	for path, arn := range map[string]string{
		"domain.certificateArn": c.Domain.CertificateARN, "table.arn": c.Table.ARN, "encryption.keyArn": c.Encryption.KeyARN,
		"firewall.webAclArn": c.Firewall.WebACLARN, "canary.topicArn": c.Canary.TopicARN,
		"monitoring.topicArn": c.Monitoring.TopicARN, "logs.destinationArn": c.Logs.DestinationARN,
		"logs.auditDestinationArn": c.Logs.AuditDestinationARN, "otlp.layerArn": c.OTLP.LayerARN,
	} {
		here := "arn:" + c.Partition + ":"
		parts := strings.SplitN(arn, ":", 5)
		k.refuse(arn != "" && (parts[1] != c.Partition || parts[3] != c.Region), path,
			fmt.Sprintf("want an ARN of %s in region %s, got %q", strings.TrimSuffix(here, ":"), c.Region, arn))
	}
}

func (c *Config) checkIdentity(k *checks) {
	k.refuse(c.Identity == IdentityIssuers && c.Issuers == "", "issuers", "want a JSON array of issuers with leasehold:identity issuers, it is not set")
	k.refuse(len(c.Issuers) > maxIssuers, "issuers",
		fmt.Sprintf("want at most %d bytes of JSON, as all variables of a function have 4,096 together, got %d", maxIssuers, len(c.Issuers)))
	k.idle(c.Identity == IdentityCognito, "with leasehold:identity cognito, which makes the issuer", "issuers")
	k.refuse(c.Identity == IdentityCognito && len(c.Cognito.CallbackURLs) == 0, "cognito.callbackUrls",
		"want a list, each "+patterns["callback"].want+", it is not set")
	k.refuse(c.Identity == IdentityCognito && c.Edge == EdgeHTTP, "identity",
		"want issuers with leasehold:edge http: clients refuse Cognito's own metadata, and only the edge rest serves other")
	k.idle(c.Identity == IdentityIssuers, "with leasehold:identity issuers", "cognito")
}

func (c *Config) checkVPC(k *checks) {
	v := c.VPC
	k.refuse(v.ID != "" && len(v.SubnetIDs) < 2, "vpc.subnetIds", "want two subnets or more with leasehold:vpc.id")
	k.refuse(v.ID != "" && v.Endpoints && len(v.RouteTableIDs) == 0, "vpc.routeTableIds", "want the route tables of the subnets with leasehold:vpc.endpoints")
	k.idle(!v.Endpoints, "without leasehold:vpc.endpoints", "vpc.routeTableIds")
	k.idle(v.ID == "", "without leasehold:vpc.id", "vpc.subnetIds", "vpc.endpoints")
}

// checkIdle refuses settings of parts that the stack does not have.
func (c *Config) checkIdle(k *checks) {
	k.idle(c.Table.ARN != "", "with leasehold:table.arn, a table that is not this stack's",
		"table.pointInTimeRecovery", "table.deletionProtection", "table.retain")
	k.idle(c.Encryption.KeyARN != "", "with leasehold:encryption.keyArn, which takes its place", "encryption.customerKey")
	k.idle(c.Firewall.WebACLARN != "", "with leasehold:firewall.webAclArn, a web ACL that is not this stack's",
		"firewall.ratePerIp", "firewall.ratePerToken")
	k.idle(!c.Firewall.Enabled, "without leasehold:firewall.enabled",
		"firewall.webAclArn", "firewall.ratePerIp", "firewall.ratePerToken")
	k.idle(!c.Canary.Enabled, "without leasehold:canary.enabled", "canary.strategy", "canary.alarms", "canary.topicArn")
	c.checkMonitoring(k)
	k.idle(c.Edge == EdgeHTTP, "with leasehold:edge http, where the function answers by itself", "authorizer")
}

func (c *Config) checkMonitoring(k *checks) {
	m := c.Monitoring
	k.idle(!m.Enabled, "without leasehold:monitoring.enabled", "slo", "monitoring.emails", "monitoring.topicArn", "monitoring.runbook", "monitoring.budget",
		"monitoring.errorPercent", "monitoring.p90Ms", "monitoring.p99Ms", "monitoring.authFailures", "monitoring.firewallBlocks", "monitoring.accountConcurrency")
	k.idle(m.TopicARN != "", "with leasehold:monitoring.topicArn, a topic that is not this stack's", "monitoring.emails")
	k.idle(m.Enabled && (!c.Firewall.Enabled || c.Firewall.WebACLARN != ""), "without a web ACL of the stack's own", "monitoring.firewallBlocks")
	k.idle(m.Enabled && c.Function.ReservedConcurrency != nil, "with leasehold:function.reservedConcurrency, whose alarm takes its place", "monitoring.accountConcurrency")
	// https://docs.aws.amazon.com/govcloud-us/latest/UserGuide/govcloud-services.html
	k.refuse(m.Budget > 0 && c.Partition != "aws", "monitoring.budget", "want 0 in partition "+c.Partition+", whose bills are kept elsewhere")
	k.refuse(m.P99Ms < m.P90Ms, "monitoring.p99Ms", "want at least leasehold:monitoring.p90Ms")
}
