package engine_test

import (
	"archive/zip"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"gopkg.in/yaml.v3"

	"leasehold.example/stacks/engine"
	"leasehold.example/stacks/internal/need"
	"leasehold.example/stacks/program"
)

func writeZip(t *testing.T, path, text string) {
	os.MkdirAll(filepath.Dir(path), 0o700)
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(f)
	w, _ := z.Create("bootstrap")
	w.Write([]byte(text))
	z.Close()
	f.Close()
}

func settings(t *testing.T, stack string) map[string]string {
	text, err := os.ReadFile("../../Pulumi." + stack + ".yaml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Config map[string]any }
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	m := map[string]string{}
	for k, v := range file.Config {
		if s, ok := v.(string); ok {
			m[k] = s
			continue
		}
		b, _ := json.Marshal(v)
		m[k] = string(b)
	}
	return m
}

func TestProbe(t *testing.T) {
	root := t.TempDir()
	for _, n := range []string{"mcp", "authorizer", "pretoken", "rotator", "server"} {
		writeZip(t, filepath.Join(root, "build", n+".zip"), "1")
	}
	p := program.Program{Root: root, WithoutArchives: true}
	start := time.Now()
	s, err := engine.Open(t.Context(), engine.Options{CLI: need.Pulumi(t), Dir: t.TempDir(), Project: "leasehold", Stack: "prod", Config: settings(t, "prod"), Program: p.Deploy})
	if err != nil {
		t.Fatal(err)
	}
	t.Log("open", time.Since(start))
	show := func(r engine.Result, err error) {
		t.Log("took", time.Since(start), len(r.Steps))
		for _, x := range r.Steps {
			t.Log(x)
		}
		for _, x := range r.Diagnostics {
			t.Log(x)
		}
		start = time.Now()
		if err != nil {
			t.Fatal(err)
		}
		t.Log(s.Missing(t.Context()))
	}
	start = time.Now()
	show(s.Up(t.Context()))
	show(s.Up(t.Context()))
	writeZip(t, filepath.Join(root, "build", "mcp.zip"), "2")
	show(s.Up(t.Context()))
}
