// Package whoami tells callers who they are to this server.
package whoami

import (
	"context"

	"leasehold.example/apps/mcp/internal/tool"
	"leasehold.example/libs/identity"
	"leasehold.example/libs/scopes"
)

// Out is the result of the tool whoami.
type Out struct {
	Tenant  string   `json:"tenant" jsonschema:"the tenant that everything here belongs to"`
	Subject string   `json:"subject" jsonschema:"the user, unique within the issuer"`
	Issuer  string   `json:"issuer" jsonschema:"who issued the token"`
	Scopes  []string `json:"scopes" jsonschema:"what the present token allows"`
}

// New returns the tool.
func New() []tool.Entry {
	return []tool.Entry{tool.New(tool.Spec{
		Name:        "whoami",
		Title:       "Who am I",
		Description: "Tells as whom you are signed in here (tenant, subject, issuer) and which scopes your token has.",
		Scope:       scopes.Of(scopes.Tool, "whoami"),
		ReadOnly:    true,
		Idempotent:  true,
	}, func(_ context.Context, c *tool.Call, _ struct{}) (Out, error) { return Describe(c.Principal), nil })}
}

// Describe returns what p may know about itself.
func Describe(p identity.Principal) Out {
	return Out{Tenant: p.Tenant, Subject: p.Subject, Issuer: p.Issuer, Scopes: p.Scopes}
}
