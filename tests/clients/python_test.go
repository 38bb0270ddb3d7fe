package clients

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"leasehold.example/tests/internal/need"
)

// python drives the server with the official SDK for Python; mode is legacy, auto or a version.
func python(mode string) driver {
	return func(t *testing.T, s server) seen {
		t.Helper()
		python := need.Python(t)
		cmd := exec.CommandContext(t.Context(), python.Bin, filepath.Join(python.Dir, "client.py"), s.address, mode)
		cmd.Env = append(os.Environ(), "MCP_TOKEN="+s.token, "HOME="+t.TempDir())
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("client.py: %v\n%s", err, without(s.token, out, stderr.Bytes()))
		}
		var got seen
		decode(t, out, &got)
		return got
	}
}
