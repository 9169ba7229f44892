#!/bin/bash
# The system's clock is stepped while a call is up.
. "$(dirname "$0")/lib.sh"
callmanager
check "a call is up" call 1 2
old=$(pid)
missed() { value "'missed blocks %d' % sum(t['missed_blocks'] for t in d['line_threads'])" status; }
missed=$(missed)
for step in "+1 hour" "-2 hours" "+1 hour"; do
  date -s "$step" >/dev/null
  check "the call goes on after a step of $step" talks 1 2
done
# Longer than a keepalive interval and the watchdog.
sleep 70
same "the daemon is the same" "$old" "$(pid)"
check "all ports are registered" registered
check "the call talks" talks 2 1
took=$(value "d['active'][0]['duration_ms'] // 1000" call list)
is "its duration is its own, not the clock's" 1 "$((took >= 60 && took < 300))"
same "no block was missed" "$missed" "$(missed)"
check "it ends" hang_up 1 2
check "and the next one is made" call 3 4
check "and ends" hang_up 3 4
