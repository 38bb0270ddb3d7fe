package main

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"leasehold.example/apps/mcp/internal/devidp"
	"leasehold.example/libs/privatefile"
)

var all = []string{"mcp:basic", "notebook:read"}

func TestRun(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, tc := range map[string]struct {
		args  []string
		scope string
		ttl   time.Duration
	}{
		"least":        {scope: "mcp:basic notebook:read", ttl: time.Hour},
		"one scope":    {args: []string{"-scopes", "notebook:read"}, scope: "notebook:read", ttl: time.Hour},
		"spaces":       {args: []string{"-scopes", " mcp:basic  notebook:read "}, scope: "mcp:basic notebook:read", ttl: time.Hour},
		"empty scopes": {args: []string{"-scopes", ""}, scope: "mcp:basic notebook:read", ttl: time.Hour},
		"short":        {args: []string{"-ttl", "90s"}, scope: "mcp:basic notebook:read", ttl: 90 * time.Second},
	} {
		var stdout, stderr bytes.Buffer
		args := append([]string{"-data", dir, "-tenant", "acme", "-subject", "user-1"}, tc.args...)
		if code := run(args, all, &stdout, &stderr); code != 0 || stderr.Len() > 0 {
			t.Fatalf("%s: exit %d, %s", name, code, stderr.String())
		}
		line, ok := strings.CutSuffix(stdout.String(), "\n")
		if !ok || strings.ContainsAny(line, " \n") || strings.Count(line, ".") != 2 {
			t.Errorf("%s: output is not one JWT: %q", name, stdout.String())
		}
		claims := jwt.MapClaims{}
		if _, _, err := jwt.NewParser().ParseUnverified(line, claims); err != nil {
			t.Fatal(err)
		}
		if claims["tenant"] != "acme" || claims["sub"] != "user-1" || claims["scope"] != tc.scope || claims["exp"].(float64)-claims["iat"].(float64) != tc.ttl.Seconds() {
			t.Errorf("%s: claims = %v", name, claims)
		}
	}
}

// The address is that of the server that ran last with the data.
func TestRunAfterServer(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	server, err := devidp.New("127.0.0.1:9090", devidp.Options{Dir: dir, Scopes: all})
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Remember(); err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	if code := run([]string{"-data", dir, "-tenant", "acme", "-subject", "user-1"}, all, &stdout, &stderr); code != 0 {
		t.Fatal(stderr.String())
	}
	claims := jwt.MapClaims{}
	if _, _, err := jwt.NewParser().ParseUnverified(strings.TrimSpace(stdout.String()), claims); err != nil {
		t.Fatal(err)
	}
	if claims["iss"] != server.URL() || claims["aud"] != server.Audience() {
		t.Errorf("iss %v, aud %v; want those of %s", claims["iss"], claims["aud"], server.URL())
	}
}

func TestRunRefuses(t *testing.T) {
	t.Parallel()
	broken := t.TempDir()
	if err := privatefile.Replace(filepath.Join(broken, "server.json"), []byte("{")); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		args []string
		code int
		says string
	}{
		"no tenant":        {[]string{"-subject", "u"}, 2, "TENANT: want"},
		"bad tenant":       {[]string{"-tenant", "a/b", "-subject", "u"}, 2, "TENANT: want"},
		"no subject":       {[]string{"-tenant", "acme"}, 2, "SUBJECT: want"},
		"unknown scope":    {[]string{"-tenant", "acme", "-subject", "u", "-scopes", "admin"}, 2, "SCOPES: want some of: mcp:basic notebook:read"},
		"no time":          {[]string{"-tenant", "acme", "-subject", "u", "-ttl", "0"}, 2, "TTL: want"},
		"not a duration":   {[]string{"-tenant", "acme", "-subject", "u", "-ttl", "soon"}, 2, "-ttl"},
		"unknown flag":     {[]string{"-tennant", "acme"}, 2, "-tennant"},
		"stray argument":   {[]string{"-tenant", "acme", "-subject", "u", "more"}, 2, `"more"`},
		"broken directory": {[]string{"-tenant", "acme", "-subject", "u", "-data", broken}, 1, "server.json"},
	} {
		var stdout, stderr bytes.Buffer
		args := append([]string{"-data", t.TempDir()}, tc.args...)
		if code := run(args, all, &stdout, &stderr); code != tc.code {
			t.Errorf("%s: exit %d, want %d", name, code, tc.code)
		}
		if stdout.Len() > 0 {
			t.Errorf("%s: standard output has %q", name, stdout.String())
		}
		if line := stderr.String(); strings.Count(line, "\n") != 1 || !strings.Contains(line, tc.says) {
			t.Errorf("%s: standard error has %q, want one line with %q", name, line, tc.says)
		}
	}
	var stdout, stderr bytes.Buffer
	if code := run([]string{"-h"}, all, &stdout, &stderr); code != 0 || !strings.Contains(stderr.String(), "-subject") {
		t.Errorf("-h: exit %d, %q", code, stderr.String())
	}
}

// The scopes are those of the server's catalog.
func TestCatalogScopes(t *testing.T) {
	t.Parallel()
	got, err := catalogScopes()
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(got, "mcp:basic") || len(got) < 2 {
		t.Errorf("scopes = %q", got)
	}
}
