#!/bin/bash
# Every fuzz target, one after the other: tests/fuzz/all.sh SECONDS_EACH
set -euo pipefail
cd "$(dirname "$0")"
seconds=${1:?usage: tests/fuzz/all.sh SECONDS_EACH}
failed=0
for target in targets/*; do
  ./run.sh "$(basename "$target" .rs)" "$seconds" || failed=1
done
exit "$failed"
