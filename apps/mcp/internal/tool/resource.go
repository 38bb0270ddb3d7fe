package tool

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/yosida95/uritemplate/v3"
)

// ResourceSpec is what clients are told about a resource template.
type ResourceSpec struct {
	// Name, Title, Description and Scope are as in Spec.
	Name, Title, Description, Scope string
	// URITemplate (RFC 6570) matches the URIs that are read.
	URITemplate string
}

// Resource is an entry of a catalog; NewResource makes one.
type Resource struct {
	spec     ResourceSpec
	template *uritemplate.Template
	read     func(ctx context.Context, c *Call, vars map[string]string) ([]byte, error)
	err      error
}

// NewResource makes a resource template of fn, whose vars are the variables of the
// template, decoded, and whose Out is sent as JSON. ErrNotFound from fn is the answer
// for what is not there or not the caller's. What is wrong with s is reported by
// NewCatalog.
func NewResource[Out any](s ResourceSpec, fn func(ctx context.Context, c *Call, vars map[string]string) (Out, error)) Resource {
	template, err := uritemplate.New(s.URITemplate)
	if err == nil && !strings.Contains(s.URITemplate, "://") {
		err = errors.New("the URI template has no scheme")
	}
	check := Spec{Name: s.Name, Title: s.Title, Description: s.Description, Scope: s.Scope}.check()
	if err := errors.Join(check, err); err != nil {
		return Resource{spec: s, err: fmt.Errorf("resource %q: %w", s.Name, err)}
	}
	return Resource{
		spec: s, template: template,
		read: func(ctx context.Context, c *Call, vars map[string]string) ([]byte, error) {
			out, err := fn(ctx, c, vars)
			if err != nil {
				return nil, err
			}
			return json.Marshal(out)
		},
	}
}

// maxURI is the length in bytes from which on no URI matches.
const maxURI = 2048

// matches uses the same expression as the SDK, so that what is authorised is what runs.
func (r Resource) matches(uri string) bool {
	return len(uri) <= maxURI && r.template.Regexp().MatchString(uri)
}

func (r Resource) define() *mcp.ResourceTemplate {
	return &mcp.ResourceTemplate{
		Name: r.spec.Name, Title: r.spec.Title, Description: r.spec.Description,
		URITemplate: r.spec.URITemplate, MIMEType: "application/json",
	}
}

func (r Resource) handle(c *Catalog) mcp.ResourceHandler {
	return func(ctx context.Context, q *mcp.ReadResourceRequest) (*mcp.ReadResourceResult, error) {
		call, err := c.enter(ctx, q.Extra, r.spec.Scope)
		if err != nil {
			return nil, err
		}
		vars := map[string]string{}
		for name, value := range r.template.Match(q.Params.URI) {
			vars[name] = value.String()
		}
		out, err := r.read(ctx, call, vars)
		if errors.Is(err, ErrNotFound) {
			return nil, ResourceNotFound(q.Params.URI)
		}
		if err != nil {
			return nil, c.refuse(ctx, call, err)
		}
		return &mcp.ReadResourceResult{Contents: []*mcp.ResourceContents{{
			URI: q.Params.URI, MIMEType: "application/json", Text: string(out),
		}}}, nil
	}
}

// ResourceNotFound is the one answer for every URI that is nothing to the caller (RULES
// 29), in the transport, which looks URIs up first, and here. It differs in nothing but the
// URI itself, which the specification wants repeated:
// https://modelcontextprotocol.io/specification/2026-07-28/server/resources#error-handling
func ResourceNotFound(uri string) *jsonrpc.Error {
	data, err := json.Marshal(map[string]string{"uri": uri})
	if err != nil {
		data = nil // not valid UTF-8: then there is nothing to repeat
	}
	return &jsonrpc.Error{Code: jsonrpc.CodeInvalidParams, Message: "resource not found", Data: data}
}
