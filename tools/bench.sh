#!/bin/sh
# Runs every benchmark BENCH_COUNT times (6) and prints benchstat's table.
#
# A benchmark that measures others beside us names who it measures in its sub-benchmark,
# server=leasehold, server=go-sdk, server=mcp-go; those are printed side by side, with ours
# as a multiple of each other's in the same run. That of a cold start is x-hello. One that
# measures what a request leaves in the log, or sends to a collector, names it too, observed=none,
# observed=line, observed=traced.
set -eu
cd "$(dirname "$0")/.."

mkdir -p build
go test -run '^$' -bench . -benchmem -count "${BENCH_COUNT:-6}" -timeout 30m \
  ./libs/... ./apps/mcp/... ./tests/... >build/bench.txt || { cat build/bench.txt; exit 1; }
.tools/benchstat -ignore pkg -filter '-/server:(go-sdk OR leasehold OR mcp-go) -/observed:(none OR line OR sampled OR untraced OR traced)' build/bench.txt
printf '\nwith a summary line and metrics, and with spans, beside none\n'
.tools/benchstat -ignore pkg -filter '/observed:(none OR line OR sampled OR untraced OR traced)' -col '/observed@(none line sampled untraced traced)' build/bench.txt
if grep -q '/server=' build/bench.txt; then
  printf '\nbeside other servers (medians)\n'
  go run ./tests/cmd/beside <build/bench.txt
fi
