#!/bin/bash
# systemctl reload with a call up: a good file, and one with problems.
. "$(dirname "$0")/lib.sh"
callmanager
check "a call is up" call 1 2
old=$(pid)
cp -p "$config" /root/kept.toml
printf '[log]\nlevel = "debug"\n[defaults]\nstutter-dial-tone = false\n' >"$config"
mark
check "a good file is reloaded" systemctl reload tipring
says "the journal says what was applied" "log" "$(journal)"
same "the daemon is the same" "$old" "$(pid)"
check "the call goes on" talks 1 2

printf '[gateway]\nnmaing = "vgc"\n[media]\nptime-ms = 25\n[log]\nlevel = "loud"\n' >"$config"
mark
systemctl reload tipring >/dev/null 2>&1 && ok=0 || ok=$?
is "a file with problems fails to reload" 1 "$ok"
says "the journal names every problem" "nmaing
ptime-ms
loud" "$(journal)"
is "the service stays active, the daemon is the same" "active $old" "$(systemctl is-active tipring) $(pid)"
check "the call goes on" talks 2 1
check "and ends" hang_up 1 2
cp -p /root/kept.toml "$config"
check "the first file is reloaded" systemctl reload tipring
