package program

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"leasehold.example/platform/offline"
)

// network is a stack with outputs.
func network(_ keyed, _ string, ref reference, _ bool) (any, bool, error) {
	if ref.from != "acme/network/main" {
		return nil, false, errors.New("unknown stack")
	}
	all := map[string]any{
		"vpcId": "vpc-0a", "subnetIds": []any{"subnet-0a", "subnet-0b"}, "password": "x", "alarm": "errors",
		"issuers": []any{map[string]any{"issuer": "https://idp.example.com", "tenant": "acme"}}, "issuer": "https://idp.example.com",
	}
	return all[ref.output], ref.output == "password", nil
}

func TestReferencesAreResolved(t *testing.T) {
	t.Parallel()
	const from = "stack:acme/network/main#"
	for name, test := range map[string]struct{ key, value, want string }{
		"member":             {"vpc", `{"id":"` + from + `vpcId","endpoints":true}`, `{"endpoints":true,"id":"vpc-0a"}`},
		"list":               {"vpc", `{"subnetIds":"` + from + `subnetIds"}`, `{"subnetIds":["subnet-0a","subnet-0b"]}`},
		"element":            {"canary", `{"alarms":["a","` + from + `alarm"]}`, `{"alarms":["a","errors"]}`},
		"top":                {"issuers", from + "issuers", `[{"issuer":"https://idp.example.com","tenant":"acme"}]`},
		"member of issuers":  {"issuers", `[{"issuer":"` + from + `issuer","tenant":"acme"}]`, `[{"issuer":"https://idp.example.com","tenant":"acme"}]`},
		"not JSON":           {"function", `{"memory":0512,"logLevel":"stack:"}`, `{"memory":0512,"logLevel":"stack:"}`},
		"begins so, is none": {"tags", `{"owner":"stack:platform"}`, `{"owner":"stack:platform"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, secrets, err := resolve(map[string]string{"leasehold:" + test.key: test.value, "other:x": from}, network)
			if err != nil || len(secrets) > 0 || got["leasehold:"+test.key] != test.want || got["other:x"] != from {
				t.Errorf("got %v, %v, %v", got, secrets, err)
			}
		})
	}
	_, secrets, err := resolve(map[string]string{"leasehold:issuers": `[{"issuer":"` + from + `password"}]`}, network)
	if err != nil || !slices.Equal(secrets, []string{"leasehold:issuers"}) {
		t.Errorf("a secret of the issuers: %v, %v", secrets, err)
	}
}

// All that is wrong is said at once, by key, without any value.
func TestBadReferences(t *testing.T) {
	t.Parallel()
	_, _, err := resolve(map[string]string{
		"leasehold:vpc":                 `{"id":"stack:acme/network/main#nothing","subnetIds":["stack:acme/other/main#x"],"routeTableIds":"stack:main#x"}`,
		"leasehold:permissionsBoundary": "stack:acme/network/main#password", "leasehold:region": "stack:acme/network/main#vpcId",
	}, network)
	if err == nil {
		t.Fatal("accepted")
	}
	got := strings.Split(err.Error(), "\n")
	slices.Sort(got)
	want := []string{
		"leasehold:permissionsBoundary: output password of stack acme/network/main is a secret, and must not be: it becomes part of names or settings that AWS shows",
		"leasehold:region: cannot be an output of another stack",
		"leasehold:vpc.id: stack acme/network/main has no output nothing",
		"leasehold:vpc.routeTableIds: want stack:ORGANIZATION/PROJECT/STACK#OUTPUT",
		"leasehold:vpc.subnetIds[0]: stack acme/other/main: unknown stack",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestRule47Placeholders: every setting that may be a reference has a placeholder that Load accepts, and a
// stack in which all of them are references is previewed without a cloud.
func TestRule47Placeholders(t *testing.T) {
	t.Parallel()
	const ref = `"stack:acme/shared/main#x"`
	values := map[string]string{
		"leasehold:accountId": "111122223333", "leasehold:region": "cn-north-1", "leasehold:partition": "aws-cn",
		"leasehold:identity": "issuers", "leasehold:issuers": strings.Trim(ref, `"`), "leasehold:tags": `{"owner":"a","costCentre":"b"}`,
		"leasehold:vpc":    `{"id":` + ref + `,"subnetIds":` + ref + `,"routeTableIds":[` + ref + `],"endpoints":true}`,
		"leasehold:domain": `{"name":"mcp.example.com","hostedZoneId":` + ref + `,"certificateArn":` + ref + `}`,
		"leasehold:table":  `{"arn":` + ref + `}`, "leasehold:encryption": `{"keyArn":` + ref + `}`,
		"leasehold:firewall": `{"webAclArn":` + ref + `}`, "leasehold:permissionsBoundary": strings.Trim(ref, `"`),
		"leasehold:authorizationServer": `{"authorizationEndpoint":` + ref + `,"tokenEndpoint":` + ref + `,"revocationEndpoint":` + ref + `,"registrationEndpoint":` + ref + `}`,
		"leasehold:monitoring":          `{"topicArn":` + ref + `}`,
		"leasehold:canary":              `{"enabled":true,"alarms":` + ref + `,"topicArn":` + ref + `}`,
	}
	resolved, notes, err := WithPlaceholders(values)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Load("test", resolved); err != nil {
		t.Fatal(err)
	}
	may := 0
	walk(reflect.ValueOf(Config{}), "", func(f keyed, path string, _ reflect.Value) {
		if _, ok := f.Tag.Lookup("ref"); !ok {
			return
		}
		may++
		said := func(note string) bool {
			return strings.HasPrefix(note, "leasehold:"+path) && strings.Contains(note, "output x of stack acme/shared/main is not read without a cloud")
		}
		if !slices.ContainsFunc(notes, said) {
			t.Errorf("%s may be a reference, and is not one here, or is not shown as one", path)
		}
	})
	if may != len(notes) || may < 10 {
		t.Errorf("%d settings may be references, %d notes", may, len(notes))
	}
	p := Program{WithoutArchives: true, WithoutStacks: true, Root: "../..", Settings: values}
	if _, err := offline.Run(offline.Options{Project: "leasehold", Stack: "test", Config: values}, p.Deploy); err != nil {
		t.Error(err)
	}
	within, _, err := WithPlaceholders(map[string]string{"leasehold:issuers": `[{"issuer":` + ref + `,"tenant":"acme"}]`})
	if want := `[{"issuer":"https://reference.invalid","tenant":"acme"}]`; err != nil || within["leasehold:issuers"] != want {
		t.Errorf("got %v, %v", within, err)
	}
}
