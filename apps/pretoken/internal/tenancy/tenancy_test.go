package tenancy

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"reflect"
	"strings"
	"testing"
)

// event is what Cognito sends for a sign-in on its pages, with one user's attributes and groups.
func event(t *testing.T, version string, attributes map[string]string, groups []string) map[string]json.RawMessage {
	t.Helper()
	text, err := json.Marshal(map[string]any{
		"version": version, "triggerSource": "TokenGeneration_HostedAuth", "region": "eu-central-1",
		"userPoolId": "eu-central-1_EXAMPLE", "userName": "a36036a8", "callerContext": map[string]string{"clientId": "1example"},
		"request": map[string]any{
			"userAttributes":     attributes,
			"groupConfiguration": map[string]any{"groupsToOverride": groups, "iamRolesToOverride": []string{}, "preferredRole": nil},
			"clientMetadata":     map[string]string{"tenant": "chosen-by-client", "custom:tenant": "chosen-by-client"},
			"scopes":             []string{"mcp/mcp:basic"},
		},
		"response": map[string]any{"claimsAndScopeOverrideDetails": nil},
	})
	if err != nil {
		t.Fatal(err)
	}
	var e map[string]json.RawMessage
	if err := json.Unmarshal(text, &e); err != nil {
		t.Fatal(err)
	}
	return e
}

// Rule 41: the tenant in an access token is the administrator's word, or there is no token.
func TestRule41Tenant(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		attribute, prefix string
		attributes        map[string]string
		groups            []string
		version           string
		want              string // empty: refused
	}{
		"attribute":               {attribute: "custom:tenant", attributes: map[string]string{"custom:tenant": "acme"}, want: "acme"},
		"no attribute":            {attribute: "custom:tenant", attributes: map[string]string{"email": "secret@acme.example"}},
		"empty attribute":         {attribute: "custom:tenant", attributes: map[string]string{"custom:tenant": ""}},
		"not a tenant id":         {attribute: "custom:tenant", attributes: map[string]string{"custom:tenant": "acme#U#secret"}},
		"begins with a dot":       {attribute: "custom:tenant", attributes: map[string]string{"custom:tenant": ".secret"}},
		"too long":                {attribute: "custom:tenant", attributes: map[string]string{"custom:tenant": strings.Repeat("a", 65)}},
		"another attribute":       {attribute: "custom:org", attributes: map[string]string{"custom:tenant": "acme"}},
		"group":                   {prefix: "tenant-", groups: []string{"pool_Okta", "tenant-acme"}, want: "acme"},
		"group over attribute":    {prefix: "tenant-", groups: []string{"tenant-acme"}, attributes: map[string]string{"custom:tenant": "other"}, want: "acme"},
		"no group, an attribute":  {prefix: "tenant-", groups: []string{"pool_Okta"}, attributes: map[string]string{"custom:tenant": "acme"}},
		"two groups":              {prefix: "tenant-", groups: []string{"tenant-secret", "tenant-other"}},
		"the prefix and another":  {prefix: "tenant-", groups: []string{"tenant-", "tenant-acme"}},
		"the prefix alone":        {prefix: "tenant-", groups: []string{"tenant-"}},
		"a group that is no id":   {prefix: "tenant-", groups: []string{"tenant-a/secret"}},
		"attribute, groups there": {attribute: "custom:tenant", groups: []string{"tenant-acme"}},
		"an event of version 1":   {attribute: "custom:tenant", attributes: map[string]string{"custom:tenant": "acme"}, version: "1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			trigger, err := New(test.attribute, test.prefix, slog.New(slog.NewJSONHandler(&log, nil)))
			if err != nil {
				t.Fatal(err)
			}
			version := test.version
			if version == "" {
				version = "2"
			}
			in := event(t, version, test.attributes, test.groups)
			before := maps.Clone(in)
			out, err := trigger.Handle(context.Background(), in)
			if test.want == "" {
				refused(t, out, err, log.String())
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			want := `{"claimsAndScopeOverrideDetails":{"accessTokenGeneration":{"claimsToAddOrOverride":{"tenant":"` + test.want + `"}}}}`
			if got := string(out["response"]); got != want {
				t.Errorf("response %s, want %s", got, want)
			}
			delete(before, "response")
			delete(out, "response")
			if !reflect.DeepEqual(out, before) {
				t.Error("the rest of the event changed")
			}
		})
	}
}

// refused checks that there is no token, a fixed text, and a log without what the user is.
func refused(t *testing.T, out map[string]json.RawMessage, err error, log string) {
	t.Helper()
	if !errors.Is(err, errRefused) || out != nil {
		t.Errorf("got %v, %v; want a refusal", out, err)
	}
	if log == "" || strings.Contains(log, "secret") || strings.Contains(log, "acme") {
		t.Errorf("log %q, want a reason without values of the event", log)
	}
}

func TestNew(t *testing.T) {
	t.Parallel()
	for _, sources := range [][2]string{{"", ""}, {"custom:tenant", "tenant-"}} {
		if _, err := New(sources[0], sources[1], slog.Default()); err == nil {
			t.Errorf("New(%q, %q) is no error", sources[0], sources[1])
		}
	}
}

func TestRequestOfAnotherForm(t *testing.T) {
	t.Parallel()
	trigger, err := New("custom:tenant", "", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	for _, request := range []string{``, `[]`, `{"userAttributes":{"custom:tenant":["acme"]}}`} {
		e := map[string]json.RawMessage{"version": json.RawMessage(`"2"`), "request": json.RawMessage(request)}
		if _, err := trigger.Handle(context.Background(), e); !errors.Is(err, errRefused) {
			t.Errorf("request %s: %v", request, err)
		}
	}
}
