#!/bin/bash
# Prints what a port costs, how good its echo canceller is by the tests of G.168 (speexdsp's beside it) and its receiver
# of keys by those of Q.24 (libspandsp's beside it), how soon fax tones are reported (libspandsp's receivers beside ours) and
# that an hour of talk has none, what RFC 2198 redundancy is worth to faxes over a network that loses packets, and how
# talking ports of the simulated card keep time on this machine: 48, 48 while other processes keep every processor busy,
# 400 and 1000 on one line thread. What is required stands beside each figure. Instructions are counted by valgrind and
# the tests of sound are seeded, so they do not depend on what else runs here; the realtime part reports what it saw, and
# how loaded the machine was. Takes about twelve minutes once everything is built.
#   tests/bench.sh [SECONDS of each realtime run, 60]
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-60}
cargo bench --locked --quiet -p tipring-dsp --bench chain_cost
cargo bench --locked --quiet -p tipring-dsp --bench g168
cargo bench --locked --quiet -p tipring-dsp --bench dtmf
cargo bench --locked --quiet -p tipring-dsp --bench tones
cargo bench --locked --quiet -p tipring-tests --bench lossy
line_cost() { cargo bench --locked --quiet -p tipringd --bench line_cost -- "$@"; }
line_cost instructions
for run in "realtime 48" "loaded 48" "realtime 400" "realtime 1000"; do
    read -r kind ports <<<"$run"
    line_cost "$kind" "$seconds" "$ports"
done
