#!/bin/bash
# A second daemon beside the service.
. "$(dirname "$0")/lib.sh"
before=$(pid)
said=$(timeout 30 tipringd 2>&1) && ok=0 || ok=$?
is "a second daemon ends with 1" 1 "$ok"
says "it says who has the socket, and the cure" "another tipringd answers on /run/tipring/control.sock; stop it" "$said"
is "the first one is undisturbed" "$before active" "$(pid) $(systemctl is-active tipring)"
check "and still answers" tipring status
