package platform

import (
	"encoding/json"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Statement is one statement of an IAM policy.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
type Statement struct {
	// Sid names the statement within its policy: letters and digits.
	Sid string
	// Effect is Allow when absent.
	Effect string
	// Principals are who a resource policy or trust policy speaks of, by kind ("Service", "AWS",
	// "Federated"); absent in policies of a role.
	Principals map[string][]string
	Actions    []string
	// Resources are ARNs; absent in trust policies.
	Resources pulumi.StringArray
	// Conditions by operator and key, such as "StringEquals", "aws:SourceAccount".
	Conditions map[string]map[string]pulumi.StringInput
}

// PolicyDocument returns the statements as JSON, in their order, the same each time.
func PolicyDocument(statements ...Statement) pulumi.StringOutput {
	parts := make([]any, 0, len(statements))
	for _, s := range statements {
		parts = append(parts, s.output())
	}
	return pulumi.All(parts...).ApplyT(func(parts []any) (string, error) {
		document, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": parts})
		return string(document), err
	}).(pulumi.StringOutput)
}

// output resolves the statement to the map that its JSON is made of.
func (s Statement) output() pulumi.MapOutput {
	m := pulumi.Map{"Effect": pulumi.String("Allow"), "Action": pulumi.ToStringArray(s.Actions)}
	if s.Effect != "" {
		m["Effect"] = pulumi.String(s.Effect)
	}
	if s.Sid != "" {
		m["Sid"] = pulumi.String(s.Sid)
	}
	if len(s.Principals) > 0 {
		principals := pulumi.Map{}
		for kind, names := range s.Principals {
			principals[kind] = pulumi.ToStringArray(names)
		}
		m["Principal"] = principals
	}
	if len(s.Resources) > 0 {
		m["Resource"] = s.Resources
	}
	if len(s.Conditions) > 0 {
		conditions := pulumi.Map{}
		for operator, keys := range s.Conditions {
			values := pulumi.Map{}
			for key, value := range keys {
				values[key] = value
			}
			conditions[operator] = values
		}
		m["Condition"] = conditions
	}
	return m.ToMapOutput()
}
