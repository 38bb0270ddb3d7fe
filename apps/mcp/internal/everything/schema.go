package everything

import (
	"context"
	"encoding/json"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// schemaTools have schemas that must reach the client as they are written. The suite runs
// their scenarios without scoring them.
var schemaTools = []fixture{
	{"json_schema_2020_12_tool", "Has the vocabulary of JSON Schema 2020-12.", withSchema(vocabularySchema)},
	{"test_x_mcp_header", "Has an argument that clients mirror into a header.", withSchema(mirroredSchema)},
}

// withSchema registers a tool that accepts what schema allows and answers the same.
func withSchema(schema json.RawMessage) func(*mcp.Server, *mcp.Tool) {
	add := with(func(context.Context, *mcp.CallToolRequest, map[string]any) (*mcp.CallToolResult, error) {
		return says("accepted"), nil
	})
	return func(s *mcp.Server, t *mcp.Tool) {
		t.InputSchema = schema
		add(s, t)
	}
}

// mirroredSchema arms http-custom-header-server-validation: the argument "region" must be
// repeated in the header Mcp-Param-Region.
// https://modelcontextprotocol.io/specification/2026-07-28/server/tools#x-mcp-header
var mirroredSchema = json.RawMessage(`{"type":"object","additionalProperties":false,
	"properties":{"region":{"type":"string","x-mcp-header":"Region"}}}`)

// vocabularySchema is fixed by the scenario json-schema-2020-12.
var vocabularySchema = json.RawMessage(`{
	"$schema":"https://json-schema.org/draft/2020-12/schema",
	"type":"object",
	"$defs":{"address":{"$anchor":"addressDef","type":"object",
		"properties":{"street":{"type":"string"},"city":{"type":"string"}}}},
	"properties":{
		"name":{"type":"string"},
		"address":{"$ref":"#/$defs/address"},
		"contactMethod":{"type":"string","enum":["phone","email"]},
		"phone":{"type":"string"},
		"email":{"type":"string"}},
	"allOf":[{"anyOf":[{"required":["phone"]},{"required":["email"]}]}],
	"if":{"properties":{"contactMethod":{"const":"phone"}},"required":["contactMethod"]},
	"then":{"required":["phone"]},
	"else":{"required":["email"]},
	"additionalProperties":false}`)
