// Package profile is the resource users://{user_id}/profile.
package profile

import (
	"context"

	"leasehold.example/apps/mcp/internal/tool"
	"leasehold.example/libs/identity"
	"leasehold.example/libs/scopes"
)

// Profile is what a user reads about themselves. It holds what the token vouches for.
type Profile struct {
	UserID string `json:"user_id"`
	Tenant string `json:"tenant"`
	Issuer string `json:"issuer"`
}

// New returns the resource. In a URI the user id is the token's subject,
// percent-encoded.
func New() []tool.Entry {
	return []tool.Entry{tool.NewResource(tool.ResourceSpec{
		Name:        "user_profile",
		Title:       "User profile",
		Description: "The profile of the signed-in user. user_id is your own subject, as the tool whoami tells it, percent-encoded.",
		Scope:       scopes.Of(scopes.Resource, "users://{user_id}/profile"),
		URITemplate: "users://{user_id}/profile",
	}, func(_ context.Context, c *tool.Call, vars map[string]string) (Profile, error) {
		return Own(c.Principal, vars["user_id"])
	})}
}

// Own returns the profile of p; any other userID is tool.ErrNotFound, whether there is
// such a user or not (RULES 29).
func Own(p identity.Principal, userID string) (Profile, error) {
	if p.Subject == "" || userID != p.Subject {
		return Profile{}, tool.ErrNotFound
	}
	return Profile{UserID: p.Subject, Tenant: p.Tenant, Issuer: p.Issuer}, nil
}
