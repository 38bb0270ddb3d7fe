package tool

import (
	"bytes"
	"context"
	"log/slog"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"leasehold.example/libs/identity"
)

type fuzzIn struct {
	N     int64          `json:"n" jsonschema:"an integer"`
	Word  string         `json:"word,omitzero" jsonschema:"a word" length:"0,5"`
	List  []uint64       `json:"list,omitzero" jsonschema:"a list"`
	Value jsontext.Value `json:"value,omitzero" jsonschema:"anything"`
}

// rule 2: what is accepted is an object of known names in their exact case, each once,
// and says the same when it is written again; nothing panics.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		``, `{}`, `null`, `[]`, `{"n":1}`, ` {"n":9007199254740993} `, `{"n":1,"n":2}`, `{"N":1}`, `{"n":1}{}`,
		`{"n":1e999}`, `{"n":-0}`, `{"n":18446744073709551616}`, `{"n":1,"list":[1,2]}`, `{"n":1,"list":null}`,
		`{"n":1,"value":{"a":[1e400,{"b":null}]}}`, "{\"n\":1,\"word\":\"\xff\"}", `{"n":1,"word":"\ud800"}`, `{"n":`,
	} {
		f.Add([]byte(seed))
	}
	s, err := newSchema[fuzzIn]()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, arguments []byte) {
		var in fuzzIn
		if s.decode(arguments, &in) != nil {
			return
		}
		got, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]jsontext.Value{}
		if err := json.Unmarshal(arguments, &want); err != nil {
			t.Fatalf("accepted %q: %v", arguments, err)
		}
		again := map[string]jsontext.Value{}
		if err := json.Unmarshal(got, &again); err != nil {
			t.Fatal(err)
		}
		for name, value := range want {
			if name == "word" || name == "value" || name == "n" || name == "list" {
				continue
			}
			t.Errorf("accepted the name %q with %s", name, value)
		}
		if digits := bytes.TrimLeft(want["n"], "-"); !bytes.Equal(digits, []byte("0")) && !bytes.Equal(want["n"], again["n"]) {
			t.Errorf("n was %s and is %s", want["n"], again["n"])
		}
	})
}

// BenchmarkCall is one call of a tool from its raw arguments to its result, without the
// SDK and the transport.
func BenchmarkCall(b *testing.B) {
	type in struct {
		A int64 `json:"a" jsonschema:"a"`
		B int64 `json:"b" jsonschema:"b"`
	}
	type out struct {
		Sum int64 `json:"sum" jsonschema:"sum"`
	}
	sum := New(Spec{Name: "sum", Title: "T", Description: "D", Scope: "s"},
		func(_ context.Context, _ *Call, x in) (out, error) { return out{x.A + x.B}, nil })
	if sum.err != nil {
		b.Fatal(sum.err)
	}
	handle := sum.handle(&Catalog{log: slog.New(slog.DiscardHandler)})
	call := &Call{Principal: identity.Principal{Scopes: []string{"s"}}}
	r := &mcp.CallToolRequest{
		Params: &mcp.CallToolParamsRaw{Name: "sum", Arguments: []byte(`{"a":9007199254740993,"b":2}`)},
		Extra:  call.Extra(nil),
	}
	b.ReportAllocs()
	for b.Loop() {
		if result, err := handle(b.Context(), r); err != nil || result.IsError {
			b.Fatal(err)
		}
	}
}
