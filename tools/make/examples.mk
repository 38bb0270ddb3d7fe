NAME ?=
URL  ?= http://127.0.0.1:8080/mcp
override NAME := $(value NAME)
override URL  := $(value URL)
export NAME URL

.PHONY: example
example: ## Run one of docs/examples. NAME=typescript|python|go [URL=http://127.0.0.1:8080/mcp]
	@case "$$NAME" in \
	typescript) $(MAKE) -s node && cd docs/examples/typescript && npm ci --loglevel=error && PATH="../../../tests/node/node_modules/.bin:$$PATH" exec node client.ts "$$URL" ;; \
	python) cd docs/examples/python && python3 -m venv .venv && \
		.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements.txt && \
		exec .venv/bin/python client.py "$$URL" ;; \
	go) cd docs/examples/go && GOWORK=off exec go run . "$$URL" ;; \
	*) echo 'make example: say which, as in NAME=python; docs/examples/README.md lists them' >&2; exit 2 ;; \
	esac
