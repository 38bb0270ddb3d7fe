package devidp

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
)

const jwksPath = "/.well-known/jwks.json"

// metadataPaths are those of OpenID Connect Discovery and of RFC 8414: clients ask for
// either. Both give the same document.
var metadataPaths = []string{"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"}

// metadata describes the issuer (RFC 8414 section 2). There is no endpoint that hands out
// tokens, so it names none, and the lists of what such endpoints support are empty. RFC
// 8414 wants empty lists left out, but also requires response_types_supported, and gives
// absent grant types a meaning that would be false here.
type metadata struct {
	Issuer        string   `json:"issuer"`
	JWKSURI       string   `json:"jwks_uri"`
	Scopes        []string `json:"scopes_supported,omitempty"`
	ResponseTypes []string `json:"response_types_supported"`
	GrantTypes    []string `json:"grant_types_supported"`
}

// Register adds the issuer's documents to mux: the metadata under both of its paths and
// the key set. They answer only requests to the issuer's own host (RULES 32), so that
// a web page cannot reach them under a name of its own.
func (i *Issuer) Register(mux *http.ServeMux) error {
	keys, err := i.key.jwks()
	if err != nil {
		return err
	}
	documents := map[string]any{jwksPath: keys}
	for _, path := range metadataPaths {
		documents[path] = metadata{
			Issuer: i.URL(), JWKSURI: i.URL() + jwksPath, Scopes: i.options.Scopes,
			ResponseTypes: []string{}, GrantTypes: []string{},
		}
	}
	for path, document := range documents {
		body, err := json.Marshal(document)
		if err != nil {
			return fmt.Errorf("devidp: %s: %w", path, err)
		}
		mux.Handle("GET "+path, i.ownHost(body))
	}
	return nil
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

func (i *Issuer) ownHost(body []byte) http.Handler {
	own := map[string]bool{}
	for _, host := range i.Hosts() {
		own[host] = true
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !own[r.Host] {
			http.Error(w, "this host is not served here", http.StatusForbidden)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store") // another run may use the same port
		w.Header().Set("X-Content-Type-Options", "nosniff")
		_, _ = w.Write(body) // a client that is gone needs no answer
	})
}
