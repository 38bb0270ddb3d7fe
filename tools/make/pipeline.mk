##### Pipelines

DIGEST ?=
override DIGEST := $(value DIGEST)
export DIGEST

.PHONY: lint-workflows
lint-workflows: .tools/actionlint ## Check .github with actionlint, and with shellcheck and zizmor where Python is
	@tools/workflows.sh

.PHONY: sums
sums: ## Write build/SHA256SUMS of the functions in build, and print its digest
	@tools/sums.sh write

.PHONY: sums-check
sums-check: ## Fail unless build holds the functions of those sums. DIGEST=sha256 of build/SHA256SUMS
	@tools/sums.sh check

.PHONY: url
url: ## Print the URL of a deployed stack's MCP server. STACK=staging
	@if [ -z "$$STACK" ]; then echo 'make url: say which stack, as in STACK=staging' >&2; exit 2; fi
	@exec pulumi stack output mcpUrl --stack "$$STACK"

# Before `make deploy` in a pipeline, in the concurrency group of the stack. Runs do not keep the order of their
# commits: tests of a newer one end first, or an older run is started again.
.PHONY: newer-check
newer-check: ## Fail unless the deployed commit is in the history of this one. STACK=prod
	@if [ -z "$$STACK" ]; then echo 'make newer-check: say which stack, as in STACK=prod' >&2; exit 2; fi
	@go build -o build/local/newer ./stacks/cmd/newer
	@history=$$(pulumi stack history --stack "$$STACK" --json --page-size 100) || exit; \
	printf '%s' "$$history" | build/local/newer

tools/python/.venv/.stamp: tools/python/requirements.txt
	@python3 -m venv tools/python/.venv
	@tools/python/.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r $<
	@touch $@
