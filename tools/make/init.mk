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

.PHONY: init
init: ## Make this clone your own. MODULE=github.com/acme/mcp NAME=acme-mcp [OWNER=@acme/platform] [CONTACT=security@acme.example]
	@go build -buildvcs=false -o build/local/init ./tests/cmd/init
	@exec build/local/init -module "$$MODULE" -name "$$NAME" -owner "$$OWNER" -contact "$$CONTACT"

.PHONY: tool
tool: ## Add a tool, with its test, its registration and its scope. NAME=list_invoices [SCOPE=invoices:read]
	@go build -buildvcs=false -o build/local/tool ./tests/cmd/tool
	@exec build/local/tool -name "$$NAME" -scope "$$SCOPE"
