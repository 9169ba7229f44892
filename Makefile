# Each target installs what it needs (packaging/setup.sh) and runs from a fresh clone.
# Where rustup puts it, for shells that have not been told.
export PATH := $(PATH):$(or $(CARGO_HOME),$(HOME)/.cargo)/bin

.PHONY: help build demo test fresh interop vm-test soak bench fax fuzz deb clean
.DEFAULT_GOAL := help
FUZZ_SECONDS ?= 600
BENCH_SECONDS ?= 60
FRESH ?= bookworm trixie

help:            ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-9s %s\n", $$1, $$2}' Makefile

build:           ## target/release/tipringd and target/release/tipring
	@packaging/setup.sh build
	cargo build --release -p tipringd -p tipring-ctl --bins

demo:            ## a phone call and a fax page on the simulated card, into demo-out/ (DIALECT=cisco and others)
	@packaging/setup.sh demo
	cargo build --release -p tipringd -p tipring-ctl -p tipring-tests --bins
	target/release/tipring-demo demo-out $(DIALECT)

test:            ## everything that a newcomer's machine can check
	@packaging/setup.sh test
	tests/lint.sh
	@# With the tests, for their features are those of `cargo test`: without them all of it is built twice.
	cargo build --workspace --bins --tests
	cargo test --workspace
	tests/fuzz/short.sh

fresh:           ## demo and test on fresh Debian systems with git and make alone (needs root and an hour)
	@packaging/setup.sh fresh
	@# A system for each: what one of them installs hides what the other one forgets.
	@status=0; for release in $(FRESH); do for target in demo test; do tests/fresh.sh $$release $$target || status=1; done; done; exit $$status

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

fax:             ## fax calls over a pair of T.38 relays: loss, jitter, modems, levels, cost (FAX=--quick: a few)
	@packaging/setup.sh fax
	cargo bench --quiet -p tipring-dsp --bench fax -- $(FAX)

fuzz:            ## every fuzz target for FUZZ_SECONDS (600)
	@packaging/setup.sh fuzz
	tests/fuzz/all.sh $(FUZZ_SECONDS)

deb:             ## dist/: the Debian package, its debug symbols, a tarball, checksums, release notes
	@packaging/setup.sh deb
	packaging/deb.sh

clean:
	cargo clean
	rm -rf demo-out dist
