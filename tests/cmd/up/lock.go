package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// pidFile names the process that runs, which holds a lock on it: a number without the lock
// is a process that has ended, whoever has the number now.
var pidFile = filepath.Join(home, "pid")

// lock makes this process the one that runs.
func lock() (unlock func(), err error) {
	f, err := open()
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(errors.New("a stack runs already: make down ends it"), f.Close())
	}
	if err = f.Truncate(0); err == nil {
		_, err = fmt.Fprintln(f, os.Getpid())
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() { _ = f.Close() }, nil // the lock ends with the process in any case
}

// end asks the process that runs to end, and returns when it has.
func end() error {
	f, err := open()
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	if syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
		fmt.Println("no stack runs")
		return nil
	}
	text, err := io.ReadAll(f)
	if err != nil {
		return err
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil || pid <= 1 {
		return fmt.Errorf("%s has no process number: %q", pidFile, text)
	}
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
		return fmt.Errorf("process %d: %w", pid, err)
	}
	return syscall.Flock(int(f.Fd()), syscall.LOCK_EX)
}

func open() (*os.File, error) {
	if err := os.MkdirAll(home, 0o700); err != nil {
		return nil, err
	}
	return os.OpenFile(pidFile, os.O_RDWR|os.O_CREATE, 0o600)
}
