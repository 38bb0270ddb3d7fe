// Package onbehalf is an example: a tool that calls an API on behalf of its caller. It never
// sees the caller's token; it gets one that the authorization server made for this API, by
// token exchange (RFC 8693). docs/examples/onbehalf says how to make it yours.
package onbehalf

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"leasehold.example/apps/mcp/internal/tool"
	"leasehold.example/libs/exchange"
	"leasehold.example/libs/scopes"
)

const (
	// The time that a call may take, and the bytes that are read of an answer.
	timeout   = 10 * time.Second
	maxAnswer = 1 << 20
)

// The texts for the model, which are fixed: what exactly failed is in the log.
const (
	refused     = "the invoices are not open to you: your sign-in is not accepted there, or lacks a right"
	unavailable = "the invoices cannot be reached now; try again later"
	off         = "this server is not connected to the invoices"
)

// errOff means that there is no API.
var errOff = errors.New("onbehalf: not configured")

// API is the upstream; the zero value is none, and the tool then says so.
type API struct {
	// URL is its base, without a trailing slash.
	URL string
	// Audience is its name at the authorization server, and Scope what the tool needs there.
	Audience, Scope string
	// Client sends the requests; nil means one that follows no redirect, because a redirect
	// could take the token elsewhere.
	Client *http.Client
}

type out struct {
	Invoices []Invoice `json:"invoices" jsonschema:"the open invoices"`
}

// Invoice is an invoice as the API has it.
type Invoice struct {
	Number string `json:"number" jsonschema:"the number of the invoice"`
	Amount string `json:"amount" jsonschema:"the amount in euros"`
}

// New returns the tool.
func New(api API, log *slog.Logger) []tool.Entry {
	if api.Client == nil {
		api.Client = &http.Client{
			Timeout:       timeout,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
	}
	return []tool.Entry{tool.New(tool.Spec{
		Name: "invoices_list", Title: "List invoices",
		Description: "Lists your open invoices.",
		Scope:       scopes.Basic, // yours has a line in libs/scopes, and scopes.Of here
		ReadOnly:    true, OpenWorld: true,
	}, func(ctx context.Context, c *tool.Call, _ struct{}) (out, error) {
		invoices, err := api.invoices(ctx, c.Exchange)
		if err != nil {
			return out{}, explain(ctx, log, err)
		}
		return out{invoices}, nil
	})}
}

// explain turns an error into what the model may read. One of a call that has ended stays as it is.
func explain(ctx context.Context, log *slog.Logger, err error) error {
	switch {
	case ctx.Err() != nil:
		return err
	case errors.Is(err, errOff):
		return tool.UserErrorf("%s", off)
	case errors.Is(err, exchange.ErrRefused):
		return tool.UserErrorf("%s", refused)
	}
	log.WarnContext(ctx, "the invoices could not be read", slog.Any("error", err))
	return tool.UserErrorf("%s", unavailable)
}

// invoices asks the API as the caller.
func (a API) invoices(ctx context.Context, get tool.Exchange) ([]Invoice, error) {
	if a.URL == "" {
		return nil, errOff
	}
	authorize, err := get(ctx, a.Audience, a.Scope)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, a.URL+"/invoices", http.NoBody)
	if err != nil {
		return nil, err
	}
	authorize(r)
	res, err := a.Client.Do(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer)) // what is cut off is no JSON
	switch {
	case err != nil:
		return nil, err
	case res.StatusCode == http.StatusUnauthorized, res.StatusCode == http.StatusForbidden:
		return nil, fmt.Errorf("status %d: %w", res.StatusCode, exchange.ErrRefused)
	case res.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("status %d", res.StatusCode)
	}
	var invoices []Invoice
	if err := json.Unmarshal(body, &invoices); err != nil {
		return nil, fmt.Errorf("the answer: %w", err)
	}
	return invoices, nil
}
