package lambdahttp

import (
	"context"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/lambdacontext"
)

var update = flag.Bool("update", false, "write the golden requests anew")

// inRuntime is a context as aws-lambda-go makes it.
func inRuntime(tb testing.TB) context.Context {
	tb.Helper()
	return lambdacontext.NewContext(tb.Context(), &lambdacontext.LambdaContext{AwsRequestID: "8476a536-e9f4-11e8-9739-2dfe598c3fcd"})
}

func readEvent(tb testing.TB, name string) []byte {
	tb.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// invoke sends an event to h and returns the result.
func invoke(t *testing.T, h http.HandlerFunc, o Options, event []byte) string {
	t.Helper()
	out, err := Buffered(h, o).Invoke(inRuntime(t), event)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// describe writes every field of a request that a handler may look at, one a line.
func describe(r *http.Request) string {
	var b strings.Builder
	line := func(name string, v any) { fmt.Fprintf(&b, "%s: %v\n", name, v) }
	line("Method", r.Method)
	line("RequestURI", r.RequestURI)
	line("URL.Path", r.URL.Path)
	line("URL.EscapedPath", r.URL.EscapedPath())
	line("URL.RawQuery", r.URL.RawQuery)
	line("Proto", fmt.Sprint(r.Proto, " ", r.ProtoMajor, ".", r.ProtoMinor))
	line("Host", r.Host)
	line("RemoteAddr", r.RemoteAddr)
	line("ContentLength", r.ContentLength)
	line("NoBody", r.Body == http.NoBody)
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		line("Header "+name, fmt.Sprintf("%q", r.Header[name]))
	}
	inv, ok := FromContext(r.Context())
	line("Invocation", fmt.Sprintf("%+v %v", inv, ok))
	body, err := io.ReadAll(r.Body)
	line("Body", fmt.Sprintf("%q %v", body, err))
	return b.String()
}

// TestGolden compares the requests that come of AWS's documents with the ones written
// down, field by field, and proves that the authorizer context is not among them.
func TestGolden(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) < 8 {
		t.Fatalf("%d events, %v", len(files), err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got string
			invoke(t, func(_ http.ResponseWriter, r *http.Request) { got = describe(r) },
				Options{BasePaths: []string{"/tools", "tools/v1/"}}, readEvent(t, name))
			if strings.Contains(got, "forged") || strings.Contains(got, "umbrella") {
				t.Error("the authorizer context reached the handler")
			}
			compareGolden(t, strings.TrimSuffix(file, ".json")+".golden", got)
		})
	}
}

func compareGolden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want, have := strings.Split(string(b), "\n"), strings.Split(got, "\n")
	for i := range max(len(want), len(have)) {
		var w, h string
		if i < len(want) {
			w = want[i]
		}
		if i < len(have) {
			h = have[i]
		}
		if w != h {
			t.Errorf("line %d\n got %s\nwant %s", i+1, h, w)
		}
	}
}
