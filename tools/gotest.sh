#!/bin/sh
# Runs go test through gotestsum: gotest.sh [FLAGS] PACKAGES...
# With a C compiler the race detector is on; it needs one.
# TEST_REPORT, when set, names a file for the events of go test -json.
set -eu
cd "$(dirname "$0")/.."

race=-race
if ! command -v "$(go env CC)" >/dev/null 2>&1; then
  echo "no C compiler: the tests run without the race detector" >&2
  race=
  if [ "${CI-}" = true ]; then exit 1; fi
fi

export CGO_ENABLED="${race:+1}"
[ -n "$race" ] || export CGO_ENABLED=0
exec .tools/gotestsum --format pkgname-and-test-fails --format-hide-empty-pkg --hide-summary skipped \
  ${TEST_REPORT:+--jsonfile "$TEST_REPORT"} -- $race -timeout 10m "$@"
