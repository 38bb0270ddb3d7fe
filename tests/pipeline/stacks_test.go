package pipeline_test

import (
	"crypto/elliptic"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"leasehold.example/apps/mcp/config"
	"leasehold.example/libs/identity"
	"leasehold.example/libs/identity/identitytest"
	"leasehold.example/tests/internal/repo"
	"leasehold.example/tests/pipeline"
	"leasehold.example/tests/workflows"
)

// documented is the issuer that docs/deploy.md gives VERIFY_ISSUER.
const documented = "https://pipeline.example.com"

// TestVerifiedStacks: the stacks that workflows try with tokens of VERIFY_KEY take these, as they are shipped.
func TestVerifiedStacks(t *testing.T) {
	t.Parallel()
	stacks := verified(t)
	if !slices.Contains(stacks, "staging") || !slices.Contains(stacks, "preview") {
		t.Errorf("the workflows verify %q, want staging and preview among them", stacks)
	}
	for _, stack := range stacks {
		t.Run(stack, func(t *testing.T) {
			t.Parallel()
			key := newKey(t, elliptic.P256())
			own, _ := published(t, key)
			issuer := own.URL()
			v, err := identity.NewVerifier(t.Context(), trusted(t, stack, issuer), identity.VerifierOptions{DefaultAudience: url})
			if err != nil {
				t.Fatal(err)
			}
			a, b, err := pipeline.Tokens(env("VERIFY_KEY", key, "VERIFY_ISSUER", issuer), url, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			for tenant, token := range map[string]string{pipeline.TenantA: a, pipeline.TenantB: b} {
				if p, err := v.Verify(t.Context(), token); err != nil || p.Tenant != tenant {
					t.Errorf("%s: %+v, %v", tenant, p, err)
				}
			}
		})
	}
}

var (
	urlOf = regexp.MustCompile(`\bmake -s url STACK=([a-z]+)`)
	prUp  = regexp.MustCompile(`\bmake pr-up\b`)
)

// verified are the stacks of the steps that have the key: each says which, or is behind `make pr-up`.
func verified(t *testing.T) (stacks []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(repo.Root(t), ".github", "workflows", "*.yml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		w, err := workflows.Parse(filepath.Base(file), text)
		if err != nil {
			t.Fatal(err)
		}
		for name, job := range w.Jobs {
			for _, step := range job.Steps {
				if step.Env["VERIFY_KEY"] == "" {
					continue
				}
				switch m := urlOf.FindStringSubmatch(step.Run); {
				case m != nil:
					stacks = append(stacks, m[1])
				case slices.ContainsFunc(job.Steps, func(s workflows.Step) bool { return prUp.MatchString(s.Run) }):
					stacks = append(stacks, "preview")
				default:
					t.Errorf("%s, job %s: which stack does %q try?", w.Path, name, step.Run)
				}
			}
		}
	}
	slices.Sort(stacks)
	return slices.Compact(stacks)
}

// trusted are the issuers of a stack's file, with one of this machine in the pipeline's place.
func trusted(t *testing.T, stack, local string) []identity.Issuer {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repo.Root(t), "Pulumi."+stack+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Config struct {
			Identity string `yaml:"leasehold:identity"`
			Issuers  []any  `yaml:"leasehold:issuers"`
		}
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	if file.Config.Identity != "issuers" {
		t.Fatalf("identity %s takes no token of %s", file.Config.Identity, documented)
	}
	text, err = json.Marshal(file.Config.Issuers)
	if err != nil {
		t.Fatal(err)
	}
	var issuers config.Issuers
	if err := issuers.UnmarshalText(text); err != nil {
		t.Fatal(err)
	}
	for i := range issuers {
		if issuers[i].Issuer == documented {
			issuers[i].Issuer, issuers[i].JWKSURL, issuers[i].InsecureLoopback = local, local+"/jwks", true
		}
	}
	return issuers
}

// published is an issuer that publishes a set with the public half of a key.
func published(t *testing.T, key string) (issuer *identitytest.Issuer, set []byte) {
	t.Helper()
	issuer = identitytest.Serve(t)
	signer, err := pipeline.NewIssuer(issuer.URL(), key)
	if err != nil {
		t.Fatal(err)
	}
	if set, err = signer.JWKS(); err != nil {
		t.Fatal(err)
	}
	issuer.Override("/jwks", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(set) }))
	return issuer, set
}
