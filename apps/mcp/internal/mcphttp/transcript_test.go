package mcphttp_test

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"leasehold.example/libs/identity/identitytest"
)

var update = flag.Bool("update", false, "write what the endpoint answers into testdata/*.txtar")

// TestTranscripts replays testdata/*.txtar. The comment of each says what it shows. Its
// files are requests ("> what it is") and the answers that they get ("< what it is").
//
// A request has the headers Authorization, Content-Type and Accept of a good one, unless
// it names them itself; an empty value removes one. Words that begin with $ stand for
// what differs from run to run: $alice, a token, see tokens; $meta, the `_meta` of a
// 2026-07-28 request; $session, the last session id that was given out. In an answer
// Content-Length is left out.
func TestTranscripts(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			replay(t, file)
		})
	}
}

func replay(t *testing.T, file string) {
	t.Helper()
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	p := &player{world: newWorld(t), words: map[string]string{"$meta": meta}}
	maps.Copy(p.words, tokens(p.world))
	var got txtar.Archive
	got.Comment = archive.Comment
	for i := range archive.Files {
		what, isRequest := strings.CutPrefix(archive.Files[i].Name, "> ")
		if !isRequest {
			continue
		}
		answer := txtar.File{Name: "< " + what, Data: p.play(string(archive.Files[i].Data))}
		got.Files = append(got.Files, archive.Files[i], answer)
		if *update {
			continue
		}
		if i+1 == len(archive.Files) || archive.Files[i+1].Name != answer.Name {
			t.Errorf("%s: no answer in the transcript", what)
		} else if want := archive.Files[i+1].Data; !bytes.Equal(answer.Data, want) {
			t.Errorf("%s:\n got %s\nwant %s", what, answer.Data, want)
		}
	}
	if *update {
		if err := os.WriteFile(file, txtar.Format(&got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// tokens are those of a transcript. alice is user-1 of acme.
func tokens(w *world) map[string]string {
	token := w.issuer.Token
	user, scope := identitytest.Subject, identitytest.Scopes("mcp:basic", "session:read", "session:write")
	return map[string]string{
		"$alice":      w.alice,
		"$bob":        token(user("user-2"), scope),
		"$globex":     token(identitytest.Tenant("globex"), scope),
		"$elsewhere":  w.other.Token(scope), // the same subject at another issuer
		"$reader":     token(identitytest.Scopes("mcp:basic", "session:read")),
		"$expired":    token(identitytest.Expires(w.now().Add(-time.Hour))),
		"$untenanted": token(identitytest.Without("tenant")),
		"$crooked":    token(identitytest.Tenant("acme/../globex")),
	}
}

// player sends the requests of one transcript.
type player struct {
	*world
	words map[string]string
}

var (
	word    = regexp.MustCompile(`\$[a-z]+`)
	errorID = regexp.MustCompile(`"errorId":"[A-Z2-7]{26}"`)
)

// play sends a request and returns the answer as text.
func (p *player) play(text string) []byte {
	text = word.ReplaceAllStringFunc(text, func(w string) string {
		if value, ok := p.words[w]; ok {
			return value
		}
		return w
	})
	head, content, _ := strings.Cut(text, "\n\n")
	lines := strings.Split(strings.TrimSpace(head), "\n")
	method, path, _ := strings.Cut(lines[0], " ")
	r := p.request(method, strings.TrimSuffix(content, "\n"))
	r.URL.Path, r.URL.RawQuery, _ = strings.Cut(path, "?")
	for _, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ":")
		r.Header.Del(name)
		if value = strings.TrimSpace(value); value != "" {
			r.Header.Set(name, value)
		}
	}
	recorder := httptest.NewRecorder()
	p.ServeHTTP(recorder, r)
	return p.format(recorder)
}

func (p *player) format(recorder *httptest.ResponseRecorder) []byte {
	if id := recorder.Header().Get("Mcp-Session-Id"); id != "" {
		p.words["$session"] = id
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d %s\n", recorder.Code, http.StatusText(recorder.Code))
	for _, name := range slices.Sorted(maps.Keys(recorder.Header())) {
		if name == "Content-Length" {
			continue
		}
		for _, value := range recorder.Header()[name] {
			fmt.Fprintf(&b, "%s: %s\n", name, value)
		}
	}
	text := b.String()
	if content := recorder.Body.String(); content != "" {
		text += "\n" + strings.TrimRight(content, "\n") + "\n"
	}
	if id := p.words["$session"]; id != "" {
		text = strings.ReplaceAll(text, id, "$session")
	}
	return []byte(errorID.ReplaceAllString(text, `"errorId":"$$id"`))
}
