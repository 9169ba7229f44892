#!/bin/bash
# Removal and purge.
. "$(dirname "$0")/lib.sh"
no_callmanager
mkdir -p /etc/tipring/countries && touch /etc/tipring/countries/xx.toml /var/lib/tipring/page.tif
check "the package is removed" dpkg -r tipring
is "the daemon is stopped" "" "$(pgrep -x tipringd)"
is "the configuration stays" "# the administrator was here" "$(head -1 "$config")"
check "it is purged" dpkg -P tipring
find / -xdev \( -path /out -o -path /payload -o -path /proc -o -path /sys -o -path /var/log -o -path /tmp -o -path /var/tmp \) -prune -o -print |
  sort >/out/after
is "nothing is left" "" "$(comm -13 /out/before /out/after | grep -Ev \
  '^/etc/(passwd|group|shadow|gshadow|subuid|subgid)-$|^/root/|^/var/lib/systemd/(random-seed|timers|deb-systemd-helper)|^/etc/\.(pwd\.lock|updated)|^/var/\.updated|^/var/(lib|cache)/(dpkg|private|man|ucf)' )"
is "systemd knows nothing of it" "" "$(systemctl list-unit-files --no-legend 'tipring*')"
is "the user and the groups stay, as documented" "tipring tipring dahdi" \
  "$(getent passwd tipring | cut -d: -f1) $(getent group tipring | cut -d: -f1) $(getent group dahdi | cut -d: -f1)"
check "it can be installed again" dpkg -i "$debs/current.deb"
check "and runs" active
check "and goes again" dpkg -P tipring
