package seal_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"leasehold.example/libs/privatefile"
	"leasehold.example/libs/seal"
)

var rootText = base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("r"), 32))

func TestParseKey(t *testing.T) {
	t.Parallel()
	k, err := seal.ParseKey([]byte(`{"kid": "2026-09", "key": "` + rootText + `"}`))
	if err != nil || k.ID() != "2026-09" {
		t.Errorf("ParseKey = %v, %v", k, err)
	}
	for name, document := range map[string]string{
		"empty":          ``,
		"not an object":  `"x"`,
		"no kid":         `{"key": "` + rootText + `"}`,
		"dotted kid":     `{"kid": "a.b", "key": "` + rootText + `"}`,
		"no key":         `{"kid": "k1"}`,
		"not base64":     `{"kid": "k1", "key": "` + rootText[1:] + `"}`,
		"16 bytes":       `{"kid": "k1", "key": "` + base64.StdEncoding.EncodeToString(make([]byte, 16)) + `"}`,
		"unknown member": `{"kid": "k1", "key": "` + rootText + `", "keys": []}`,
		"twice":          `{"kid": "k1", "key": "` + rootText + `", "kid": "k2"}`,
		"another case":   `{"KID": "k1", "key": "` + rootText + `"}`,
		"trailing":       `{"kid": "k1", "key": "` + rootText + `"} x`,
	} {
		_, err := seal.ParseKey([]byte(document))
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		if strings.Contains(err.Error(), rootText[2:20]) {
			t.Errorf("%s: the error quotes the key: %v", name, err)
		}
	}
}

func TestNewDocument(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 100 {
		document, err := seal.NewDocument()
		if err != nil {
			t.Fatal(err)
		}
		k, err := seal.ParseKey(document)
		if err != nil || seen[k.ID()] || seen[string(document)] {
			t.Fatalf("ParseKey(NewDocument()) = %v, %v", k, err)
		}
		seen[k.ID()], seen[string(document)] = true, true
	}
}

// Rule 25: no secret in any log, whichever verb or handler prints it.
func TestKeyDoesNotPrint(t *testing.T) {
	t.Parallel()
	k := testKey(t, "k1")
	keys := seal.Keys{Current: k, Previous: &k}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "key", k, "keys", keys)
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "key", k, "keys", keys)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
		_, _ = fmt.Fprintf(&log, verb+" "+verb+"\n", k, keys)
	}
	// The bytes of k1 are all '1', 0x31, 49.
	for _, secret := range []string{"1111", "3131", "49 49", "0x31, 0x31"} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("%q shows in %s", secret, log.String())
		}
	}
}

// secrets is Secrets Manager with versions by stage.
type secrets struct {
	mu       sync.Mutex
	versions map[string]string
	fails    map[string]error
	asked    []string
}

func (s *secrets) GetSecretValue(_ context.Context, in *secretsmanager.GetSecretValueInput, _ ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, *in.SecretId)
	if err := s.fails[*in.VersionStage]; err != nil {
		return nil, err
	}
	value, ok := s.versions[*in.VersionStage]
	switch {
	case !ok:
		return nil, fmt.Errorf("operation error: %w", &types.ResourceNotFoundException{})
	case value == "binary":
		return &secretsmanager.GetSecretValueOutput{SecretBinary: []byte("x")}, nil
	default:
		return &secretsmanager.GetSecretValueOutput{SecretString: &value}, nil
	}
}

func version(kid string) string { return `{"kid": "` + kid + `", "key": "` + rootText + `"}` }

// Rule 31: the keys are the secret's versions at three stages.
func TestSecretsManager(t *testing.T) {
	t.Parallel()
	const arn = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:seal"
	throttled := errors.New("ThrottlingException")
	for name, tc := range map[string]struct {
		client   *secrets
		current  string // empty: an error
		pending  string
		previous string
	}{
		"never rotated": {client: &secrets{versions: map[string]string{"AWSCURRENT": version("k1")}}, current: "k1"},
		"all stages": {
			client: &secrets{versions: map[string]string{
				"AWSCURRENT": version("k2"), "AWSPENDING": version("k3"), "AWSPREVIOUS": version("k1"),
			}},
			current: "k2", pending: "k3", previous: "k1",
		},
		"no such secret": {client: &secrets{}},
		"denied":         {client: &secrets{fails: map[string]error{"AWSCURRENT": errors.New("AccessDeniedException")}}},
		"previous throttled": {client: &secrets{
			versions: map[string]string{"AWSCURRENT": version("k1")}, fails: map[string]error{"AWSPREVIOUS": throttled},
		}},
		"binary":    {client: &secrets{versions: map[string]string{"AWSCURRENT": "binary"}}},
		"malformed": {client: &secrets{versions: map[string]string{"AWSCURRENT": "{}"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			keys, err := seal.NewSecretsManager(tc.client, arn).Fetch(t.Context())
			if (err == nil) != (tc.current != "") {
				t.Fatalf("Fetch = %v, want an error: %t", err, tc.current == "")
			}
			id := func(k *seal.Key) string {
				if k == nil {
					return ""
				}
				return k.ID()
			}
			if err == nil && (keys.Current.ID() != tc.current || id(keys.Pending) != tc.pending || id(keys.Previous) != tc.previous) {
				t.Errorf("keys = %v, %v, %v", keys.Current, keys.Pending, keys.Previous)
			}
			for _, asked := range tc.client.asked {
				if asked != arn {
					t.Errorf("asked for %q", asked)
				}
			}
		})
	}
}

// Rule 31: `make run` keeps its keys in a 0600 file.
func TestFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "data", "seal.json")
	first, err := seal.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, err := first.Fetch(t.Context())
	if err != nil || before.Previous != nil || before.Pending != nil {
		t.Fatalf("keys of a new file = %v, %v", before, err)
	}
	second, err := seal.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := second.Fetch(t.Context()); err != nil || again.Current != before.Current {
		t.Errorf("a second start has key %v, %v, want %v", again.Current, err, before.Current)
	}
	if err := second.Rotate(); err != nil {
		t.Fatal(err)
	}
	after, err := first.Fetch(t.Context())
	if err != nil || after.Current == before.Current || after.Previous == nil || *after.Previous != before.Current {
		t.Errorf("after a rotation: %v, %v, %v", after.Current, after.Previous, err)
	}
	if _, err := privatefile.Read(path); err != nil {
		t.Errorf("after a rotation the file is not private: %v", err)
	}
}

func TestFileRefuses(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]string{
		"empty":             "",
		"no current":        `{}`,
		"unknown member":    `{"current": ` + version("k1") + `, "next": 1}`,
		"malformed current": `{"current": {"kid": "k1", "key": "` + rootText[1:] + `"}}`,
		"malformed former":  `{"current": ` + version("k1") + `, "previous": {}}`,
	} {
		path := filepath.Join(t.TempDir(), "seal.json")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := seal.OpenFile(path)
		if err == nil {
			t.Errorf("%s: no error", name)
		} else if strings.Contains(err.Error(), rootText[2:20]) {
			t.Errorf("%s: the error quotes the key: %v", name, err)
		}
	}
	path := filepath.Join(t.TempDir(), "seal.json")
	if _, err := seal.OpenFile(path); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := seal.OpenFile(path); !errors.Is(err, privatefile.ErrExposed) {
		t.Errorf("readable by others: OpenFile = %v, want ErrExposed", err)
	}
}
