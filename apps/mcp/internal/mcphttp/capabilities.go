package mcphttp

import (
	"errors"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// readCapabilities decodes a client's capabilities, with regard to case. Most clients send none, or an
// empty object, and pay nothing.
func readCapabilities(raw jsontext.Value) (*mcp.ClientCapabilities, error) {
	members, err := parseObject(raw, nil)
	if err != nil {
		return nil, err
	}
	c := &mcp.ClientCapabilities{}
	for _, m := range members {
		if m.value.Kind() != '{' {
			return nil, errors.New("a capability must be an object")
		}
		if err := readCapability(c, m); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func readCapability(c *mcp.ClientCapabilities, m member) error {
	switch m.name {
	case "elicitation":
		// An empty object means form elicitation, for clients of before modes existed:
		// https://modelcontextprotocol.io/specification/2025-11-25/client/elicitation#capabilities
		c.Elicitation = &mcp.ElicitationCapabilities{}
		return json.Unmarshal(m.value, c.Elicitation)
	case "sampling":
		c.Sampling = &mcp.SamplingCapabilities{}
		return json.Unmarshal(m.value, c.Sampling)
	case "roots":
		c.RootsV2 = &mcp.RootCapabilities{}
		return json.Unmarshal(m.value, c.RootsV2)
	case "extensions":
		return json.Unmarshal(m.value, &c.Extensions)
	case "experimental":
		return json.Unmarshal(m.value, &c.Experimental)
	}
	return nil
}

// elicitsForms reports whether the client can show a form to its user.
func elicitsForms(c *mcp.ClientCapabilities) bool {
	if c == nil || c.Elicitation == nil {
		return false
	}
	return c.Elicitation.Form != nil || c.Elicitation.URL == nil
}
