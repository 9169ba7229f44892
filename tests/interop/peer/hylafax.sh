#!/bin/bash
# HylaFAX's daemons and iaxmodem, as the first process of namespaces of their own: they share one spool and one device
# folder of the tree, which are this instance's here, and all of them end with this. Started by peer.sh.
#   hylafax.sh TREE HOME HFAXD-PORT      HOME: the instance's folder in the tree
set -euo pipefail
root=$1 home=$1$2 port=$3
mount --make-rprivate /
mount -t tmpfs none "$root/dev"
# full: set-uid programs open it for the standard files that they lack, or stop.
for f in null full random urandom zero; do cp -a "/dev/$f" "$root/dev/$f"; done
mkdir "$root/dev/pts"
mount -t devpts -o newinstance,ptmxmode=0666 none "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
mount -t tmpfs none "$root/run"
mkdir -m 1777 "$root/run/lock"
mount --bind "$home/spool" "$root/var/spool/hylafax"
mount --bind "$home/iaxmodem" "$root/etc/iaxmodem"
inside() { exec chroot "$root" "$@" >"$home/log-$(basename "$1")" 2>&1; }
inside /usr/bin/iaxmodem ttyIAX &
for ((i = 0; i < 100; i++)); do
  [[ -e $root/dev/ttyIAX ]] && break
  sleep 0.1
done
inside /usr/sbin/faxq -D &
inside /usr/sbin/hfaxd -d -i "$port" &
# It ends after each call, and its first process is to be started again.
while :; do
  (inside /usr/sbin/faxgetty /dev/ttyIAX) || true
  sleep 0.2
done
