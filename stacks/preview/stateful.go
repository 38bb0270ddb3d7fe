package preview

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"leasehold.example/stacks/forcenew"
)

// losses say what goes with a stateful resource (forcenew.Stateful) that is replaced or destroyed.
var losses = map[string]string{
	"aws:cloudwatch/logGroup:LogGroup":          "its logs",
	"aws:cognito/resourceServer:ResourceServer": "the scopes that clients ask for, until it is there again",
	"aws:cognito/userPool:UserPool":             "all users and their passwords",
	"aws:cognito/userPoolClient:UserPoolClient": "the client id that clients are configured with",
	"aws:cognito/userPoolDomain:UserPoolDomain": "the address of the sign-in",
	"aws:dynamodb/table:Table":                  "all items",
	"aws:kms/key:Key":                           "everything encrypted under it",
	"aws:s3/bucket:Bucket":                      "all objects",
	"aws:s3/bucketV2:BucketV2":                  "all objects",
	"aws:secretsmanager/secret:Secret":          "all versions of the secret, such as sealing keys",
}

func loses(typ string) string { return cmp.Or(losses[typ], "what it holds") }

// replacedBy are the inputs whose change makes another resource, those aside that the
// resource ignores.
func replacedBy(r *Resource, changes []Difference) []string {
	forced, _ := forcenew.Properties(r.Type)
	var why []string
	for _, c := range changes {
		if covers(forced, c.Path) && !covers(r.IgnoreChanges, c.Path) {
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

// refusedBy are the elements of old whose change or removal AWS refuses (forcenew.AddOnly), those
// aside that the resource ignores.
func refusedBy(r, old *Resource, changes []Difference) []string {
	was := map[string]any{}
	flatten(was, "", old.Inputs)
	var why []string
	for _, c := range changes {
		end := strings.IndexByte(c.Path, ']') + 1
		if end == 0 || !covers(forcenew.AddOnly(r.Type), c.Path) || covers(r.IgnoreChanges, c.Path) {
			continue
		}
		element := c.Path[:end]
		existed := func(path string) bool { return covers([]string{element}, path) }
		if slices.ContainsFunc(slices.Collect(maps.Keys(was)), existed) && !slices.Contains(why, element) {
			why = append(why, element)
		}
	}
	return why
}
