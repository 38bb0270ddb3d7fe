package apptest

import (
	"bytes"
	"encoding/json"
	"strings"
	"sync"
	"testing"
)

// Log is a server's log in memory.
type Log struct {
	mu   sync.Mutex
	buf  bytes.Buffer
	seen int
}

// Write implements io.Writer.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

// String is all that was logged.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// Entry is one record of the audit log.
type Entry struct {
	Message     string `json:"message"`
	Kind        string `json:"kind"`
	Refused     bool   `json:"refused"`
	Tenant      string `json:"tenant"`
	Issuer      string `json:"issuer"`
	Principal   string `json:"principal"`
	Client      string `json:"client"`
	OwnerTenant string `json:"ownerTenant"`
}

// Audit returns the entries of the audit log, which are those with a principal, since
// the last call.
func (l *Log) Audit(tb testing.TB) []Entry {
	tb.Helper()
	l.mu.Lock()
	added := string(l.buf.Bytes()[l.seen:])
	l.seen = l.buf.Len()
	l.mu.Unlock()
	var entries []Entry
	for line := range strings.Lines(added) {
		var e Entry
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			tb.Fatalf("a line of the log is not JSON: %v: %s", err, line)
		}
		if e.Principal != "" {
			entries = append(entries, e)
		}
	}
	return entries
}
