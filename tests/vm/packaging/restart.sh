#!/bin/bash
# A daemon that hangs, is killed, or is given a file that it refuses.
. "$(dirname "$0")/lib.sh"
callmanager
check "four ports are registered" settled
old=$(pid)
mark
kill -STOP "$old"
check "a daemon that is stalled is restarted by the watchdog" within 90 new_pid "$old"
says "the journal shows why" "Watchdog timeout
Failed with result 'watchdog'" "$(journal)"
check "its ports register again" settled

check "a call is up" call 1 2
old=$(pid)
kill -KILL "$old"
check "a killed daemon is restarted" within 30 new_pid "$old"
check "its ports register again, within 30 s" settled
is "no port is stuck" "idle idle idle idle" "$(value "' '.join(p['state'] for p in d['ports'])" status)"
check "and calls work again" call 1 2
check "and end" hang_up 1 2

cp -p "$config" /root/kept.toml
printf '[gateway]\nnmaing = "vgc"\n[media]\nptime-ms = 25\n' >"$config"
mark
said=$(systemctl restart tipring 2>&1) && ok=0 || ok=$?
is "a configuration with problems keeps the daemon from starting" 1 "$ok"
within 20 sh -c '[ "$(systemctl is-failed tipring)" = failed ]'
is "systemd does not try again" "78 failed" "$(shown ExecMainStatus) $(systemctl is-failed tipring)"
says "the journal has every problem" "nmaing
ptime-ms" "$(journal)"
cp -p /root/kept.toml "$config"
check "with the file put right it starts" systemctl restart tipring
check "and registers" settled
