package e2e_test

import (
	"archive/zip"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"leasehold.example/tests/e2e"
	"leasehold.example/tests/e2e/e2etest"
)

// object is a JSON object.
type object = map[string]any

// outputs changes outputs of a resource.
func outputs(t testing.TB, state []byte, name string, change func(outputs object)) []byte {
	t.Helper()
	return e2etest.Edit(t, state, name, func(r object) { change(r["outputs"].(object)) })
}

// inText replaces a part of an output that is text, and has to be there.
func inText(t testing.TB, state []byte, name, output, old, with string) []byte {
	t.Helper()
	return outputs(t, state, name, func(o object) {
		text, _ := o[output].(string)
		if !strings.Contains(text, old) {
			t.Fatalf("%s of %s lacks %s", output, name, old)
		}
		o[output] = strings.ReplaceAll(text, old, with)
	})
}

// TestBroken: whatever of a deployment is broken, the check fails, with words that lead
// there. The stacks are those that TestCheck finds whole.
func TestBroken(t *testing.T) {
	t.Parallel()
	for name, b := range map[string]struct {
		stack   e2etest.Kind
		breakIt func(t *testing.T, state []byte) []byte
		want    []string
	}{
		"environment name": {e2etest.Dev, func(t *testing.T, state []byte) []byte {
			return outputs(t, state, "mcp-function", func(o object) {
				variables := o["environment"].(object)["variables"].(object)
				variables["LEASEHOLD_TABEL"] = variables["LEASEHOLD_TABLE"]
				delete(variables, "LEASEHOLD_TABLE")
			})
		}, []string{"health:", "mcp-function", "LEASEHOLD_TABLE: want the name of a DynamoDB table; it is not set", "LEASEHOLD_TABEL: there is no such variable"}},

		"IAM action": {e2etest.Dev, func(t *testing.T, state []byte) []byte {
			return inText(t, state, "mcp-policy", "policy", "dynamodb:UpdateItem", "dynamodb:UpdateTable")
		}, []string{"a session:", "IAM: denied mcp-role", "dynamodb:UpdateItem on arn:aws:dynamodb"}},

		"index name": {e2etest.Dev, func(t *testing.T, state []byte) []byte {
			return outputs(t, state, "sessions-table", func(o object) {
				for _, index := range o["globalSecondaryIndexes"].([]any) {
					if index := index.(object); index["name"] == "by-handle" {
						index["name"] = "by-handles"
					}
				}
			})
		}, []string{"permissions:", "Query", "does not have the specified index: by-handle"}},

		"gateway response header": {e2etest.Dev, func(t *testing.T, state []byte) []byte {
			return inText(t, state, "api-definition", "body", "gatewayresponse.header.WWW-Authenticate", "gatewayresponse.header.X-Authenticate")
		}, []string{"challenge:", `WWW-Authenticate ""`, "gateway response UNAUTHORIZED"}},

		"stage path in the challenge": {e2etest.Dev, func(t *testing.T, state []byte) []byte {
			return inText(t, state, "api-definition", "body", `/live/.well-known/oauth-protected-resource/mcp\"`, `/.well-known/oauth-protected-resource/mcp\"`)
		}, []string{"challenge:", "resource_metadata http://127.0.0.1:", "/.well-known/oauth-protected-resource/mcp answers 403", "nothing is served here"}},

		"identity source": {e2etest.Dev, func(t *testing.T, state []byte) []byte {
			return inText(t, state, "api-definition", "body", "method.request.header.Authorization", "method.request.header.X-Token")
		}, []string{"a call:", "401", "the identity source method.request.header.X-Token is missing; the authorizer was not called"}},

		"timeout": {e2etest.Dev, func(t *testing.T, state []byte) []byte {
			return outputs(t, state, "mcp-function", func(o object) { o["timeout"] = 60 })
		}, []string{"timeouts:", "mcp-function: its timeout is 1m0s", "gives up after 29s"}},

		"bootstrap": {e2etest.Dev, func(t *testing.T, state []byte) []byte {
			archive := renamed(t, "main")
			return e2etest.WithArchive(t, state, "mcp-function", archive)
		}, []string{"mcp-function", "Runtime.InvalidEntrypoint", "no bootstrap"}},

		"TTL attribute": {e2etest.Dev, func(t *testing.T, state []byte) []byte {
			return outputs(t, state, "sessions-table", func(o object) { o["ttl"].(object)["attributeName"] = "expires" })
		}, []string{"expiry:", "sessions-table", `TTL attribute is "expires"`}},

		"streaming permission": {e2etest.Prod, func(t *testing.T, state []byte) []byte {
			return outputs(t, state, "api-permission", func(o object) { delete(o, "qualifier") })
		}, []string{"health:", "Invalid permissions on Lambda function", "mcp-live"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := e2etest.Options(t, b.breakIt(t, b.stack.State(t)))
			err := broken(t.Context(), o)
			if err == nil {
				t.Fatal("nothing noticed it")
			}
			for _, want := range b.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the message lacks %q:\n%v", want, err)
				}
			}
		})
	}
}

// broken is what is wrong with a state.
func broken(ctx context.Context, o e2e.Options) error {
	s, err := e2e.Up(ctx, o)
	if err != nil {
		return err
	}
	return errors.Join(s.Check(ctx), s.Close())
}

// renamed returns a copy of the server's archive, in which bootstrap has another name.
func renamed(t *testing.T, name string) string {
	t.Helper()
	in, err := zip.OpenReader(e2etest.Archive(t, "mcp"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = in.Close() }()
	bootstrap, err := in.Open("bootstrap")
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(bootstrap)
	if err != nil {
		t.Fatal(err)
	}
	return archiveOf(t, name, content)
}

// archiveOf packs one executable file.
func archiveOf(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "function.zip")
	out, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(out)
	header := &zip.FileHeader{Name: name}
	header.SetMode(0o755)
	entry, err := z.CreateHeader(header)
	if err == nil {
		_, err = entry.Write(content)
	}
	if err := errors.Join(err, z.Close(), out.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}
