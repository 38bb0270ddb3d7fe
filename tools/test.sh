#!/usr/bin/env bash
# All checks, one after the other; `make test` runs it.
#
# Go and a network for the Go modules are enough to begin. What else is missing is said in
# one line each and its part is left out; with CI=true it is an error. A part that fails does
# not keep the next from running, and the last lines say what failed and how many tests ran.
set -uo pipefail
cd "$(dirname "$0")/.."

reports=$(mktemp -d)
trap 'rm -rf "$reports"' EXIT
failed=()
left_out=()

has() { command -v "$1" >/dev/null 2>&1; }

part() { # part NAME COMMAND ARG...
  local name=$1
  shift
  printf '\n== %s\n' "$name"
  "$@" || failed+=("$name")
}

leave_out() { # leave_out NAME WHY
  if [[ ${CI-} == true ]]; then
    printf '\n== %s\n%s\n' "$1" "$2"
    failed+=("$1")
  else
    left_out+=("not run: $1: $2")
  fi
}

gotest() { # gotest NAME ARGUMENTS...
  TEST_REPORT=$reports/$1.json tools/gotest.sh "${@:2}"
}

# With DynamoDB Local where it can be had: start ends it when the tests end, however they end.
dynamodb=()
if { has mvn && has javac; } || docker info >/dev/null 2>&1; then
  dynamodb=(tests/dynamodb/start)
else
  leave_out "DynamoDB store" "needs Maven and a JDK 17, or a running Docker engine"
fi

if has npm && has node; then
  make -s node || failed+=("npm ci")
else
  leave_out "conformance suite, TypeScript clients and the documentation's site" "need npm and Node.js"
fi

if python3 -c 'import sys, venv; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
  make -s python || failed+=("pip install")
else
  leave_out "Python client" "needs Python 3.10 or newer, with venv"
fi

if ! has chromium && ! has chromium-browser && ! has google-chrome && ! has google-chrome-stable; then
  leave_out "signing in with a browser" "needs Chromium or Chrome"
fi

# The real engine is the Pulumi CLI, which takes minutes to build the first time: the deployed
# stacks that are run here come from it.
pulumi=true
make -s .tools/pulumi || { pulumi=false && failed+=("the Pulumi CLI could not be built"); }
# So do the programs that tests make with its SDK, with C and without: here no test's time is running.
if [[ $pulumi == true ]]; then
  go build ./stacks/cmd/... && CGO_ENABLED=0 go build ./stacks/cmd/... || failed+=("stacks/cmd")
fi

if make -s .tools/gotestsum; then
  export -f gotest
  export reports
  # Never from the cache: go test does not see when a file outside of the module changes, such as a
  # page of the docs or a stack's settings, nor from which sources a process was built that a test starts.
  part "unit" ${dynamodb[@]+"${dynamodb[@]}"} bash -c 'gotest unit -count 1 ./libs/... ./apps/{mcp,auditor,authorizer,pretoken,rotator}/...'
  # One package at a time, as these start processes and measure them.
  part "across modules" ${dynamodb[@]+"${dynamodb[@]}"} bash -c 'gotest across -p 1 -count 1 ./tests/...'
  # The AWS SDK of Pulumi takes minutes to build the first time. Two test binaries at a time:
  # each takes gigabytes to link.
  if [[ $pulumi == true ]]; then
    part "stack" gotest stack -p 2 -count 1 ./platform/... ./stacks/...
  fi
else
  failed+=("gotestsum could not be built")
fi

if make -s .tools/golangci-lint .tools/govulncheck; then
  part "lint" make -s lint
else
  leave_out "lint" "its tools could not be built, see above"
fi

count() { # count pass|fail|skip: tests and subtests with that result
  cat "$reports"/*.json 2>/dev/null | grep "\"Action\":\"$1\"" | grep -c '"Test":'
}

printf '\n'
for line in ${left_out[@]+"${left_out[@]}"}; do echo "$line"; done
for name in ${failed[@]+"${failed[@]}"}; do echo "FAILED: $name"; done
echo "$(count pass) passed, $(count fail) failed, $(count skip) skipped"
[[ ${#failed[@]} -eq 0 ]]
