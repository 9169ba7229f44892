#!/bin/bash
# Installs what a Debian machine still lacks for a make target. Does nothing when all is there.
#   packaging/setup.sh build|demo|test|interop|bench|fuzz|deb …
set -euo pipefail
msrv=1.90
declare -A sets=(
  [build]="gcc libc6-dev make pkg-config libspandsp-dev libtiff-dev libclang-dev libsystemd-dev"
  [demo]="procps espeak-ng sox libtiff-tools tcpdump util-linux"
  [test]="g++ procps tshark libtiff-tools sox dahdi-source"
  [interop]="tshark tcpdump libtiff-tools mmdebstrap debian-archive-keyring python3 procps util-linux"
  [vm]="qemu-system-x86 qemu-utils mmdebstrap debian-archive-keyring e2fsprogs busybox-static cpio kmod xz-utils gcc make libelf-dev python3 procps util-linux"
  [bench]="valgrind libspeexdsp-dev espeak-ng asterisk-core-sounds-en-wav asterisk-core-sounds-fr-wav asterisk-core-sounds-ru-wav"
  [fuzz]="g++"
  [deb]="debhelper dpkg-dev lintian python3 rsync git systemd"
)
wanted=()
for set in build "$@"; do
  [[ -n ${sets[$set]:-} ]] || { echo "setup: no such set: $set (one of ${!sets[*]})" >&2; exit 2; }
  read -ra more <<<"${sets[$set]}"
  wanted+=("${more[@]}")
done

as_root() { if [[ $(id -u) == 0 ]]; then "$@"; else sudo "$@"; fi; }
installed() { [[ $(dpkg-query -W -f '${db:Status-Abbrev}' "$1" 2>/dev/null) == ii* ]]; }

missing=()
for p in "${wanted[@]}"; do installed "$p" || missing+=("$p"); done
if ((${#missing[@]})); then
  command -v apt-get >/dev/null || {
    echo "setup: this is no Debian system; install by hand what these packages hold: ${missing[*]}" >&2; exit 1; }
  echo "setup: installing ${missing[*]}"
  log=$(mktemp)
  if ! { as_root apt-get update && as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
    tail -20 "$log" >&2
    echo "setup: apt-get failed; its whole output is in $log" >&2
    exit 1
  fi
  rm -f "$log"
fi

new_enough() { # is cargo there, and at least $msrv?
  command -v cargo >/dev/null || return 1
  local have; have=$(cargo --version | awk '{print $2}')
  [[ $(printf '%s\n%s\n' "$msrv" "$have" | sort -V | head -1) == "$msrv" ]]
}
if ! new_enough; then
  # Debian 13 and later package rustup; Debian 12's own Rust is too old for this code.
  if command -v rustup >/dev/null || apt-cache show rustup >/dev/null 2>&1; then
    command -v rustup >/dev/null || as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y rustup
    rustup default stable
  fi
  new_enough || {
    echo "setup: Rust $msrv or later is missing and this Debian does not package it;" \
      "install it from https://rustup.rs and run this again" >&2; exit 1; }
fi
