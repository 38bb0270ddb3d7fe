package config_test

import (
	"testing"

	"leasehold.example/apps/mcp/config"
)

// TestHideLoopback: a deployed environment on one machine is what Load would have made of
// it, had it taken http; an issuer elsewhere is not let onto loopback.
func TestHideLoopback(t *testing.T) {
	t.Parallel()
	environ := environment(
		config.EnvPublicURL, "http://127.0.0.1:4000/live/mcp", config.EnvMetadataURL, "http://127.0.0.1:4000/live/m",
		config.EnvIssuers, `[{"issuer":"http://127.0.0.1:5000","tenant":"a"},{"issuer":"https://issuer.example","tenant":"b"}]`,
	)
	restore := config.HideLoopback(environ)
	c, err := config.Load(environ)
	if err != nil {
		t.Fatal(err)
	}
	if c, err = restore(c); err != nil {
		t.Fatal(err)
	}
	if c.PublicURL != "http://127.0.0.1:4000/live/mcp" || c.MetadataURL != "http://127.0.0.1:4000/live/m" || c.Table == "" ||
		len(c.Issuers) != 2 || c.Issuers[0].Issuer != "http://127.0.0.1:5000" || !c.Issuers[0].InsecureLoopback || c.Issuers[1].InsecureLoopback {
		t.Errorf("restored: %+v", c)
	}
	plain := environment(config.EnvPublicURL, "http://mcp.example.com/mcp")
	config.HideLoopback(plain)
	if _, err := config.Load(plain); err == nil {
		t.Error("http elsewhere is accepted")
	}
}
