package privatefile_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"leasehold.example/libs/privatefile"
)

func TestReadOrCreate(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "new", "key")
	if _, err := privatefile.Read(path); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("Read of an absent file = %v, want fs.ErrNotExist", err)
	}

	// Many processes start at once: each would write something else, all must agree.
	const starters = 16
	got := make([]string, starters)
	var wg sync.WaitGroup
	for i := range starters {
		wg.Go(func() {
			data, err := privatefile.ReadOrCreate(path, func() ([]byte, error) {
				return fmt.Appendf(nil, "key of %d", i), nil
			})
			if err != nil {
				t.Error(err)
			}
			got[i] = string(data)
		})
	}
	wg.Wait()
	for i := range got {
		if got[i] == "" || got[i] != got[0] {
			t.Errorf("starter %d has %q, starter 0 has %q", i, got[i], got[0])
		}
	}

	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("directory holds %d entries (%v), want the key alone", len(entries), err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("mode = %o, want 600", info.Mode().Perm())
	}
}

func TestReadOrCreateGenerateFails(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "key")
	broken := errors.New("no entropy")
	if _, err := privatefile.ReadOrCreate(path, func() ([]byte, error) { return nil, broken }); !errors.Is(err, broken) {
		t.Errorf("error = %v, want that of generate", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file was left behind: %v", err)
	}
}

func TestReadRefusesExposed(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("no file modes")
	}
	for _, mode := range []fs.FileMode{0o640, 0o604, 0o620, 0o601} {
		path := filepath.Join(t.TempDir(), "key")
		if err := privatefile.Replace(path, []byte("secret")); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := privatefile.Read(path); !errors.Is(err, privatefile.ErrExposed) {
			t.Errorf("mode %o: Read = %v, want ErrExposed", mode, err)
		}
		_, err := privatefile.ReadOrCreate(path, func() ([]byte, error) { return []byte("new"), nil })
		if !errors.Is(err, privatefile.ErrExposed) {
			t.Errorf("mode %o: ReadOrCreate = %v, want ErrExposed and not a repaired file", mode, err)
		}
	}
}

func TestReplace(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "key")
	for _, want := range []string{"first", "second"} {
		if err := privatefile.Replace(path, []byte(want)); err != nil {
			t.Fatal(err)
		}
		if got, err := privatefile.Read(path); err != nil || string(got) != want {
			t.Errorf("Read = %q, %v, want %q", got, err, want)
		}
	}
	if err := privatefile.Replace(path, make([]byte, privatefile.MaxSize+1)); err != nil {
		t.Fatal(err)
	}
	if _, err := privatefile.Read(path); err == nil {
		t.Error("a file over MaxSize was read")
	}
}
