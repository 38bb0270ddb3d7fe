# What is measured and listed; docs/quality.md says how to read it. Nothing here is part of `make test`.

BENCH       ?= .
BENCH_COUNT ?= 6
FUZZTIME    ?= 30s
FUZZ        ?= .
URL         ?=
RATE        ?= 20
DURATION    ?= 30s
MAX_ERRORS  ?= 0
MAX_P99     ?= 0
LOAD_HOST   ?=
override BENCH       := $(value BENCH)
override BENCH_COUNT := $(value BENCH_COUNT)
override FUZZTIME    := $(value FUZZTIME)
override FUZZ        := $(value FUZZ)
override URL         := $(value URL)
override RATE        := $(value RATE)
override DURATION    := $(value DURATION)
override MAX_ERRORS  := $(value MAX_ERRORS)
override MAX_P99     := $(value MAX_P99)
override LOAD_HOST   := $(value LOAD_HOST)
export BENCH BENCH_COUNT FUZZTIME FUZZ URL RATE DURATION MAX_ERRORS MAX_P99 LOAD_HOST

.PHONY: cover
cover: ## Measure the coverage of libs and apps: build/cover.txt, build/cover.out. [AGAINST=main]
	@tools/cover.sh $(UNITS)

.PHONY: bench-compare
bench-compare: .tools/benchstat ## Compare the fast benchmarks with a commit's. AGAINST=main [BENCH=regexp] [BENCH_COUNT=6]
	@tools/benchcompare.sh

.PHONY: fuzz
fuzz: ## Run every fuzzer for a while. FUZZTIME=30s [FUZZ=regexp]
	@tools/fuzz.sh

.PHONY: outdated
outdated: ## List the direct dependencies that have a newer version
	@tools/outdated.sh

# Built and then run in make's place, so that an interrupt reaches it and it ends its session.
.PHONY: load
load: ## Call a server at a constant rate. URL=http://127.0.0.1:8080/mcp [RATE=20] [DURATION=30s] [MAX_ERRORS=0] [MAX_P99=250ms]; TOKEN from the environment
	@go build -o build/local/load ./tests/cmd/load
	@exec build/local/load -url "$$URL" -rate "$$RATE" -duration "$$DURATION" -max-errors "$$MAX_ERRORS" -max-p99 "$$MAX_P99"

##### What ships

.PHONY: licences
licences: ## List the licences of what ships and of the tools; fail on one that is not accepted
	@env -u GOARCH go run ./tests/cmd/licences -arch "$${GOARCH:-arm64}" -tools tools \
		./apps/mcp/cmd/server $(patsubst %,./apps/%/cmd/lambda,$(filter-out server,$(functions)))

.PHONY: sbom
sbom: lambda ## Write build/NAME.cdx.json, what each build/NAME.zip consists of (CycloneDX)
	@env -u GOARCH go run ./tests/cmd/sbom $(functions:%=build/%.zip)

##### Pull requests

# The stacks are those that are committed: others are somebody's own.
.PHONY: pr-comment
pr-comment: ## Print the comment of a pull request, with what `cover` and `bench-compare` left. AGAINST=origin/main
	@go build -o build/local/preview ./stacks/cmd/preview
	@go build -o build/local/prcomment ./tests/cmd/prcomment
	@exec build/local/prcomment -against "$$AGAINST" -- $$(git ls-files 'Pulumi.*.yaml' | sed 's/^Pulumi\.\(.*\)\.yaml$$/\1/')
