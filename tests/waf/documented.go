package waf

import (
	"net/url"
	"regexp"
	"strings"
)

// managedRule is a rule of a managed group, by the name that AWS documents.
type managedRule struct {
	name string
	// action is the documented one: AWS's own, without an override.
	action kind
	// hits approximates the rule; nil when AWS decides by lists of addresses, of which none
	// is about ordinary clients.
	hits func(*message) bool
}

// managedRules are the rules of the groups that the stack uses. AWS publishes what a rule
// looks at and an example or two, but no pattern, so that nobody reads there how to get
// around it. The patterns here are approximations: the documented examples, and what is
// known of the vulnerabilities they name. They take in rather too much than too little;
// AWS's are hidden, other, and change without us.
//
// https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-baseline.html
// https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-ip-rep.html
var managedRules = map[string][]managedRule{
	"AWSManagedRulesAmazonIpReputationList": {
		{"AWSManagedIPReputationList", blocks, nil},
		{"AWSManagedReconnaissanceList", blocks, nil},
		{"AWSManagedIPDDoSList", counts, nil},
	},
	"AWSManagedRulesAnonymousIpList": {
		{"AnonymousIPList", blocks, nil},
		{"HostingProviderIPList", blocks, func(m *message) bool { return m.hosted }},
	},
	"AWSManagedRulesKnownBadInputsRuleSet": {
		{"JavaDeserializationRCE_HEADER", blocks, in(headers, javaDeserialization)},
		{"JavaDeserializationRCE_BODY", blocks, in(body, javaDeserialization)},
		{"JavaDeserializationRCE_URIPATH", blocks, in(path, javaDeserialization)},
		{"JavaDeserializationRCE_QUERYSTRING", blocks, in(query, javaDeserialization)},
		{"Host_localhost_HEADER", blocks, in(host, `localhost`)},
		{"PROPFIND_METHOD", blocks, func(m *message) bool { return m.method == "PROPFIND" }},
		{"ExploitablePaths_URIPATH", blocks, in(path, `(web|meta)-inf|/\.(git|svn|env|htaccess)|/cgi-bin/`)},
		{"Log4JRCE_HEADER", blocks, in(headers, log4j)},
		{"Log4JRCE_QUERYSTRING", blocks, in(query, log4j)},
		{"Log4JRCE_BODY", blocks, in(body, log4j)},
		{"Log4JRCE_URIPATH", blocks, in(path, log4j)},
		// CVE-2025-55182, without any example.
		{"ReactJSRCE_BODY", blocks, in(body, `resolved_model|:__proto__:|:constructor:constructor`)},
	},
	"AWSManagedRulesCommonRuleSet": {
		{"NoUserAgent_HEADER", blocks, func(m *message) bool { return m.header.Get("User-Agent") == "" }},
		{"UserAgent_BadBots_HEADER", blocks, in(userAgent, `nessus|nmap|nikto|sqlmap|masscan|zgrab|wpscan`)},
		{"SizeRestrictions_QUERYSTRING", blocks, longer(query, 2048)},
		{"SizeRestrictions_Cookie_HEADER", blocks, longer(cookie, 10_240)},
		{"SizeRestrictions_BODY", blocks, longer(body, 8192)},
		{"SizeRestrictions_URIPATH", blocks, longer(path, 1024)},
		{"EC2MetaDataSSRF_BODY", blocks, in(body, ec2Metadata)},
		{"EC2MetaDataSSRF_COOKIE", blocks, in(cookie, ec2Metadata)},
		{"EC2MetaDataSSRF_URIPATH", blocks, in(path, ec2Metadata)},
		{"EC2MetaDataSSRF_QUERYARGUMENTS", blocks, in(query, ec2Metadata)},
		{"GenericLFI_QUERYARGUMENTS", blocks, in(query, traversal)},
		{"GenericLFI_URIPATH", blocks, in(path, traversal)},
		{"GenericLFI_BODY", blocks, in(body, traversal)},
		{"RestrictedExtensions_URIPATH", blocks, in(path, systemFile)},
		{"RestrictedExtensions_QUERYARGUMENTS", blocks, in(query, systemFile)},
		{"GenericRFI_QUERYARGUMENTS", blocks, in(query, remoteFile)},
		{"GenericRFI_BODY", blocks, in(body, remoteFile)},
		{"GenericRFI_URIPATH", blocks, in(path, remoteFile)},
		{"CrossSiteScripting_COOKIE", blocks, in(cookie, script)},
		{"CrossSiteScripting_QUERYARGUMENTS", blocks, in(query, script)},
		{"CrossSiteScripting_BODY", blocks, in(body, script)},
		{"CrossSiteScripting_URIPATH", blocks, in(path, script)},
	},
}

// What several rules look for.
const (
	// `(java.lang.Runtime).getRuntime().exec("whoami")`; CVE-2022-22963 and CVE-2022-22965;
	// the first bytes of a serialized object, in base64.
	javaDeserialization = `java\.lang\.(runtime|processbuilder)|getruntime\(\)|class\.module\.classloader|ro0ab`
	// `${jndi:ldap://example.com/}`; CVE-2021-45046 and CVE-2021-45105 are about lookups in
	// lookups.
	log4j       = `\$\{\s*jndi\s*:|\$\{\s*\$\{`
	ec2Metadata = `169\.254\.169\.254|fd00:ec2::254|latest/(meta-data|user-data|api/token)`
	traversal   = `\.\.[/\\]`                                         // `../../`
	systemFile  = `\.(log|ini|conf|cfg|bak|backup|sql|dat|swp)\b`     // `.log`, `.ini`
	remoteFile  = `(https?|ftps?|file)://[0-9]{1,3}(\.[0-9]{1,3}){3}` // schemes with an IPv4 address
	script      = `<script|<iframe|\bon[a-z]{3,}\s*=|javascript:`     // `<script>alert("hello")</script>`
)

// part is one of the parts of a request that a rule looks at, in each form it might look
// at: which transformations AWS applies is not known either.
type part func(*message) []string

func in(p part, pattern string) func(*message) bool {
	compiled := regexp.MustCompile(`(?i)` + pattern)
	return func(m *message) bool {
		for _, text := range p(m) {
			if compiled.MatchString(text) {
				return true
			}
		}
		return false
	}
}

// longer looks at the first form, which is the one that was sent.
func longer(p part, bytes int) func(*message) bool {
	return func(m *message) bool { return len(p(m)[0]) > bytes }
}

func body(m *message) []string      { return m.texts }
func path(m *message) []string      { return decoded(m.target.EscapedPath()) }
func query(m *message) []string     { return decoded(m.target.RawQuery) }
func host(m *message) []string      { return []string{m.target.Host} }
func cookie(m *message) []string    { return decoded(m.header.Get("Cookie")) }
func userAgent(m *message) []string { return []string{m.header.Get("User-Agent")} }

// headers are keys and values, without those that have rules of their own.
func headers(m *message) []string {
	var all strings.Builder
	for name, values := range m.header {
		all.WriteString(name + ": " + strings.Join(values, ",") + "\n")
	}
	return decoded(all.String())
}

// decoded is a text as sent and, where that can be done, with its percent signs resolved.
func decoded(text string) []string {
	all := []string{text}
	if plain, err := url.QueryUnescape(text); err == nil {
		all = append(all, plain)
	}
	return all
}
