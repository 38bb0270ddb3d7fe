package pack

import (
	"encoding/json"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// statement is a statement of an IAM policy, read as IAM reads it: a single value is a list
// of one. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
type statement struct {
	Effect       string
	Action       oneOrMore
	NotAction    oneOrMore
	Resource     oneOrMore
	NotResource  oneOrMore
	Principal    principals
	NotPrincipal principals
	Condition    map[string]map[string]oneOrMore
}

func (s statement) allows() bool { return s.Effect == "Allow" }

// oneOrMore is a string, or a list of strings. Conditions also hold bare booleans and numbers.
type oneOrMore []string

// UnmarshalJSON reads either form.
func (o *oneOrMore) UnmarshalJSON(data []byte) error {
	var value any
	if err := json.Unmarshal(data, &value); err != nil {
		return err
	}
	values, isList := value.([]any)
	if !isList {
		values = []any{value}
	}
	for _, v := range values {
		*o = append(*o, fmt.Sprint(v))
	}
	return nil
}

// principals by kind. The principal "*" is everybody, as {"AWS": "*"} is.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
type principals map[string]oneOrMore

// UnmarshalJSON reads either form.
func (p *principals) UnmarshalJSON(data []byte) error {
	var everybody string
	if json.Unmarshal(data, &everybody) == nil {
		*p = principals{"AWS": {everybody}}
		return nil
	}
	kinds := map[string]oneOrMore{}
	err := json.Unmarshal(data, &kinds)
	*p = kinds
	return err
}

// statements of the policy in v, a JSON text or an object. There are none as long as v is
// not known; an empty v is no policy.
func statements(v property.Value) ([]statement, error) {
	if v.HasComputed() || !isSet(v) {
		return nil, nil
	}
	text := []byte(firstText(v))
	if !v.IsString() {
		encoded, err := json.Marshal(plain(v))
		if err != nil {
			return nil, fmt.Errorf("no policy: %w", err)
		}
		text = encoded
	}
	var document struct{ Statement json.RawMessage }
	if err := json.Unmarshal(text, &document); err != nil {
		return nil, fmt.Errorf("no policy: %w", err)
	}
	var many []statement
	if json.Unmarshal(document.Statement, &many) == nil {
		return many, nil
	}
	var one statement
	if err := json.Unmarshal(document.Statement, &one); err != nil {
		return nil, fmt.Errorf("no policy: %w", err)
	}
	return []statement{one}, nil
}

// plain is the value without Pulumi's types.
func plain(v property.Value) any {
	switch {
	case v.IsString():
		return v.AsString()
	case v.IsBool():
		return v.AsBool()
	case v.IsNumber():
		return v.AsNumber()
	case v.IsArray():
		all := []any{}
		for _, e := range v.AsArray().All {
			all = append(all, plain(e))
		}
		return all
	case v.IsMap():
		all := map[string]any{}
		for name, e := range v.AsMap().All {
			all[name] = plain(e)
		}
		return all
	default:
		return nil
	}
}

// Where policies are, by resource type: the property that holds one.
var (
	// identityPolicies say what a role, user or group may do.
	identityPolicies = map[string]string{
		"aws:iam/policy:Policy": "policy", "aws:iam/rolePolicy:RolePolicy": "policy",
		"aws:iam/userPolicy:UserPolicy": "policy", "aws:iam/groupPolicy:GroupPolicy": "policy",
		role: "inlinePolicies",
	}
	// resourcePolicies say who may use a resource.
	resourcePolicies = map[string]string{
		key: "policy", "aws:kms/keyPolicy:KeyPolicy": "policy",
		topic: "policy", "aws:sns/topicPolicy:TopicPolicy": "policy", "aws:sqs/queue:Queue": "policy", "aws:sqs/queuePolicy:QueuePolicy": "policy",
		secret: "policy", "aws:secretsmanager/secretPolicy:SecretPolicy": "policy",
		bucketPolicy: "policy", "aws:dynamodb/resourcePolicy:ResourcePolicy": "policy",
		restAPI: "policy", "aws:apigateway/restApiPolicy:RestApiPolicy": "policy",
		"aws:cloudwatch/logResourcePolicy:LogResourcePolicy": "policyDocument", "aws:ec2/vpcEndpoint:VpcEndpoint": "policy",
	}
	// trustPolicies say who may become a role.
	trustPolicies = map[string]string{role: "assumeRolePolicy"}
)

// eachStatement looks at the statements of policies that are in the places given. What
// cannot be read has none; readable reports it.
func eachStatement(look func(r item, s statement, report reporter), places ...map[string]string) check {
	return func(r item, report reporter) {
		for _, place := range places {
			for _, document := range documents(r, place) {
				all, _ := statements(document)
				for _, s := range all {
					look(r, s, report)
				}
			}
		}
	}
}

// readable reports what is no policy, of which no rule could say anything.
func readable(places ...map[string]string) check {
	return func(r item, report reporter) {
		for _, place := range places {
			for _, document := range documents(r, place) {
				if _, err := statements(document); err != nil {
					report(r, "%s: %v", place[r.Type], err)
				}
			}
		}
	}
}

// documents are the policies at the resource's place: none, one, or those of a role's inline policies.
func documents(r item, place map[string]string) []property.Value {
	path, ok := place[r.Type]
	if !ok {
		return nil
	}
	v := r.at(path)
	if !v.IsArray() {
		return []property.Value{v}
	}
	var all []property.Value
	for _, inline := range v.AsArray().All {
		all = append(all, within(inline, "policy"))
	}
	return all
}
