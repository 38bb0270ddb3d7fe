// Package maketarget checks what the Makefile promises to scripts.
package maketarget

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"leasehold.example/tests/internal/repo"
)

var jwt = regexp.MustCompile(`^[\w-]+\.([\w-]+)\.[\w-]+\n$`)

// TestToken runs `make token` with values that a shell or make would act on if they were
// pasted into a command: standard output is one JWT for exactly that subject, with and without -s.
func TestToken(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	trap := filepath.Join(t.TempDir(), "trap")
	tests := []struct{ name, subject, flag string }{
		{"plain", "user-1", "-s"},
		{"without -s", "user-1", "--no-print-directory"},
		{"quotes", `o'brien "the" user`, "-s"},
		{"a command for the shell", "a`touch " + trap + "`$(touch " + trap + ");touch " + trap, "-s"},
		{"a function of make", "$(shell touch " + trap + ")", "-s"},
		{"a dollar", "$HOME$$HOME", "-s"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), "make", tt.flag, "token", "TENANT=acme", "SUBJECT="+tt.subject, "DATA="+data)
			cmd.Dir = repo.Root(t)
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			out, err := cmd.Output()
			if err != nil {
				t.Fatalf("make token: %v\n%s", err, stderr.Bytes())
			}
			if got := subject(t, string(out)); got != tt.subject {
				t.Errorf("sub %q, want %q", got, tt.subject)
			}
			if _, err := os.Stat(trap); err == nil {
				t.Error("a part of the subject was run as a command")
			}
		})
	}
}

// TestTokenRefuses: no token without a tenant and a subject, and nothing on standard output.
func TestTokenRefuses(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"": "TENANT=acme SUBJECT=user-1", "TENANT=acme": "TENANT=acme SUBJECT=user-1", "SUBJECT=user-1": "TENANT=acme SUBJECT=user-1",
		"TENANT=a#b SUBJECT=user-1": "token: TENANT: want", "TENANT=acme SUBJECT=user-1 SCOPES=admin": "token: SCOPES: want",
	} {
		t.Run(args, func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), "make", append([]string{"-s", "token", "DATA=" + t.TempDir()}, strings.Fields(args)...)...)
			cmd.Dir = repo.Root(t)
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			if out, err := cmd.Output(); err == nil || len(out) > 0 || !strings.Contains(stderr.String(), want) {
				t.Errorf("make token %s: %v, printed %q; want a failure, nothing, and %q:\n%s", args, err, out, want, stderr.Bytes())
			}
		})
	}
}

func subject(t *testing.T, out string) string {
	t.Helper()
	m := jwt.FindStringSubmatch(out)
	if m == nil {
		t.Fatalf("not one JWT: %q", out)
	}
	payload, err := base64.RawURLEncoding.DecodeString(m[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims struct {
		Subject string `json:"sub"`
	}
	if err := json.Unmarshal(payload, &claims); err != nil {
		t.Fatal(err)
	}
	return claims.Subject
}
