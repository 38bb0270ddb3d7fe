# Everything a person runs here. `make` alone lists it.
# Needs Go, GNU make and a POSIX shell; CONTRIBUTING.md says what `make test` uses beside that.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

# What may be given on the command line. The values reach the recipes as environment
# variables and are never pasted into a command, so quotes and dollars in them stay
# what they are; $(value …) keeps make from expanding them itself.
ADDR    ?= 127.0.0.1:8080
DATA    ?= .data
TENANT  ?=
SUBJECT ?=
SCOPES  ?=
TTL     ?= 1h
override UP_ADDR := $(if $(filter command% environment%,$(origin ADDR)),$(value ADDR),127.0.0.1:8090)
override ADDR    := $(value ADDR)
override DATA    := $(value DATA)
override TENANT  := $(value TENANT)
override SUBJECT := $(value SUBJECT)
override SCOPES  := $(value SCOPES)
override TTL     := $(value TTL)
export ADDR UP_ADDR DATA TENANT SUBJECT SCOPES TTL

# The modules of go.work, as patterns, and those whose tests need nothing but Go.
UNITS := ./libs/... ./apps/mcp/... ./apps/auditor/... ./apps/authorizer/... ./apps/pretoken/... ./apps/rotator/...
PACKAGES := $(UNITS) ./platform/... ./stacks/... ./tests/...

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^##### /{heading = substr($$0, 7)} /^[a-z0-9-]+:.*## /{ \
		if (heading) printf "\n%s\n", heading; heading = ""; printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

##### The server

# Built and then run in make's place: `go run` does not pass SIGTERM on.
.PHONY: run
run: ## Run the server on localhost. ADDR=127.0.0.1:8080 DATA=.data
	@go build -o build/local/server ./apps/mcp/cmd/server
	@exec build/local/server -local -addr "$$ADDR" -data "$$DATA"

.PHONY: token
token: ## Print a token. TENANT=acme SUBJECT=user-1 [SCOPES="…"] [TTL=1h] [DATA=.data]
	@if [ -z "$$TENANT" ] || [ -z "$$SUBJECT" ]; then echo 'make token: say whose it is to be, as in TENANT=acme SUBJECT=user-1' >&2; exit 2; fi
	@go run ./apps/mcp/cmd/token -data "$$DATA" -tenant "$$TENANT" -subject "$$SUBJECT" -scopes "$$SCOPES" -ttl "$$TTL"

.PHONY: rotate-key
rotate-key: ## Give the local issuer a new signing key, which a running server notices. [DATA=.data]
	@go build -o build/local/server ./apps/mcp/cmd/server
	@exec build/local/server -rotate-key -data "$$DATA"

# Each apps/NAME/cmd/lambda is a function; server is apps/mcp's handler on net/http, which the
# Lambda Web Adapter starts. All hold one file named bootstrap, which is what provided.al2023
# runs, with the adapter's layer beside it or without.
functions := server $(patsubst apps/%/cmd/lambda/main.go,%,$(wildcard apps/*/cmd/lambda/main.go))

.PHONY: lambda
lambda: $(functions:%=build/%.zip) ## Build build/NAME.zip of each function, byte for byte the same with one Go version. GOARCH=arm64
	@ls -l $^

# Made anew each time: go build knows better than make what has changed. GOARCH is the
# function's, not that of the machine that packs the archive.
build/%.zip: GOARCH ?= arm64
build/%.zip: package = ./apps/$*/cmd/lambda
build/server.zip: package = ./apps/mcp/cmd/server
build/%.zip: always
	@CGO_ENABLED=0 GOOS=linux GOARCH=$(GOARCH) go build -trimpath -buildvcs=false -tags lambda.norpc \
		-ldflags '-s -w -buildid=' -o build/$*/bootstrap $(package)
	@env -u GOARCH go run ./tests/cmd/lambdazip -o $@ build/$*/bootstrap
	@env -u GOARCH go run ./stacks/cmd/archived -o $@.json $*

.PHONY: always
always:

##### Stacks

STACK   ?=
AGAINST ?=
EDGE    ?=
FORMAT  ?= text
override STACK   := $(value STACK)
override AGAINST := $(value AGAINST)
override EDGE    := $(value EDGE)
override FORMAT  := $(value FORMAT)
export STACK AGAINST EDGE FORMAT

# go build takes half a second to see that nothing changed, and is never wrong about it.
.PHONY: preview
preview: ## Show what a stack would be, without a cloud. STACK=prod [FORMAT=text|markdown|json|mermaid] [AGAINST=dev|main]
	@if [ -z "$$STACK" ]; then echo 'make preview: say which stack, as in STACK=dev' >&2; exit 2; fi
	@go build -o build/local/preview ./stacks/cmd/preview
	@exec build/local/preview -stack "$$STACK" -format "$$FORMAT" -against "$$AGAINST"

.PHONY: dashboards
dashboards: ## Draw the dashboards that a stack deploys, with figures of a run on this machine. STACK=prod
	@if [ -z "$$STACK" ]; then echo 'make dashboards: say which stack, as in STACK=prod' >&2; exit 2; fi
	@mkdir -p build/summaries
	@go test -count=1 -run '^TestLoad$$' ./apps/mcp/internal/app ./apps/authorizer/internal/authorizer -summaries "$$PWD/build/summaries" -rounds 300
	@go run ./stacks/cmd/dashboards -stack "$$STACK"

# The pulumi in .tools will not do: it has no language host for Go. The program itself
# refuses archives that are made of other sources. A preview with a mandatory finding
# fails, and nothing is deployed. Nobody answers a question with CI=true.
.PHONY: deploy
deploy: ## Ask the policies, build the functions and deploy a stack. STACK=dev [ARCHIVES=build]
	@if [ -z "$$STACK" ]; then echo 'make deploy: say which stack, as in STACK=dev' >&2; exit 2; fi
	@command -v pulumi >/dev/null || { \
		echo 'make deploy: pulumi is not on PATH. https://www.pulumi.com/docs/install/ has it' >&2; exit 2; }
	@$(MAKE) preview FORMAT=text AGAINST=
	@$(MAKE) archives
	@if [ "$$CI" = true ]; then set -- --yes --non-interactive; fi; exec pulumi up --stack "$$STACK" "$$@"

# A make in between would be interrupted before what it runs: both scripts are in its place. The engine is built
# after the first line has looked at what was given, and not as a prerequisite.
.PHONY: up
up: ## Run a stack on this machine as it is deployed. STACK=dev [ADDR=127.0.0.1:8090] [EDGE=http]
	@if [ -z "$$STACK" ]; then echo 'make up: say which stack, as in STACK=dev' >&2; exit 2; fi
	@$(MAKE) -s .tools/pulumi
	@go build -o build/local/server ./apps/mcp/cmd/server
	@go build -o build/local/up ./tests/cmd/up
	@exec tests/dynamodb/start build/local/up -stack "$$STACK" -addr "$$UP_ADDR" -edge "$$EDGE"

.PHONY: down
down: ## End the stack of `make up`
	@go build -o build/local/up ./tests/cmd/up
	@exec build/local/up -down

##### Checks

.PHONY: test
test: ## Run every check that the tools on this machine allow; in CI, every check
	@tools/test.sh

.PHONY: test-unit
test-unit: .tools/gotestsum ## Run the tests that need nothing but Go
	@tools/gotest.sh $(UNITS)

# One package at a time, as in tools/test.sh: they start processes, measure them, and share build/e2e.
.PHONY: e2e
e2e: .tools/pulumi ## Run the stacks on this machine as they are deployed, and check them
	@tests/dynamodb/start go test -count=1 -race ./tests/e2e/...
	@tests/dynamodb/start go test -count=1 -p 1 -run 'Deployed|TestConformance/deployed' ./tests/clients ./tests/conformance ./tests/signin

.PHONY: bench
bench: .tools/benchstat ## Run the benchmarks and print the comparison
	@tools/bench.sh

.PHONY: lint
lint: .tools/golangci-lint .tools/govulncheck ## Run the linters, and look for known vulnerabilities where their list can be reached
	@.tools/golangci-lint run $(PACKAGES)
	@$(MAKE) lint-workflows
	@tools/vuln.sh optional

.PHONY: vuln
vuln: .tools/govulncheck ## Look for known vulnerabilities; fails when their list cannot be reached. GOVULNDB=https://…
	@tools/vuln.sh required

.PHONY: fmt
fmt: .tools/golangci-lint ## Format the Go files
	@.tools/golangci-lint fmt $(PACKAGES)

##### Tools

.PHONY: tools
tools: .tools/golangci-lint .tools/gotestsum .tools/govulncheck .tools/benchstat .tools/actionlint ## Build the pinned Go tools into .tools

tool_golangci-lint := github.com/golangci/golangci-lint/v2/cmd/golangci-lint
tool_gotestsum     := gotest.tools/gotestsum
tool_govulncheck   := golang.org/x/vuln/cmd/govulncheck
tool_benchstat     := golang.org/x/perf/cmd/benchstat

.tools/%: tools/go.mod tools/go.sum
	@echo "building $*"
	@GOWORK=off go build -C tools -o ../$@ $(tool_$*)

.tools/actionlint: tools/actionlint/go.mod tools/actionlint/go.sum
	@echo "building actionlint"
	@GOWORK=off go build -C tools/actionlint -o ../../$@ github.com/rhysd/actionlint/cmd/actionlint

# The CLI of the SDK's version, which the tests of stacks/engine run. A module of its own:
# what it needs must not choose versions for the tools above. The Automation API asks for
# its version, which the linker sets.
.tools/pulumi: tools/pulumi/go.mod tools/pulumi/go.sum
	@echo "building pulumi, which takes three minutes the first time"
	@cd tools/pulumi && GOWORK=off go build -o ../../$@ -ldflags "-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=$$(GOWORK=off go list -m -f '{{.Version}}' github.com/pulumi/pulumi/pkg/v3)" github.com/pulumi/pulumi/pkg/v3/cmd/pulumi

# npm ci when the lock is newer than what is installed.
.PHONY: node
node: tests/node/node_modules/.stamp ## Install the conformance suite and the TypeScript clients with npm

tests/node/node_modules/.stamp: tests/node/package.json tests/node/package-lock.json tests/node/.npmrc
	@echo "npm ci in tests/node"
	@cd tests/node && npm ci --loglevel=error
	@touch $@

# Wheels only: no package runs code of its own at install time.
.PHONY: python
python: tests/python/.venv/.stamp ## Install the Python client with pip

tests/python/.venv/.stamp: tests/python/requirements.txt
	@echo "pip install in tests/python"
	@python3 -m venv tests/python/.venv
	@tests/python/.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r $<
	@touch $@

# One file an area, so that this one stays what a newcomer reads.
include $(wildcard tools/make/*.mk)

.PHONY: clean
clean: ## Remove what was built; the data of `make run` stays
	rm -rf build .tools docs/node_modules tests/node/node_modules tests/python/.venv docs/examples/typescript/node_modules docs/examples/python/.venv tools/python/.venv
