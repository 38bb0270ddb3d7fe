##### Delivery: what a pipeline does with stacks. docs/deploy.md, "In a pipeline".

PR       ?=
OPEN     ?=
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
	@$(need_pulumi)
	@go build -o build/local/pr ./stacks/cmd/pr
	@$(pr_stacks) sweep "$$OPEN"
