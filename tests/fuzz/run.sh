#!/bin/bash
# Runs one fuzz target for a time: tests/fuzz/run.sh TARGET SECONDS
# Needs a stable Rust and a C++ compiler, nothing else: the instrumentation is LLVM's own pass, libFuzzer comes as source
# with the libfuzzer-sys crate. Exits non-zero on a finding and prints where the input is.
set -euo pipefail
cd "$(dirname "$0")"
target=${1:?usage: tests/fuzz/run.sh TARGET SECONDS; targets: $(cd targets && echo * | sed 's/\.rs//g')}
seconds=${2:?usage: tests/fuzz/run.sh TARGET SECONDS}
[[ $seconds =~ ^[1-9][0-9]*$ ]] || { echo "fuzz: SECONDS is $seconds; give a whole number of 1 or more" >&2; exit 2; }
[[ -f targets/$target.rs || -d targets/$target ]] || { echo "fuzz: no target $target; there are: $(cd targets && echo * | sed 's/\.rs//g')" >&2; exit 2; }

command -v c++ >/dev/null || export CXX=clang++
host=$(rustc -vV | sed -n 's/^host: //p')
# With --target the flags reach the code under test, not build scripts.
export RUSTFLAGS="--cfg fuzzing -Cpasses=sancov-module \
 -Cllvm-args=-sanitizer-coverage-level=4 \
 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
 -Cllvm-args=-sanitizer-coverage-pc-table \
 -Cllvm-args=-sanitizer-coverage-trace-compares"
export CARGO_TARGET_DIR=${FUZZ_TARGET_DIR:-$PWD/target}
cargo build --locked --release --quiet --target "$host" --bin "$target"
# The seed writer has no main of libFuzzer and needs no instrumentation.
RUSTFLAGS='' cargo build --locked --release --quiet -p tipring-fuzz-seeds

mkdir -p "corpus/$target" "artifacts/$target"
"$CARGO_TARGET_DIR/release/tipring-fuzz-seeds" "$target" "corpus/$target"
options=(-max_total_time="$seconds" -timeout=5 -rss_limit_mb=1024 -malloc_limit_mb=64 -max_len=8192
  -print_final_stats=1 -artifact_prefix="artifacts/$target/")
"$CARGO_TARGET_DIR/release/tipring-fuzz-seeds" --words "$target" >"artifacts/$target.words"
[[ -s artifacts/$target.words ]] && options+=(-dict="artifacts/$target.words")
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! "$CARGO_TARGET_DIR/$host/release/$target" "${options[@]}" "corpus/$target" >"$log" 2>&1; then
  cat "$log" >&2
  echo "fuzz: $target: FINDING; the input is in tests/fuzz/artifacts/$target/" >&2
  exit 1
fi
runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
coverage=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -1)
echo "fuzz: $target: no finding in $seconds s, $runs runs, $coverage edges, $(find "corpus/$target" -type f | wc -l) inputs kept"
