package authn

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

const (
	corsMethods = "POST, DELETE, OPTIONS"
	corsHeaders = "Authorization, Content-Type, Accept, Last-Event-ID, " +
		"MCP-Protocol-Version, Mcp-Session-Id, Mcp-Method, Mcp-Name"
	corsExposed = "Mcp-Session-Id, WWW-Authenticate"
	corsMaxAge  = "600"
)

// Origins are the web origins whose pages may call the server. The zero value allows none;
// requests without an Origin header come from no web page and pass.
type Origins struct{ allowed []string }

// NewOrigins checks that each origin is as browsers send it: scheme, host in lower case,
// and the port unless it is the scheme's own (RFC 6454 section 6.2). There are no wildcards.
func NewOrigins(allowed []string) (Origins, error) {
	for _, origin := range allowed {
		u, err := url.Parse(origin)
		if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" ||
			origin != u.Scheme+"://"+u.Host || u.Host != strings.ToLower(u.Host) || strings.ContainsAny(origin, "*, ") {
			return Origins{}, fmt.Errorf("authn: %q is not an origin", origin)
		}
	}
	return Origins{allowed: slices.Clone(allowed)}, nil
}

// Check refuses requests from pages of other origins, `null` included (RULES 22), and lets
// pages of the allowed ones read the answer. It sets headers of w and writes nothing.
func (o Origins) Check(w http.ResponseWriter, r *http.Request) *Refusal {
	switch values := r.Header.Values("Origin"); {
	case len(values) == 0:
		return nil
	case len(values) > 1:
		return newRefusal(http.StatusBadRequest, codeInvalidRequest, textSeveralOrigins)
	case !slices.Contains(o.allowed, values[0]):
		return newRefusal(http.StatusForbidden, codeOrigin, textOrigin)
	default:
		w.Header().Set("Access-Control-Allow-Origin", values[0])
		w.Header().Set("Access-Control-Expose-Headers", corsExposed)
		return nil
	}
}

// Preflight answers OPTIONS: 204 to an allowed origin, 403 to everybody else, also to who
// names no origin.
func (o Origins) Preflight(w http.ResponseWriter, r *http.Request) {
	refusal := o.Check(w, r)
	if refusal == nil && r.Header.Get("Origin") == "" {
		refusal = newRefusal(http.StatusForbidden, codeOrigin, textOrigin)
	}
	if refusal != nil {
		refusal.WriteTo(w)
		return
	}
	header := w.Header()
	header.Set("Access-Control-Allow-Methods", corsMethods)
	header.Set("Access-Control-Allow-Headers", corsHeaders)
	header.Set("Access-Control-Max-Age", corsMaxAge)
	w.WriteHeader(http.StatusNoContent)
}
