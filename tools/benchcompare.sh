#!/usr/bin/env bash
# Runs the benchmarks of libs and apps in this tree and in the commit AGAINST (main) and prints
# benchstat's table, which build/bench-compare.txt keeps.
#
# Both are compiled first and then run in turns, so that what else the machine does meets both.
# Left out is what `make bench` has for other reasons: cold starts, and the servers beside ours.
# Fails when a benchmark fails, never for what it measured: a shared machine is too noisy.
set -euo pipefail
cd "$(dirname "$0")/.."

against=${AGAINST:-main}
if ! commit=$(git rev-parse --verify --quiet --end-of-options "$against^{commit}"); then
  echo "bench-compare: AGAINST=$against is no commit that git knows" >&2
  exit 2
fi
tmp=$(mktemp -d)
# A signal ends the script, and its end removes the worktree.
trap 'git worktree remove --force "$tmp/tree" 2>/dev/null || true; rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM
git worktree add --quiet --detach "$tmp/tree" "$commit"

compile() { # compile ROOT NAME: a test binary of each package that declares a benchmark
  local dir
  mkdir -p "$tmp/$2"
  (cd "$1" && grep -rlE --include '*_test.go' '^func Benchmark' libs apps | xargs -n 1 dirname | sort -u) |
    while read -r dir; do
      (cd "$1" && go test -c -o "$tmp/$2/${dir//\//+}" "./$dir")
    done
}

measure() { # measure ROOT NAME: every benchmark once; each runs where its package is
  local binary package
  for binary in "$tmp/$2"/*; do
    package=${binary##*/}
    (cd "$1/${package//+//}" && "$binary" -test.run '^$' -test.bench "${BENCH:-.}" \
      -test.skip '///server=(go-sdk|mcp-go)' -test.benchmem -test.benchtime 200ms) >>"$tmp/$2.txt"
  done
}

compile "$tmp/tree" base
compile . head
for ((i = 0; i < ${BENCH_COUNT:-6}; i++)); do
  measure "$tmp/tree" base
  measure "$PWD" head
done

mkdir -p build
# One comparison in a hundred is called different by chance, and there are dozens: hence not
# benchstat's one in twenty.
stat() { .tools/benchstat -alpha 0.01 "$@" "base=$tmp/base.txt" "head=$tmp/head.txt"; }
{
  echo "base is ${commit:0:12} ($against), head is this tree"
  echo
  stat -ignore pkg
  echo
  stat -ignore pkg -format csv 2>/dev/null | awk -F , '
    $2 ~ /\/op$|B\/s$/ { metric = $2 }
    $6 ~ /^[+-]/ && $1 != "geomean" { print "significant: " $1 " " metric " " $6 " (" $7 ")"; n++ }
    END { if (!n) print "no difference is significant" }'
} | tee build/bench-compare.txt
