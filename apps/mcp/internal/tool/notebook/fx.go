package notebook

import (
	"go.uber.org/fx"

	"leasehold.example/libs/session"
)

// Module provides the tools of this package to the catalog.
var Module = fx.Module("tool/notebook", fx.Provide(
	fx.Annotate(New, fx.From(new(*session.Registry)), fx.ResultTags(`group:"entries,flatten"`)),
))
