package local

import (
	"net"
	"testing"
)

// TestFreeAddr: a port that was given is not given again, by FreeAddr or by the kernel, and a server can listen on it.
func TestFreeAddr(t *testing.T) {
	t.Parallel()
	const ports, others = 200, 300 // of some thousands at random, so many are hardly ever all different
	given := map[string]bool{}
	for range ports {
		addr := FreeAddr(t)
		if given[addr] {
			t.Fatalf("%s is given twice", addr)
		}
		given[addr] = true
	}
	for range others {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = l.Close() })
		if given[l.Addr().String()] {
			t.Errorf("%s is given to somebody else", l.Addr())
		}
	}
	for addr := range given {
		l, err := net.Listen("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		_ = l.Close()
	}
}
