#!/bin/bash
# From apt to dial tone, as README.Debian describes it: two commands on a machine that has neither Tipring nor
# DAHDI's tools, and a telephone on the card's first line.
. "$(dirname "$0")/lib.sh"
telephone=3 # channels 1 and 2 are the gateway's, 3 and 4 the telephones on them
systemctl -q is-active tipring && systemctl stop tipring
/payload/guest/cards.sh down
dpkg -P tipring dahdi dahdi-linux >/dev/null 2>&1
rm -rf /etc/dahdi
is "the machine has neither Tipring nor the tools of DAHDI" "" "$(type -P tipring dahdi_cfg tipringd)"
check "a card is in it" eval "modprobe dahdi && modprobe fxbench ports=2"
udevadm settle

said=$(cd /tmp && cp "$debs/current.deb" tipring.deb && apt-get install -y ./tipring.deb /srv/deb/dahdi*.deb 2>&1 </dev/null) && ok=0 || ok=$?
is "the first command, apt install, goes through" 0 "$ok"
((ok == 0)) || echo "$said" | tail -20
tipring hardware | tee /out/fresh-hardware.txt | sed 's/^/     | /'

callmanager
said=$(printf 'y\ny\n' | script -qec "tipring setup --servers 127.0.0.1" /dev/null | tr -d '\r') && ok=0 || ok=$?
echo "$said" >/out/fresh-setup.txt
sed 's/^/     | /' <<<"$said"
is "the second, tipring setup, goes through" 0 "$ok"
says "it asks before it writes, and before it restarts the daemon" "Write this? [y/N]
Restart the daemon as soon as no phone is off-hook? [y/N]" "$said"
check "both lines register" within 60 eval '[[ $(shown StatusText) == "2 of 2 ports registered"* ]]'
is "they are the card's" "dahdi" "$(value "d['card']['driver']" status)"

# The bench's telephones hang on channels of their own, which setup has configured too.
check "who lifts the first one hears dial tone, and the gateway sees it" python3 /payload/bench/dialtone.py $telephone \
  sh -c 'tipring port show 1 | tee /out/fresh-port.txt | grep -q off-hook'
systemctl stop tipring
/payload/guest/cards.sh down
