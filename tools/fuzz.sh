#!/usr/bin/env bash
# Runs each fuzzer of every module for FUZZTIME (30s): those whose name matches FUZZ (.), one
# after the other, as each takes all processors.
#
# Fails when one finds an input that breaks it. Go keeps that input in testdata/fuzz/NAME
# beside the test, where `go test` runs it from then on; the last lines say which files these are.
set -euo pipefail
cd "$(dirname "$0")/.."

out=$(mktemp)
trap 'rm -f "$out"' EXIT
count=0
found=()
broken=()

inputs() { find . -path '*/testdata/fuzz/*' -type f | sort; } # inputs: those kept in the tree

fuzz() { # fuzz PACKAGE NAME
  local before kept
  before=$(inputs)
  printf '\n== %s %s\n' "$1" "$2"
  count=$((count + 1))
  go test -run '^$' -fuzz "^$2\$" -fuzztime "${FUZZTIME:-30s}" "$1" 2>&1 | tee "$out" && return
  kept=$(comm -13 <(echo "$before") <(inputs))
  if [[ -n $kept ]]; then
    found+=("$2: $kept")
  # The end of FUZZTIME may reach Go's coordinator before its workers, which then looks like a
  # failure without an input: https://go.dev/issue/75804
  elif grep -qx ' *context deadline exceeded' "$out"; then
    echo "no input failed: the time was over"
  else
    broken+=("$1 $2")
  fi
}

# Only packages that declare a fuzzer are compiled to ask them for their names.
declaring=$(grep -rlE --include '*_test.go' '^func Fuzz' $(go list -m -f '{{.Dir}}') | xargs -n 1 dirname | sort -u)
for dir in $declaring; do
  names=$(go test -list '^Fuzz' "$dir" | grep '^Fuzz')
  for name in $names; do
    if [[ $name =~ ${FUZZ:-.} ]]; then fuzz "${dir/#$PWD/.}" "$name"; fi
  done
done

printf '\n%s fuzzers, %s each\n' "$count" "${FUZZTIME:-30s}"
for input in ${found[@]+"${found[@]}"}; do echo "FAILED: $input"; done
for name in ${broken[@]+"${broken[@]}"}; do echo "FAILED without an input, see above: $name"; done
[[ $count -gt 0 && ${#found[@]} -eq 0 && ${#broken[@]} -eq 0 ]]
