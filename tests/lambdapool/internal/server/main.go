// Command server is a web server that says what it got, for the tests of lambdapool.
package main

import (
	"io"
	"net/http"
	"os"
	"time"
)

func main() {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("POST /mcp", func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "a", Value: "1"})
		w.Header().Set("X-Host", r.Host)
		w.Header().Set("X-Query", r.URL.RawQuery)
		w.WriteHeader(http.StatusAccepted)
		_, _ = io.Copy(w, r.Body)
	})
	s := &http.Server{Addr: os.Getenv("LEASEHOLD_LISTEN_ADDR"), Handler: mux, ReadHeaderTimeout: time.Minute}
	if err := s.ListenAndServe(); err != nil {
		os.Exit(1)
	}
}
