package standin

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
)

// account is a server with an empty cloud.
type account struct {
	*testing.T
	server
}

func newAccount(t *testing.T) *account {
	return &account{T: t, server: server{cloud: Cloud(t.TempDir())}}
}

func (a *account) create(token string, in map[string]any) plugin.CreateResponse {
	a.Helper()
	r, err := a.Create(a.Context(), plugin.CreateRequest{Type: tokens.Type(token), Name: "mcp", Properties: properties(in)})
	if err != nil {
		a.Fatal(err)
	}
	return r
}

func (a *account) delete(token string, r plugin.CreateResponse) error {
	_, err := a.Delete(a.Context(), plugin.DeleteRequest{Type: tokens.Type(token), ID: r.ID, Outputs: r.Properties})
	return err
}

func TestNamesAreUnique(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	first := a.create(role, map[string]any{"name": "one"})
	if _, err := a.Create(t.Context(), plugin.CreateRequest{Type: role, Properties: properties(map[string]any{"name": "one"})}); err == nil {
		t.Error("two roles of one name")
	}
	if err := a.delete(role, first); err != nil {
		t.Fatal(err)
	}
	a.create(role, map[string]any{"name": "one"})
	// The name of an API is a label.
	one, two := a.create("aws:apigateway/restApi:RestApi", map[string]any{"name": "one"}), a.create("aws:apigateway/restApi:RestApi", map[string]any{"name": "one"})
	if one.ID == two.ID || one.Properties["executionArn"].DeepEquals(two.Properties["executionArn"]) {
		t.Errorf("two APIs are %s", one.ID)
	}
	// So are a secret's ARN and a web ACL's, after the name.
	acl := a.create(webACL, map[string]any{"name": "one"})
	if err := a.delete(webACL, acl); err != nil {
		t.Fatal(err)
	}
	if again := a.create(webACL, map[string]any{"name": "one"}); again.Properties["arn"].DeepEquals(acl.Properties["arn"]) {
		t.Error("a web ACL has the ARN of its predecessor")
	}
}

func TestRefusedDeletions(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	protected := a.create(table, map[string]any{"name": "sessions", "deletionProtectionEnabled": true})
	pool := a.create("aws:cognito/userPool:UserPool", map[string]any{"name": "users", "deletionProtection": "ACTIVE"})
	snapshot := a.create(deployment, map[string]any{"restApi": "abc"})
	served := a.create(stage, map[string]any{"restApi": "abc", "stageName": "live", "deployment": string(snapshot.ID)})
	acl := a.create(webACL, map[string]any{"name": "mcp"})
	attached := a.create(association, map[string]any{"resourceArn": served.Properties["arn"].StringValue(), "webAclArn": acl.Properties["arn"].StringValue()})
	for token, r := range map[string]plugin.CreateResponse{table: protected, "aws:cognito/userPool:UserPool": pool, deployment: snapshot, webACL: acl} {
		if err := a.delete(token, r); err == nil || !a.cloud.Has(token, string(r.ID), r.Properties) {
			t.Errorf("%s is deleted: %v", token, err)
		}
	}
	// The association goes with its stage, and then nothing holds the others.
	for _, step := range []struct {
		token string
		r     plugin.CreateResponse
	}{{stage, served}, {deployment, snapshot}, {webACL, acl}, {association, attached}} {
		if err := a.delete(step.token, step.r); err != nil {
			t.Errorf("%s: %v", step.token, err)
		}
	}
	if a.cloud.Has(association, string(attached.ID), attached.Properties) {
		t.Error("the association outlives its stage")
	}
}

func TestUpdate(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	in := map[string]any{"name": "mcp", "role": "arn", "publish": true, "memorySize": 128.0}
	made := a.create(function, in)
	update := func(change map[string]any, preview bool) resource.PropertyMap {
		news := properties(in)
		for k, v := range properties(change) {
			news[k] = v
		}
		r, err := a.Update(t.Context(), plugin.UpdateRequest{
			Type: function, ID: made.ID, OldInputs: properties(in), OldOutputs: made.Properties, NewInputs: news, Preview: preview,
		})
		if err != nil {
			t.Fatal(err)
		}
		return r.Properties
	}
	if v := update(map[string]any{"memorySize": 256.0}, true)["version"]; !v.IsComputed() {
		t.Errorf("a preview knows the next version: %v", v)
	}
	got := update(map[string]any{"memorySize": 256.0}, false)
	if v := got["version"].StringValue(); v != "2" || !strings.HasSuffix(got["qualifiedArn"].StringValue(), ":2") {
		t.Errorf("version %s, %v, want 2", v, got["qualifiedArn"])
	}
	if !got["arn"].DeepEquals(made.Properties["arn"]) {
		t.Errorf("the ARN became %v", got["arn"])
	}
	if v := update(map[string]any{"tags": map[string]any{"a": "b"}}, false)["version"].StringValue(); v != "1" {
		t.Errorf("a tag published version %s", v)
	}
}

func TestPreviewKnowsInputsOnly(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	r, err := a.Create(t.Context(), plugin.CreateRequest{Type: role, Properties: properties(map[string]any{"name": "one"}), Preview: true})
	if err != nil {
		t.Fatal(err)
	}
	if r.ID != "" || r.Properties["name"].StringValue() != "one" || !r.Properties["arn"].IsComputed() {
		t.Errorf("got %s, %v", r.ID, r.Properties)
	}
	if all, err := a.cloud.ofType(role); err != nil || len(all) > 0 {
		t.Errorf("a preview made %v, %v", all, err)
	}
}

func TestPlace(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	_, err := a.Configure(t.Context(), plugin.ConfigureRequest{Inputs: properties(map[string]any{"region": "cn-north-1", "allowedAccountIds": []any{"444455556666"}})})
	if err != nil {
		t.Fatal(err)
	}
	got := a.create(table, map[string]any{"name": "sessions"}).Properties["arn"].StringValue()
	if want := "arn:aws-cn:dynamodb:cn-north-1:444455556666:table/sessions"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
