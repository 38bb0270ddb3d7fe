package config

import (
	"errors"
	"maps"
	"strings"
)

// HideLoopback changes environ, which maps names to values, such that Load and
// LoadAuthorizer take URLs of http on 127.0.0.1: to them they are https. What it returns
// undoes this to what they loaded, and lets the issuers be on loopback.
//
// It is for binaries that are built for tests only: those run the environment of a deployed
// stack on one machine (docs/e2e.md). The shipped ones do not link it.
func HideLoopback(environ map[string]string) (restore func(Config) (Config, error)) {
	const shown, hidden = "http://127.0.0.1:", "https://127.0.0.1:"
	before := maps.Clone(environ)
	for _, name := range []string{EnvPublicURL, EnvMetadataURL, EnvIssuers} {
		if value := environ[name]; value != "" {
			environ[name] = strings.ReplaceAll(value, shown, hidden)
		}
	}
	return func(c Config) (Config, error) {
		c.PublicURL, c.MetadataURL, c.Issuers = before[EnvPublicURL], before[EnvMetadataURL], nil
		if err := c.Issuers.UnmarshalText([]byte(before[EnvIssuers])); err != nil {
			return Config{}, errors.New(EnvIssuers + ": " + err.Error())
		}
		for i := range c.Issuers {
			c.Issuers[i].InsecureLoopback = strings.HasPrefix(c.Issuers[i].Issuer, shown)
		}
		return c, nil
	}
}
