package everything

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// resource is one of fixed contents.
type resource struct {
	definition *mcp.Resource
	text       string
	blob       []byte
}

var resources = []resource{
	{
		definition: &mcp.Resource{URI: "test://static-text", Name: "static-text", Description: "A text.", MIMEType: "text/plain"},
		text:       "This is the content of the static text resource.",
	},
	{
		definition: &mcp.Resource{URI: "test://static-binary", Name: "static-binary", Description: "An image.", MIMEType: "image/png"},
		blob:       pixel,
	},
	{
		definition: &mcp.Resource{
			URI: "test://watched-resource", Name: "watched-resource",
			Description: "Can be watched; it does not change.", MIMEType: "text/plain",
		},
		text: "This never changes.",
	},
}

func (r resource) read(context.Context, *mcp.ReadResourceRequest) (*mcp.ReadResourceResult, error) {
	return contents(&mcp.ResourceContents{
		URI: r.definition.URI, MIMEType: r.definition.MIMEType, Text: r.text, Blob: r.blob,
	}), nil
}

func contents(c *mcp.ResourceContents) *mcp.ReadResourceResult {
	return &mcp.ReadResourceResult{Contents: []*mcp.ResourceContents{c}}
}

const templatePrefix, templateSuffix = "test://template/", "/data"

var template = &mcp.ResourceTemplate{
	URITemplate: templatePrefix + "{id}" + templateSuffix, Name: "template",
	Description: "Names its own id.", MIMEType: "application/json",
}

// templateID returns what stands for {id} in uri; ok is false when uri does not match.
func templateID(uri string) (id string, ok bool) {
	rest, ok := strings.CutPrefix(uri, templatePrefix)
	if !ok {
		return "", false
	}
	id, ok = strings.CutSuffix(rest, templateSuffix)
	return id, ok && id != "" && !strings.ContainsAny(id, "/?#")
}

func readTemplate(_ context.Context, req *mcp.ReadResourceRequest) (*mcp.ReadResourceResult, error) {
	id, ok := templateID(req.Params.URI)
	if !ok {
		return nil, mcp.ResourceNotFoundError(req.Params.URI)
	}
	body, err := json.Marshal(map[string]any{"id": id, "templateTest": true, "data": "Data for ID: " + id})
	if err != nil {
		return nil, err
	}
	return contents(&mcp.ResourceContents{URI: req.Params.URI, MIMEType: template.MIMEType, Text: string(body)}), nil
}

func isResource(uri string) bool {
	if _, ok := templateID(uri); ok {
		return true
	}
	return slices.ContainsFunc(resources, func(r resource) bool { return r.definition.URI == uri })
}
