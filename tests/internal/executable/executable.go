// Package executable writes files that the same process will start.
package executable

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Write makes path, and the directories before it, from what r has, and returns the bytes
// written. A file that is there is an error.
//
// No process is started while the file is open for writing: a child inherits the descriptor and
// keeps it until its own exec, and until then Linux refuses to start the file (ETXTBSY), however
// long ago its writer closed it. https://go.dev/issue/22315
func Write(path string, r io.Reader, perm os.FileMode) (n int64, err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return 0, err
	}
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
	if err != nil {
		return 0, err
	}
	n, err = io.Copy(out, r)
	return n, errors.Join(err, out.Close())
}

// Script makes path, mode 0700, with a text that begins with its interpreter.
func Script(tb testing.TB, path, text string) {
	tb.Helper()
	if _, err := Write(path, strings.NewReader(text), 0o700); err != nil {
		tb.Fatal(err)
	}
}
