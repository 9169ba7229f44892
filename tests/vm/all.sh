#!/bin/bash
# What `make vm-test` and `make soak` run: the installed package in guests with the real DAHDI.
#   all.sh [--long] [PART...]
# Parts (all without a name):
#   bench       is the bench right? The simulated card's claims, exact samples on it and on loc spans (bench/check.py)
#   hal         the DAHDI back end against a telephone, on both (tipring-hal-check)
#   flows       calls, digits, caller ID, fax, 24 talking ports, troubles; the cost beside chan_dahdi's (flows.sh)
#   packaging   install, upgrade, reload, reboot, purge … (packaging/all.sh)
# Guests keep their own time, so two run side by side, whatever else this machine does: flows and hal, packaging and bench,
# which take about the same time. What each part said, and what its guest left, is in target/vm-test/PART.
# Variables: DEB (a package to use instead of building one of this tree).
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
repo=$(cd "$here/../.." && pwd)
length=--short
[[ ${1:-} == --long ]] && { length=--long; shift; }
parts=("${@:-}")
[[ ${parts[0]} ]] || parts=(bench hal flows packaging)
results=$repo/target/vm-test
bin=${TIPRING_BIN_DIR:-$repo/target/release}
began=$SECONDS
say() { printf 'vm-test: [%4d s] %s\n' $((SECONDS - began)) "$*"; }
die() { say "$*" >&2; exit 1; }
wanted() { [[ " ${parts[*]} " == *" $1 "* ]]; }
for part in "${parts[@]}"; do
  [[ " bench hal flows packaging " == *" $part "* ]] || die "no such part: $part; there are bench, hal, flows, packaging"
done
mkdir -p "$results"

# --- what goes into the guests --------------------------------------------------------------------------------------
image=$("$here/image.sh") || die "no guest to test in"
say "the guest is $image"
if wanted hal || wanted flows; then
  # The same packages as for `make interop`, or cargo chooses other features and builds everything once more.
  (cd "$repo" && cargo build --locked --release -p tipringd -p tipring-ctl -p tipring-tests --bins) || die "the test programs do not build"
fi
if [[ -z ${DEB:-} ]] && { wanted flows || wanted packaging; }; then
  "$repo/packaging/deb.sh" >"$results/deb.txt" 2>&1 || { tail -40 "$results/deb.txt"; die "the package does not build"; }
  DEB=$(echo "$repo"/dist/tipring_*.deb)
fi
if [[ ${DEB:-} ]]; then
  export DEB
  say "the package is $(dpkg-deb -f "$DEB" Package Version | sed 's/.*: //' | xargs)"
  # The guest has no network: what the package depends on has to be in the image.
  for package in $(dpkg-deb -f "$DEB" Depends Pre-Depends | sed 's/^[A-Za-z-]*: //; s/([^)]*)//g; s/|[^,]*//g; s/:any//g' | tr ', \n' ' '); do
    grep -qx "$package" "$image/packages" || die "the package depends on $package, which the guest lacks; add it to image.sh"
  done
fi

# --- the parts --------------------------------------------------------------------------------------------------------
guest() { # PART SECONDS COMMAND...: with a payload of the test programs
  local part=$1 wait=$2 payload status; shift 2
  payload=$(mktemp -d "${TMPDIR:-/tmp}/tipring-vm-test.XXXXXX")
  "$here/payload.sh" "$payload"
  cp "$bin/tipring-hal-check" "$payload/bin/" 2>/dev/null
  "$here/run.sh" -w "$wait" -o "$results/$part" "$payload" "$@"; status=$?
  rm -rf "$payload"
  return $status
}
bench() { guest bench 2700 bench/check.sh; }
hal() { guest hal 2700 bench/hal.sh $([[ $length == --long ]] && echo 300 || echo 30); }
flows() { "$here/flows.sh" -o "$results/flows" -w $([[ $length == --long ]] && echo 14400 || echo 5400) "$DEB" $length; }
packaging() { KEEP=$results/packaging "$here/packaging/all.sh"; }

failed=()
run_part() { # NAME: its words into a file, its verdict beside it
  local at=$SECONDS
  rm -rf "${results:?}/$1"; mkdir -p "$results/$1"
  "$1" >"$results/$1/output.txt" 2>&1
  echo "$? $((SECONDS - at))" >"$results/$1/verdict"
}
show_part() {
  local status took
  read -r status took <"$results/$1/verdict"
  echo "--- $1 ($took s) ---"
  cat "$results/$1/output.txt"
  ((status == 0)) || failed+=("$1")
}
# Two rows of guests, whose parts together take about the same time.
beside_pid='' beside=() others=()
for part in flows hal; do wanted "$part" && beside+=("$part"); done
for part in packaging bench; do wanted "$part" && others+=("$part"); done
run_beside() { local part; for part in "${beside[@]}"; do run_part "$part"; done; }
# shellcheck disable=SC2329
stop() { [[ $beside_pid ]] && kill -- "-$beside_pid" 2>/dev/null; exit 130; }
trap stop INT TERM
set -m; run_beside & beside_pid=$!; set +m
for part in "${others[@]}"; do run_part "$part"; show_part "$part"; done
wait "$beside_pid"; beside_pid=''
for part in "${beside[@]}"; do show_part "$part"; done

if ((${#failed[@]})); then
  say "failed: ${failed[*]}; what the guests left is in $results"
  exit 1
fi
skipped=$(for part in "${parts[@]}"; do grep -h 'skipped: ' "$results/$part/output.txt"; done)
if [[ $skipped ]]; then
  say "what ran has passed: ${parts[*]}; NOT everything ran:"
  printf '%s\n' "$skipped" >&2
else
  say "all passed: ${parts[*]}"
fi
exit 0
