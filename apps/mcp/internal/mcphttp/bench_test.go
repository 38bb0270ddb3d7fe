package mcphttp_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// BenchmarkToolCall is one authenticated call of math, in 2025-11-25 within a session.
func BenchmarkToolCall(b *testing.B) {
	const params = `"name":"math","arguments":{"a":1,"b":2}`
	for _, era := range []string{v2026, v2511} {
		b.Run(era, func(b *testing.B) {
			w := newWorld(b)
			content, headers := body("tools/call", withMeta(params)), modernHeaders("tools/call", "math")
			if era != v2026 {
				content, headers = body("tools/call", params), []string{"Mcp-Session-Id", w.open(era), "MCP-Protocol-Version", era}
			}
			w.post(content, headers...).wants("a call", http.StatusOK, 0)
			b.ReportAllocs()
			for b.Loop() {
				r := w.request(http.MethodPost, content, headers...)
				recorder := httptest.NewRecorder()
				w.ServeHTTP(recorder, r)
				if recorder.Code != http.StatusOK {
					b.Fatal(recorder.Body)
				}
			}
		})
	}
}
