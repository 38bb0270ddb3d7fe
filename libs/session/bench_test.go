package session_test

import (
	"fmt"
	"testing"

	"leasehold.example/libs/session"
	"leasehold.example/libs/session/memstore"
	"leasehold.example/libs/session/sessiontest"
)

// BenchmarkResolve is what a session costs a request beside the store: two hashes.
func BenchmarkResolve(b *testing.B) {
	p := sessiontest.Principal(sessiontest.Owner())
	for _, others := range []int{0, 100_000} {
		b.Run(fmt.Sprintf("others=%d", others), func(b *testing.B) {
			store := memstore.New()
			r, err := session.NewRegistry(store, session.Options{})
			sessiontest.Must(b, err)
			for range others {
				rec := sessiontest.Record(sessiontest.Owner(), session.KindMCP)
				sessiontest.Must(b, store.Create(b.Context(), rec, []byte("{}")))
			}
			id, _, err := r.Create(b.Context(), p, session.New{Kind: session.KindSession})
			sessiontest.Must(b, err)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := r.Resolve(b.Context(), p, session.KindSession, id); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("unknown", func(b *testing.B) {
		r, err := session.NewRegistry(memstore.New(), session.Options{})
		sessiontest.Must(b, err)
		b.ReportAllocs()
		for b.Loop() {
			if _, err := r.Resolve(b.Context(), p, session.KindSession, "unknown"); err == nil {
				b.Fatal("found")
			}
		}
	})
}
