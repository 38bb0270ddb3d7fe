#!/bin/sh
# Sums of the archives that one job builds and others deploy: sums.sh write|check
#
# write makes build/SHA256SUMS and prints its digest, to a workflow as the output digest. check
# wants $DIGEST to be that digest, and build to hold every archive as the file says and no other.
# An artifact can be replaced on its way from job to job; the digest goes another way, as a
# job's output.
set -eu
cd "$(dirname "$0")/../build"

digest() { sha256sum SHA256SUMS | cut -d " " -f 1; }

case $1 in
write)
  sha256sum -- *.zip* >SHA256SUMS
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
  if [ "$(sha256sum -- *.zip*)" != "$(cat SHA256SUMS)" ]; then
    echo 'the archives in build are not those of build/SHA256SUMS' >&2
    exit 1
  fi
  ;;
esac
