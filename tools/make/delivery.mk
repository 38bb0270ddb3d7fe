##### Delivery: what a pipeline does with stacks. docs/deploy.md, "In a pipeline".

PR       ?=
# An OPEN that nobody gave would destroy every preview; an empty one may, on the command line: a make
# that runs this one has it in the environment anyway.
open_given := $(if $(filter command,$(origin OPEN))$(value OPEN),yes)
PR_MAX   ?= 10
PR_AGE   ?= 168h
SECRETS_PROVIDER ?=
ARCHIVES ?=
override ARCHIVES := $(value ARCHIVES)
override PR       := $(value PR)
override OPEN     := $(value OPEN)
override PR_MAX   := $(value PR_MAX)
override PR_AGE   := $(value PR_AGE)
override SECRETS_PROVIDER := $(value SECRETS_PROVIDER)
export ARCHIVES PR OPEN PR_MAX PR_AGE SECRETS_PROVIDER

# pulumi on PATH, said in one sentence where it is missing. $@ is the target.
need_pulumi = command -v pulumi >/dev/null || { \
	echo 'make $@: pulumi is not on PATH. https://www.pulumi.com/docs/install/ has it' >&2; exit 2; }

# What is deployed: built now, or what a job before built and attested, with ARCHIVES=build where it
# was put into place already. The program looks at either: an archive has to be made of the sources beside it.
.PHONY: archives
archives:
	@if [ -z "$$ARCHIVES" ]; then exec $(MAKE) lambda; fi; \
	mkdir -p build && { [ "$$ARCHIVES" -ef build ] || cp "$$ARCHIVES"/*.zip "$$ARCHIVES"/*.zip.json build/; }

# The settings are Pulumi.preview.yaml's; the backend is PULUMI_BACKEND_URL or that of `pulumi login`.
pr_stacks = exec build/local/pr -settings preview -max "$$PR_MAX" -max-age "$$PR_AGE"

.PHONY: pr-up
pr-up: ## Make or update the stack of a pull request, and print its URL. PR=12 [ARCHIVES=build] [PR_MAX=10]
	@if [ -z "$$PR" ]; then echo 'make $@: say which pull request, as in PR=12' >&2; exit 2; fi
	@$(need_pulumi)
	@$(MAKE) archives
	@go build -o build/local/pr ./stacks/cmd/pr
	@$(pr_stacks) up "$$PR"

.PHONY: pr-down
pr-down: ## Destroy the stack of a pull request, if there is one. PR=12
	@if [ -z "$$PR" ]; then echo 'make $@: say which pull request, as in PR=12' >&2; exit 2; fi
	@$(need_pulumi)
	@go build -o build/local/pr ./stacks/cmd/pr
	@$(pr_stacks) down "$$PR"

.PHONY: pr-sweep
pr-sweep: ## Destroy the stacks of pull requests that are not open, or have been there too long. OPEN="12 14" [PR_AGE=168h]
	@if [ -z '$(open_given)' ]; then \
		echo 'make pr-sweep: say which pull requests are open, as in OPEN="12 14"; OPEN= is none, and destroys all stacks' >&2; exit 2; fi
	@$(need_pulumi)
	@go build -o build/local/pr ./stacks/cmd/pr
	@$(pr_stacks) sweep "$$OPEN"

URL   ?=
TOKEN ?=
override URL   := $(value URL)
override TOKEN := $(value TOKEN)
export URL TOKEN

# Tokens come from the environment and go nowhere else: TOKEN, or TOKEN_A and TOKEN_B, or VERIFY_KEY and
# VERIFY_ISSUER, from which they are made (docs/deploy.md, "Tokens for a pipeline").
.PHONY: smoke
smoke: ## Ask a deployed server for what a client meets first, in a minute. URL=https://…/mcp; TOKEN from the environment
	@if [ -z "$$URL" ]; then echo 'make $@: say which server, as in URL=https://mcp.example.com/mcp' >&2; exit 2; fi
	@go build -o build/local/smoke ./tests/cmd/smoke
	@exec build/local/smoke "$$URL"

# The tests of the shipped server, on the one at URL: smoke says first whether it is there at all. One
# after the other, as a stack has a throttle.
.PHONY: verify
verify: ## Try a deployed server with real clients, conformance and two tenants. URL=https://…/mcp
	@if [ -z "$$URL" ]; then echo 'make $@: say which server, as in URL=https://mcp.example.com/mcp' >&2; exit 2; fi
	@$(MAKE) -s .tools/gotestsum node python
	@go build -o build/local/smoke ./tests/cmd/smoke
	@TOKEN="$${TOKEN:-$$TOKEN_A}" build/local/smoke "$$URL"
	@VERIFY_URL="$$URL" TEST_REQUIRE_ALL=1 .tools/gotestsum --format testname --hide-summary skipped -- -count=1 -timeout 15m -p 1 -parallel 1 \
		-run '^(TestClients|TestShipped|TestIsolation)$$' ./tests/clients ./tests/conformance ./tests/isolation

.PHONY: jwks
jwks: ## Print the public half of VERIFY_KEY, the key of a pipeline's tokens, as a JSON Web Key Set
	@go run ./tests/cmd/jwks

CANARY_TIMEOUT ?= 2h
override CANARY_TIMEOUT := $(value CANARY_TIMEOUT)
export CANARY_TIMEOUT

# After `make deploy` of a stack with a canary. CodeDeploy's slowest strategy takes 100 minutes.
.PHONY: canary
canary: ## Shift a stack's traffic to its newest version, under alarms, and wait. STACK=prod [CANARY_TIMEOUT=2h]
	@if [ -z "$$STACK" ]; then echo 'make $@: say which stack, as in STACK=prod' >&2; exit 2; fi
	@$(need_pulumi)
	@go build -o build/local/canary ./tests/cmd/canary
	@outputs=$$(pulumi stack output --stack "$$STACK" --json) || exit; \
	printf '%s' "$$outputs" | build/local/canary -timeout "$$CANARY_TIMEOUT"

# With the archives of the deployed commit (check out what is deployed, and build with the same Go, or give ARCHIVES):
# their bytes are then those in AWS. The exit status is 0 when `make deploy` would change nothing.
.PHONY: drift
drift: ## Show what is no longer as it was deployed, and fail if anything is. STACK=prod [ARCHIVES=build]
	@if [ -z "$$STACK" ]; then echo 'make $@: say which stack, as in STACK=prod' >&2; exit 2; fi
	@$(need_pulumi)
	@$(MAKE) archives
	@exec pulumi preview --stack "$$STACK" --refresh --expect-no-changes --diff --non-interactive
