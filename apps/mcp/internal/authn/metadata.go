package authn

import (
	"encoding/json"
	"fmt"
	"net/http"

	"leasehold.example/libs/bearer"
)

// The paths of the protected resource metadata. Both give the same document: clients look
// below the endpoint's path first, then at the root (MCP authorization, Protected Resource
// Metadata Discovery Requirements).
const (
	MetadataPath         = bearer.MetadataPath
	EndpointMetadataPath = MetadataPath + "/mcp"
)

// encodeMetadata makes the document of RFC 9728 section 2. Issuers that are not advertised
// are left out, or one customer's identity provider would be shown to all.
func encodeMetadata(c Config, scopes []string) ([]byte, error) {
	document, err := json.Marshal(struct {
		Resource string   `json:"resource"`
		Servers  []string `json:"authorization_servers,omitempty"`
		Scopes   []string `json:"scopes_supported,omitempty"`
		Methods  []string `json:"bearer_methods_supported"`
		Name     string   `json:"resource_name,omitempty"`
	}{c.ResourceURL, c.Verifier.Advertised(), scopes, []string{"header"}, c.ResourceName})
	if err != nil {
		return nil, fmt.Errorf("authn: metadata: %w", err)
	}
	return document, nil
}

// MetadataHandler serves the protected resource metadata, to be mounted on both paths. It
// is public, so any origin may read it.
func (a *Authenticator) MetadataHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Access-Control-Allow-Origin", "*")
		switch r.Method {
		case http.MethodGet, http.MethodHead:
			header.Set("Content-Type", "application/json")
			header.Set("Cache-Control", "public, max-age=300")
			_, _ = w.Write(a.metadata) // a client that has gone needs no answer
		case http.MethodOptions:
			header.Set("Access-Control-Allow-Methods", "GET, HEAD, OPTIONS")
			// The clients' SDKs send this one with discovery, which makes it preflighted.
			header.Set("Access-Control-Allow-Headers", "MCP-Protocol-Version")
			w.WriteHeader(http.StatusNoContent)
		default:
			header.Set("Allow", "GET, HEAD, OPTIONS")
			w.WriteHeader(http.StatusMethodNotAllowed)
		}
	})
}
