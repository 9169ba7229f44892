# Sourced by the scripts of this folder, in the guest: claims, their verdicts, and calls between simulated phones.
# Every wait is for an event and has a deadline.
# shellcheck shell=bash
export LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive SYSTEMD_COLORS=0 NO_COLOR=1 USER=root
results=/dev/shm/results # the disk may be full; guest.sh takes them to /out before a reboot
debs=/payload/debs
config=/etc/tipring/tipring.toml
touch "$results"

pass() { echo "PASS $*" | tee -a "$results"; }
fail() { echo "FAIL $*" | tee -a "$results"; }

check() { # CLAIM COMMAND...: passes when the command succeeds; shows what it said when not
  local claim=$1 said
  shift
  if said=$("$@" 2>&1); then pass "$claim"; else
    fail "$claim"
    printf '     %s: %s\n' "$*" "${said:-(no output)}" | head -20
  fi
}
is() { # CLAIM WANTED GOT
  if [[ $2 == "$3" ]]; then pass "$1"; else
    fail "$1"
    printf '     wanted: %s\n     got:    %s\n' "$2" "$3"
  fi
}
same() { # CLAIM BEFORE AFTER: of something that exists; a process that is gone (0) is not the same as before
  if [[ -n $2 && $2 != 0 && $2 == "$3" ]]; then pass "$1"; else
    fail "$1"
    printf '     before: %s\n     after:  %s\n' "$2" "$3"
  fi
}
says() { # CLAIM TEXT HAYSTACK: every line of TEXT occurs
  local line missing=
  while IFS= read -r line; do
    grep -qF -- "$line" <<<"$3" || missing+="     nowhere: $line"$'\n'
  done <<<"$2"
  if [[ -z $missing ]]; then pass "$1"; else
    fail "$1"
    printf '%s     in: %s\n' "$missing" "$3" | head -40
  fi
}
within() { # SECONDS COMMAND...: until it succeeds
  local end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < end)) || { echo "not within the time: $*"; "$@"; return 1; }
    sleep 0.5
  done
}

pid() { systemctl show -p MainPID --value tipring; }
shown() { systemctl show -p "$1" --value tipring; }
active() { systemctl is-active -q tipring; }
new_pid() { local now; now=$(pid); [[ $now != 0 && $now != "$1" ]] && active; }
value() { # PYTHON-EXPRESSION COMMAND...: of the JSON `d` that a tipring command answers
  local expression=$1
  shift
  tipring --json "$@" | python3 -c "import json, sys; d = json.load(sys.stdin); print($expression)"
}
version() { value "d['daemon']['version']" status; }
registered() { [[ $(shown StatusText) == "4 of 4 ports registered"* ]]; }
settled() { active && within 30 registered; }
# Of the same unit that is asked for afterwards: journalctl 252 skips a line after the cursor of another one.
mark() { journalctl --sync; cursor=$(journalctl -n 1 -u tipring --show-cursor | sed -n 's/^-- cursor: //p'); }
journal() { journalctl --sync; journalctl -q -o cat --after-cursor="$cursor" -u tipring "$@"; }
logged() { journal | grep -qF -- "$1"; }

callmanager() { # the built-in one, where the default configuration looks for it
  systemctl -q is-active callmanager || systemd-run -q --unit=callmanager sh -c 'sleep infinity | tipring callmanager'
  within 10 sh -c "ss -ltn | grep -q 127.0.0.1:2000"
}
holds_channels() { # the service has two channels of a card open
  [[ $(find "/proc/$(pid)/fd" -lname '/dev/dahdi/*' 2>/dev/null | wc -l) -ge 2 ]]
}
no_callmanager() { systemctl stop callmanager 2>/dev/null || true; }
number() { value "[p['number'] for p in d['ports'] if p['port'] == $1][0]" status; }
call() { # FROM TO: until both talk
  { tipring sim "$1" lift && tipring sim "$1" wait tone --for 10 && tipring sim "$1" dial "$(number "$2")" &&
    tipring sim "$2" wait ringing --for 10 && tipring sim "$2" lift && tipring sim "$1" wait connected --for 10 &&
    tipring sim "$2" wait connected --for 10 && talks "$1" "$2"; } >/dev/null
}
talks() { # FROM TO: a tone goes from one phone to the other
  { tipring sim "$1" tone 1000 --ms 60000 && tipring sim "$2" wait tone --hz 1000 --for 5 && tipring sim "$1" stop &&
    tipring sim "$2" wait silence --for 5; } >/dev/null
}
hang_up() { for port in "$@"; do tipring sim "$port" hang && tipring sim "$port" wait idle --for 20; done >/dev/null; }
calls() { value "len(d['active'])" call list; }
