#!/bin/sh
# Looks for known vulnerabilities in every module of go.work: vuln.sh required|optional
#
# govulncheck needs its database from the network (GOVULNDB names another). Where that
# cannot be reached nothing was checked, and we say so: "required" then fails, "optional" passes.
set -eu
cd "$(dirname "$0")/.."
mode=$1

err=$(mktemp)
trap 'rm -f "$err"' EXIT
for module in $(go list -m -f '{{.Dir}}'); do
  status=0
  .tools/govulncheck ${GOVULNDB:+-db "$GOVULNDB"} -C "$module" ./... 2>"$err" || status=$?
  if [ "$status" -ne 0 ] && grep -Eq 'fetching vulnerabilities|creating client' "$err"; then
    echo "govulncheck: NOT CHECKED, the vulnerability database cannot be reached (GOVULNDB names another)" >&2
    [ "$mode" = optional ]
    exit
  fi
  cat "$err" >&2
  [ "$status" -eq 0 ] || exit "$status"
done
