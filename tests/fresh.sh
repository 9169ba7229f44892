#!/bin/bash
# The newcomer's path: a Debian with git and make and nothing else, a clone of HEAD, and what the README says to type.
#   tests/fresh.sh RELEASE [TARGET…]       e.g. tests/fresh.sh trixie demo test
# Needs root, a network, and the packages of `packaging/setup.sh fresh`. How this machine reaches its Debian mirror and its
# crates (apt's sources and proxies, cargo's configuration) is used in there too.
# Environment: FRESH_KEEP=1  leaves the tree · FRESH_MIRROR, FRESH_SECURITY  instead of this machine's mirrors
set -euo pipefail
repo=$(cd "$(dirname "$0")/.." && pwd)
release=${1:?usage: tests/fresh.sh RELEASE [TARGET…]}; shift
(($#)) || set -- demo test
say() { printf 'fresh %s: [%d s] %s\n' "$release" "$SECONDS" "$*" >&2; }
die() { say "$*"; exit 1; }
[[ $(id -u) == 0 ]] || die "run it as root: it makes a Debian of its own"
command -v mmdebstrap >/dev/null || die "mmdebstrap is missing: run packaging/setup.sh fresh"

uri() { apt-get indextargets --format '$(REPO_URI)' | grep -m1 -E "$1" || true; }
mirror=${FRESH_MIRROR:-$(uri '/debian/*$')}
security=${FRESH_SECURITY:-$(uri '/debian-security/*$')}
[[ $mirror ]] || die "no Debian mirror in this machine's apt sources; name one in FRESH_MIRROR"
sources=("deb $mirror $release main")
[[ $release == sid ]] || sources+=("deb $mirror $release-updates main")
[[ $release == sid || ! $security ]] || sources+=("deb $security $release-security main")

work=$(mktemp -d /var/tmp/tipring-fresh.XXXXXX)
root=$work/root logs=${XDG_CACHE_HOME:-$HOME/.cache}/tipring
mkdir -p "$logs"
# Everything that is mounted in there is so in a namespace that ends before this.
[[ ${FRESH_KEEP:-} ]] || trap 'rm -rf --one-file-system "$work"' EXIT

say "a Debian with git and make"
apt-config dump | grep -E '^Acquire::(http|https|Retries)' >"$work/proxy.conf" || true
mmdebstrap --quiet --variant=apt --include=git,make,ca-certificates --keyring=/usr/share/keyrings/debian-archive-keyring.gpg \
  --aptopt="$work/proxy.conf" "$release" "$root" "${sources[@]}"
cp /etc/resolv.conf "$root/etc/resolv.conf"
# Debian's installer writes it, mmdebstrap does not.
printf '127.0.0.1\tlocalhost\n' >"$root/etc/hosts"
cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
mkdir -p "$root/root/.cargo"
for f in config.toml config; do
  [[ ! -f ${CARGO_HOME:-$HOME/.cargo}/$f ]] || cp "${CARGO_HOME:-$HOME/.cargo}/$f" "$root/root/.cargo/$f"
done
git clone --quiet --no-hardlinks "$repo" "$root/root/tipring"
say "at $(git -C "$root/root/tipring" log -1 --format='%h %s')"

environment=(HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 TERM=dumb)
while IFS= read -r pair; do environment+=("$pair"); done < <(env | grep -E '^(https?_proxy|no_proxy|HTTPS?_PROXY|NO_PROXY|CARGO_(HTTP|NET|REGISTR|SOURCE)[A-Z_0-9]*)=' || true)
inside() { # COMMAND…: as on a machine of its own, as far as a process can see
  unshare --mount --pid --fork --kill-child --propagation private sh -ec '
    root=$1; shift
    # Its / is a mount point, as on any machine: unshare changes the propagation of that.
    mount --bind "$root" "$root"
    mount -t proc proc "$root/proc"; mount -t sysfs sysfs "$root/sys"; mount --rbind /dev "$root/dev"
    mount -t tmpfs tmpfs "$root/tmp"; mount -t tmpfs tmpfs "$root/run"
    exec chroot "$root" "$@"' sh "$root" env -i "${environment[@]}" "$@"
}

failed=0
for target in "$@"; do
  log=$logs/fresh-$release-$target.log
  begun=$SECONDS
  say "make $target (its words: $log)"
  if inside sh -c "cd ~/tipring && make $target" >"$log" 2>&1 </dev/null; then
    say "make $target: good after $((SECONDS - begun)) s"
  else
    failed=1
    tail -40 "$log" >&2
    say "make $target: FAILED after $((SECONDS - begun)) s; its whole output is in $log"
  fi
done
say "Rust: $(inside sh -c 'rustc --version; cargo clippy --version' 2>&1 | xargs)"
exit $failed
