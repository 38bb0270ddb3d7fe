package devidp

import (
	"encoding/json"
	"net"
	"net/http"
	"slices"
)

// JWKSPath is where the key set is served.
const JWKSPath = "/.well-known/jwks.json"

// metadataPaths are those of OpenID Connect Discovery and of RFC 8414: clients ask for
// either. Both give the same document.
var metadataPaths = []string{"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"}

// Register adds the issuer's documents to mux: the key set, and metadata under both of
// its paths. They answer only requests to the issuer's own host (RULES 32), so that a web
// page cannot reach them under a name of its own.
func (i *Issuer) Register(mux *http.ServeMux, metadata any) {
	for _, path := range metadataPaths {
		mux.Handle("GET "+path, i.OwnHost(document(func() (any, error) { return metadata, nil })))
	}
	mux.Handle("GET "+JWKSPath, i.OwnHost(document(func() (any, error) {
		ring, err := i.keys()
		if err != nil {
			return nil, err
		}
		return ring.jwks()
	})))
}

// document serves JSON. An error is about files of the server; its text names them, so
// it is not for clients.
func document(content func() (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		value, err := content()
		if err != nil {
			http.Error(w, "the document cannot be made", http.StatusInternalServerError)
			return
		}
		body, err := json.Marshal(value)
		if err != nil {
			http.Error(w, "the document cannot be made", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store") // another run may use the same port
		w.Header().Set("X-Content-Type-Options", "nosniff")
		_, _ = w.Write(body) // a client that is gone needs no answer
	})
}

// Hosts are the values of the Host header that mean this server: its address, and the
// other names of loopback on the same port.
func (i *Issuer) Hosts() []string {
	_, port, _ := net.SplitHostPort(i.addr) // New has checked the form
	hosts := []string{i.addr}
	for _, host := range []string{"127.0.0.1", "::1", "localhost"} {
		if other := net.JoinHostPort(host, port); other != i.addr {
			hosts = append(hosts, other)
		}
	}
	return hosts
}

// OwnHost refuses requests to another host than the server's own: under DNS rebinding a
// foreign page has the name of its own site there (RULES 32).
func (i *Issuer) OwnHost(next http.Handler) http.Handler {
	own := i.Hosts()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !slices.Contains(own, r.Host) {
			http.Error(w, "this host is not served here", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}
