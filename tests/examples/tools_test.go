package examples

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"os/exec"
	"strings"
	"testing"

	"leasehold.example/tests/internal/local"
	"leasehold.example/tests/internal/need"
	"leasehold.example/tests/internal/repo"
)

// TestTools runs the calls of the READMEs, each `curl -s …`, against the server that `make
// example` builds.
func TestTools(t *testing.T) {
	t.Parallel()
	need.Program(t, "curl")
	data := t.TempDir()
	server := local.StartAt(t, local.Build(t, "./apps/mcp/internal/example/cmd/server"), local.FreeAddr(t), data)
	for name, tt := range map[string]struct {
		want   string
		others map[string]string // what the same call says as another tenant
	}{
		"onbehalf":      {`"ACME-user-1-2"`, map[string]string{"globex": `"GLOBEX-user-1-1"`}},
		"tenant-secret": {hmacOf("the secret of acme"), map[string]string{"globex": hmacOf("the secret of globex"), "acm": "no webhook secret"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all := commands(t, name)
			if len(all) != 2 || all[0] != "make example NAME="+name {
				t.Fatalf("the README's commands are %q", all)
			}
			call := strings.ReplaceAll(all[1], documented, server.MCP())
			tt.others["acme"] = tt.want
			for tenant, want := range tt.others {
				script := strings.ReplaceAll(call, "make -s token TENANT=acme", "make -s token DATA='"+data+"' TENANT="+tenant)
				cmd := exec.CommandContext(t.Context(), "/bin/sh", "-ec", script)
				cmd.Dir = repo.Root(t)
				out, err := cmd.CombinedOutput()
				if err != nil || !strings.Contains(unescaped(out), want) {
					t.Errorf("as %s: %v, want %s in\n%s", tenant, err, want, out)
				}
			}
		})
	}
}

func hmacOf(secret string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("hello"))
	return hex.EncodeToString(mac.Sum(nil))
}

// unescaped takes the JSON out of the text content, where it is a string.
func unescaped(out []byte) string { return strings.ReplaceAll(string(out), `\"`, `"`) }
