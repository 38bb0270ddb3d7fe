package onbehalf

import (
	"go.uber.org/fx"

	"leasehold.example/apps/mcp/internal/mcphttp"
	"leasehold.example/apps/mcp/internal/tool"
)

// Module adds the tool, and gives tools the exchange. It is no fx.Module, whose decorations
// would end with it.
var Module = fx.Options(
	fx.Provide(
		LoadSettings, newFeature,
		fx.Annotate(func(f feature) []tool.Entry { return f.entries }, fx.ResultTags(`group:"entries,flatten"`)),
	),
	fx.Decorate(func(c mcphttp.Config, f feature) mcphttp.Config {
		if f.exchange != nil {
			c.Exchange = f.exchange.Exchange
		}
		return c
	}),
)
