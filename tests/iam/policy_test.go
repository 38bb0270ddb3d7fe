package iam

import (
	"slices"
	"strings"
	"testing"
)

const table = "arn:aws:dynamodb:eu-central-1:111122223333:table/sessions"

func TestEvaluate(t *testing.T) {
	t.Parallel()
	get := Call{Action: "dynamodb:GetItem", Resource: table}
	tenant := func(tag string, keys ...string) Call {
		c := Call{Action: "dynamodb:GetItem", Resource: table, Context: map[string][]string{"dynamodb:leadingkeys": keys}}
		if tag != "" {
			c.Context["aws:principaltag/tenant"] = []string{tag}
		}
		return c
	}
	const leading = `{"Sid": "own", "Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": "` + table + `", "Condition": {
		"ForAllValues:StringLike": {"dynamodb:LeadingKeys": "T#${aws:PrincipalTag/tenant}#*"}, "Null": {"dynamodb:LeadingKeys": "false"}}}`
	tests := []struct {
		name, statements string
		call             Call
		allowed          bool
		by               string
	}{
		{"nothing", ``, get, false, ""},
		{"exact", `{"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": "` + table + `"}`, get, true, "p/0"},
		{"another case of the action", `{"Sid": "read", "Effect": "Allow", "Action": ["DynamoDB:getitem"], "Resource": ["` + table + `"]}`, get, true, "p/read"},
		{"another action", `{"Effect": "Allow", "Action": "dynamodb:PutItem", "Resource": "` + table + `"}`, get, false, ""},
		{"an action's wildcard", `{"Effect": "Allow", "Action": "dynamodb:Get*", "Resource": "` + table + `"}`, get, true, "p/0"},
		{"the table is not its index", `{"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": "` + table + `/index/*"}`, get, false, ""},
		{"a resource's case counts", `{"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": "` + strings.ToUpper(table) + `"}`, get, false, ""},
		{"deny wins", `{"Effect": "Allow", "Action": "*", "Resource": "*"}, {"Sid": "no", "Effect": "Deny", "Action": "dynamodb:*", "Resource": "*"}`, get, false, "p/no"},
		{"rule 42: own keys", leading, tenant("acme", "T#acme#U#1", "T#acme#U#2"), true, "p/own"},
		{"rule 42: a foreign key among them", leading, tenant("acme", "T#acme#U#1", "T#globex#U#1"), false, ""},
		{"rule 42: no keys", leading, Call{Action: "dynamodb:GetItem", Resource: table, Context: map[string][]string{"aws:principaltag/tenant": {"acme"}}}, false, ""},
		{"rule 42: no tag", leading, tenant("", "T#acme#U#1"), false, ""},
		{"a tag of two values", leading, Call{Action: "dynamodb:GetItem", Resource: table, Context: map[string][]string{
			"dynamodb:leadingkeys": {"T#acme#U#1"}, "aws:principaltag/tenant": {"acme", "globex"},
		}}, false, ""},
		{"rule 42: a tag that is a pattern", leading, tenant("*", "T#acme#U#1"), false, ""},
		{"a key that is absent", `{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"StringEquals": {"aws:SourceAccount": "1"}}}`, get, false, ""},
		{"a key that may be absent", `{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"StringEqualsIfExists": {"aws:SourceAccount": "1"}}}`, get, true, "p/0"},
		{"a negated key that is absent", `{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"StringNotEquals": {"a:b": "1"}}}`, get, true, "p/0"},
		{
			"a boolean", `{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": true}}}`,
			Call{Action: "a:B", Resource: "*", Context: map[string][]string{"aws:securetransport": {"true"}}},
			true, "p/0",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, err := Parse("p", []byte(`{"Version": "2012-10-17", "Statement": [`+tt.statements+`]}`))
			if err != nil {
				t.Fatal(err)
			}
			got := Evaluate([]Policy{p}, tt.call)
			if got.Allowed != tt.allowed || strings.Join(got.By, " ") != tt.by {
				t.Errorf("%+v, want %v by %q", got, tt.allowed, tt.by)
			}
			for _, by := range got.By {
				if !slices.Contains(p.Labels(), by) {
					t.Errorf("%q is no label of the policy: %q", by, p.Labels())
				}
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for name, document := range map[string]string{
		"not JSON":           `{`,
		"an old version":     `{"Version": "2008-10-17", "Statement": []}`,
		"NotAction":          `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "NotAction": "a:B", "Resource": "*"}]}`,
		"a principal":        `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "a:B", "Resource": "*"}]}`,
		"no resource":        `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "a:B"}]}`,
		"no effect":          `{"Version": "2012-10-17", "Statement": [{"Action": "a:B", "Resource": "*"}]}`,
		"an action of a map": `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": {}, "Resource": "*"}]}`,
		"an operator":        `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "a:B", "Resource": "*", "Condition": {"DateLessThan": {"a:b": "1"}}}]}`,
	} {
		if p, err := Parse("p", []byte(document)); err == nil {
			t.Errorf("%s: %+v", name, p)
		} else if !strings.Contains(err.Error(), "policy p") {
			t.Errorf("%s: the message does not name the policy: %v", name, err)
		}
	}
}

func TestLike(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		pattern, value string
		want           bool
	}{
		{"", "", true},
		{"a", "a", true},
		{"a", "b", false},
		{"a", "", false},
		{"", "a", false},
		{"*", "", true},
		{"a*c", "a/b:c", true},
		{"a*c", "acb", false},
		{"a?c", "abc", true},
		{"a?c", "ac", false},
		{"**", "x", true},
		{escape + "*", "*", true},
		{escape + "*", "x", false},
	} {
		if got := like(tt.pattern, tt.value); got != tt.want {
			t.Errorf("like(%q, %q) = %v", tt.pattern, tt.value, got)
		}
	}
}
