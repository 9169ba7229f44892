#!/bin/bash
# Puts cards into the guest and configures them as an administrator would: modules, /etc/dahdi/system.conf, dahdi_cfg.
# Channels 1 to N are the gateway's (fxoks), N+1 to 2N the telephones on them (fxsks): N+n is the telephone of port n.
#   cards.sh fxbench N [PARAMETER=VALUE...]   the simulated card of tests/vm/module, with these module parameters
#   cards.sh loc N                            two cross-connected spans of Debian's dahdi_dynamic_loc (no card ioctls)
#   cards.sh trunk N [PARAMETER=VALUE...]     fxbench, and two cross-connected spans of 24 channels for ISDN behind it: the
#                                             call manager's is 2N+1 to 2N+24, the far end's 2N+25 to 2N+48; the last of
#                                             each is the D channel
#   cards.sh configure                        dahdi_cfg again: after the card was pulled and plugged
#   cards.sh pull | plug                      fxbench: take the card out under its open channels; put it back, configured
#   cards.sh down                             everything out again; fails while a program has a channel open
#   cards.sh boot fxbench N [...] | boot loc N   now and at every boot, before multi-user.target
# ECHO_CANCELLER=mg2|kb1|jpah|oslec puts that kernel canceller on the gateway's channels (none).
# Access to /dev/dahdi is what the installed udev rules say: Debian's, and those of our package once it is installed.
set -euo pipefail
conf=/etc/dahdi/system.conf parameters=/sys/module/fxbench/parameters
die() { echo "cards: $*" >&2; exit 1; }
number() { [[ ${1:-} =~ ^[1-9][0-9]?$ ]] || die "how many lines? 1 to 96, not \"${1:-}\""; }

write_conf() { # N LINE...: system.conf with these lines before the channels
  local n=$1 line; shift
  mkdir -p /etc/dahdi
  {
    for line in "$@"; do echo "$line"; done
    echo "fxoks=1-$n"
    echo "fxsks=$((n + 1))-$((2 * n))"
    [[ -z ${ECHO_CANCELLER:-} ]] || echo "echocanceller=$ECHO_CANCELLER,1-$n"
    echo "loadzone=us"
    echo "defaultzone=us"
  } >$conf
}
configure() { udevadm settle; dahdi_cfg; udevadm settle; }

fxbench() {
  local n=${1:-}; number "$n"; shift
  modprobe dahdi
  modprobe fxbench ports="$n" "$@"
  write_conf "$n"
  configure
}
loc() {
  local n=${1:-}; number "$n"
  modprobe -a dahdi dahdi_dynamic dahdi_dynamic_loc
  # Timing 0: with 1 the spans flap between alarms. The clock is dahdi_dummy, which has to come after dahdi_cfg (else
  # it takes the first channel numbers), and by insmod (dahdi itself carries its alias).
  write_conf "$n" "dynamic=loc,1:0,$n,0" "dynamic=loc,1:1,$n,0"
  configure
  insmod "$(find "/lib/modules/$(uname -r)" -name dahdi_dummy.ko)"
  udevadm settle
}
trunk() {
  local n=${1:-} near far; number "$n"; shift
  near=$((2 * n + 1)) far=$((2 * n + 25))
  modprobe -a dahdi dahdi_dynamic dahdi_dynamic_loc
  modprobe fxbench ports="$n" "$@"
  # The clock of these spans is the card's (timing 0), and a channel passes whole: no robbed bits.
  write_conf "$n" "dynamic=loc,2:0,24,0" "dynamic=loc,2:1,24,0" \
    "bchan=$near-$((near + 22)),$far-$((far + 22))" "dchan=$((near + 23)),$((far + 23))"
  configure
}
slot() { # in|out, within 5 s of the guest's time
  local i
  for ((i = 0; i < 500; i++)); do [[ $(<$parameters/pull) == "$1" ]] && return; sleep 0.01; done
  die "the card is not $1 after 5 s but $(<$parameters/pull)"
}
down() {
  local module
  [[ -d /sys/module/dahdi_dynamic ]] && { dahdi_cfg -s 2>/dev/null || true; }
  for module in dahdi_dummy fxbench dahdi_dynamic_loc dahdi_dynamic; do
    [[ ! -d /sys/module/$module ]] || rmmod "$module" || die "$module is in use; by: $(fuser /dev/dahdi/* 2>/dev/null || true)"
  done
  rm -f $conf
}

case ${1:-} in
  fxbench | loc | trunk) "$@" ;;
  configure) configure ;;
  pull) echo 1 >$parameters/pull; slot out ;;
  plug) echo 0 >$parameters/pull; slot in; configure ;;
  down) down ;;
  boot)
    shift
    [[ ${1:-} == fxbench || ${1:-} == loc ]] || die "boot fxbench N, or boot loc N"
    install -m 755 "$0" /usr/local/sbin/cards
    cat >/etc/systemd/system/cards.service <<UNIT
[Unit]
Description=DAHDI cards of the test guest
After=systemd-udevd.service systemd-modules-load.service
Before=multi-user.target tipring.service tipringd.service

[Service]
Type=oneshot
RemainAfterExit=yes
Environment=ECHO_CANCELLER=${ECHO_CANCELLER:-}
ExecStart=/usr/local/sbin/cards $*

[Install]
WantedBy=multi-user.target
UNIT
    systemctl daemon-reload
    systemctl enable --quiet --now cards.service ;;
  *) sed -n '2,16p' "$0" >&2; exit 2 ;;
esac
