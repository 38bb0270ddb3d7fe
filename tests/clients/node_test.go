package clients

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"leasehold.example/tests/internal/need"
)

// script drives the server with one of the scripts of tests/node.
func script(name string, args ...string) driver {
	return func(t *testing.T, s server) seen {
		t.Helper()
		node := need.Node(t)
		var got seen
		decode(t, runNode(t, node, s.token, append([]string{filepath.Join(node.Dir, name), s.address}, args...)...), &got)
		return got
	}
}

// inspector drives the server with the MCP Inspector's command line, one process a
// request. It does not say which protocol it negotiated: "modern" and "legacy" fail
// rather than fall back.
func inspector(era string) driver {
	return func(t *testing.T, s server) seen {
		t.Helper()
		node := need.Node(t)
		cli := filepath.Join(node.Modules, "@modelcontextprotocol", "inspector", "clients", "launcher", "build", "index.js")
		ask := func(out any, args ...string) {
			t.Helper()
			decode(t, runNode(t, node, s.token, append([]string{
				cli, "--cli", s.address, "--transport", "http",
				"--header", "Authorization: Bearer " + s.token, "--protocol-era", era, "--format", "json", "--quiet", "--method",
			}, args...)...), out)
		}
		var list struct {
			Result struct{ Tools []struct{ Name string } }
		}
		ask(&list, "tools/list")
		got := seen{}
		for _, tool := range list.Result.Tools {
			got.Tools = append(got.Tools, tool.Name)
		}
		var math struct {
			Result struct{ StructuredContent sum }
		}
		ask(&math, "tools/call", "--tool-name", "math", "--tool-arg", "a=2", "b=3")
		var whoami struct {
			Result struct{ StructuredContent identity }
		}
		ask(&whoami, "tools/call", "--tool-name", "whoami")
		got.Math, got.Whoami = math.Result.StructuredContent, whoami.Result.StructuredContent
		return got
	}
}

// runNode runs a script with a home directory of its own, so that nothing a person has
// configured there plays a part, and returns its standard output.
func runNode(t *testing.T, node need.NodeTools, token string, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), node.Bin, args...)
	cmd.Env = append(os.Environ(), "MCP_TOKEN="+token, "HOME="+t.TempDir())
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", filepath.Base(args[0]), err, without(token, out, stderr.Bytes()))
	}
	return out
}

// without is what a client printed, where the server of `make verify` is not a test's own.
func without(token string, printed ...[]byte) string {
	text := string(bytes.Join(printed, nil))
	if token == "" {
		return text
	}
	return strings.ReplaceAll(text, token, "[token]")
}

func decode(t *testing.T, data []byte, to any) {
	t.Helper()
	if err := json.Unmarshal(data, to); err != nil {
		t.Fatalf("%v in %s", err, data)
	}
}

// discover runs the SDK's discovery functions on the answer to a request with the token, or with none.
func discover(t *testing.T, address string, token ...string) discovery {
	t.Helper()
	node := need.Node(t)
	var got discovery
	decode(t, runNode(t, node, "", append([]string{filepath.Join(node.Dir, "discover.mjs"), address}, token...)...), &got)
	return got
}
