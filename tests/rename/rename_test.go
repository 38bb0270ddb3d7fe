// Package rename turns a copy of this repository into somebody else's, adds a tool to it, and
// checks that both work.
package rename

import (
	"bytes"
	"go/format"
	"net/http"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"golang.org/x/mod/modfile"

	"leasehold.example/tests/internal/local"
	"leasehold.example/tests/internal/need"
	"leasehold.example/tests/internal/repo"
)

// What the repository is called before. The parts are joined here, so that they stay.
const (
	oldName   = "lease" + "hold"
	oldModule = oldName + ".example"
)

// units are the modules whose tests need nothing but Go, and infrastructure those that take long.
var (
	units          = []string{"./libs/...", "./apps/mcp/...", "./apps/auditor/...", "./apps/authorizer/...", "./apps/pretoken/...", "./apps/rotator/..."}
	infrastructure = []string{"./platform/...", "./stacks/...", "./tests/..."}
)

// TestRename makes the copy somebody's own, adds a tool, and then builds, vets, tests, previews
// and calls it. Where this repository has been renamed, the first step is left out.
func TestRename(t *testing.T) {
	t.Parallel()
	c := newClone(t)
	if c.module() == oldModule {
		c.rename(t)
	}
	c.addTools(t)
	c.run(t, "go", slices.Concat([]string{"vet"}, units, infrastructure)...)
	c.run(t, "go", append([]string{"test"}, units...)...)
	if out := c.run(t, "make", "preview", "STACK=prod"); !strings.Contains(out, "Policy findings  none") {
		t.Errorf("the preview:\n%s", out)
	}
	c.call(t)
}

// rename runs make init twice: the second time changes nothing.
func (c clone) rename(t *testing.T) {
	secrets := c.leaveSecrets(t)
	args := []string{"init", "MODULE=github.com/acme/mcp", "NAME=acme-mcp", "OWNER=@acme/platform", "CONTACT=security@acme.example"}
	out := c.run(t, "make", args...)
	if !strings.Contains(out, "Renamed to github.com/acme/mcp, named acme-mcp") || strings.Contains(out, "Left as it is") {
		t.Fatalf("make init:\n%s", out)
	}
	if !strings.Contains(c.read(t, "SECURITY.md"), "<security@acme.example>") {
		t.Error("SECURITY.md has not the contact")
	}
	if readme := c.read(t, "README.md"); !strings.HasPrefix(readme, "# acme-mcp\n\nacme-mcp is ") {
		t.Errorf("README.md begins %.80q", readme)
	}
	c.wantNew(t)
	// As make init says is next. No key of a server that ran before may get into the first commit.
	if staged := c.run(t, "git", "add", "-A", "-v"); secrets.MatchString(staged) {
		t.Fatalf("git adds\n%s", strings.Join(secrets.FindAllString(staged, -1), "\n"))
	}
	c.commit(t)
	if out := c.run(t, "make", args...); !strings.HasPrefix(out, "Nothing to change: ") {
		t.Errorf("the second time:\n%s", out)
	}
	if status := c.run(t, "git", "status", "--porcelain"); status != "" {
		t.Errorf("the second time changes\n%s", status)
	}
	if out, err := c.try(t, "make", "init", "MODULE=github.com/globex/mcp", "NAME=globex"); err == nil ||
		!strings.Contains(out, "make init: this is github.com/acme/mcp, named acme-mcp, already. A second name is not given") {
		t.Errorf("another name: %v\n%s", err, out)
	}
}

// leaveSecrets is what `make run` leaves in its data directory, and in the one of earlier versions, with the lines
// in which git would name it.
func (c clone) leaveSecrets(t *testing.T) *regexp.Regexp {
	found := regexp.MustCompile(`(?m)^DATA +\?= (\S+)$`).FindStringSubmatch(c.read(t, "Makefile"))
	if found == nil {
		t.Fatal("the Makefile has no default of DATA")
	}
	for _, dir := range []string{found[1], "." + oldName} {
		if err := os.MkdirAll(filepath.Join(c.dir, dir), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(c.dir, dir, "issuer-key.pem"), []byte("private"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return regexp.MustCompile(`(?m)^.*issuer-key\.pem.*$`)
}

// stays is where the old name may be: in the README's line of where it comes from, in the prefix of
// variables, in the labels of stored formats and in the types of components.
var stays = regexp.MustCompile(`^README\.md:Made from (?i:` + oldName + `),|` + strings.ToUpper(oldName) + `_|` +
	oldName + `/(owner|handle|pseudonym|seal)/v1|` + oldName + `:(platform|offline):`)

// wantNew looks for the old name in every file but the page about renaming, and for Go that gofmt
// would write otherwise.
func (c clone) wantNew(t *testing.T) {
	for _, name := range c.files(t) {
		if name == "docs/your-own.md" {
			continue
		}
		content := c.read(t, name)
		for line := range strings.Lines(content) {
			if strings.Contains(strings.ToLower(stays.ReplaceAllString(name+":"+line, "")), oldName) {
				t.Errorf("%s still has: %.200s", name, line)
			}
		}
		if path.Ext(name) != ".go" {
			continue
		}
		if formatted, err := format.Source([]byte(content)); err != nil || string(formatted) != content {
			t.Errorf("%s is not as gofmt writes it (%v)", name, err)
		}
	}
}

// addTools adds two tools, one with a scope of its own, and sees names and scopes refused.
func (c clone) addTools(t *testing.T) {
	c.run(t, "make", "tool", "NAME=rename_test_one", "SCOPE=rename-test:read")
	c.run(t, "make", "tool", "NAME=rename_test_two")
	for name, want := range map[string]string{
		"rename_test_one": "is not taken", "Func": "NAME: want 1 to 40 lower-case letters", "$(touch trap)`touch trap`": "NAME: want",
	} {
		if out, err := c.try(t, "make", "tool", "NAME="+name); err == nil || !strings.Contains(out, want) {
			t.Errorf("make tool NAME=%s: %v\n%s", name, err, out)
		}
	}
	if _, err := os.Stat(filepath.Join(c.dir, "trap")); err == nil {
		t.Error("a part of a name was run as a command")
	}
}

// call runs the server as make run does; an ordinary client calls the new tools, with their scopes and without.
func (c clone) call(t *testing.T) {
	bin, data := filepath.Join(t.TempDir(), "server"), t.TempDir()
	c.run(t, "go", "build", "-o", bin, "./apps/mcp/cmd/server")
	server := local.StartAt(t, bin, local.FreeAddr(t), data)
	answer := func(scopes, name string) string {
		printed := strings.Fields(c.run(t, "make", "-s", "token", "TENANT=acme", "SUBJECT=user-1", "SCOPES="+scopes, "DATA="+data))
		token := printed[len(printed)-1]
		session, err := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil).Connect(t.Context(),
			&mcp.StreamableClientTransport{Endpoint: server.MCP(), HTTPClient: &http.Client{Transport: bearer{token}}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = session.Close() }()
		result, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: name, Arguments: map[string]any{"query": "may"}})
		if err != nil {
			return err.Error()
		}
		return result.Content[0].(*mcp.TextContent).Text
	}
	const want = `{"tenant":"acme","answer":"nothing about may"}`
	for _, name := range []string{"rename_test_one", "rename_test_two"} {
		if got := answer("mcp:basic rename-test:read", name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	if got := answer("mcp:basic", "rename_test_one"); got == want {
		t.Error("a tool is called without its scope")
	}
}

type bearer struct{ token string }

func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+b.token)
	return http.DefaultTransport.RoundTrip(r)
}

// clone is a repository of its own with the files of this one, as they are in the working tree.
type clone struct{ dir string }

// newClone is always made in the same place, from which Go's cache knows what has not changed.
func newClone(t *testing.T) clone {
	t.Helper()
	need.Program(t, "git")
	root := clone{repo.Root(t)}
	c := clone{filepath.Join(root.dir, "build", "rename")}
	if err := os.RemoveAll(c.dir); err != nil {
		t.Fatal(err)
	}
	for _, name := range root.files(t) {
		to := filepath.Join(c.dir, name)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(filepath.Join(root.dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, []byte(root.read(t, name)), info.Mode().Perm()); err != nil {
			t.Fatal(err)
		}
	}
	c.run(t, "git", "init", "-q")
	c.run(t, "git", "add", "-A")
	c.commit(t)
	return c
}

// files are those that Git has or would add, and that are there.
func (c clone) files(t *testing.T) []string {
	t.Helper()
	out := c.run(t, "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	names := strings.FieldsFunc(out, func(r rune) bool { return r == 0 })
	return slices.DeleteFunc(names, func(name string) bool {
		info, err := os.Lstat(filepath.Join(c.dir, name))
		return err != nil || !info.Mode().IsRegular()
	})
}

func (c clone) read(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(c.dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func (c clone) module() string {
	content, err := os.ReadFile(filepath.Join(c.dir, "libs", "go.mod"))
	if err != nil {
		return ""
	}
	return strings.TrimSuffix(modfile.ModulePath(content), "/libs")
}

func (c clone) commit(t *testing.T) {
	t.Helper()
	c.run(t, "git", "-c", "user.name=test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false", "commit", "-q", "-m", "x")
}

// run returns what a command printed, and fails the test when the command fails.
func (c clone) run(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := c.try(t, name, args...)
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
	return out
}

// try runs a command without what a make around the test passes on.
func (c clone) try(t *testing.T, name string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = c.dir
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, "MAKE") || strings.HasPrefix(v, "MFLAGS=") || strings.HasPrefix(v, "GIT_")
	})
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	return out.String(), err
}
