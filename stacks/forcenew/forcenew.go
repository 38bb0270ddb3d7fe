// Package forcenew says which settings of a resource AWS cannot change in place, so that
// a change replaces the resource.
//
// The Go SDK of pulumi-aws carries no such metadata (RULES 47), and the provider's schema
// is in its plugin. The table is therefore written by hand from `ForceNew` and
// `RequiresReplace` in terraform-provider-aws 5.x, which pulumi-aws 6 wraps
// (https://github.com/hashicorp/terraform-provider-aws/tree/main/internal/service). What
// is derived from it is an estimate: the plugin decides.
package forcenew

import "slices"

// Properties returns the top-level inputs of a type whose change replaces the resource.
// Known is false for a type that the table does not have: nothing can be said of it then.
// A nested setting that cannot change counts as the whole input that holds it.
func Properties(token string) (properties []string, known bool) {
	properties, known = table[token]
	return slices.Clone(properties), known
}

// AddOnly returns the lists among the inputs of a type to which AWS lets elements be added, and whose elements
// it neither changes nor takes back: the update fails, and replaces nothing.
func AddOnly(token string) []string { return slices.Clone(addOnly[token]) }

var addOnly = map[string][]string{
	// https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-attributes.html
	"aws:cognito/userPool:UserPool": {"schemas"},
}

// Types returns all tokens that Properties knows, in no order.
func Types() []string {
	types := make([]string, 0, len(table))
	for token := range table {
		types = append(types, token)
	}
	return types
}

// Stateful reports whether a resource of this type holds what its re-creation does not
// bring back: data, key material, users, or a name that clients have stored.
func Stateful(token string) bool { return stateful[token] }

var stateful = map[string]bool{
	"aws:cloudwatch/logGroup:LogGroup":          true,
	"aws:cognito/resourceServer:ResourceServer": true, // its scopes are in tokens and clients
	"aws:cognito/userPool:UserPool":             true,
	"aws:cognito/userPoolClient:UserPoolClient": true, // its id is in every client's configuration
	"aws:cognito/userPoolDomain:UserPoolDomain": true,
	"aws:dynamodb/table:Table":                  true,
	"aws:kms/key:Key":                           true,
	"aws:s3/bucketV2:BucketV2":                  true,
	"aws:secretsmanager/secret:Secret":          true,
}
