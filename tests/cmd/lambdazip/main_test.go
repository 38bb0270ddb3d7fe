package main

import (
	"archive/zip"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Two runs over files of different times, modes and names give the same bytes, compressed or not.
func TestReproducible(t *testing.T) {
	t.Parallel()
	for name, method := range map[string]uint16{"compressed": zip.Deflate, "stored": zip.Store} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testReproducible(t, method)
		})
	}
}

func testReproducible(t *testing.T, method uint16) {
	t.Helper()
	content := bytes.Repeat([]byte("\x7fELF and so on"), 1000)
	var archives [][]byte
	for i, name := range []string{"bootstrap", "another"} {
		dir := t.TempDir()
		in, out := filepath.Join(dir, name), filepath.Join(dir, "f.zip")
		if err := os.WriteFile(in, content, os.FileMode(0o600+i*0o111)); err != nil {
			t.Fatal(err)
		}
		when := time.Unix(int64(1e9*(i+1)), 0)
		if err := os.Chtimes(in, when, when); err != nil {
			t.Fatal(err)
		}
		if err := run(out, in, method); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		archives = append(archives, b)
	}
	if !bytes.Equal(archives[0], archives[1]) {
		t.Error("the archives differ")
	}
	checkArchive(t, archives[0], content, method)
}

// checkArchive looks at what Lambda looks at.
func checkArchive(t *testing.T, archive, content []byte, method uint16) {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil || len(z.File) != 1 {
		t.Fatalf("%v, %d files", err, len(z.File))
	}
	f := z.File[0]
	if f.Name != "bootstrap" || f.Method != method || f.Mode() != 0o755 || !f.Modified.Equal(time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("%s, method %d, %v %v", f.Name, f.Method, f.Mode(), f.Modified)
	}
	r, err := f.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if b, err := io.ReadAll(r); err != nil || !bytes.Equal(b, content) {
		t.Errorf("%d bytes, %v", len(b), err)
	}
	if (len(archive) < len(content)) != (method == zip.Deflate) {
		t.Errorf("%d bytes for %d", len(archive), len(content))
	}
}

func TestRunFails(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := run(filepath.Join(dir, "f.zip"), filepath.Join(dir, "absent"), zip.Deflate); err == nil {
		t.Error("packed what is not there")
	}
	if _, err := os.Stat(filepath.Join(dir, "f.zip")); err == nil {
		t.Error("left an archive behind")
	}
}
