package e2e

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"sync"
)

// journal has what explains a failure: the gateway's execution log, what functions printed
// that is more than information, calls that a policy refused, and DynamoDB's errors. A line
// is there before the request that it is about has been answered, except a function's.
type journal struct {
	mu    sync.Mutex
	lines []string
}

func (j *journal) note(line string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, line)
}

// mark is where the journal ends now, for since.
func (j *journal) mark() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.lines)
}

// since are the lines after a mark, the first and last of them if there are many.
func (j *journal) since(mark int) []string {
	const half = 15
	j.mu.Lock()
	defer j.mu.Unlock()
	lines := slices.Clone(j.lines[mark:])
	if len(lines) > 2*half {
		lines = slices.Concat(lines[:half], []string{"…"}, lines[len(lines)-half:])
	}
	return lines
}

// writer splits what is written into lines of the journal, each behind a name.
type writer struct {
	*journal
	name string
	// keep says which lines are noted; nil is all.
	keep func(line []byte) bool

	mu   sync.Mutex
	rest []byte
}

// Write never fails.
func (w *writer) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rest = append(w.rest, p...)
	for {
		line, rest, found := bytes.Cut(w.rest, []byte("\n"))
		if !found {
			return len(p), nil
		}
		w.rest = rest
		if w.keep == nil || w.keep(line) {
			w.note(w.name + ": " + strings.TrimSpace(string(line)))
		}
	}
}

// isTrouble is true for a line of a function's that is no structured line below WARN.
func isTrouble(line []byte) bool {
	var l struct{ Level string }
	if err := json.Unmarshal(line, &l); err != nil {
		return len(bytes.TrimSpace(line)) > 0
	}
	return l.Level != "DEBUG" && l.Level != "INFO"
}
