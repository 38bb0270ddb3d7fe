// Package privatefile reads and writes files that only their owner may read: signing
// and sealing keys of a server that runs without a cloud.
package privatefile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// MaxSize is the largest file that Read accepts, in bytes. Keys are far smaller; the
// limit keeps a wrong path from being read into memory.
const MaxSize = 64 << 10

// ErrExposed means that others than the owner may read or write the file. What it
// holds has to be taken for known, so it is refused rather than repaired.
var ErrExposed = errors.New("privatefile: readable by others, want mode 0600")

// Read returns the content of the file at path. It wraps fs.ErrNotExist when there is
// none, and ErrExposed when its mode gives others any access. Windows has no such
// modes; there the check is left out.
func Read(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("privatefile: %w", err)
	}
	defer func() { _ = f.Close() }() // nothing was written
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("privatefile: %w", err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%w: %s", ErrExposed, path)
	}
	data, err := io.ReadAll(io.LimitReader(f, MaxSize+1))
	if err != nil {
		return nil, fmt.Errorf("privatefile: %w", err)
	}
	if len(data) > MaxSize {
		return nil, fmt.Errorf("privatefile: %s is larger than %d bytes", path, MaxSize)
	}
	return data, nil
}

// ReadOrCreate returns the content of the file at path, which is made of what generate
// returns when it is absent. Of several processes that start at once one writes, and
// all return what it wrote. Missing directories are made with mode 0700.
func ReadOrCreate(path string, generate func() ([]byte, error)) ([]byte, error) {
	data, err := Read(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return data, err
	}
	if data, err = generate(); err != nil {
		return nil, err
	}
	// A hard link is the one step that both publishes a complete file and fails when
	// somebody was faster: a rename would replace the other's file.
	if err := publish(path, data, os.Link); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	return Read(path)
}

// Replace makes data the content of the file at path, whether it was there or not.
// Readers see the old content or the new, never a part.
func Replace(path string, data []byte) error {
	return publish(path, data, os.Rename)
}

func publish(path string, data []byte, move func(from, to string) error) (err error) {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("privatefile: %w", err)
	}
	f, err := os.CreateTemp(dir, filepath.Base(path)+".*.tmp") // mode 0600
	if err != nil {
		return fmt.Errorf("privatefile: %w", err)
	}
	defer func() {
		// After a rename there is nothing left to remove.
		if e := os.Remove(f.Name()); err == nil && e != nil && !errors.Is(e, fs.ErrNotExist) {
			err = fmt.Errorf("privatefile: %w", e)
		}
	}()
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("privatefile: %w", err)
	}
	if err := move(f.Name(), path); err != nil {
		return fmt.Errorf("privatefile: %w", err)
	}
	return nil
}
