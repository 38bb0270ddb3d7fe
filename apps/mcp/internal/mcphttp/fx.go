package mcphttp

import "go.uber.org/fx"

// Module provides the *Handler, from a Config.
var Module = fx.Module("mcphttp", fx.Provide(New))
