package signin

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"leasehold.example/tests/internal/local"
	"leasehold.example/tests/internal/need"
)

// TestInspector: the command line of the MCP Inspector, given the URL and nothing else,
// says where to sign in, waits for the browser, and calls the tool.
func TestInspector(t *testing.T) {
	t.Parallel()
	node := need.Node(t)
	server := local.Start(t, local.Shipped)
	for _, era := range []string{"legacy", "auto", "modern"} {
		t.Run(era, func(t *testing.T) {
			t.Parallel()
			b := newBrowser(t)
			cmd := exec.CommandContext(t.Context(), node.Bin,
				filepath.Join(node.Modules, "@modelcontextprotocol", "inspector", "clients", "launcher", "build", "index.js"),
				"--cli", server.MCP(), "--transport", "http", "--protocol-era", era, "--format", "json",
				"--callback-url", "http://"+local.FreeAddr(t)+"/oauth/callback",
				"--method", "tools/call", "--tool-name", "whoami")
			// It signs in on a terminal, or when it may open a browser: here one that does nothing.
			cmd.Env = append(os.Environ(), "HOME="+t.TempDir(), "MCP_AUTO_OPEN_ENABLED=true", "BROWSER=true", "MCP_INSPECTOR_SECRET_STORE=memory")
			stdout := new(strings.Builder)
			cmd.Stdout = stdout
			stderr, err := cmd.StderrPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			opened := 0
			said := new(strings.Builder)
			lines := bufio.NewScanner(stderr)
			for lines.Scan() {
				said.WriteString(lines.Text() + "\n")
				if _, page, ok := strings.Cut(lines.Text(), "Please navigate to: "); ok {
					opened++
					b.consent(t, page, "globex/carol")
				}
			}
			if err := cmd.Wait(); err != nil {
				t.Fatalf("%v\n%s%s", err, said, stdout)
			}
			var got struct {
				Result struct{ StructuredContent who }
			}
			if err := json.Unmarshal([]byte(stdout.String()), &got); err != nil {
				t.Fatalf("%v in %s", err, stdout)
			}
			me := got.Result.StructuredContent
			if opened != 1 || me.Tenant != "globex" || me.Subject != "carol" || !slices.Equal(me.Scopes, []string{"mcp:basic"}) {
				t.Errorf("signed in %d times as %+v", opened, me)
			}
		})
	}
}
