// Package examples runs what docs/examples shows, with the commands of its READMEs.
package examples

import (
	"bufio"
	"bytes"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/oauthex"

	"leasehold.example/tests/internal/local"
	"leasehold.example/tests/internal/need"
	"leasehold.example/tests/internal/repo"
)

// documented is where the READMEs say that the server is.
const documented = "http://127.0.0.1:8080/mcp"

// TestClients runs each client as its README says, in a copy of its folder, with npm ci and
// node client.ts, or python3 -m venv, .venv/bin/python -m pip and .venv/bin/python client.py,
// or go run. It goes from a bare 401 over two pages to a notebook.
func TestClients(t *testing.T) {
	t.Parallel()
	server := local.Start(t, local.Shipped)
	for name, tt := range map[string]struct {
		person string
		path   func(t *testing.T) string // what is in front of PATH
		check  string                    // of the types, before the last command
	}{
		"go": {"acme/alice", nothing, "go vet ."},
		"python": {"acme/bob", func(t *testing.T) string {
			t.Helper()
			need.Python(t)
			return ""
		}, ":"},
		"typescript": {"globex/carol", func(t *testing.T) string {
			t.Helper()
			return filepath.Dir(need.Node(t).Bin)
		}, "npm run --silent check"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := tt.path(t)
			all := commands(t, name)
			if len(all) != 2 || !strings.HasSuffix(all[1], documented) {
				t.Fatalf("the README's commands are %q, want two, of which the last ends with %s", all, documented)
			}
			run := strings.ReplaceAll(all[1], documented, server.MCP())
			dir := copied(t, name)
			signsIn(t, tt.person, shell(t, dir, path, all[0], tt.check, run))
			// Installed once, it is run again as a client that was registered before.
			id, port := registered(t, server)
			again := shell(t, dir, path, setting(all[0]), run)
			again.Env = append(again.Env, "MCP_CLIENT_ID="+id, "MCP_CALLBACK_PORT="+port)
			for _, page := range signsIn(t, tt.person, again) {
				if q := page.Query(); q.Get("client_id") != id || q.Get("redirect_uri") != "http://localhost:"+port+"/callback" {
					t.Errorf("as %s on port %s it asks for %s", id, port, page)
				}
			}
		})
	}
}

// setting is a command that only sets a variable, which each shell needs.
func setting(command string) string {
	if strings.HasPrefix(command, "export ") {
		return command
	}
	return ":"
}

// registered is a client that somebody else has registered, with the port of its redirect URI.
func registered(t *testing.T, server *local.Server) (id, port string) {
	t.Helper()
	_, port, err := net.SplitHostPort(local.FreeAddr(t))
	if err != nil {
		t.Fatal(err)
	}
	client, err := oauthex.RegisterClient(t.Context(), server.URL+"/register", &oauthex.ClientRegistrationMetadata{
		ClientName: "registered", RedirectURIs: []string{"http://localhost:" + port + "/callback"}, TokenEndpointAuthMethod: "none",
		GrantTypes: []string{"authorization_code", "refresh_token"},
	}, http.DefaultClient)
	if err != nil {
		t.Fatal(err)
	}
	return client.ClientID, port
}

// signsIn wants a client to go over two pages to a notebook, and returns the pages.
func signsIn(t *testing.T, name string, client *exec.Cmd) (pages []*url.URL) {
	t.Helper()
	said, pages := signedIn(t, newPerson(t, name), client)
	tenant, subject, _ := strings.Cut(name, "/")
	for _, want := range []string{"signed in: " + subject + " of " + tenant, "math: 2 + 3 = 5", "notebook: entries = 1"} {
		if !slices.Contains(said, want) {
			t.Errorf("it does not print %q", want)
		}
	}
	if !slices.ContainsFunc(said, func(line string) bool {
		return strings.HasPrefix(line, "tools: ") && strings.Contains(line, "math") && strings.Contains(line, "notebook_open")
	}) {
		t.Error("it does not list the tools")
	}
	if len(pages) != 2 {
		t.Errorf("%d pages were opened, want 2: one to sign in, one for a scope more", len(pages))
	}
	if t.Failed() {
		t.Logf("it printed:\n%s", strings.Join(said, "\n"))
	}
	return pages
}

func nothing(*testing.T) string { return "" }

var blocks = regexp.MustCompile("(?s)```console\n(.*?)\n```\n")

// commands are those of an example's README.
func commands(t *testing.T, name string) (all []string) {
	t.Helper()
	for _, block := range blocks.FindAllStringSubmatch(source(t, "docs", "examples", name, "README.md"), -1) {
		joined := strings.ReplaceAll(block[1], "\\\n", "")
		for line := range strings.Lines(joined) {
			if command, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "$ "); ok {
				all = append(all, command)
			}
		}
	}
	if len(all) == 0 {
		t.Fatalf("the README of %s has no command", name)
	}
	return all
}

// copied is a copy of an example without what was installed for it: a reader can take the folder
// alone.
func copied(t *testing.T, name string) (dir string) {
	t.Helper()
	from := filepath.Join(repo.Root(t), "docs", "examples", name)
	dir = t.TempDir()
	entries, err := os.ReadDir(from)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !e.Type().IsRegular() {
			continue // node_modules and .venv
		}
		data, err := os.ReadFile(filepath.Join(from, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, e.Name()), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// shell runs commands in dir, with a directory in front of PATH unless that is empty.
func shell(t *testing.T, dir, path string, commands ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "/bin/sh", "-ec", strings.Join(commands, "\n"))
	cmd.Dir = dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // the shell's children end with it
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.Env = os.Environ()
	if path != "" {
		cmd.Env = append(cmd.Env, "PATH="+path+string(os.PathListSeparator)+os.Getenv("PATH"))
	}
	return cmd
}

// signedIn runs a client, opens the pages that it asks for, and returns these and what else it
// printed.
func signedIn(t *testing.T, p *person, cmd *exec.Cmd) (said []string, pages []*url.URL) {
	t.Helper()
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		address, asked := strings.CutPrefix(lines.Text(), "Open this page in a browser: ")
		if !asked {
			said = append(said, lines.Text())
			continue
		}
		page, err := url.Parse(address)
		if err != nil {
			t.Errorf("the page: %v", err)
		}
		pages = append(pages, page)
		if err := p.signIn(address); err != nil {
			t.Errorf("the sign-in: %v", err)
			_ = cmd.Cancel() // it would wait for an answer that does not come
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v\n%s\n%s", err, strings.Join(said, "\n"), stderr.Bytes())
	}
	return said, pages
}

// TestMake: `make example` does the same in one command, and says what it wants without a name.
func TestMake(t *testing.T) {
	t.Parallel()
	server := local.Start(t, local.Shipped)
	said, pages := signedIn(t, newPerson(t, "acme/alice"), shell(t, repo.Root(t), "", "make -s example NAME=go URL="+server.MCP()))
	if len(pages) != 2 || !slices.Contains(said, "notebook: entries = 1") {
		t.Errorf("%d pages, and it printed %q", len(pages), said)
	}
	for _, name := range []string{"", "rust", "$(exit 0)"} {
		cmd := exec.CommandContext(t.Context(), "make", "-s", "example", "NAME="+name)
		cmd.Dir = repo.Root(t)
		if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "make example: say which") {
			t.Errorf("NAME=%s: %v\n%s", name, err, out)
		}
	}
}
