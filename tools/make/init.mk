##### Yours

# From this repository to one's own. NAME is taken from the command line only: some systems
# have a variable of that name in the environment.
MODULE  ?=
OWNER   ?=
CONTACT ?=
SCOPE   ?=
override MODULE  := $(value MODULE)
override NAME    := $(if $(filter command%,$(origin NAME)),$(value NAME))
override OWNER   := $(value OWNER)
override CONTACT := $(value CONTACT)
override SCOPE   := $(value SCOPE)
export MODULE NAME OWNER CONTACT SCOPE

# The version control's stamp would need git's consent to who owns the directory.
.PHONY: init
init: ## Make this clone your own. MODULE=github.com/acme/mcp NAME=acme-mcp [OWNER=@acme/platform] [CONTACT=security@acme.example]
	@go run -buildvcs=false ./tests/cmd/init -module "$$MODULE" -name "$$NAME" -owner "$$OWNER" -contact "$$CONTACT"
