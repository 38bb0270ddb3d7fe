#!/bin/sh
# Measures which statements the tests of some packages run: cover.sh PACKAGES...
#
# A statement counts when a test of any of these packages runs it: what mcphttp runs of
# session is tested. Commands are left out, as tests/ runs them as processes, and so are
# packages that exist for tests. Where DynamoDB Local is not there its store is hardly run:
# `tests/dynamodb/start make cover` has it.
set -eu
cd "$(dirname "$0")/.."

mkdir -p build
measured=$(go list -f '{{if ne .Name "main"}}{{.ImportPath}}{{end}}' "$@" |
  grep -Ev '(test|/internal/(bench|everything|loopback))$' | paste -sd, -)
go test -timeout 10m -coverpkg "$measured" -coverprofile build/cover.out "$@" >build/cover.log || { cat build/cover.log; exit 1; }

# Each test binary reports every block, so a block has as many lines as there are binaries.
go list -m -f '{{.Path}}' | awk '
  FNR == NR { modules[NR] = $1; next }
  $1 == "mode:" { next }
  { size[$1] = $2; if ($3 > 0) ran[$1] = 1 }
  END {
    for (block in size) {
      for (i in modules) if (index(block, modules[i] "/") == 1) m = modules[i]
      all[m] += size[block]; total += size[block]
      if (block in ran) { hit[m] += size[block]; run += size[block] }
    }
    printf "%-40s %10s %10s %9s\n", "module", "statements", "run", "coverage"
    for (i = 1; i in modules; i++) {
      m = modules[i]
      if (m in all) printf "%-40s %10d %10d %8.1f%%\n", m, all[m], hit[m], 100 * hit[m] / all[m]
    }
    printf "%-40s %10d %10d %8.1f%%\n", "total", total, run, 100 * run / total
  }' - build/cover.out | tee build/cover.txt
