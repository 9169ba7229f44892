#!/bin/bash
# In the guest: is the bench right? Both kinds of lines.
set -uo pipefail
here=$(dirname "$(readlink -f "$0")")
echo "guest: up after $(cut -d' ' -f1 /proc/uptime) s; Linux $(uname -r); clock $(cat /sys/devices/system/clocksource/clocksource0/current_clocksource)"
status=0
echo "simulated card"
/payload/guest/cards.sh fxbench 24 && "$here/check.py" card 24 || status=1
/payload/guest/cards.sh down || status=1
echo "loc spans"
/payload/guest/cards.sh loc 24 && "$here/check.py" loc 24 || status=1
/payload/guest/cards.sh down || status=1
cp /var/log/journal/*/system.journal /out/ 2>/dev/null
exit $status
