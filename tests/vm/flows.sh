#!/bin/bash
# The telephones and the flows, in the guest, against the installed package.
#   flows.sh [-o OUTDIR] [-w SECONDS] DEB [ARGUMENT of tipring-vm...]
# DEB is the package to install; `-` takes target/release as it is, for work in progress (with the unit, and no package).
# What the flows print, each line with the seconds of this machine's time since the start, is the output.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
repo=$(cd "$here/../.." && pwd)
out='' wait=3600
while getopts o:w: option; do case $option in
  o) out=$OPTARG ;; w) wait=$OPTARG ;; *) sed -n '3,5p' "$0" >&2; exit 126 ;; esac; done
shift $((OPTIND - 1))
deb=${1:?flows.sh DEB [ARGUMENT...]}; shift
bin=${TIPRING_BIN_DIR:-$repo/target/release}
payload=$(mktemp -d "${TMPDIR:-/tmp}/tipring-flows.XXXXXX")
trap 'rm -rf "$payload"' EXIT
"$here/payload.sh" "$payload"
cp "$bin/tipring-vm" "$payload/bin/"
if [[ $deb == - ]]; then
  cp "$bin"/{tipringd,tipring} "$payload/bin/"
  cp "$repo/packaging/debian/tipring."{service,sysusers,udev} "$payload/"
else
  cp "$deb" "$payload/tipring.deb"
fi
install -m 755 "$here/guest/flows.sh" "$payload/guest/flows.sh"
started=$SECONDS
"$here/run.sh" -w "$wait" ${out:+-o "$out"} "$payload" guest/flows.sh "$@" |
  while IFS= read -r line; do printf '[%4d s] %s\n' $((SECONDS - started)) "$line"; done
