#!/bin/bash
# In the guest: installs the gateway and runs tipring-vm with these arguments.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
payload=$(cd "$here/.." && pwd)
if [[ -e $payload/tipring.deb ]]; then
  dpkg -i "$payload/tipring.deb" >/out/dpkg.log 2>&1 || { cat /out/dpkg.log; exit 1; }
else
  install -m 755 "$payload/bin/tipringd" /usr/sbin/
  install -m 755 "$payload/bin/tipring" /usr/bin/
  install -D -m 644 "$payload/tipring.sysusers" /usr/lib/sysusers.d/tipring.conf
  install -D -m 644 "$payload/tipring.udev" /usr/lib/udev/rules.d/70-tipring.rules
  install -D -m 644 "$payload/tipring.service" /usr/lib/systemd/system/tipring.service
  mkdir -p /etc/tipring
  systemd-sysusers
  udevadm control --reload
  udevadm trigger --subsystem-match=dahdi --subsystem-match=dahdi_channels --action=change
  udevadm settle
  systemctl daemon-reload
fi
systemctl stop tipring || true
status=0
"$payload/bin/tipring-vm" --payload "$payload" --folder /out "$@" || status=$?
journalctl -q -o short-monotonic -u tipring >/out/journal.txt 2>/dev/null || true
exit $status
