package onbehalf

import (
	"go.uber.org/fx"

	"leasehold.example/apps/mcp/internal/tool"
)

// Module adds the tool, and what gets tokens for it, of which a server has one.
var Module = fx.Module("example/onbehalf", fx.Provide(
	LoadSettings, connect,
	fx.Annotate(func(a API, o tool.Options) []tool.Entry { return New(a, o.Logger) }, fx.ResultTags(`group:"entries,flatten"`)),
))
