#!/bin/bash
# After a reboot of the machine.
. "$(dirname "$0")/lib.sh"
check "the service comes up at boot" within 60 active
is "without a restart" 0 "$(shown NRestarts)"
is "the administrator's file is in force" "# the administrator was here" "$(head -1 "$config")"
callmanager
check "its ports register" within 90 registered
check "a call is made" call 1 2
check "and ends" hang_up 1 2
