package program

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

// pattern is a form of text, and how to say so.
type pattern struct {
	want  string
	valid func(string) bool
}

// matches is true without a pattern.
func (p pattern) matches(text string) bool { return p.valid == nil || p.valid(text) }

func like(expression string) func(string) bool {
	return regexp.MustCompile("^(?:" + expression + ")$").MatchString
}

// arnOf matches ARNs with a region and an account.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
func arnOf(service, resource string) func(string) bool {
	return like(`arn:aws[a-z-]*:` + service + `:[a-z0-9-]+:[0-9]{12}:` + resource)
}

// patterns are the values of `match` tags.
var patterns = map[string]pattern{
	"account": {"the 12 digits of an AWS account", like(`[0-9]{12}`)},
	"region":  {"an AWS region such as eu-central-1", like(`[a-z]{2}(-[a-z]+)+-[0-9]`)},
	"host":    {"a host name such as mcp.example.com", like(`([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}`)},
	"zone":    {"the id of a Route 53 hosted zone such as Z0123456789ABC", like(`Z[A-Z0-9]{1,31}`)},
	// https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-assign-domain-prefix.html
	"prefix": {"up to 63 lower-case letters, digits and hyphens, without aws, amazon and cognito", func(s string) bool {
		reserved := strings.Contains(s, "aws") || strings.Contains(s, "amazon") || strings.Contains(s, "cognito")
		return !reserved && prefix(s)
	}},
	// https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-attributes.html
	"attribute": {"the name of a custom attribute, without custom:, up to 20 letters, digits and underscores", like(`[A-Za-z][A-Za-z0-9_]{0,19}`)},
	"callback":  {"an https URL, or http on localhost, without a fragment", isCallback},
	"https":     {"an https URL without a query or a fragment", isEndpoint},
	"vpc":       {"the id of a VPC such as vpc-0abc", like(`vpc-[0-9a-f]+`)},
	"subnet":    {"the id of a subnet such as subnet-0abc", like(`subnet-[0-9a-f]+`)},

	"email": {"an address such as team@example.com", like(`[^@\s]+@[^@\s]+\.[^@\s]+`)},
	"link":  {"an https URL without a fragment", like(`https://[^\s#]+`)},

	"routeTable": {"the id of a route table such as rtb-0abc", like(`rtb-[0-9a-f]+`)},
	"alarm":      {"the name of a CloudWatch alarm", like(`[^\x00-\x1f]{1,255}`)},
	// https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html
	"tag": {"1 to 256 letters, digits, spaces and + - = . _ : / @", like(`[\p{L}\p{N} +=._:/@-]{1,256}`)},

	"arn:acm":      {"the ARN of an ACM certificate", arnOf("acm", "certificate/.+")},
	"arn:dynamodb": {"the ARN of a DynamoDB table", arnOf("dynamodb", "table/[A-Za-z0-9_.-]{3,255}")},
	"arn:kms":      {"the ARN of a KMS key (an alias is none)", arnOf("kms", "key/.+")},
	"arn:wafv2":    {"the ARN of a regional web ACL", arnOf("wafv2", "regional/webacl/.+")},
	"arn:sns":      {"the ARN of an SNS topic", arnOf("sns", "[A-Za-z0-9_-]+")},
	"arn:layer":    {"the ARN of a version of a Lambda layer", arnOf("lambda", "layer:[A-Za-z0-9_-]+:[0-9]+")},
	"arn:logs":     {"the ARN of a destination of CloudWatch Logs", arnOf("logs", "destination:[^:*]+")},
	"policy":       {"the ARN of an IAM policy", like(`arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/.+`)},
}

var (
	prefix    = like(`[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?`)
	stackName = like(fmt.Sprintf(`[a-z][a-z0-9-]{0,%d}`, maxStack-1))
)

// maxStack is how long a stack's name may be. With the pattern of Pulumi.yaml, the longest name has
// 64 characters then, which is the most for a function and for a role.
const maxStack = 28 - len(Namespace)

// isCallback accepts what Cognito does: https, and http for the user's own machine.
// https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-app-idp-settings.html
func isCallback(s string) bool {
	u, err := url.Parse(s)
	if err != nil || u.Hostname() == "" || u.User != nil || strings.Contains(s, "#") {
		return false
	}
	return u.Scheme == "https" || u.Scheme == "http" && u.Hostname() == "localhost"
}

// isEndpoint accepts what JSON and a mapping template may hold as it is.
func isEndpoint(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Scheme == "https" && u.Hostname() != "" && u.User == nil && !strings.ContainsAny(s, "?#")
}
