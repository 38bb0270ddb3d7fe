// Package tenancy puts a user's tenant into the access tokens of a Cognito user pool.
package tenancy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"leasehold.example/libs/identity"
)

// claim is the access token's claim; platform's Cognito tells the server its name.
const claim = "tenant"

// errRefused is all that a user is told: Cognito shows a trigger's error on the sign-in page.
var errRefused = errors.New("this user has no tenant to sign in to")

// Trigger answers pre token generation events of version 2.
// https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-pre-token-generation.html
type Trigger struct {
	attribute, groupPrefix string
	log                    *slog.Logger
}

// New returns a trigger that takes the tenant from the attribute, or from the name of the
// user's one group with the prefix. Exactly one of the two is set.
func New(attribute, groupPrefix string, log *slog.Logger) (*Trigger, error) {
	if (attribute == "") == (groupPrefix == "") {
		return nil, errors.New("exactly one of LEASEHOLD_TENANT_ATTRIBUTE and LEASEHOLD_TENANT_GROUP_PREFIX must be set")
	}
	return &Trigger{attribute: attribute, groupPrefix: groupPrefix, log: log}, nil
}

// Handle returns the event with the claim in its response. An error makes the sign-in, or
// the refresh, fail: there is no token without a tenant. The log has the reason and no
// attribute.
//
// The event goes back as it came but for the response, which has nothing but the claim:
// the types of aws-lambda-go would write null for what is not overridden, the user's groups too.
func (t *Trigger) Handle(ctx context.Context, event map[string]json.RawMessage) (map[string]json.RawMessage, error) {
	tenant, err := t.tenant(event)
	if err != nil {
		t.log.WarnContext(ctx, "no token is issued", "reason", err.Error())
		return nil, errRefused
	}
	response, err := json.Marshal(map[string]any{"claimsAndScopeOverrideDetails": map[string]any{
		"accessTokenGeneration": map[string]any{"claimsToAddOrOverride": map[string]string{claim: tenant}},
	}})
	if err != nil {
		return nil, fmt.Errorf("response: %w", err)
	}
	event["response"] = response
	return event, nil
}

// tenant never reads clientMetadata, which the client writes. Its errors hold no value of the event.
func (t *Trigger) tenant(event map[string]json.RawMessage) (string, error) {
	if string(event["version"]) != `"2"` {
		return "", errors.New("the event is not of version 2, the first that reaches access tokens")
	}
	var request events.CognitoEventUserPoolsPreTokenGenRequestV2_0
	if err := json.Unmarshal(event["request"], &request); err != nil {
		return "", errors.New("the request of the event is not of its form")
	}
	tenant := request.UserAttributes[t.attribute]
	if t.groupPrefix != "" {
		var err error
		if tenant, err = t.fromGroups(request.GroupConfiguration.GroupsToOverride); err != nil {
			return "", err
		}
	}
	if !identity.IsTenant(tenant) {
		return "", errors.New("the user names no tenant, or one that is not a tenant id")
	}
	return tenant, nil
}

// fromGroups finds the one group that names a tenant. Who is in two could choose.
func (t *Trigger) fromGroups(groups []string) (string, error) {
	var tenants []string
	for _, group := range groups {
		if tenant, ok := strings.CutPrefix(group, t.groupPrefix); ok {
			tenants = append(tenants, tenant)
		}
	}
	if len(tenants) != 1 {
		return "", fmt.Errorf("the user is in %d tenant groups, not in one", len(tenants))
	}
	return tenants[0], nil
}
