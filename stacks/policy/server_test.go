package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"
)

// configured is a server that the engine has told about a stack with the level.
func configured(t *testing.T, level string) *server {
	t.Helper()
	s := newServer()
	_, err := s.ConfigureStack(t.Context(), &pulumirpc.AnalyzerStackConfigureRequest{Config: map[string]string{"leasehold:policies": level}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// table is what the engine sends for a table in a stack's first preview.
func table(t *testing.T) *structpb.Struct {
	t.Helper()
	properties, err := plugin.MarshalProperties(resource.PropertyMap{
		"billingMode": resource.NewProperty("PROVISIONED"),
		"arn":         resource.MakeComputed(resource.NewProperty("")),
		"ttl": resource.MakeSecret(resource.NewProperty(resource.PropertyMap{
			"enabled": resource.NewProperty(true), "attributeName": resource.NewProperty("exp"),
		})),
		"deletionProtectionEnabled": resource.NewProperty(true),
		"pointInTimeRecovery":       resource.MakeComputed(resource.NewProperty("")),
	}, plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true})
	if err != nil {
		t.Fatal(err)
	}
	return properties
}

const tableType, urn = "aws:dynamodb/table:Table", "urn:pulumi:test::leasehold::aws:dynamodb/table:Table::sessions"

// found are the diagnostics as "policy level", in the order in which they come.
func found(r *pulumirpc.AnalyzeResponse) []string {
	var all []string
	for _, d := range r.GetDiagnostics() {
		all = append(all, d.GetPolicyName()+" "+strings.ToLower(d.GetEnforcementLevel().String()))
	}
	return all
}

func analyze(t *testing.T, s *server, options *pulumirpc.AnalyzerResourceOptions) *pulumirpc.AnalyzeResponse {
	t.Helper()
	got, err := s.Analyze(t.Context(), &pulumirpc.AnalyzeRequest{
		Type: tableType, Urn: urn, Name: "sessions", Properties: table(t), Options: options,
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestAnalyze(t *testing.T) {
	t.Parallel()
	protected := &pulumirpc.AnalyzerResourceOptions{Protect: true}
	for name, test := range map[string]struct {
		level   string
		options *pulumirpc.AnalyzerResourceOptions
		want    []string
	}{
		"advisory": {"advisory", nil, []string{
			"table-scales advisory", "tagged advisory", "tagged advisory", "tagged advisory", "tagged advisory",
		}},
		"mandatory is the default, and protects": {"", nil, []string{
			"stateful-resources-protected mandatory", "table-customer-key mandatory", "table-customer-key mandatory", "table-scales mandatory",
			"tagged mandatory", "tagged mandatory", "tagged mandatory", "tagged mandatory",
		}},
		"options arrive": {"mandatory", protected, []string{
			"table-customer-key mandatory", "table-customer-key mandatory", "table-scales mandatory",
			"tagged mandatory", "tagged mandatory", "tagged mandatory", "tagged mandatory",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := found(analyze(t, configured(t, test.level), test.options)); !slices.Equal(got, test.want) {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestDiagnosticSaysWhatAndWhy(t *testing.T) {
	t.Parallel()
	d := analyze(t, configured(t, "advisory"), nil).GetDiagnostics()[0]
	if d.GetUrn() != urn || !strings.HasPrefix(d.GetMessage(), `billingMode is "PROVISIONED"; expected`) || !strings.Contains(d.GetMessage(), "https://docs.aws.amazon.com/") {
		t.Errorf("got %v", d)
	}
}

// Relations are judged once, on all resources, and the provider of each is known.
func TestAnalyzeStack(t *testing.T) {
	t.Parallel()
	req := &pulumirpc.AnalyzeStackRequest{Resources: []*pulumirpc.AnalyzerResource{
		{Type: tableType, Urn: urn, Name: "sessions", Properties: table(t), Provider: &pulumirpc.AnalyzerProviderResource{
			Type: "pulumi:providers:aws", Urn: "urn:pulumi:test::leasehold::pulumi:providers:aws::default_6_83_2",
		}},
		{Type: "aws:secretsmanager/secret:Secret", Urn: "urn:pulumi:test::leasehold::aws:secretsmanager/secret:Secret::keys", Provider: &pulumirpc.AnalyzerProviderResource{
			Type: "pulumi:providers:aws", Urn: "urn:pulumi:test::leasehold::pulumi:providers:aws::aws",
		}},
	}}
	got, err := configured(t, "mandatory").AnalyzeStack(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"alarm-for-what-runs mandatory", "provider-explicit mandatory", "secret-rotation mandatory"}; !slices.Equal(found(got), want) {
		t.Errorf("got %q", found(got))
	}
}

func TestConfigure(t *testing.T) {
	t.Parallel()
	s := configured(t, "mandatory")
	_, err := s.Configure(t.Context(), &pulumirpc.ConfigureAnalyzerRequest{PolicyConfig: map[string]*pulumirpc.PolicyConfig{
		"table-scales":       {EnforcementLevel: pulumirpc.EnforcementLevel_ADVISORY},
		"table-customer-key": {EnforcementLevel: pulumirpc.EnforcementLevel_DISABLED},
		"tagged":             {EnforcementLevel: pulumirpc.EnforcementLevel_DISABLED},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := found(analyze(t, s, nil)), []string{"stateful-resources-protected mandatory", "table-scales advisory"}; !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

func TestBadLevelIsAnError(t *testing.T) {
	t.Parallel()
	_, err := newServer().ConfigureStack(t.Context(), &pulumirpc.AnalyzerStackConfigureRequest{Config: map[string]string{"leasehold:policies": "none"}})
	if err == nil || !strings.Contains(err.Error(), `leasehold:policies: "none" is neither advisory nor mandatory`) {
		t.Errorf("got %v", err)
	}
}

func TestInfo(t *testing.T) {
	t.Parallel()
	levels := map[string]int{}
	for _, level := range []string{"advisory", "mandatory"} {
		info, err := configured(t, level).GetAnalyzerInfo(t.Context(), &emptypb.Empty{})
		if err != nil {
			t.Fatal(err)
		}
		levels[level] = len(info.GetPolicies())
		for _, p := range info.GetPolicies() {
			if strings.ToLower(p.GetEnforcementLevel().String()) != level || p.GetDescription() == "" {
				t.Errorf("%s in a stack of level %s: %v", p.GetName(), level, p)
			}
		}
		if !info.GetSupportsConfig() || info.GetName() != "leasehold" {
			t.Errorf("got %v", info)
		}
	}
	if levels["advisory"] >= levels["mandatory"] {
		t.Errorf("an advisory stack has %d policies, a protected one %d", levels["advisory"], levels["mandatory"])
	}
}
