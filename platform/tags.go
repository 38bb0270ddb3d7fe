package platform

import (
	"maps"
	"reflect"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// tagsType is the type of the field Tags in the arguments of pulumi-aws.
var tagsType = reflect.TypeFor[pulumi.StringMapInput]()

// Tags returns a transformation that gives the tags to every AWS resource that can have
// any; a resource's own tag of the same key wins. It is for
// ctx.RegisterStackTransformation, before the first resource. No tags change nothing.
// Tags are set here rather than as the provider's default tags because a program under
// mocks, and so the offline preview and its policies, would not see those (RULES 44).
func Tags(tags map[string]string) pulumi.ResourceTransformation {
	tags = maps.Clone(tags)
	return func(args *pulumi.ResourceTransformationArgs) *pulumi.ResourceTransformationResult {
		field, ok := tagsField(args.Props)
		if !ok || len(tags) == 0 {
			return nil
		}
		field.Set(reflect.ValueOf(withTags(tags, field)))
		return &pulumi.ResourceTransformationResult{Props: args.Props, Opts: args.Opts}
	}
}

// tagsField finds the field Tags of a pointer to a resource's arguments.
func tagsField(props pulumi.Input) (field reflect.Value, ok bool) {
	v := reflect.ValueOf(props)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
		return reflect.Value{}, false
	}
	field = v.Elem().FieldByName("Tags")
	return field, field.IsValid() && field.Type() == tagsType && field.CanSet()
}

// withTags merges the tags under those that the field has.
func withTags(tags map[string]string, field reflect.Value) pulumi.StringMapInput {
	own, ok := field.Interface().(pulumi.StringMapInput)
	if !ok { // the field is nil
		return pulumi.ToStringMap(tags)
	}
	merged := own.ToStringMapOutput().ApplyT(func(own map[string]string) map[string]string {
		merged := maps.Clone(tags)
		maps.Copy(merged, own)
		return merged
	})
	return merged.(pulumi.StringMapOutput) //nolint:errcheck,forcetypeassert // what ApplyT makes of a function to such a map
}

// PermissionsBoundary returns a transformation that gives every IAM role the boundary with
// this ARN; a role that has one keeps it. An empty ARN changes nothing. It is for
// ctx.RegisterStackTransformation, before the first resource. The deploy role may only
// create roles that have it (RULES 44).
// https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
func PermissionsBoundary(arn string) pulumi.ResourceTransformation {
	return func(args *pulumi.ResourceTransformationArgs) *pulumi.ResourceTransformationResult {
		role, ok := args.Props.(*iam.RoleArgs)
		if !ok || role == nil || role.PermissionsBoundary != nil || arn == "" {
			return nil
		}
		role.PermissionsBoundary = pulumi.StringPtr(arn)
		return &pulumi.ResourceTransformationResult{Props: role, Opts: args.Opts}
	}
}
