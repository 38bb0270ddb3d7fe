package program_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"leasehold.example/stacks/program"
)

const poolEndpoints = `{"authorizationEndpoint":"https://people.example.com/oauth2/authorize","tokenEndpoint":"https://people.example.com/oauth2/token"}`

// ownPool is a stack with a user pool that another program made.
func ownPool(changes map[string]string) map[string]string {
	const pool = "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Abc"
	values := with(map[string]string{
		"leasehold:issuers": `[{"issuer":"https://other.example.com","tenant":"acme"},{"issuer":"` + pool + `","jwks_url":"` + pool + `/.well-known/jwks.json",
			"mode":"client_id","client_ids":["x"],"tenant_claim":"tenant","tenants":["acme-*"],"scope_prefix":"mcp/","scopes":["mcp:basic"],"advertised":true}]`,
		"leasehold:authorizationServer": poolEndpoints,
	})
	maps.Copy(values, changes)
	return values
}

// TestRule41OwnPool: clients are led to the stack for the metadata of a pool that is not the stack's, and that
// metadata has what the pool's own lacks.
func TestRule41OwnPool(t *testing.T) {
	t.Parallel()
	g := run(t, ownPool(nil))
	url := g.Outputs["url"].StringValue()
	environ := environment(t, g, "mcp-function")
	var issuers []map[string]any
	if err := json.Unmarshal([]byte(environ["LEASEHOLD_ISSUERS"]), &issuers); err != nil {
		t.Fatal(err)
	}
	if issuers[0]["advertised_as"] != nil || issuers[1]["advertised_as"] != url || issuers[1]["scope_prefix"] != "mcp/" {
		t.Errorf("issuers %v", issuers)
	}
	if got := environ["LEASEHOLD_BASE_SCOPES"]; got != "mcp/mcp:basic" {
		t.Errorf("base scopes %q", got)
	}
	if environment(t, g, "authorizer-function")["LEASEHOLD_ISSUERS"] != environ["LEASEHOLD_ISSUERS"] {
		t.Error("the authorizer trusts others")
	}
	var body struct {
		Paths map[string]struct {
			Get struct {
				Integration struct {
					Responses map[string]struct{ ResponseTemplates map[string]string }
				} `json:"x-amazon-apigateway-integration"`
			}
		}
	}
	if err := json.Unmarshal([]byte(text(named(t, g, "api-definition"), "body")), &body); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"} {
		var document map[string]any
		template := body.Paths[path].Get.Integration.Responses["default"].ResponseTemplates["application/json"]
		if err := json.Unmarshal([]byte(template), &document); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if document["issuer"] != url || document["token_endpoint"] != "https://people.example.com/oauth2/token" ||
			document["revocation_endpoint"] != nil || !slices.Equal(document["code_challenge_methods_supported"].([]any), []any{"S256"}) ||
			!slices.Equal(document["scopes_supported"].([]any), []any{"mcp/mcp:basic"}) {
			t.Errorf("%s is %v", path, document)
		}
	}
}

func TestBadAuthorizationServers(t *testing.T) {
	t.Parallel()
	const key = "leasehold:authorizationServer"
	for name, test := range map[string]struct {
		changes map[string]string
		want    string
	}{
		"edge http": {
			map[string]string{"leasehold:edge": "http", "leasehold:firewall": `{"enabled":false}`},
			key + ": want leasehold:edge rest, which alone serves it",
		},
		"none advertised": {
			map[string]string{"leasehold:issuers": `[{"issuer":"https://a.example.com","tenant":"a"}]`},
			key + ": want exactly one issuer with advertised in leasehold:issuers, whose metadata this is",
		},
		"two advertised": {
			map[string]string{"leasehold:issuers": `[{"issuer":"https://a.example.com","tenant":"a","advertised":true},{"issuer":"https://b.example.com","tenant":"b","advertised":true}]`},
			key + ": want exactly one issuer with advertised in leasehold:issuers, whose metadata this is",
		},
		"without keys": {
			map[string]string{"leasehold:issuers": `[{"issuer":"https://a.example.com","tenant":"a","advertised":true}]`},
			key + ": want jwks_url in the advertised issuer, which clients are told, too",
		},
		"elsewhere already": {
			map[string]string{"leasehold:issuers": `[{"issuer":"https://a.example.com","jwks_url":"https://a.example.com/k","tenant":"a","advertised":true,"advertised_as":"https://b.example.com"}]`},
			key + ": want the advertised issuer without advertised_as, which is the URL of this stack",
		},
		"half": {
			map[string]string{key: `{"authorizationEndpoint":"https://people.example.com/authorize"}`},
			key + ".tokenEndpoint: want an https URL without a query or a fragment, it is not set",
		},
		"in clear": {
			map[string]string{key: strings.Replace(poolEndpoints, "https", "http", 1)},
			key + `.authorizationEndpoint: want an https URL without a query or a fragment, got "http://people.example.com/oauth2/authorize"`,
		},
		"own pool": {
			map[string]string{"leasehold:identity": "cognito", "leasehold:issuers": "", "leasehold:cognito": cognito["leasehold:cognito"]},
			key + ": has no effect with leasehold:identity cognito, which has its own",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := program.Load("test", ownPool(test.changes))
			if want := "the configuration of stack test is wrong:\n" + test.want; err == nil || err.Error() != want {
				t.Errorf("got  %v\nwant %s", err, want)
			}
		})
	}
	_, err := program.Load("test", ownPool(nil), "leasehold:issuers")
	if want := key + ": want leasehold:issuers without a secret"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
}
