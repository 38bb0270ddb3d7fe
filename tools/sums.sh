#!/bin/sh
# Sums of what one job builds and others deploy and sign: sums.sh write|check
#
# write makes build/SHA256SUMS and prints its digest, to a workflow as the output digest. check
# wants $DIGEST to be that digest, and build to hold every archive, its record and the list of what
# it consists of (.cdx.json, where `make sbom` was run) as the file says and no other.
# An artifact can be replaced on its way from job to job; the digest goes another way, as a
# job's output.
set -eu
cd "$(dirname "$0")/../build"

sums() {
  set -- *.cdx.json
  [ -e "$1" ] || set --
  sha256sum -- *.zip* "$@"
}
digest() { sha256sum SHA256SUMS | cut -d " " -f 1; }

case $1 in
write)
  sums >SHA256SUMS
  echo "digest=$(digest)" | tee -a "${GITHUB_OUTPUT:-/dev/null}"
  ;;
check)
  if [ -z "${DIGEST-}" ]; then
    echo 'make sums-check: say which sums, as in DIGEST=<what make sums printed>' >&2
    exit 2
  fi
  if [ "$(digest)" != "$DIGEST" ]; then
    echo "build/SHA256SUMS is not the one with the digest $DIGEST" >&2
    exit 1
  fi
  if [ "$(sums)" != "$(cat SHA256SUMS)" ]; then
    echo 'the archives in build are not those of build/SHA256SUMS' >&2
    exit 1
  fi
  ;;
esac
