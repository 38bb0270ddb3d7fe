// Package tenantsecret is an example: a tool that uses a secret of its caller's tenant, such as
// the key of the tenant's account elsewhere, and never shows it. docs/examples/tenant-secret says
// how to make it yours.
package tenantsecret

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"

	"leasehold.example/apps/mcp/internal/tool"
	"leasehold.example/libs/scopes"
)

// secretName is the last part of the secret's name, the same for all tenants.
const secretName = "webhook"

// The texts for the model, which are fixed: what exactly failed is in the log.
const (
	absent      = "your organisation has no webhook secret yet; an administrator has to set one"
	unavailable = "the webhook secret cannot be read now; try again later"
	off         = "this server keeps no webhook secrets"
)

type in struct {
	Body string `json:"body" jsonschema:"the body of the webhook, exactly as it will be sent" length:"1,4000"`
}

type out struct {
	Signature string `json:"signature" jsonschema:"the HMAC-SHA256 of the body in hexadecimal"`
}

// New returns the tool. Without s it says that there are no secrets.
func New(s *Secrets, log *slog.Logger) []tool.Entry {
	return []tool.Entry{tool.New(tool.Spec{
		Name: "webhook_sign", Title: "Sign a webhook",
		Description: "Signs the body of a webhook with the secret of your organisation.",
		Scope:       scopes.Basic, // yours has a line in libs/scopes, and scopes.Of here
		ReadOnly:    true,
	}, func(ctx context.Context, c *tool.Call, in in) (out, error) {
		if s == nil {
			return out{}, tool.UserErrorf("%s", off)
		}
		secret, err := s.Of(ctx, c.Principal, secretName)
		if err != nil {
			return out{}, explain(ctx, log, err)
		}
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte(in.Body))
		return out{hex.EncodeToString(mac.Sum(nil))}, nil
	})}
}

// explain turns an error into what the model may read. One of a call that has ended stays as it is.
func explain(ctx context.Context, log *slog.Logger, err error) error {
	switch {
	case ctx.Err() != nil:
		return err
	case errors.Is(err, ErrAbsent):
		return tool.UserErrorf("%s", absent)
	}
	log.WarnContext(ctx, "a tenant's secret could not be read", slog.Any("error", err))
	return tool.UserErrorf("%s", unavailable)
}
