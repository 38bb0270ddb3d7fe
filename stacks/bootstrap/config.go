package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// namespace begins the keys of the settings; it is the project's name.
const namespace = "leasehold-account"

// settings are Pulumi.<stack>.yaml. docs/bootstrap.md lists them.
type settings struct {
	accountID, region, partition string
	// repository is OWNER/REPO on GitHub, or OWNER@ID/REPO@ID.
	repository string
	// project is that of the stacks which are deployed.
	project string
	// oidcProviderARN is GitHub's provider where the account has it; empty makes it.
	oidcProviderARN string
	tags            tags
	environments    []environment
}

type tags struct {
	Owner      string `json:"owner"`
	CostCentre string `json:"costCentre"`
}

// environment is one on GitHub, and what may be deployed from it.
type environment struct {
	Name          string   `json:"name"`
	Stack         string   `json:"stack"`
	HostedZoneIDs []string `json:"hostedZoneIds"`
	VPCID         string   `json:"vpcId"`
	TableARNs     []string `json:"tableArns"`
	KeyARNs       []string `json:"keyArns"`
	TopicARNs     []string `json:"topicArns"`
}

// load reads the settings. Its error names every key that is wrong; the form of an
// environment is platform's to check.
func load(ctx *pulumi.Context) (settings, error) {
	get := func(name string) string {
		value, _ := ctx.GetConfig(namespace + ":" + name)
		return value
	}
	s := settings{
		accountID: get("accountId"), region: get("region"), partition: cmp.Or(get("partition"), "aws"),
		repository: get("repository"), project: cmp.Or(get("project"), "leasehold"), oidcProviderARN: get("oidcProviderArn"),
	}
	problems := []error{
		read("tags", get("tags"), &s.tags), read("environments", get("environments"), &s.environments),
	}
	for _, field := range s.fields() {
		problems = append(problems, field.check())
	}
	return s, errors.Join(append(problems, s.checkEnvironments())...)
}

// read decodes an object or a list, and refuses members that it does not know.
func read(name, text string, into any) error {
	if text == "" {
		return nil // said by the check of what must be there
	}
	decoder := json.NewDecoder(bytes.NewReader([]byte(text)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return fmt.Errorf("%s:%s: %w", namespace, name, err)
	}
	return nil
}

// field is one setting that is text.
type field struct {
	name, value string
	pattern     *regexp.Regexp
	expected    string
}

func (f field) check() error {
	if f.pattern.MatchString(f.value) {
		return nil
	}
	return fmt.Errorf("%s:%s: want %s, got %q", namespace, f.name, f.expected, f.value)
}

var (
	account    = regexp.MustCompile(`^[0-9]{12}$`)
	region     = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-[0-9]$`)
	partition  = regexp.MustCompile(`^aws(-us-gov|-cn)?$`)
	repository = regexp.MustCompile(`^[A-Za-z0-9-]{1,39}(/[A-Za-z0-9._-]{1,100}|@[0-9]+/[A-Za-z0-9._-]{1,100}@[0-9]+)$`)
	project    = regexp.MustCompile(`^[a-z][a-z0-9-]{0,19}$`)
	provider   = regexp.MustCompile(`^$|^arn:[^:]+:iam::[0-9]{12}:oidc-provider/token\.actions\.githubusercontent\.com$`)
	tagValue   = regexp.MustCompile(`^[\pL\pN _.:/=+@-]{1,256}$`)
)

func (s settings) fields() []field {
	return []field{
		{"accountId", s.accountID, account, "12 digits in quotes"},
		{"region", s.region, region, "a region such as eu-central-1"},
		{"partition", s.partition, partition, "aws, aws-us-gov or aws-cn"},
		{"repository", s.repository, repository, "OWNER/REPO, or OWNER@ID/REPO@ID"},
		{"project", s.project, project, "the name of the Pulumi project, 20 characters at most"},
		{"oidcProviderArn", s.oidcProviderARN, provider, "the ARN of GitHub's provider in this account, or nothing"},
		{"tags.owner", s.tags.Owner, tagValue, "who answers for the account"},
		{"tags.costCentre", s.tags.CostCentre, tagValue, "who pays"},
	}
}

func (s settings) checkEnvironments() error {
	if len(s.environments) == 0 {
		return fmt.Errorf("%s:environments: want at least one {name, stack}", namespace)
	}
	return nil
}
