package main

import (
	"leasehold.example/apps/mcp/config"
	"leasehold.example/apps/mcp/internal/app"
	"leasehold.example/apps/mcp/internal/devidp"
)

// catalogScopes are the scopes of everything that the server offers.
func catalogScopes() ([]string, error) {
	c, err := config.LoadLocal(nil, devidp.DefaultAddr)
	if err != nil {
		return nil, err
	}
	return app.Scopes(c)
}
