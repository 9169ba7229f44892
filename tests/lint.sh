#!/bin/bash
# Formatting, clippy and the documentation, as part of `make test`. With the Rust of continuous integration whatever they find
# is an error; with another one it is shown and fails nothing, for nobody can heed today what a later Rust will find.
set -euo pipefail
cd "$(dirname "$0")/.."
ci_rust=1.95
have=$(rustc --version | cut -d' ' -f2)
if [[ $have == "$ci_rust".* ]]; then
  lints=(-D warnings)
  cargo fmt --all --check
else
  lints=(--cap-lints warn)
  echo "lint: this Rust is $have, continuous integration has $ci_rust: what is found here fails nothing"
  cargo fmt --all --check || echo "lint: this rustfmt would write it otherwise"
fi
cargo clippy --workspace --all-targets -- "${lints[@]}"
# A workspace of its own, built last: what it lacks after a change is to be known first.
if command -v c++ >/dev/null || command -v clang++ >/dev/null; then
  command -v c++ >/dev/null || export CXX=clang++
  cargo check --manifest-path tests/fuzz/Cargo.toml --target-dir target/fuzz-check --bins --quiet
fi
RUSTDOCFLAGS="${lints[*]}" cargo doc --workspace --no-deps --quiet
