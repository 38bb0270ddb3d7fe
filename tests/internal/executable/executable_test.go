package executable

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
)

const script = "#!/bin/sh\nexit 0\n"

// Written and started by many at once, as parallel tests do, a file always starts.
func TestWrite(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			for i := range 50 {
				path := filepath.Join(dir, strconv.Itoa(worker), strconv.Itoa(i))
				if _, err := Write(path, strings.NewReader(script), 0o700); err != nil {
					t.Error(err)
					return
				}
				if err := exec.CommandContext(t.Context(), path).Run(); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// What is there stays.
func TestWriteExisting(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "there")
	if n, err := Write(path, strings.NewReader(script), 0o700); err != nil || n != int64(len(script)) {
		t.Fatalf("%d bytes, %v", n, err)
	}
	if _, err := Write(path, strings.NewReader("other"), 0o700); !errors.Is(err, fs.ErrExist) {
		t.Errorf("%v", err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != script {
		t.Errorf("%q, %v", got, err)
	}
}
