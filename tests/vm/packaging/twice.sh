#!/bin/bash
# A second daemon beside the service.
. "$(dirname "$0")/lib.sh"
before=$(pid)
said=$(timeout 30 tipringd 2>&1) && ok=0 || ok=$?
is "a second daemon ends with 1" 1 "$ok"
says "it says who has the socket, and the cure" "process $before (tipringd) has the control socket /run/tipring/control.sock; stop it first" "$said"
is "the first one is undisturbed" "$before active" "$(pid) $(systemctl is-active tipring)"
check "and still answers" tipring status
