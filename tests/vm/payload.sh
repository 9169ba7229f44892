#!/bin/bash
# Fills a folder with what the guest's side of every test needs; the caller adds its own programs, in bin/.
#   payload.sh DIR
# guest/cards.sh, guest/peer.sh   see there
# bench/                          the bench's own check
# peer/                           the call manager's script and configuration
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
to=${1:?payload.sh DIR}
mkdir -p "$to/bin" "$to/guest"
install -m 755 "$here"/guest/*.sh "$to/guest/"
rm -rf "$to/peer"
cp -r "$here/../interop/peer" "$to/peer"
rm -rf "$to/bench"
cp -r "$here/bench" "$to/bench"
