#!/bin/sh
# Checks .github: workflows.sh
#
# actionlint is a Go program and always runs. zizmor (security) and shellcheck (which actionlint
# asks about scripts) come from PyPI: without Python 3.11 we say so in one line and pass, and
# with CI=true we fail. zizmor stays off the network, as nothing here may depend on an answer of GitHub.
set -eu
cd "$(dirname "$0")/.."

if ! python3 -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
  .tools/actionlint -shellcheck= -pyflakes=
  echo 'zizmor and shellcheck: NOT CHECKED, they need Python 3.11 or newer, with venv' >&2
  [ "${CI-}" != true ]
  exit
fi
make -s tools/python/.venv/.stamp
.tools/actionlint -shellcheck=tools/python/.venv/bin/shellcheck -pyflakes=
exec tools/python/.venv/bin/zizmor --offline --no-progress --quiet --persona=pedantic .github
