#!/bin/sh
# Measures which statements the tests of some packages run: cover.sh PACKAGES...
# With AGAINST also those of that commit, as build/cover-base.txt.
#
# A statement counts when a test of any of these packages runs it: what mcphttp runs of
# session is tested. Commands are left out, as tests/ runs them as processes, and so are
# packages that exist for tests. Where DynamoDB Local is not there its store is hardly run:
# `tests/dynamodb/start make cover` has it.
set -eu
cd "$(dirname "$0")/.."
build=$PWD/build
mkdir -p "$build"

# measure NAME PACKAGES...: build/NAME.out and build/NAME.txt of the tree that we are in
measure() {
  name=$1
  shift
  measured=$(go list -f '{{if ne .Name "main"}}{{.ImportPath}}{{end}}' "$@" |
    grep -Ev '(test|/internal/(bench|everything|loopback))$' | paste -sd, -)
  go test -timeout 10m -coverpkg "$measured" -coverprofile "$build/$name.out" "$@" >"$build/$name.log" ||
    { cat "$build/$name.log"; return 1; }
  go list -m -f '{{.Path}}' | table - "$build/$name.out" >"$build/$name.txt"
}

# Each test binary reports every block, so a block has as many lines as there are binaries.
table() {
  awk '
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
    }' "$@"
}

rm -f "$build/cover-base.txt" # of another commit
measure cover "$@"
cat "$build/cover.txt"

[ -n "${AGAINST-}" ] || exit 0
if ! commit=$(git rev-parse --verify --quiet --end-of-options "$AGAINST^{commit}"); then
  echo "cover: AGAINST=$AGAINST is no commit that git knows" >&2
  exit 2
fi
tmp=$(mktemp -d)
trap 'git worktree remove --force "$tmp/tree" 2>/dev/null || true; rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM
git worktree add --quiet --detach "$tmp/tree" "$commit"
printf '\nthe same of %.12s (%s)\n' "$commit" "$AGAINST"
# Packages that the commit has not are not missed, nor is it this tree's fault if its tests fail.
if (cd "$tmp/tree" && for pattern in "$@"; do [ ! -d "${pattern%/...}" ] || set -- "$@" "$pattern"; shift; done && measure cover-base "$@" >"$tmp/log"); then
  cat "$build/cover-base.txt"
else
  echo "its tests fail: build/cover-base.log says which"
fi
