#!/bin/bash
# Prints what a port costs and how 48 talking ports keep time on this machine. Instructions are counted by
# valgrind, so they do not depend on what else runs here; the realtime part reports what it saw.
#   tests/bench.sh [SECONDS of the realtime part, 60]
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-60}
cargo bench --quiet -p tipring-dsp --bench chain_cost
cargo bench --quiet -p tipringd --bench line_cost -- instructions
cargo bench --quiet -p tipringd --bench line_cost -- realtime "$seconds" 48
