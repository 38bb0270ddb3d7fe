package docs

import (
	"context"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// SandboxDir is where the clone of a page is. Always the same place, so that Go's cache knows what was built
// there; so there is one at a time.
const SandboxDir = "build/docs-sandbox"

// Sandbox is a clean clone of the repository, with what is not committed yet, and a terminal in it.
type Sandbox struct {
	Dir       string
	env       []string
	addresses *strings.Replacer // the ports that pages name, and free ones
	listens   []string
	held      []net.Listener // on the free ports, so that nobody takes them before a command of the page does
}

// ports are what the Makefile's servers listen on when nothing is said, by the variable that says it.
var ports = map[string]string{"ADDR": "127.0.0.1:8080", "DOCS_ADDR": "127.0.0.1:8085"}

// ReadersEnv is the environment without what the Makefile assigns: a test that make runs has its variables,
// which a reader has not.
func ReadersEnv(m Makefiles) []string {
	return slices.DeleteFunc(os.Environ(), func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		return slices.Contains(m.Assigned, name) || strings.HasPrefix(name, "MAKE") || name == "MFLAGS" || strings.HasPrefix(name, "GIT_")
	})
}

// NewSandbox makes the clone in dir, of files of the repository.
func NewSandbox(t testing.TB, dir, root string, files []string, m Makefiles) *Sandbox {
	t.Helper()
	s := &Sandbox{Dir: dir}
	if err := os.RemoveAll(s.Dir); err != nil {
		t.Fatal(err)
	}
	for _, rel := range files {
		if err := copyFile(filepath.Join(s.Dir, rel), filepath.Join(root, rel)); err != nil {
			t.Fatalf("clone: %v", err)
		}
	}
	if tools := filepath.Join(root, ".tools"); exists(tools) { // they are pinned, and take minutes to build
		if err := os.Symlink(tools, filepath.Join(s.Dir, ".tools")); err != nil {
			t.Fatal(err)
		}
	}
	s.env = ReadersEnv(m)
	var pairs []string
	for variable, shown := range ports {
		free := s.hold(t)
		pairs = append(pairs, shown, free)
		s.listens = append(s.listens, free)
		s.env = append(s.env, variable+"="+free)
	}
	s.addresses = strings.NewReplacer(pairs...)
	s.commit(t)
	return s
}

// commit gives the clone a history of one commit, on main.
func (s *Sandbox) commit(t testing.TB) {
	t.Helper()
	for _, args := range [][]string{
		{"init", "-q", "-b", "main"},
		{"add", "-A"},
		{"-c", "user.name=docs", "-c", "user.email=docs@example.com", "-c", "commit.gpgsign=false", "commit", "-q", "-m", "clone"},
	} {
		cmd := exec.CommandContext(t.Context(), "git", args...)
		cmd.Dir, cmd.Env = s.Dir, s.env
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %s: %v\n%s", args[0], err, out)
		}
	}
}

// Write puts a file of a page into the clone.
func (s *Sandbox) Write(rel, text string) error {
	if !filepath.IsLocal(rel) {
		return fmt.Errorf("%s is not a path in the repository", rel)
	}
	path := filepath.Join(s.Dir, rel)
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(text), 0o600)
}

// command is a program in the clone, in a process group of its own so that all of it can be ended.
func (s *Sandbox) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = s.Dir, s.env
	OwnGroup(cmd)
	return cmd
}

func copyFile(to, from string) error {
	info, err := os.Lstat(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o750); err != nil {
		return err
	}
	if info.Mode()&fs.ModeSymlink != 0 {
		target, err := os.Readlink(from)
		if err != nil {
			return err
		}
		return os.Symlink(target, to)
	}
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, text, info.Mode().Perm())
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// hold takes a free port until release.
func (s *Sandbox) hold(t testing.TB) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("free port: %v", err)
	}
	s.held = append(s.held, l)
	t.Cleanup(func() { _ = l.Close() }) // an error says that release has closed it
	return l.Addr().String()
}

// release gives the ports to the command that is started next.
func (s *Sandbox) release() {
	for _, l := range s.held {
		_ = l.Close() // again is no change
	}
}

// Shown is a text of a page with the addresses that the sandbox has in place of those.
func (s *Sandbox) Shown(text string) string { return s.addresses.Replace(text) }
