package conformance

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestProblems(t *testing.T) {
	t.Parallel()
	m := Minimum{"tools-list": 3, "ping": 2}
	tests := []struct {
		name     string
		report   Report
		expected []string
		want     []string
	}{
		{"enough", Report{"tools-list": {Passed: 3}, "ping": {Passed: 4}}, nil, nil},
		{"nothing ran", Report{}, nil, []string{"ping: did not run", "tools-list: did not run"}},
		{
			"a scenario that checked nothing",
			Report{"tools-list": {}, "ping": {Passed: 2}},
			nil,
			[]string{"tools-list: 0 checks passed, want at least 3"},
		},
		{
			"a failure",
			Report{"tools-list": {3, []string{"schema: wrong"}}, "ping": {Passed: 2}},
			nil,
			[]string{`tools-list: failed ["schema: wrong"]`},
		},
		{"an expected failure", Report{"tools-list": {0, []string{"it"}}, "ping": {Passed: 2}}, []string{"tools-list"}, nil},
		{"a scenario of no requirement", Report{"tools-list": {Passed: 3}, "ping": {Passed: 2}, "tasks": {0, []string{"it"}}}, nil, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := m.Problems(tt.report, tt.expected); !slices.Equal(got, tt.want) {
				t.Errorf("Problems = %q, want %q", got, tt.want)
			}
		})
	}
}

func TestReadMinimumsRefusesVacuousLines(t *testing.T) {
	t.Parallel()
	for _, line := range []string{"2026-07-28 tools-list 0", "2026-07-28 tools-list", "2026-07-28 tools-list many"} {
		if _, err := ReadMinimums(strings.NewReader(line)); err == nil {
			t.Errorf("%q was accepted", line)
		}
	}
}

func TestReadReport(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, checks string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name, "checks.json"), []byte(checks), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("server-server-stateless-2026-11-22T08-03-40-721Z",
		`[{"status":"SUCCESS"},{"status":"SUCCESS"},{"id":"schema","status":"FAILURE","errorMessage":"wrong"},{"status":"WARNING"},{"status":"INFO"},{"status":"SKIPPED"}]`)
	write("server-ping-2026-11-22T08-03-40-722Z", `[]`)

	report, err := readReport(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(report), "map[ping:{0 []} server-stateless:{2 [schema: wrong]}]"; got != want {
		t.Errorf("report %s, want %s", got, want)
	}
	write("something-else", `[]`)
	if _, err := readReport(dir); err == nil {
		t.Error("a directory of an unknown form was accepted")
	}
}

func TestSuiteVerdict(t *testing.T) {
	t.Parallel()
	script := filepath.Join(t.TempDir(), "suite.sh")
	if err := os.WriteFile(script, []byte("echo noise; echo '=== SUMMARY ==='; echo broken; exit 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Suite{Node: "sh", Script: script}.Do(t.Context(), Run{Dir: t.TempDir()})
	if err == nil || !strings.Contains(err.Error(), "broken") || strings.Contains(err.Error(), "noise") {
		t.Errorf("error %v, want the suite's summary", err)
	}
}

// TestBearer checks what the server behind the proxy sees.
func TestBearer(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprint(w, r.Host, " ", r.Header.Get("Origin"), " ", r.Header.Get("Authorization"))
	}))
	t.Cleanup(server.Close)
	behind, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httptest.NewServer(Bearer(behind, "secret"))
	t.Cleanup(proxy.Close)

	tests := []struct{ name, host, origin, want string }{
		{"the proxy's names become the server's", "", proxy.URL, behind.Host + " " + server.URL + " Bearer secret"},
		{"foreign names are kept", "evil.example", "http://evil.example", "evil.example http://evil.example Bearer secret"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, proxy.URL, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			req.Host = tt.host
			req.Header.Set("Origin", tt.origin)
			req.Header.Set("Authorization", "Bearer the client's own")
			res, err := proxy.Client().Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = res.Body.Close() }()
			if body, err := io.ReadAll(res.Body); err != nil || string(body) != tt.want {
				t.Errorf("the server saw %q (%v), want %q", body, err, tt.want)
			}
		})
	}
}
