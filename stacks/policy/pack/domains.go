package pack

import (
	"regexp"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// modernTLS are the security policies that refuse TLS 1.0 and 1.1, and whatever AWS adds
// above TLS 1.2.
var modernTLS = regexp.MustCompile(`^(TLS_1_2|TLS_1_3|SecurityPolicy_TLS1[23]_.*)$`)

func isModernTLS(v property.Value) bool { return v.IsString() && modernTLS.MatchString(v.AsString()) }

var domainRules = []rule{
	{
		name: "domain-tls",
		why:  "TLS 1.0 and 1.1 are broken, and API Gateway accepts TLS 1.0 unless it is told otherwise",
		page: "https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-custom-domain-tls-version.html", types: []string{restDomain, httpDomain},
		each: func(r item, report reporter) {
			path := "securityPolicy"
			if r.Type == httpDomain {
				path = "domainNameConfiguration.securityPolicy"
			}
			want(path, "TLS_1_2 or above", isModernTLS)(r, report)
		},
	},
	{
		name: "domain-only-door",
		why:  "Beside a domain of its own, the API's execute-api host is a second address, with other metadata and none of the domain's rules",
		page: "https://docs.aws.amazon.com/apigateway/latest/developerguide/rest-api-disable-default-endpoint.html",
		stack: func(s *stack, report reporter) {
			for domain, api := range map[string]string{restDomain: restAPI, httpDomain: httpAPI} {
				if len(s.of(domain)) == 0 {
					continue
				}
				for _, r := range s.of(api) {
					want("disableExecuteApiEndpoint", "true, as there is a domain", isTrue)(r, report)
				}
			}
		},
	},
}
