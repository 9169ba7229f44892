#!/bin/bash
# The call manager inside the guest: tests/interop/peer/peer.sh (in the payload as peer/peer.sh) on the tree that
# image.sh put into /srv/peer. Same commands, same environment. Its configuration of chan_dahdi, for comparisons, is not
# loaded by itself; /dev/dahdi is visible in the chroot.
set -euo pipefail
export PEER_CACHE=/srv/peer
script=$(dirname "$(readlink -f "$0")")/../peer/peer.sh
root=$(echo /srv/peer/peer-*)
mountpoint -q "$root/dev" || mount --bind /dev "$root/dev"
exec "$script" "$@"
