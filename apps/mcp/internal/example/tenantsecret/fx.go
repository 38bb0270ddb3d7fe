package tenantsecret

import "go.uber.org/fx"

// Module adds the tool.
var Module = fx.Module("example/tenantsecret", fx.Provide(
	LoadSettings, fx.Annotate(entries, fx.ResultTags(`group:"entries,flatten"`)),
))
