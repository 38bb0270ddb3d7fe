package signin

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"leasehold.example/tests/internal/local"
	"leasehold.example/tests/internal/need"
)

// told is a line that sign-in.mjs prints.
type told struct {
	Open   string
	Pause  bool
	Result *struct {
		Protocol            string
		Before, After, Anew who
		Notebook            string
		Status              any
	}
}

// TestTypeScript: the TypeScript SDK goes from a bare 401 to a tool call, steps up, and
// starts anew when its session is revoked on the page.
func TestTypeScript(t *testing.T) {
	t.Parallel()
	node := need.Node(t)
	server := local.Start(t, local.Shipped)
	for mode, tt := range map[string]struct {
		protocol string
		person   string
		status   string // of a call after every session of the person is revoked
	}{
		"legacy": {legacy, "acme/alice", "404"},
		"auto":   {modern, "acme/bob", "200"},
		modern:   {modern, "globex/carol", "200"},
	} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			b := newBrowser(t)
			opened := 0
			last := run(t, exec.CommandContext(t.Context(), node.Bin, filepath.Join(node.Dir, "sign-in.mjs"), server.MCP(), mode),
				func(line told, stdin io.Writer) {
					switch {
					case line.Open != "":
						opened++
						b.consent(t, line.Open, tt.person)
					case line.Pause:
						b.revokeAll(t, server.URL)
						_, _ = io.WriteString(stdin, "go on\n") // a client that has ended is seen by its output
					}
				})
			got := last.Result
			if got == nil {
				t.Fatal("the client ended without a result")
			}
			if got.Protocol != tt.protocol || fmt.Sprint(got.Status) != tt.status || opened != 2 {
				t.Errorf("protocol %s, status after the revocation %v, %d pages; want %s, %s, 2", got.Protocol, got.Status, opened, tt.protocol, tt.status)
			}
			if !slices.Equal(got.Before.Scopes, []string{"mcp:basic"}) || !slices.Equal(got.After.Scopes, []string{"mcp:basic", "notebook:write"}) || got.Notebook == "" {
				t.Errorf("the scopes step up from %q to %q", got.Before.Scopes, got.After.Scopes)
			}
			for _, me := range []who{got.Before, got.After, got.Anew} {
				if me.Tenant+"/"+me.Subject != tt.person {
					t.Errorf("signed in as %s/%s, want %s", me.Tenant, me.Subject, tt.person)
				}
			}
		})
	}
}

// run has each line that a client prints acted upon, and returns the last one.
func run(t *testing.T, cmd *exec.Cmd, act func(line told, stdin io.Writer)) (last told) {
	t.Helper()
	cmd.Env = append(os.Environ(), "HOME="+t.TempDir())
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		last = told{}
		if err := json.Unmarshal(lines.Bytes(), &last); err != nil {
			t.Errorf("%v in %s", err, lines.Bytes())
			continue
		}
		act(last, stdin)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, stderr.Bytes())
	}
	return last
}
