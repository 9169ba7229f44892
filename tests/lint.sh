#!/bin/bash
# Formatting, clippy, the documentation and the scripts, as part of `make test`. With the Rust of continuous integration whatever
# they find is an error; with another one it is shown and fails nothing, for nobody can heed today what a later Rust will find.
# What cannot be looked at for lack of a tool is said at the end. Cargo.lock stays as it is: one that is out of date is an error.
set -euo pipefail
cd "$(dirname "$0")/.."
ci_rust=1.95
have=$(rustc --version | cut -d' ' -f2)
skipped=()
if [[ $have == "$ci_rust".* ]]; then
  lints=(-D warnings)
  cargo fmt --all --check
else
  lints=(--cap-lints warn)
  echo "lint: this Rust is $have, continuous integration has $ci_rust: what is found here fails nothing"
  cargo fmt --all --check || echo "lint: this rustfmt would write it otherwise"
fi
if command -v shellcheck >/dev/null; then
  find packaging tests -name target -prune -o -name '*.sh' -print0 | xargs -0 shellcheck --severity=error .ci/run
else
  skipped+=("the scripts, for there is no shellcheck: apt-get install shellcheck")
fi
cargo clippy --locked --workspace --all-targets -- "${lints[@]}"
# A workspace of its own, built last: what it lacks after a change is to be known first.
if command -v c++ >/dev/null || command -v clang++ >/dev/null; then
  command -v c++ >/dev/null || export CXX=clang++
  cargo check --locked --manifest-path tests/fuzz/Cargo.toml --target-dir target/fuzz-check --bins --quiet
else
  skipped+=("the fuzz targets, for there is no C++ compiler: apt-get install g++")
fi
RUSTDOCFLAGS="${lints[*]}" cargo doc --locked --workspace --no-deps --quiet
for what in "${skipped[@]}"; do echo "SKIPPED: $what" >&2; done
