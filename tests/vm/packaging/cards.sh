#!/bin/bash
# The installed service on a real DAHDI: rights on the devices, the sandbox, and a card that comes after the daemon.
. "$(dirname "$0")/lib.sh"
no_callmanager
cp -p "$config" /root/kept.toml
printf '[card]\ndriver = "dahdi"\n[[port]]\nchannel = 1\n[[port]]\nchannel = 2\n' >"$config"
check "the service starts before there is a card" systemctl restart tipring
check "and runs" active
first=$(tipring port list)
old=$(pid)
check "a card comes" /payload/guest/cards.sh fxbench 2
is "the devices are the group's, the channels too" "660 dahdi" \
  "$(find /dev/dahdi -type c -exec stat -c '%a %G' {} + | sort -u)"
check "the service opens it without a restart" within 60 holds_channels
same "the daemon is the same" "$old" "$(pid)"
echo "$first" >/out/cards-before.txt
tipring status >/out/cards-after.txt
check "it starts with a card there" systemctl restart tipring
check "and opens it" within 60 holds_channels
check "without realtime trouble" grep -q "SCHED_FIFO 50, memory locked" <(tipring status)
systemctl stop tipring
/payload/guest/cards.sh down
cp -p /root/kept.toml "$config"
check "back on the simulated card it starts" systemctl restart tipring
