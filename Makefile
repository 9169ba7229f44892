# Each target installs what it needs (packaging/setup.sh) and runs from a fresh clone.
.PHONY: help build demo test interop vm-test soak bench fuzz deb clean
.DEFAULT_GOAL := help
FUZZ_SECONDS ?= 600
BENCH_SECONDS ?= 60

help:            ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-9s %s\n", $$1, $$2}' Makefile

build:           ## target/release/tipringd and target/release/tipring
	@packaging/setup.sh build
	cargo build --release -p tipringd -p tipring-ctl --bins

demo:            ## a phone call and a fax page on the simulated card, into demo-out/
	@packaging/setup.sh demo
	cargo build --release -p tipringd -p tipring-ctl -p tipring-tests --bins
	target/release/tipring-demo demo-out

test:            ## everything that a newcomer's machine can check
	@packaging/setup.sh test
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --quiet
	cargo build --workspace --bins
	cargo test --workspace
	tests/fuzz/short.sh

interop:         ## the gateway against Asterisk's chan_skinny, judged by tshark
	@packaging/setup.sh interop
	cargo build --release -p tipringd -p tipring-ctl -p tipring-tests --bins
	target/release/tipring-interop $(INTEROP)

vm-test:         ## the installed package in guests: real DAHDI, systemd, Asterisk
	@packaging/setup.sh vm deb
	tests/vm/all.sh $(VM)

soak:            ## the same with the long figures (about an hour)
	@packaging/setup.sh vm deb
	tests/vm/all.sh --long $(VM)

bench:           ## instructions per port and block, echo, tones; 48 to 1000 talking ports in real time
	@packaging/setup.sh bench
	tests/bench.sh $(BENCH_SECONDS)

fuzz:            ## every fuzz target for FUZZ_SECONDS (600)
	@packaging/setup.sh fuzz
	tests/fuzz/all.sh $(FUZZ_SECONDS)

deb:             ## dist/: the Debian package, its debug symbols, a tarball, checksums, release notes
	@packaging/setup.sh deb
	packaging/deb.sh

clean:
	cargo clean
	rm -rf demo-out dist
