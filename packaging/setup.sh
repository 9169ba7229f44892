#!/bin/bash
# Installs what a Debian machine still lacks for a make target. Does nothing when all is there, removes nothing, and waits for
# apt when another program is using it.
#   packaging/setup.sh build|demo|test|interop|bench|fax|fuzz|deb …
# Environment: SETUP_APT_WAIT  longest wait for apt, in seconds (1800)
set -euo pipefail
msrv=1.90
patience=${SETUP_APT_WAIT:-1800}
declare -A sets=(
  [build]="gcc libc6-dev make pkg-config libspandsp-dev libtiff-dev libclang-dev libsystemd-dev libsqlite3-dev"
  [demo]="procps espeak-ng sox libtiff-tools tcpdump util-linux"
  [test]="g++ procps iproute2 mount util-linux shellcheck tshark tcpdump libtiff-tools sox dahdi-source"
  [interop]="tshark tcpdump libtiff-tools mmdebstrap debian-archive-keyring python3 procps util-linux"
  [vm]="qemu-system-x86 qemu-utils mmdebstrap debian-archive-keyring e2fsprogs busybox-static cpio kmod xz-utils gcc make libelf-dev python3 procps util-linux"
  [fresh]="mmdebstrap debian-archive-keyring git util-linux"
  [fax]="valgrind libtiff-tools"
  [bench]="valgrind libspeexdsp-dev espeak-ng asterisk-core-sounds-en-wav asterisk-core-sounds-fr-wav asterisk-core-sounds-ru-wav"
  [fuzz]="g++"
  [deb]="debhelper dpkg-dev lintian python3 rsync git systemd"
)
wanted=() checks=()
for set in build "${@/#build/}"; do
  [[ $set ]] || continue
  [[ -n ${sets[$set]:-} ]] || { echo "setup: no such set: $set (one of ${!sets[*]})" >&2; exit 2; }
  read -ra more <<<"${sets[$set]}"
  wanted+=("${more[@]}")
  [[ $set != test ]] || checks=(fmt clippy)
done
# Where rustup puts it, also for shells that do not know it.
PATH=$PATH:${CARGO_HOME:-$HOME/.cargo}/bin

say() { echo "setup: $*"; }
die() { echo "setup: $*" >&2; exit 1; }
installed() { [[ $(dpkg-query -W -f '${db:Status-Abbrev}' "$1" 2>/dev/null) == ii* ]]; }

as_root() { if [[ $(id -u) == 0 ]]; then "$@"; else sudo "$@"; fi; }

log=$(mktemp)
trap 'rm -f "$log"' EXIT
apt() { # apt-get's arguments: waits while another program has one of its locks; apt's own wait covers not all of them
  local begun=$SECONDS named= holder
  until as_root env LC_ALL=C DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=0 "$@" >"$log" 2>&1; do
    grep -qE 'Could not get lock|Unable to lock|Unable to acquire the dpkg' "$log" || return 1
    holder=$(sed -n 's/.*held by process \(.*\)$/process \1/p' "$log" | head -1)
    ((SECONDS - begun < patience)) ||
      die "apt is still in use by ${holder:-another program} after $patience s; run this again when it has ended"
    if [[ ${holder:-another program} != "$named" ]]; then
      named=${holder:-another program}
      say "waiting for apt, which $named is using (at most $patience s)"
    fi
    sleep 2
  done
}
updated=
install() { # packages: nothing is removed for them
  command -v apt-get >/dev/null || die "this is no Debian system; install by hand what these packages hold: $*"
  [[ $(id -u) == 0 ]] || command -v sudo >/dev/null ||
    die "this user may not install packages, and there is no sudo; as root (\"su -\"), run: apt-get install $*"
  say "installing $*"
  # A list that cannot be had may be one that is not needed.
  if [[ -z $updated ]]; then
    apt update || { tail -3 "$log" >&2; say "apt-get update failed; going on with the lists that are there"; }
    updated=1
  fi
  apt install -y --no-remove --no-install-recommends "$@" && return
  if grep -q 'remove is disabled' "$log"; then
    local gone other=() p
    gone=$(LC_ALL=C apt-get -s install "$@" 2>/dev/null | awk '/^Remv /{printf "%s%s", s, $2; s = " "}' || true)
    # One of ours in a version that does not go with the others (from backports, say): this Debian's own version of it does.
    for p in $gone; do
      [[ " ${wanted[*]} " == *" $p "* ]] || { other=(); break; }
      other+=("$p=$(apt-cache madison "$p" | awk '{print $3; exit}')")
    done
    if ((${#other[@]})); then
      say "${other[*]} instead of the version that is installed, which does not go with $*"
      apt install -y --no-remove --allow-downgrades --no-install-recommends "$@" "${other[@]}" && return
    fi
    tail -20 "$log" >&2
    die "these packages take the place of others that are installed (${gone:-see above}), and nothing is removed without you;" \
      "if you agree: apt-get install $*"
  fi
  tail -20 "$log" >&2
  local kept; kept=$(mktemp -t setup-XXXXXX.log); cp "$log" "$kept"
  die "apt-get failed; its whole output is in $kept"
}

missing=()
for p in "${wanted[@]}"; do installed "$p" || missing+=("$p"); done
((${#missing[@]} == 0)) || install "${missing[@]}"

# --- Rust: whatever is there, if it is new enough; else Debian's -----------------------------------------------------
at_least() { [[ -n $1 && $(printf '%s\n%s\n' "$msrv" "$1" | sort -V | head -1) == "$msrv" ]]; }
version() { "$1" --version 2>/dev/null | awk '{print $2}'; }
new_enough() { at_least "$(version cargo)" && at_least "$(version rustc)"; }
candidate() { # PACKAGE: its version as far as upstream's goes, when apt has one
  local v; v=$(LC_ALL=C apt-cache policy "$1" 2>/dev/null | sed -n 's/^  Candidate: \([0-9:.]*\).*/\1/p')
  echo "${v#*:}"
}
hand="install Rust $msrv or later from https://rustup.rs and run this again"
if ! new_enough; then
  found=$(command -v cargo || true)
  if command -v rustup >/dev/null; then
    # The toolchains that are there, and which one is the default, stay as they are.
    say "rustup: installing the stable toolchain"
    rustup toolchain install stable --profile minimal
    rustup show active-toolchain >/dev/null 2>&1 || rustup default stable
    new_enough || die "rustup's active toolchain is $(version cargo); Rust $msrv is needed: run \"rustup update\" or, for this" \
      "folder alone, \"rustup override set stable\""
  elif [[ $found ]] && ! installed cargo && ! installed cargo-web; then
    die "$found is version $(version cargo), and Rust $msrv is needed; bring it up to date, or take it off the PATH and run this again"
  else
    names=()
    command -v apt-get >/dev/null || die "Rust $msrv or later is missing; $hand"
    if [[ -z $updated ]]; then # a candidate is known by the lists
      { [[ $(id -u) == 0 ]] || command -v sudo >/dev/null; } && apt update || true
      updated=1
    fi
    # Debian keeps a newer Rust beside its own, for web browsers.
    if at_least "$(candidate cargo)"; then names=(cargo rustc rustfmt rust-clippy)
    elif at_least "$(candidate cargo-web)"; then names=(cargo-web rustc-web rustfmt-web rust-web-clippy)
    elif [[ $(candidate rustup) ]]; then names=(rustup)
    else die "Rust $msrv or later is missing and this Debian does not package it; $hand"
    fi
    install "${names[@]}"
    [[ ${names[0]} != rustup ]] || rustup default stable
    hash -r
    new_enough || die "Rust $msrv or later is missing ($(command -v cargo || echo no cargo) is version $(version cargo)); $hand"
  fi
fi

lacking=()
for tool in "${checks[@]}"; do cargo "$tool" --version >/dev/null 2>&1 || lacking+=("$tool"); done
if ((${#lacking[@]})); then
  declare -A debian=([cargo fmt]=rustfmt [cargo clippy]=rust-clippy [cargo-web fmt]=rustfmt-web [cargo-web clippy]=rust-web-clippy)
  owner=
  for p in cargo cargo-web; do installed $p && [[ $(command -v cargo) == /usr/bin/cargo ]] && owner=$p; done
  names=()
  if [[ $owner ]]; then
    for tool in "${lacking[@]}"; do names+=("${debian[$owner $tool]}"); done
    install "${names[@]}"
  elif command -v rustup >/dev/null; then
    for tool in "${lacking[@]}"; do names+=("${tool/fmt/rustfmt}"); done
    rustup component add "${names[@]}"
  else
    die "the Rust of $(command -v cargo) has no cargo ${lacking[*]}; add what it lacks, or $hand"
  fi
fi
