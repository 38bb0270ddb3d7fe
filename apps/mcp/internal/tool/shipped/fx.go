// Package shipped lists what the server offers.
package shipped

import (
	"go.uber.org/fx"

	"leasehold.example/apps/mcp/internal/tool/design"
	"leasehold.example/apps/mcp/internal/tool/math"
	"leasehold.example/apps/mcp/internal/tool/notebook"
	"leasehold.example/apps/mcp/internal/tool/profile"
	"leasehold.example/apps/mcp/internal/tool/sessionvalues"
	"leasehold.example/apps/mcp/internal/tool/whoami"
)

// Module has a line for each package of tools, prompts and resources; `make tool` adds one.
// What is not here is not served.
var Module = fx.Options(
	design.Module,
	math.Module,
	notebook.Module,
	profile.Module,
	sessionvalues.Module,
	whoami.Module,
)
