#!/bin/bash
# The call manager we are judged by: Debian bullseye's Asterisk 16 (chan_skinny) in a chroot, with a SIP
# phone (baresip) beside it, and further Asterisks that it reaches by one kind of trunk only, the far ends:
#   h323  chan_ooh323
#   pri   chan_dahdi and libpri, ISDN over DAHDI spans that are there already; needs asterisk-dahdi, which only the
#         tree of tests/vm has. far-start wants the first channels of the two spans of 24: the call manager's, the far end's
#   mgcp  osmo-mgw, the media gateway of a line of which chan_mgcp is the call agent, and an Asterisk by plain RTP behind
#         it; the line itself, its hook and its digits, is tests/interop/mgcp.rs
# Everything listens on one loopback address. Needs root, mmdebstrap and debian-archive-keyring.
#   peer.sh build | tree | start | stop | crash | rx COMMAND | sip-start | sip-stop
#   peer.sh fax-start | fax-stop | fax-run COMMAND [ARGUMENT…]
#   peer.sh far-start KIND [ARGUMENT…] | far-stop KIND | far-rx KIND COMMAND
# Environment (defaults): PEER_PORT 2000 (names the instance) · PEER_KEEPALIVE 10 (s) · PEER_RTP 20000
# (first of 400 ports) · PEER_CACHE ~/.cache/tipring
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# chan_skinny gives stations the address that a route towards them would use, which on loopback is
# 127.0.0.1 whatever it is bound to: instances differ by their ports.
addr=127.0.0.1 port=${PEER_PORT:-2000} keepalive=${PEER_KEEPALIVE:-10} rtp=${PEER_RTP:-20000}
cache=${PEER_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/tipring}
packages=asterisk,asterisk-ooh323,asterisk-voicemail,baresip-core,osmo-mgw,hylafax-server,hylafax-client,iaxmodem
# The tree is rebuilt when what goes into it changes.
root=$cache/peer-$(printf '%s' "$packages bullseye 1" | sha256sum | cut -c1-12)
sip=$((5060 + (port - 2000) * 10)) phone=$((5062 + (port - 2000) * 10))
# Q.931 of the two ends; H.245 goes through it, so there are no other TCP ports.
h323=$((1720 + (port - 2000) * 10)) h323far=$((1721 + (port - 2000) * 10))
# MGCP: call agent, the line that it knows as its gateway, the media gateway behind that, and the latter's console, which
# has one port and so wants an address of its own.
agent=$((2727 + (port - 2000) * 10)) line=$((2427 + (port - 2000) * 10)) mgw=$((2428 + (port - 2000) * 10))
console=127.0.10.$((port % 250 + 1))
# IAX2: the call manager, iaxmodem. HylaFAX's own protocol for its clients.
iax=$((4569 + (port - 2000) * 10)) modem=$((4570 + (port - 2000) * 10)) hfaxd=$((4559 + (port - 2000) * 10))

say() { printf 'peer: %s\n' "$*" >&2; }

build() {
  [[ -x $root/usr/sbin/asterisk && -e $root/.complete ]] && return
  mkdir -p "$cache"
  exec 9>"$cache/build.lock"
  flock 9
  [[ -e $root/.complete ]] && return
  rm -rf --one-file-system "$root"
  command -v mmdebstrap >/dev/null || { say "mmdebstrap is missing: apt-get install mmdebstrap"; exit 1; }
  # The mirror this machine's own apt uses.
  local mirror=${PEER_MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' | grep -m1 '/debian/*$')}
  say "building the call manager's tree (half a minute to two minutes)"
  mmdebstrap --quiet --variant=apt --include="$packages" \
    --keyring=/usr/share/keyrings/debian-archive-keyring.gpg bullseye "$root" "$mirror"
  touch "$root/.complete"
}

# Every instance has its own configuration and state, named by its port, inside the one tree.
etc=/etc/peer-$port state=/var/peer-$port
# One that hangs never answers.
asterisk() { timeout 30 chroot "$root" /usr/sbin/asterisk -C "$etc/asterisk.conf" "$@"; }

# 48 ports of each naming: what the gateway makes of MAC 00:0a:0b:0c:0d:0e (`an` counts its ports from hex 400).
lines() { # FIRST LABEL: number FIRST + n for port n
  local first=$1 label=$2 n
  for ((n = 1; n <= 48; n++)); do
    printf '[%d]\ncallerid="%s %d" <%d>\nmailbox=%d@default\n' $((first + n)) "$label" "$n" $((first + n)) $((first + n))
  done
}
devices() { # SECTION NAME-FORMAT NAME-OFFSET FIRST
  local section=$1 format=$2 offset=$3 first=$4 n name
  for ((n = 1; n <= 48; n++)); do
    # shellcheck disable=SC2059
    printf -v name "$format" $((offset + n))
    printf '[%s%d]\ndevice=%s\nline=%d\n' "$section" "$n" "$name" $((first + n))
  done
}

fill() { # FILE OUTPUT [RTP-FIRST RTP-LAST]: with what is known where it is called
  local first=${3:-${first:-}} last=${4:-${last:-}}
  sed -e "s|@ADDR@|$addr|g; s|@PORT@|$port|g; s|@SIP@|$sip|g; s|@BRIDGE1@|$((sip + 4))|g; s|@BRIDGE2@|$((sip + 5))|g; s|@BRIDGE3@|$((sip + 6))|g; s|@BRIDGE4@|$((sip + 7))|g; s|@PHONE@|$phone|g; s|@KEEPALIVE@|$keepalive|g; s|@ETC@|$etc|g; s|@STATE@|$state|g" \
    -e "s|@RTPSTART@|$first|g; s|@RTPEND@|$last|g; s|@H323@|$h323|g; s|@H323FAR@|$h323far|g" \
    -e "s|@AGENT@|$agent|g; s|@LINE@|$line|g; s|@MGW@|$mgw|g; s|@CONSOLE@|$console|g" \
    -e "s|@IAX@|$iax|g; s|@MODEM@|$modem|g" \
    -e "s|@BEARERS@|${near:-1}-$((${near:-1} + 22))|g; s|@FARBEARERS@|${farfirst:-1}-$((${farfirst:-1} + 22))|g" "$1" >"$2"
}

# An Asterisk's own configuration and state. A later folder's file of the same name wins.
settle() { # ETC STATE RTP-FIRST RTP-LAST FOLDER…
  local etc=$1 state=$2 first=$3 last=$4 folder f
  shift 4
  rm -rf "${root:?}$etc" "${root:?}$state"
  mkdir -p "$root$etc" "$root$state"/{run,log,spool,lib,moh,db}
  cp -r "$root/var/lib/asterisk/." "$root$state/lib/" 2>/dev/null || true
  for folder; do
    for f in "$folder"/*.conf; do
      [[ -e $f ]] || continue
      fill "$f" "$root$etc/$(basename "$f")" "$first" "$last"
    done
  done
}

configure() {
  settle "$etc" "$state" "$rtp" $((rtp + 399)) "$here/etc"
  {
    lines 2000 'Vgc Port'; lines 3000 'An Port'
    echo '[devices]'; echo 'transfer=yes'; echo 'callwaiting=yes'; echo 'earlyrtp=yes'
    devices vgc 'VGC0A0B0C0D0E%02d' 0 2000; devices an 'AN0A0B0C0D0E%03X' $((0x3ff)) 3000
  } >>"$root$etc/skinny.conf"
  # Music on hold is one second of a 1 kHz tone: recognisable at the held end.
  python3 -c 'import math,struct,sys
sys.stdout.buffer.write(b"".join(struct.pack("<h",int(4000*math.sin(math.pi*n/4))) for n in range(8000)))' >"$root$state/moh/tone.sln"
  # Module loading, sounds and keys are read from the packaged folders; only state is ours.
  for f in null random urandom zero; do
    [[ -e $root/dev/$f ]] || cp -a "/dev/$f" "$root/dev/$f" 2>/dev/null || true
  done
}

pid() { cat "$root$state/run/asterisk.pid" 2>/dev/null; }
running() { local p; p=$(pid) && kill -0 "$p" 2>/dev/null; }

start() {
  build
  # What an interrupted run left behind has that run's state.
  running && stop
  [[ ${1:-} == again ]] || { sip_stop; fax_stop; }
  # Asterisk comes up without chan_skinny when its port is in use, and whatever has the port would be tested.
  if (exec 3<>"/dev/tcp/$addr/$port") 2>/dev/null; then
    say "something else listens on $addr:$port; end it first (ss -ltnp | grep :$port)"
    exit 1
  fi
  [[ ${1:-} == again ]] || configure
  (cd / && exec setsid chroot "$root" /usr/sbin/asterisk -C "$etc/asterisk.conf" -f </dev/null >>"$root$state/log/console" 2>&1) &
  local i
  for ((i = 0; i < 150; i++)); do
    # Not by `| grep -q`, which stops reading at the first match: what still writes then dies of it, and fails the pipe.
    if [[ $(asterisk -rx 'core waitfullybooted' 2>/dev/null) == *'fully booted'* &&
      $(asterisk -rx 'skinny show settings') == *"$port"* ]]; then
      return
    fi
    sleep 0.2
  done
  say "the call manager did not come up; its last words:"
  tail -20 "$root$state/log/console" >&2
  exit 1
}

stop() {
  running || return 0
  local p i
  p=$(pid)
  asterisk -rx 'core stop now' >/dev/null 2>&1 || true
  for ((i = 0; i < 100; i++)); do kill -0 "$p" 2>/dev/null || return 0; sleep 0.1; done
  kill -9 "$p"
}

sip_start() { # a SIP phone that answers at once, says 440 Hz and records what it hears
  local home=$root$state/baresip
  rm -rf "$home"; mkdir -p "$home"
  sed -e "s|@ADDR@|$addr|g; s|@STATE@|$state|g; s|@PHONE@|$phone|g; s|@RTP@|$((rtp + 400))-$((rtp + 499))|g" "$here/baresip/config" >"$home/config"
  sed -e "s|@ADDR@|$addr|g; s|@PHONE@|$phone|g" "$here/baresip/accounts" >"$home/accounts"
  : >"$home/contacts"
  # Two minutes of 440 Hz at -13 dBm0 (sine peak 5017 of 32768, full scale being +3.14 dBm0).
  python3 -c 'import math,struct,sys,wave
w=wave.open(sys.argv[1],"wb"); w.setnchannels(1); w.setsampwidth(2); w.setframerate(8000)
w.writeframes(b"".join(struct.pack("<h",int(5117*math.sin(2*math.pi*440*n/8000))) for n in range(960000)))' "$home/say.wav"
  (cd / && exec setsid chroot "$root" /usr/bin/baresip -f "$state/baresip" </dev/null >"$home/log" 2>&1) &
  echo $! >"$home/pid"
  local i
  for ((i = 0; i < 100; i++)); do
    grep -q 'baresip is ready' "$home/log" && return
    sleep 0.1
  done
  say "the SIP phone did not come up:"; tail -20 "$home/log" >&2; exit 1
}
sip_stop() { program_stop baresip "$root$state/baresip/pid"; }
program_stop() { # NAME PIDFILE [SIGNAL]
  local p
  p=$(cat "$2" 2>/dev/null) || return 0
  [[ $(cat "/proc/$p/comm" 2>/dev/null) == "$1" ]] || return 0   # not somebody else with a number used again
  kill -"${3:-TERM}" "$p"
  while [[ -e /proc/$p ]]; do sleep 0.05; done
}

# A fax server: HylaFAX, with iaxmodem as its modem, which reaches the call manager by IAX2.
fax_start() {
  fax_stop
  local home=$state/hylafax i
  rm -rf "${root:?}$home"
  mkdir -p "$root$home/iaxmodem" "$root$home/spool"
  cp -a "$root/var/spool/hylafax/." "$root$home/spool/"
  cp -a "$root/etc/hylafax/." "$root$home/spool/etc/"
  fill "$here/etc/hylafax/ttyIAX" "$root$home/iaxmodem/ttyIAX"
  cat "$root$home/spool/config/iaxmodem" "$here/etc/hylafax/config.ttyIAX" >"$root$home/spool/etc/config.ttyIAX"
  (cd / && exec setsid unshare --mount --pid --fork --kill-child "$here/hylafax.sh" "$root" "$home" "$hfaxd" </dev/null >"$root$home/log" 2>&1) &
  echo $! >"$root$state/run/hylafax.pid"
  for ((i = 0; i < 150; i++)); do
    [[ $(asterisk -rx 'iax2 show peers' 2>/dev/null) =~ iaxmodem\ +$addr && $(fax_run faxstat -s 2>/dev/null) == *'Running and idle'* ]] && return
    sleep 0.2
  done
  say "the fax server did not come up:"
  { asterisk -rx 'iax2 show peers'; fax_run faxstat -s; tail -n 20 "$root$home"/log*; } >&2 || true
  fax_stop
  exit 1
}
fax_stop() { # it passes no other signal on; its processes end a moment after it
  program_stop unshare "$root$state/run/hylafax.pid" KILL
  local i
  for ((i = 0; i < 100; i++)); do
    (exec 3<>"/dev/tcp/127.0.0.1/$hfaxd") 2>/dev/null || return 0
    sleep 0.1
  done
  say "something still listens on 127.0.0.1:$hfaxd; end it first (ss -ltnp | grep :$hfaxd)"
  exit 1
}
fax_run() { # COMMAND OF HYLAFAX'S CLIENT…
  local command=$1
  shift
  chroot "$root" "/usr/bin/$command" -h "localhost:$hfaxd" "$@"
}

# A far end: an Asterisk of its own, which answers `tone` with 440 Hz and records what it hears.
far() { local kind=$1; shift; timeout 30 chroot "$root" /usr/sbin/asterisk -C "/etc/peer-$port-$kind/asterisk.conf" "$@"; }
far_pid() { cat "$root/var/peer-$port-$1/run/asterisk.pid" 2>/dev/null; }
far_run() { # KIND RTP-FIRST RTP-LAST "MODULE…" QUESTION WORD: it runs when its answer to the question has this word
  local kind=$1 first=$2 last=$3 modules=$4 question=$5 word=$6 etc=/etc/peer-$port-$1 state=/var/peer-$port-$1 i
  settle "$etc" "$state" "$first" "$last" "$here/etc" "$here/etc/far" "$here/etc/far-$kind"
  # shellcheck disable=SC2086
  printf 'load=%s\n' $modules >>"$root$etc/modules.conf"
  # Two minutes of 440 Hz at -13 dBm0.
  python3 -c 'import math,struct,sys
sys.stdout.buffer.write(b"".join(struct.pack("<h",int(5117*math.sin(2*math.pi*440*n/8000))) for n in range(960000)))' >"$root$state/say.sln"
  (cd / && exec setsid chroot "$root" /usr/sbin/asterisk -C "$etc/asterisk.conf" -f </dev/null >>"$root$state/log/console" 2>&1) &
  for ((i = 0; i < 150; i++)); do
    [[ $(far "$kind" -rx 'core waitfullybooted' 2>/dev/null) == *'fully booted'* && $(far "$kind" -rx "$question") == *"$word"* ]] && return
    sleep 0.2
  done
  say "the far end of $kind did not come up; its last words:"
  tail -20 "$root$state/log/console" >&2
  exit 1
}
far_start() { # KIND [ARGUMENT…]
  local kind=$1 i
  far_stop "$kind"
  case $kind in
    h323) far_run h323 $((rtp + 500)) $((rtp + 599)) chan_ooh323.so 'ooh323 show config' "$h323far" ;;
    pri)
      [[ -e $root/usr/lib/asterisk/modules/chan_dahdi.so ]] || { say "no chan_dahdi in this tree: the Debian package asterisk-dahdi is missing"; exit 1; }
      near=$2 farfirst=$3
      far_run pri $((rtp + 500)) $((rtp + 599)) chan_dahdi.so 'pri show spans' 'PRI span'
      # The call manager's own end.
      fill "$here/etc/chan_dahdi.conf" "$root$etc/chan_dahdi.conf"
      asterisk -rx 'module load chan_dahdi.so' >/dev/null
      for ((i = 0; i < 150; i++)); do
        [[ $(asterisk -rx 'pri show spans') == *'Up, Active'* && $(far pri -rx 'pri show spans') == *'Up, Active'* ]] && return
        sleep 0.2
      done
      say "the D channel did not come up:"
      { asterisk -rx 'pri show spans'; far pri -rx 'pri show spans'; tail -20 "$root$state/log/console"; } >&2
      exit 1 ;;
    mgcp)
      # One port, so that it is known beforehand.
      far_run mgcp $((rtp + 700)) $((rtp + 701)) 'res_rtp_multicast.so chan_rtp.so' 'core show channeltypes' UnicastRTP
      fill "$here/etc/far-mgcp/osmo-mgw.cfg" "$root$etc/osmo-mgw.cfg" $((rtp + 600)) $((rtp + 699))
      (cd / && exec setsid chroot "$root" /usr/bin/osmo-mgw -c "$etc/osmo-mgw.cfg" </dev/null >"$root$state/log/osmo-mgw" 2>&1) &
      echo $! >"$root$state/run/osmo-mgw.pid"
      for ((i = 0; i < 100; i++)); do
        grep -q 'Configured for MGCP' "$root$state/log/osmo-mgw" && return
        sleep 0.1
      done
      say "the media gateway did not come up:"; tail -20 "$root$state/log/osmo-mgw" >&2; exit 1 ;;
    *) say "no such far end: $kind (h323, pri, mgcp)"; exit 2 ;;
  esac
}
far_stop() {
  local p i
  if [[ $1 == pri ]] && running; then asterisk -rx 'module unload chan_dahdi.so' >/dev/null 2>&1 || true; fi
  if [[ $1 == mgcp ]]; then program_stop osmo-mgw "$root$state/run/osmo-mgw.pid"; fi
  p=$(far_pid "$1") && kill -0 "$p" 2>/dev/null || return 0
  far "$1" -rx 'core stop now' >/dev/null 2>&1 || true
  for ((i = 0; i < 100; i++)); do kill -0 "$p" 2>/dev/null || return 0; sleep 0.1; done
  kill -9 "$p"
}

case ${1:-} in
  build) build ;;
  tree) build; echo "$root" ;;   # where it was built
  start) start ;;
  again) start again ;;         # after stop: same configuration and state
  stop) # what cannot be stopped keeps nothing else running
    status=0
    for what in stop sip_stop fax_stop 'far_stop h323' 'far_stop pri' 'far_stop mgcp'; do ($what) || status=1; done
    exit "$status" ;;
  halt) stop ;;                 # only the call manager
  crash) running && kill -9 "$(pid)" && while running; do sleep 0.05; done; rm -f "$root$state/run/asterisk.pid" ;;
  rx) shift; asterisk -rx "$*" ;;
  sip-start) sip_start ;;
  sip-stop) sip_stop ;;
  fax-start) fax_start ;;
  fax-stop) fax_stop ;;
  fax-run) shift; fax_run "$@" ;;   # a command of HylaFAX's client
  far-start) shift; far_start "$@" ;;
  far-stop) far_stop "$2" ;;
  far-rx) kind=$2; shift 2; far "$kind" -rx "$*" ;;
  alive) running ;;
  where) echo "$root$state" ;;  # log/, spool/ of this instance
  *) sed -n '2,14p' "$0" >&2; exit 2 ;;
esac
