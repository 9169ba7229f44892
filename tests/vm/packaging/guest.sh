#!/bin/bash
# In the guest: all scripts of this folder in one life of the machine, with a reboot before the end. Every script
# leaves the service running for the next one.
#   guest.sh [SCRIPT...]      only these after install.sh, without reboot
cd "$(dirname "$0")" || exit 1
. ./lib.sh
if [[ ${VM_BOOT:-1} == 1 ]]; then
  first=(install twice restart reload clock disk_full cards upgrade)
  then=yes
  (($#)) && first=(install "$@") then=
else
  first=(reboot purge fresh)
fi
claims() { grep -cE '^(PASS|FAIL)' "$results"; }
for script in "${first[@]}"; do
  echo "== $script ($(cut -d. -f1 /proc/uptime) s)"
  before=$(claims)
  "./$script.sh"
  # One that broke off at once has shown nothing.
  (($(claims) > before)) || fail "$script.sh makes a claim"
done
cat "$results" >>/out/results
[[ ${VM_BOOT:-1} == 1 && $then ]] && exec vm-reboot
results=/out/results
journalctl -q -o short-precise -u tipring -u tipring-restart-when-idle >/out/journal.txt
passed=$(grep -c '^PASS' "$results") failed=$(grep -c '^FAIL' "$results")
echo "$passed passed, $failed failed"
((failed == 0))
