#!/bin/bash
# Every fuzz target for a few seconds, as part of `make test`: tests/fuzz/short.sh [SECONDS_EACH, 5]
set -euo pipefail
cd "$(dirname "$0")"
if ! command -v c++ >/dev/null && ! command -v clang++ >/dev/null; then
  echo "SKIPPED: the fuzz targets, for there is no C++ compiler: apt-get install g++" >&2
  exit 0
fi
./all.sh "${1:-5}"
