package runtimeapi

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// An event that finds every process busy starts one; idle ones are used again; beyond the
// limit Lambda refuses.
func TestInstancesOnDemand(t *testing.T) {
	t.Parallel()
	f := start(t, Config{MaxInstances: 2, Env: []string{"MODE=streaming"}})
	if n := f.Running(); n != 0 {
		t.Fatalf("%d instances before the first event", n)
	}
	flag := filepath.Join(t.TempDir(), "flag")
	var open []*Stream
	for range 2 {
		s, err := f.InvokeStream(t.Context(), eventFor(t, "/stream?until="+flag))
		if err != nil {
			t.Fatal(err)
		}
		if !s.Cold {
			t.Error("a second busy event was not cold")
		}
		open = append(open, s)
	}
	if _, err := f.Invoke(t.Context(), eventFor(t, "/echo")); !errors.Is(err, ErrThrottled) {
		t.Errorf("third at a time: %v", err)
	}
	if err := os.WriteFile(flag, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, s := range open {
		if _, err := io.ReadAll(s); err != nil {
			t.Error(err)
		}
	}
	for range 5 { // one after the other: never a further process
		s, err := f.Send(t.Context(), eventFor(t, "/echo"), false)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(s); err != nil || s.Cold {
			t.Errorf("cold %v, %v", s.Cold, err)
		}
	}
	if n := f.Running(); n != 2 {
		t.Errorf("%d instances", n)
	}
}

// A process is stopped while it has nothing to do, goes on with the next event, and still
// hears the end.
func TestFreeze(t *testing.T) {
	t.Parallel()
	var out lockedBuffer
	f := start(t, Config{Freeze: true, Env: []string{"ON_SIGTERM=1"}, Output: &out, Grace: time.Minute})
	for i := range 2 {
		s, err := f.Send(t.Context(), eventFor(t, "/echo"), true)
		if err != nil || s.Cold != (i == 0) {
			t.Fatalf("event %d: %v, %v", i, s, err)
		}
		if _, err := io.ReadAll(s); err != nil {
			t.Fatal(err)
		}
		wantStopped(t, f.instances[0])
	}
	if err := f.Close(); err != nil || !strings.Contains(out.String(), "shut down") {
		t.Errorf("close: %v, output %q", err, out.String())
	}
}

// wantStopped waits until the kernel says that the process is stopped.
func wantStopped(t *testing.T, in *instance) {
	t.Helper()
	in.mu.Lock()
	stat := fmt.Sprintf("/proc/%d/stat", in.cmd.Process.Pid)
	in.mu.Unlock()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		b, err := os.ReadFile(stat)
		if errors.Is(err, os.ErrNotExist) {
			return // no such file system; the rest of the test holds all the same
		}
		if _, after, _ := strings.Cut(string(b), ") "); strings.HasPrefix(after, "T") {
			return
		}
	}
	t.Error("the process runs between events")
}

// A process is told of the function that it is.
func TestIdentity(t *testing.T) {
	t.Parallel()
	url := serve(t, Edge{}, Config{Name: "mcp", Version: "7", Region: "eu-central-1", LogGroup: "/aws/lambda/dev-mcp", MemoryMB: 256})
	_, env := do(t, "GET", url+"/env", "", nil)
	for _, want := range []string{
		"AWS_LAMBDA_FUNCTION_NAME=mcp", "AWS_LAMBDA_FUNCTION_VERSION=7", "AWS_REGION=eu-central-1",
		"AWS_LAMBDA_LOG_GROUP_NAME=/aws/lambda/dev-mcp", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=256",
	} {
		if !strings.Contains("\n"+env+"\n", "\n"+want+"\n") {
			t.Errorf("no %s in\n%s", want, env)
		}
	}
}
