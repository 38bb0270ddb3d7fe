package maketarget

import (
	"path/filepath"
	"strings"
	"testing"

	"leasehold.example/tests/internal/executable"
)

// TestArgumentsFirst: who forgot a value reads so in one sentence, at once: nothing is built or installed before.
func TestArgumentsFirst(t *testing.T) {
	t.Parallel()
	tr := newTree(t)
	tr.addParts()
	tr.bin = t.TempDir()
	for _, name := range []string{"go", "npm", "node", "python3", "pulumi"} {
		executable.Script(t, filepath.Join(tr.bin, name), "#!/bin/sh\necho began \"$0\"\n")
	}
	const (
		stack  = "say which stack, as in STACK="
		server = "say which server, as in URL="
		pull   = "say which pull request, as in PR="
		person = "say whose it is to be, as in TENANT=acme SUBJECT=user-1"
	)
	for target, want := range map[string]string{
		"preview": stack, "dashboards": stack, "deploy": stack, "up": stack, "canary": stack, "drift": stack, "url": stack,
		"smoke": server, "verify": server, "pr-up": pull, "pr-down": pull,
		"token": person, "token TENANT=acme": person, "token SUBJECT=user-1": person,
	} {
		t.Run(target, func(t *testing.T) {
			t.Parallel()
			args := strings.Fields(target)
			out, err := tr.make("CI=", append([]string{"STACK=", "URL=", "PR=", "TENANT=", "SUBJECT="}, args...)...)
			if want := "make " + args[0] + ": " + want; err == nil || !strings.HasPrefix(out, want) {
				t.Errorf("%v, want %q:\n%s", err, want, out)
			}
		})
	}
}
