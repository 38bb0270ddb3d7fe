#!/bin/sh
# Sums of the archives that one job builds and others deploy: archives.sh sum|check
#
# sum writes build/SHA256SUMS and prints its digest, to a workflow as the output digest. check
# wants $DIGEST to be that digest and every archive to be as the file says. An artifact can be
# replaced on its way from job to job; the digest goes another way, as a job's output.
set -eu
cd "$(dirname "$0")/../build"

digest() { sha256sum SHA256SUMS | cut -d " " -f 1; }

case $1 in
sum)
  sha256sum -- *.zip >SHA256SUMS
  echo "digest=$(digest)" | tee -a "${GITHUB_OUTPUT:-/dev/null}"
  ;;
check)
  if [ -z "${DIGEST-}" ]; then
    echo 'make archives-check: say which archives, as in DIGEST=<what make archives printed>' >&2
    exit 2
  fi
  if [ "$(digest)" != "$DIGEST" ]; then
    echo "build/SHA256SUMS is not the one with the digest $DIGEST" >&2
    exit 1
  fi
  sha256sum --check --strict --quiet SHA256SUMS
  ;;
esac
