package signin

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"leasehold.example/tests/internal/executable"
	"leasehold.example/tests/internal/local"
	"leasehold.example/tests/internal/need"
	"leasehold.example/tests/internal/repo"
)

// welcomed is a server and what it printed when it started.
type welcomed struct {
	*local.Server
	said string
}

// start runs the server as `make run` does, with a data directory that needs quoting.
func start(t *testing.T) welcomed {
	t.Helper()
	dir, bin := t.TempDir(), local.Build(t, local.Shipped)
	out, data, addr := filepath.Join(dir, "out"), filepath.Join(dir, "it's mine"), local.FreeAddr(t)
	server := local.Launch(t, addr, exec.Command("/bin/sh", "-c", `exec "$0" -local -addr "$1" -data "$2" >"$3"`, bin, addr, data, out))
	said, err := os.ReadFile(out) // it is printed before the server answers
	if err != nil {
		t.Fatal(err)
	}
	return welcomed{server, string(said)}
}

// command returns what is printed from a line that starts with prefix on, as far as its
// lines end in a backslash.
func (w welcomed) command(t *testing.T, prefix string) string {
	t.Helper()
	found := regexp.MustCompile(`(?m)^ *` + regexp.QuoteMeta(prefix) + `(?:.*\\\n)*.*$`).FindString(w.said)
	if found == "" {
		t.Fatalf("no %q in:\n%s", prefix, w.said)
	}
	return found
}

// paste runs a command in a shell at the root of the repository, with an npx that takes
// the pinned package from tests/node instead of the registry.
func paste(t *testing.T, command string, shims ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "/bin/sh", "-c", command)
	cmd.Dir = repo.Root(t)
	cmd.Env = append(os.Environ(), "HOME="+t.TempDir(), "PATH="+strings.Join(append(shims, os.Getenv("PATH")), string(os.PathListSeparator)),
		"GOCACHE="+goEnv(t, "GOCACHE"), "GOPATH="+goEnv(t, "GOPATH"))
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s\n%v\n%s%s", command, err, out, stderr.String())
	}
	return string(out)
}

// goEnv is what Go derives from the home directory, which a pasted command does not get.
func goEnv(t *testing.T, name string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "env", name).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// TestWelcome takes the three ways in that the server prints, each as it is pasted.
func TestWelcome(t *testing.T) {
	t.Parallel()
	w := start(t)
	t.Run("browser", func(t *testing.T) {
		t.Parallel()
		b := newBrowser(t)
		b.do(t, "the printed pages",
			chromedp.Navigate(strings.TrimSpace(w.command(t, w.URL+"/\n"))),
			click(`main a[href^="/signin"]`), click(asPerson("globex/carol")), visible(`main a[href="/sessions"]`))
		if page := b.sessions(t, w.URL); !has(page, "carol", "globex") {
			t.Errorf("signed in on the pages, they show:\n%s", page)
		}
	})
	t.Run("token", func(t *testing.T) {
		t.Parallel()
		need.Program(t, "curl")
		if out := paste(t, w.command(t, "curl -s "+w.MCP())); !strings.Contains(out, `"sum":5`) {
			t.Errorf("curl prints %s", out)
		}
		out := paste(t, w.command(t, "curl -s "+w.URL+"/token"))
		var machine struct {
			Token string `json:"access_token"`
		}
		if err := json.Unmarshal([]byte(out), &machine); err != nil || machine.Token == "" {
			t.Fatalf("a machine gets %s", out)
		}
		if me := connected(t, w.MCP(), http.Header{"Authorization": {"Bearer " + machine.Token}}); me.Subject != "client:machine-acme" || me.Tenant != "acme" {
			t.Errorf("the machine is %+v", me)
		}
	})
	t.Run("Inspector", func(t *testing.T) {
		t.Parallel()
		if out := paste(t, w.command(t, "npx"), npx(t)); !strings.Contains(out, "whoami") {
			t.Errorf("the Inspector prints %s", out)
		}
	})
	t.Run("agent", func(t *testing.T) {
		t.Parallel()
		configurations := regexp.MustCompile(`(?m)^ *(\{"mcpServers".*\})$`).FindAllStringSubmatch(w.said, -1)
		if len(configurations) != 2 {
			t.Fatalf("%d configurations in:\n%s", len(configurations), w.said)
		}
		token := paste(t, w.command(t, "export MCP_TOKEN=")+"\nprintf %s \"$MCP_TOKEN\"")
		for n, c := range configurations {
			agent := configured(t, c[1])
			if agent.Type != "http" || agent.URL != w.MCP() {
				t.Errorf("configuration %d is of %+v", n+1, agent)
			}
			if len(agent.Headers) == 0 { // a browser opens: TestGoSDK has the same with the same URL
				continue
			}
			header := http.Header{}
			for name, value := range agent.Headers {
				header.Set(name, strings.ReplaceAll(value, "${MCP_TOKEN}", token))
			}
			if me := connected(t, agent.URL, header); me.Tenant != "acme" || me.Subject != "user-1" {
				t.Errorf("the agent is %+v", me)
			}
		}
	})
}

// npx makes a directory with an npx that knows the pinned Inspector and nothing else.
func npx(t *testing.T) (dir string) {
	t.Helper()
	node := need.Node(t)
	data, err := os.ReadFile(filepath.Join(node.Dir, "package.json"))
	if err != nil {
		t.Fatal(err)
	}
	var pinned struct{ Dependencies map[string]string }
	if err := json.Unmarshal(data, &pinned); err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	const inspector = "@modelcontextprotocol/inspector"
	script := fmt.Sprintf("#!/bin/sh\n[ \"$1 $2\" = '-y %s@%s' ] || exit 9\nshift 2\nexec '%s' '%s' \"$@\"\n", inspector, pinned.Dependencies[inspector],
		node.Bin, filepath.Join(node.Modules, inspector, "clients", "launcher", "build", "index.js"))
	executable.Script(t, filepath.Join(dir, "npx"), script)
	return dir
}

// agent is an entry of .mcp.json.
type agent struct {
	Type, URL string
	Headers   map[string]string
}

func configured(t *testing.T, text string) agent {
	t.Helper()
	var file struct {
		Servers map[string]agent `json:"mcpServers"`
	}
	if err := json.Unmarshal([]byte(text), &file); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return file.Servers["leasehold"]
}

// connected is who a client with a fixed header is.
func connected(t *testing.T, url string, header http.Header) (me who) {
	t.Helper()
	client := mcp.NewClient(&mcp.Implementation{Name: "agent", Version: "0"}, nil)
	session, err := client.Connect(t.Context(), &mcp.StreamableClientTransport{
		Endpoint: url, HTTPClient: &http.Client{Transport: fixed(header)}, MaxRetries: -1,
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = session.Close() }() // nothing is kept
	call(t, session, "whoami", map[string]any{}, &me)
	return me
}

// fixed adds headers to every request.
type fixed http.Header

func (f fixed) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	for name, values := range f {
		r.Header[name] = values
	}
	return http.DefaultTransport.RoundTrip(r)
}
