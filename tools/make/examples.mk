##### Examples

# NAME is init.mk's, URL delivery.mk's, where it is empty unless it is given.
# The clients install what their READMEs say; TypeScript is run by the Node.js of the tests, which
# is new enough. The tools are in one server.
.PHONY: example
example: ## Run one of docs/examples. NAME=typescript|python|go|onbehalf|tenant-secret [URL=http://127.0.0.1:8080/mcp]
	@URL="$${URL:-http://127.0.0.1:8080/mcp}"; case "$$NAME" in \
	typescript) $(MAKE) -s node && PATH="$$PWD/tests/node/node_modules/.bin:$$PATH" && \
		cd docs/examples/typescript && npm ci --loglevel=error && exec node client.ts "$$URL" ;; \
	python) cd docs/examples/python && python3 -m venv .venv && \
		.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements.txt && \
		exec .venv/bin/python client.py "$$URL" ;; \
	go) GOWORK=off go build -C docs/examples/go -o ../../../build/local/example . && exec build/local/example "$$URL" ;; \
	onbehalf|tenant-secret) go build -o build/local/examples ./apps/mcp/internal/example/cmd/server && \
		exec build/local/examples -local -addr "$$ADDR" -data "$$DATA" ;; \
	*) echo 'make example: say which, as in NAME=python; docs/examples/README.md lists them' >&2; exit 2 ;; \
	esac
