package iam

import (
	"regexp"
	"slices"
	"strings"
)

// set says how an operator treats a key with several values.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
type set int

const (
	one set = iota
	forAll
	forAny
)

type operator struct {
	set     set
	negated bool
	match   func(pattern, value string) bool
}

func equal(a, b string) bool { return a == b }

// operators are the ones that this package decides, without "IfExists".
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
var operators = map[string]operator{
	"StringEquals":              {match: equal},
	"StringNotEquals":           {match: equal, negated: true},
	"StringLike":                {match: like},
	"StringNotLike":             {match: like, negated: true},
	"ArnEquals":                 {match: like},
	"ArnLike":                   {match: like},
	"Bool":                      {match: strings.EqualFold},
	"Null":                      {},
	"ForAllValues:StringEquals": {set: forAll, match: equal},
	"ForAllValues:StringLike":   {set: forAll, match: like},
	"ForAnyValue:StringEquals":  {set: forAny, match: equal},
	"ForAnyValue:StringLike":    {set: forAny, match: like},
}

// holds decides one key of one operator. An absent key fails it, but for a negated one, an
// "IfExists", and ForAllValues, which an empty set satisfies.
func holds(name string, wanted []string, context map[string][]string, key string) bool {
	name, ifExists := strings.CutSuffix(name, "IfExists")
	op := operators[name]
	values, present := context[key]
	if name == "Null" {
		return slices.Contains(wanted, "true") == !present
	}
	matches := func(value string) bool {
		return slices.ContainsFunc(wanted, func(pattern string) bool {
			pattern, ok := substitute(pattern, context)
			return ok && op.match(pattern, value)
		})
	}
	switch {
	case op.set == forAll:
		return !slices.ContainsFunc(values, func(v string) bool { return !matches(v) })
	case !present:
		return ifExists || op.negated
	case op.set == forAny || !op.negated:
		return slices.ContainsFunc(values, matches)
	default:
		return !slices.ContainsFunc(values, matches)
	}
}

var variable = regexp.MustCompile(`\$\{([^}]*)\}`)

// substitute puts the values of policy variables in; ok is false when one has no value or
// several, for then the statement does not match.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
func substitute(pattern string, context map[string][]string) (result string, ok bool) {
	ok = true
	result = variable.ReplaceAllStringFunc(pattern, func(v string) string {
		name := v[2 : len(v)-1]
		if name == "*" || name == "?" || name == "$" {
			return escape + name
		}
		values := context[strings.ToLower(name)]
		if len(values) != 1 {
			ok = false
			return ""
		}
		return quote.Replace(values[0])
	})
	return result, ok
}

// escape stands before a character of a pattern that means itself. It cannot be in an ARN.
const escape = "\x00"

// quote keeps a value from being read as a pattern.
var quote = strings.NewReplacer("*", escape+"*", "?", escape+"?")

// like matches * and ? as IAM does; they cross slashes and colons.
func like(pattern, value string) bool {
	for pattern != "" {
		switch {
		case strings.HasPrefix(pattern, escape) && len(pattern) > 1:
			if value == "" || value[0] != pattern[1] {
				return false
			}
			pattern, value = pattern[2:], value[1:]
		case pattern[0] == '*':
			for i := range len(value) + 1 {
				if like(pattern[1:], value[i:]) {
					return true
				}
			}
			return false
		case value == "" || pattern[0] != '?' && pattern[0] != value[0]:
			return false
		default:
			pattern, value = pattern[1:], value[1:]
		}
	}
	return value == ""
}
