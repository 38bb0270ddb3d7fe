package docs_test

import (
	"strings"
	"testing"

	"leasehold.example/tests/docs"
	"leasehold.example/tests/internal/repo"
)

// TestAgain types what docs/your-own.md says of later changes, into a clone that has its names, beside a
// repository that has gone on with the old ones.
func TestAgain(t *testing.T) {
	const by = "tests/docs/again_test.go"
	const merge, rename, commit = "git merge upstream/main", "make init MODULE=github.com/acme/mcp NAME=acme-mcp", `git commit -a -m "Our names, in what is new"`
	typed(t, read(t, "docs/your-own.md"), by, merge, rename, commit)
	root := repo.Root(t)
	makefiles, err := docs.ReadMakefiles(root)
	if err != nil {
		t.Fatal(err)
	}
	upstream := t.TempDir()
	s := docs.NewSandbox(t, sandboxDir(t), root, files(t, root), makefiles)
	r := reader{Sandbox: s, terminal: s.Terminal(t)}
	for _, command := range []string{
		"git config user.name test && git config user.email test@example.com && git config commit.gpgsign false",
		"git clone -q . " + upstream + " && git remote add upstream " + upstream,
		rename, `git commit -q -a -m "Our names"`,
		"git -C " + upstream + " config user.name test && git -C " + upstream + " config user.email test@example.com",
		"printf 'package later // of leasehold.example\\n' >" + upstream + "/libs/later.go",
		"git -C " + upstream + " add -A && git -C " + upstream + " commit -q -m later && git fetch -q upstream",
		merge, rename, commit,
		`test -z "$(git status --porcelain)"`,
	} {
		r.run(t, "docs/your-own.md", command)
	}
	printed, _, err := r.terminal.Run("cat libs/later.go")
	if err != nil || !strings.Contains(printed, "of github.com/acme/mcp") {
		t.Errorf("%v, what is new has the old names: %s", err, printed)
	}
}
