#!/bin/bash
# No room on the disk and in /run, with a call up.
. "$(dirname "$0")/lib.sh"
callmanager
check "a call is up" call 1 2
old=$(pid)
mount -t tmpfs -o size=64k tmpfs /var/lib/tipring && chown tipring: /var/lib/tipring
fill() { head -c 64G /dev/zero >"$1/filler" 2>/dev/null; (($(df --output=avail "$1" | tail -1) == 0)); }
mount -o remount,size=$(($(df --output=used /run | tail -1) + 64))k /run
fallocate -l "$(df --output=avail -B1 / | tail -1)" /filler 2>/dev/null
check "there is no room for the daemon's files" fill /var/lib/tipring
check "there is no room in /run" fill /run
check "there is no room on the disk" fill /root
said=$(tipring sim 2 record /var/lib/tipring/full.wav 2>&1; tipring sim 1 tone 1000 --ms 2000 2>&1 >/dev/null; tipring sim 2 wait tone --hz 1000 --for 5 2>&1 >/dev/null; sleep 3
  tipring sim 2 record-stop 2>&1; tipring sim 2 show)
says "a recording that does not fit says so" "No space left on device" "$said"
is "the daemon goes on" "$old active" "$(pid) $(systemctl is-active tipring)"
check "the call goes on" talks 1 2
check "the command answers" tipring status
check "it ends" hang_up 1 2
check "the next call is made" call 3 4
check "and ends" hang_up 3 4
check "the service restarts without room" systemctl restart tipring
check "and its ports register" settled
rm -f /filler /root/filler /run/filler
mount -o remount,size=20% /run
umount -l /var/lib/tipring
check "with room again it restarts too" systemctl restart tipring
check "and its ports register" settled
