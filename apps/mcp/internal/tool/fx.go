package tool

import "go.uber.org/fx"

// Module provides the Catalog, from Options and from the entries that the modules of
// the tools provide in the group "entries".
var Module = fx.Module("tool", fx.Provide(
	fx.Annotate(NewCatalog, fx.ParamTags(``, `group:"entries"`)),
))
