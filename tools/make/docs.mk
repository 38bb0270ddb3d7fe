##### Documentation

DOCS_ADDR ?= 127.0.0.1:8085
DOCS_BASE ?= /
override DOCS_ADDR := $(value DOCS_ADDR)
override DOCS_BASE := $(value DOCS_BASE)
export DOCS_ADDR DOCS_BASE

.PHONY: docs
docs: docs/node_modules/.stamp ## Build the documentation's site in build/docs-site. [DOCS_BASE=/path/]
	@docs/node_modules/.bin/vitepress build docs

.PHONY: docs-serve
docs-serve: docs/node_modules/.stamp ## Show the documentation's site, with each change. [DOCS_ADDR=127.0.0.1:8085]
	@exec docs/node_modules/.bin/vitepress dev docs --host "$${DOCS_ADDR%:*}" --port "$${DOCS_ADDR##*:}" --strictPort --base "$$DOCS_BASE"

# Asks the network, which no test does.
.PHONY: links
links: ## Visit the addresses elsewhere that the documentation links to; fails when one is dead
	@go build -o build/local/links ./tests/cmd/links
	@exec build/local/links

docs/node_modules/.stamp: docs/package.json docs/package-lock.json docs/.npmrc
	@command -v npm >/dev/null || { echo 'make docs: npm is not on PATH. The pages are in docs/, and GitHub shows them too' >&2; exit 2; }
	@echo "npm ci in docs"
	@cd docs && npm ci --loglevel=error
	@touch $@
