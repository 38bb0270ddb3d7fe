package lambdahttp

import (
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzInvoke: whatever the bytes, there is a fixed error or an answer that is JSON, and
// what reaches a handler is what net/http would let through.
func FuzzInvoke(f *testing.F) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) == 0 {
		f.Fatal("no seeds")
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	for _, seed := range []string{
		"", "null", "[]", minimalV1, minimalV2, `{"headers":{"a":["b"`, strings.Repeat("[", 20000),
		`{"httpMethod":"GET","path":"/%41%","requestContext":{"requestId":"r"},"body":"\ud800"}`,
		`{"httpMethod":"GET","path":"/","requestContext":{"requestId":"r"},"multiValueHeaders":{"A":["b","c"],"a":[null]}}`,
	} {
		f.Add([]byte(seed))
	}
	h := Buffered(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "" || r.URL == nil || r.Body == nil || r.Header["Host"] != nil {
			panic("incomplete request")
		}
		if r.URL.Path == "" || r.URL.Path[0] != '/' || r.RequestURI == "" || r.RequestURI[0] != '/' {
			panic("path " + r.URL.Path)
		}
		w.Header().Set("X-Path", r.URL.Path)
		echo(w, r)
	}), Options{BasePaths: []string{"/tools"}})
	f.Fuzz(func(t *testing.T, event []byte) {
		before := string(event)
		out, err := h.Invoke(t.Context(), event)
		if string(event) != before {
			t.Error("the event was written to")
		}
		if err != nil {
			if !errors.Is(err, errMalformed) && !errors.Is(err, errUnknown) {
				t.Errorf("error %v", err)
			}
			return
		}
		var res struct {
			StatusCode int
			Body       string
		}
		if err := json.Unmarshal(out, &res); err != nil || res.StatusCode != http.StatusOK && res.StatusCode != http.StatusBadRequest {
			t.Errorf("%v in %s", err, out)
		}
	})
}
