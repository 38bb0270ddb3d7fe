# What is measured and listed; docs/quality.md says how to read it. Nothing here is part of `make test`.

BENCH       ?= .
BENCH_COUNT ?= 6
FUZZTIME    ?= 30s
FUZZ        ?= .
override BENCH       := $(value BENCH)
override BENCH_COUNT := $(value BENCH_COUNT)
override FUZZTIME    := $(value FUZZTIME)
override FUZZ        := $(value FUZZ)
export BENCH BENCH_COUNT FUZZTIME FUZZ

.PHONY: cover
cover: ## Measure the coverage of libs and apps: build/cover.txt, build/cover.out
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

##### What ships

.PHONY: licences
licences: ## List the licences of what ships and of the tools; fail on one that is not accepted
	@env -u GOARCH go run ./tests/cmd/licences -arch "$${GOARCH:-arm64}" -tools tools \
		./apps/mcp/cmd/server $(patsubst %,./apps/%/cmd/lambda,$(filter-out server,$(functions)))

.PHONY: sbom
sbom: lambda ## Write build/NAME.cdx.json, what each build/NAME.zip consists of (CycloneDX)
	@env -u GOARCH go run ./tests/cmd/sbom $(functions:%=build/%.zip)
