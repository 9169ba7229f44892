#!/bin/bash
# In the guest: the DAHDI back end against one telephone, on the simulated card and on loc spans.
#   hal.sh SECONDS      of audio
set -uo pipefail
status=0
for card in fxbench loc; do
  echo "$card"
  /payload/guest/cards.sh $card 4 && /payload/bin/tipring-hal-check $card 1 5 "$1" || status=1
  /payload/guest/cards.sh down || status=1
done
exit $status
