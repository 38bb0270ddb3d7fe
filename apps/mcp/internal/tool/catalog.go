package tool

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"leasehold.example/libs/seal"
)

// The methods that name something of a catalog.
const (
	methodCall      = "tools/call"
	methodPrompt    = "prompts/get"
	methodRead      = "resources/read"
	methodTemplates = "resources/templates/list"
	methodComplete  = "completion/complete"
)

// Entry is a Tool, a Prompt or a Resource.
type Entry interface{ addTo(c *Catalog) error }

// Options are what a catalog needs beside its entries; all are required.
type Options struct {
	// MaxData (bytes) and MaxPerOwner are those of the session registry, for the texts
	// that name its limits.
	MaxData, MaxPerOwner int
	// Resource is the public URL of the MCP endpoint, to which confirmations are bound.
	Resource string
	// Sealer seals confirmations.
	Sealer *seal.Sealer
	// Nonces makes them count once.
	Nonces Nonces
	// Logger gets the reasons of what is answered with a fixed text.
	Logger *slog.Logger
}

// Catalog is all that the server offers. It does not change once it is made.
type Catalog struct {
	desk      desk
	log       *slog.Logger
	tooLarge  string
	tooMany   string
	tools     map[string]Tool
	prompts   map[string]Prompt
	resources map[string]Resource // by URI template
	templates []string            // the keys of resources, sorted
}

// NewCatalog makes a catalog. The error names everything that is wrong with o and with
// all entries, such as a name that is there twice.
func NewCatalog(o Options, entries ...Entry) (*Catalog, error) {
	if o.Resource == "" || o.Sealer == nil || o.Nonces == nil || o.Logger == nil || o.MaxData <= 0 || o.MaxPerOwner <= 0 {
		return nil, errors.New("tool: all of Options is required")
	}
	c := &Catalog{
		desk:      desk{resource: o.Resource, sealer: o.Sealer, nonces: o.Nonces, log: o.Logger},
		log:       o.Logger,
		tooLarge:  fmt.Sprintf(tooLarge, o.MaxData),
		tooMany:   fmt.Sprintf(tooMany, o.MaxPerOwner),
		tools:     map[string]Tool{},
		prompts:   map[string]Prompt{},
		resources: map[string]Resource{},
	}
	var errs []error
	for _, e := range entries {
		errs = append(errs, e.addTo(c))
	}
	c.templates = slices.Sorted(maps.Keys(c.resources))
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("tool: catalog: %w", err)
	}
	return c, nil
}

func (t Tool) addTo(c *Catalog) error {
	if t.err != nil {
		return t.err
	}
	return add(c.tools, t.spec.Name, t)
}

func (p Prompt) addTo(c *Catalog) error {
	if err := p.spec.check(); err != nil {
		return fmt.Errorf("prompt %q: %w", p.spec.Name, err)
	}
	return add(c.prompts, p.spec.Name, p)
}

func (r Resource) addTo(c *Catalog) error {
	if r.err != nil {
		return r.err
	}
	return add(c.resources, r.spec.URITemplate, r)
}

func add[E Entry](entries map[string]E, name string, e E) error {
	if _, taken := entries[name]; taken {
		return fmt.Errorf("%T %q is there twice", e, name)
	}
	entries[name] = e
	return nil
}

// Register adds everything to s, and a middleware that answers reads of what is not
// here in the words that a resource of somebody else gets (RULES 29).
func (c *Catalog) Register(s *mcp.Server) {
	for _, t := range c.tools {
		s.AddTool(t.def, t.handle(c))
	}
	for _, p := range c.prompts {
		s.AddPrompt(p.define(), p.handle(c))
	}
	for _, r := range c.resources {
		s.AddResourceTemplate(r.define(), r.handle(c))
	}
	s.AddReceivingMiddleware(func(next mcp.MethodHandler) mcp.MethodHandler {
		return func(ctx context.Context, method string, r mcp.Request) (mcp.Result, error) {
			if p, ok := r.GetParams().(*mcp.ReadResourceParams); ok && method == methodRead {
				if _, ok := c.resource(p.URI); !ok {
					return nil, ResourceNotFound(p.URI)
				}
			}
			return next(ctx, method, r)
		}
	})
}

// Lookup returns the scope that a request needs: method is the JSON-RPC method, and name
// the tool, the prompt, the URI that is read, the URI template of a row of
// resources/templates/list, or what the ref of a completion/complete names, a prompt or
// either of URI and template. ok is false for everything that is not in the catalog.
func (c *Catalog) Lookup(method, name string) (scope string, ok bool) {
	switch method {
	case methodCall:
		t, ok := c.tools[name]
		return t.spec.Scope, ok
	case methodPrompt:
		p, ok := c.prompts[name]
		return p.spec.Scope, ok
	case methodRead:
		r, ok := c.resource(name)
		return r.spec.Scope, ok
	case methodTemplates:
		r, ok := c.resources[name]
		return r.spec.Scope, ok
	case methodComplete: // a name is one thing only: that of a prompt has no "://"
		for _, method := range []string{methodPrompt, methodTemplates, methodRead} {
			if scope, ok := c.Lookup(method, name); ok {
				return scope, true
			}
		}
	}
	return "", false
}

// resource finds the template that uri matches; of several it is the first by name, as
// in the SDK.
func (c *Catalog) resource(uri string) (Resource, bool) {
	for _, template := range c.templates {
		if r := c.resources[template]; r.matches(uri) {
			return r, true
		}
	}
	return Resource{}, false
}

// Scopes returns every scope that some entry needs, sorted.
func (c *Catalog) Scopes() []string {
	scopes := map[string]bool{}
	for _, t := range c.tools {
		scopes[t.spec.Scope] = true
	}
	for _, p := range c.prompts {
		scopes[p.spec.Scope] = true
	}
	for _, r := range c.resources {
		scopes[r.spec.Scope] = true
	}
	return slices.Sorted(maps.Keys(scopes))
}

// enter returns the Call of a request. The transport has checked the scope already; a
// handler that is reached without it is a bug, and fails closed.
func (c *Catalog) enter(ctx context.Context, e *mcp.RequestExtra, scope string) (*Call, error) {
	call, ok := CallFrom(e)
	if !ok || !call.Principal.HasScope(scope) {
		return nil, Internal(ctx, c.log, errNoCall)
	}
	return call, nil
}
