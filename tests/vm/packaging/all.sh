#!/bin/bash
# The package in a guest: install, first start, reload, watchdog, kill, full disk, stepped clock, upgrade, downgrade,
# reboot, purge. Prints a line for each claim, and at the end how many passed.
#   tests/vm/packaging/all.sh [SCRIPT...]     only these of the folder's scripts, after install.sh
# Variables: DEB, PREVIOUS_DEB (packages to use; without them HEAD's and its parent's are built), KEEP (folder that
# gets what the guest leaves).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
repo=$(cd "$here/../../.." && pwd)
built() { # REV: its package
  local folder
  folder=$("$repo/packaging/deb.sh" --commit "$1")
  echo "$folder"/tipring_*.deb
}
payload=$(mktemp -d "${TMPDIR:-/tmp}/tipring-packaging.XXXXXX")
trap 'rm -rf "$payload"' EXIT
"$here/../payload.sh" "$payload"
mkdir -p "$payload/debs"
cp "${DEB:-$(built HEAD)}" "$payload/debs/current.deb"
cp "${PREVIOUS_DEB:-$(built HEAD~1)}" "$payload/debs/previous.deb"
mkdir "$payload/packaging"
cp "$here"/*.sh "$payload/packaging/"
started=$SECONDS
"$here/../run.sh" -w 5400 -o "${KEEP:-$payload/out}" "$payload" packaging/guest.sh "$@" |
  while IFS= read -r line; do printf '[%4d s] %s\n' $((SECONDS - started)) "$line"; done
