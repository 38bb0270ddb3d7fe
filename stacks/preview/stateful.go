package preview

import "strings"

// stateful is a type whose replacement loses something that `pulumi up` does not bring back.
type stateful struct {
	loses string
	// forceNew are the inputs whose change makes another resource. The Go SDK does not say
	// (RULES 47), so they are those that the Terraform provider under pulumi-aws v6 marks
	// ForceNew, in internal/service/*/*.go of github.com/hashicorp/terraform-provider-aws.
	forceNew []string
}

// statefuls is a list made by hand: an estimate, which the preview says.
var statefuls = map[string]stateful{
	"aws:apigateway/domainName:DomainName": {"the target of its DNS record", []string{"domainName"}},
	"aws:apigateway/restApi:RestApi":       {"its URL, which clients know unless it has a domain", nil},
	"aws:apigatewayv2/api:Api":             {"its URL, which clients know unless it has a domain", []string{"protocolType"}},
	"aws:cloudwatch/logGroup:LogGroup":     {"the logs", []string{"logGroupClass", "name", "namePrefix"}},
	"aws:cognito/resourceServer:ResourceServer": {
		"the scopes of tokens, until it is there again", []string{"identifier", "name", "userPoolId"},
	},
	"aws:cognito/userPool:UserPool": {
		"all users and their passwords", []string{"aliasAttributes", "name", "usernameAttributes", "usernameConfiguration.caseSensitive"},
	},
	"aws:cognito/userPoolClient:UserPoolClient": {"the client id that clients are configured with", []string{"generateSecret", "userPoolId"}},
	"aws:cognito/userPoolDomain:UserPoolDomain": {"the sign-in address", []string{"domain", "userPoolId"}},
	"aws:dynamodb/table:Table": {"all items", []string{
		"hashKey", "importTable", "localSecondaryIndexes", "name", "rangeKey",
		"restoreDateTime", "restoreSourceName", "restoreSourceTableArn", "restoreToLatestTime",
	}},
	"aws:kms/key:Key": {
		"everything encrypted under it", []string{"customKeyStoreId", "customerMasterKeySpec", "keyUsage", "multiRegion", "xksKeyId"},
	},
	"aws:route53/zone:Zone":            {"its name servers, which the registrar points to", []string{"delegationSetId", "name"}},
	"aws:s3/bucket:Bucket":             {"all objects", []string{"bucket", "bucketPrefix", "objectLockConfiguration.objectLockEnabled"}},
	"aws:s3/bucketV2:BucketV2":         {"all objects", []string{"bucket", "bucketPrefix", "objectLockEnabled"}},
	"aws:secretsmanager/secret:Secret": {"all versions of the secret, such as sealing keys", []string{"name", "namePrefix"}},
	"aws:sns/topic:Topic":              {"subscriptions, which people confirm again", []string{"fifoTopic", "name", "namePrefix"}},
}

// replacedBy are the changes that make another resource, those aside that the resource ignores.
func (s stateful) replacedBy(changes []Difference, ignored []string) []string {
	var why []string
	for _, c := range changes {
		if covers(s.forceNew, c.Path) && !covers(ignored, c.Path) {
			why = append(why, c.Path)
		}
	}
	return why
}

// covers reports whether one of the paths is the given one or holds it.
func covers(paths []string, path string) bool {
	for _, p := range paths {
		if rest, ok := strings.CutPrefix(path, p); ok && (rest == "" || rest[0] == '.' || rest[0] == '[') {
			return true
		}
	}
	return false
}
