package everything

import (
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"go.uber.org/fx"

	"leasehold.example/apps/mcp/internal/app"
)

// features are the fixtures in place of the catalog of tools.
type features struct{ Access }

func (features) Register(s *mcp.Server) { Register(s) }
func (features) Scopes() []string       { return []string{Scope} }

// Module provides the fixtures as the features of a server.
var Module = fx.Module("everything", fx.Provide(func() app.Features { return features{} }))
