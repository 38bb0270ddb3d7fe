package design

import "go.uber.org/fx"

// Module provides the entries of this package to the catalog.
var Module = fx.Module("tool/design", fx.Provide(
	fx.Annotate(New, fx.ResultTags(`group:"entries,flatten"`)),
))
