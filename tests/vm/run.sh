#!/bin/bash
# Boots the guest of image.sh, runs a command in it as root, and ends with the command's exit status.
#   run.sh [-w SECONDS] [-m MB] [-c CPUS] [-r] [-K] [-k KEEPDIR] [-o OUTDIR] [-v] PAYLOAD_DIR COMMAND [ARG...]
#     -w  give up after this number of seconds of this machine's time (600)
#     -m  memory (512 MB)      -c  processors (1)
#     -r  the guest's clock follows the host's; without it, guest time is virtual and exact (see README.md)
#     -K  KVM instead of emulation, where it works
#     -k  keep the guest's disk in KEEPDIR: the next run with it goes on where this one ended
#     -o  unpack what the command leaves in /out there
#     -v  show the guest's kernel messages at the end
# PAYLOAD_DIR is /payload in the guest, read-only. COMMAND is a path there (relative to /payload) or of the guest, run
# under systemd after multi-user.target, with VM_BOOT=1 (2 after the command called `vm-reboot`, and so on).
# Exit status: the command's up to 119 (119 for more), 120 the kernel complained, 124 time ran out, 125 the guest died,
# 126 QEMU or the set-up failed.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
wait=600 memory=512 cpus=1 clock=virtual accel=tcg keep='' outdir='' verbose=
usage() { sed -n '3,10p' "$0" >&2; exit 126; }
while getopts w:m:c:rKk:o:v option; do case $option in
  w) wait=$OPTARG ;; m) memory=$OPTARG ;; c) cpus=$OPTARG ;; r) clock=real ;; K) accel=kvm clock=real ;;
  k) keep=$OPTARG ;; o) outdir=$OPTARG ;; v) verbose=1 ;; *) usage ;; esac; done
shift $((OPTIND - 1))
[[ $# -ge 2 && -d ${1:-} ]] || usage
payload=$1; shift
say() { printf 'vm: %s\n' "$*" >&2; }
fail() { say "$*"; exit 126; }
export PATH=$PATH:/sbin:/usr/sbin

image=$("$here/image.sh") || fail "the guest's image could not be built"
run=$(mktemp -d "${TMPDIR:-/tmp}/tipring-vm.XXXXXX") || exit 126
qemu=
# shellcheck disable=SC2329
cleanup() { [[ $qemu ]] && kill "$qemu" 2>/dev/null; rm -rf "$run"; }
trap cleanup EXIT
trap 'exit 130' INT TERM

# The guest's disks are memory modules (NVDIMM) over files: reading and writing them is a copy within an instruction.
# With an ordinary disk the guest would be idle while the host reads, and virtual time would run off to the next timer.
# The root's file is mapped privately: what the guest writes is gone with QEMU, unless -k.
disk=$image/disk.img share=off
if [[ $keep ]]; then
  mkdir -p "$keep" || exit 126
  keep=$(cd "$keep" && pwd)
  if [[ -e $keep/image ]]; then
    image=$(cat "$keep/image")
    [[ -e $image/vmlinux ]] || fail "the image that $keep was made from is gone ($image); delete $keep and start again"
  else
    cp --sparse=always "$image/disk.img" "$keep/disk.img" && echo "$image" >"$keep/image" || fail "no room for the guest's disk in $keep"
  fi
  disk=$keep/disk.img share=on
fi
module() { # NAME FILE SHARE
  printf '%s\n' -object "memory-backend-file,id=$1,mem-path=$2,size=$(stat -Lc %s "$2"),share=$3" -device "nvdimm,id=$1-module,memdev=$1"
}
size=$(du -sm --apparent-size "$payload" | cut -f1)
truncate -s $(((size + size / 8 + 16 + 127) / 128 * 128))M "$run/payload.img"
mkfs.ext4 -q -F -b 4096 -L payload -O ^has_journal -m 0 -E root_owner=0:0 -d "$payload" "$run/payload.img" >"$run/mkfs.log" 2>&1 ||
  { cat "$run/mkfs.log" >&2; fail "$payload did not fit on a disk"; }
truncate -s 4G "$run/exchange.img"
mapfile -t modules < <(module root "$disk" $share; module payload "$run/payload.img" off)

verdict() { dd if="$run/exchange.img" bs=64k skip=1 count=1 status=none | tr -d '\0'; }
console=$run/console
: >"$console"
complaints() { # of the kernel; what the test card and DAHDI say in passing is none
  grep -aE 'WARNING: CPU|BUG: |kernel BUG|Oops|general protection|Unable to handle|Kernel panic|INFO: task .* blocked|rcu.*stall|corruption' "$console"
}

[[ $clock == virtual ]] && time=(-icount shift=0,sleep=off -rtc clock=vm) || time=()
cpu=${VM_CPU:-qemu64}; [[ $accel == kvm ]] && cpu=host
# Block 0 of the exchange disk: the command. See guest/image/vm-command.
{ printf 'exec'; printf ' %q' "$@"; echo; } >"$run/command"
[[ $(stat -c %s "$run/command") -le 65536 ]] || fail "the command is longer than 64 KiB"
dd if="$run/command" of="$run/exchange.img" conv=notrunc status=none
started=$SECONDS
# A reset boots again, in the same QEMU; a panic ends it (pvpanic), and the guest itself when it has a verdict.
timeout -k 5 "$wait" qemu-system-x86_64 -accel "$accel" -cpu "$cpu" -M q35,nvdimm=on -smp "$cpus" \
  -m "$memory,slots=4,maxmem=64G" "${time[@]}" -nodefaults -nographic -bios /usr/share/qemu/qboot.rom \
  -serial stdio -serial file:"$console" -device isa-debug-exit,iobase=0xf4,iosize=1 \
  -device pvpanic -action panic=exit-failure "${modules[@]}" \
  -drive if=none,id=exchange,file="$run/exchange.img",format=raw,cache=unsafe -device virtio-blk-pci,drive=exchange \
  -device virtio-rng-pci \
  -netdev user,id=lan,restrict=on -device virtio-net-pci,netdev=lan,romfile=,mac=00:0a:0b:0c:0d:0e \
  -kernel "$image/vmlinux" -initrd "$image/initramfs.gz" \
  -append "console=ttyS1,115200 loglevel=5 oops=panic tsc=reliable net.ifnames=0 systemd.show_status=0 ${VM_APPEND:-}" \
  </dev/null 2>"$run/qemu.err" &
qemu=$!
wait "$qemu"; rc=$?
qemu=
case $rc in
  124 | 137) status=124 ;;
  3) read -r _ status up idle boots < <(verdict); [[ ${status:-died} != died ]] || status=125 ;;
  0) status=125 ;;
  1) if [[ -s $run/qemu.err ]]; then cat "$run/qemu.err" >&2; fail "QEMU failed"; fi; status=125 ;;
  *) cat "$run/qemu.err" >&2; fail "QEMU failed with $rc" ;;
esac

[[ $outdir ]] && mkdir -p "$outdir" && cp "$console" "$outdir/console.log"
if [[ $outdir && ${up:-} ]]; then
  tar -xf <(tail -c +$((1024 * 1024 + 1)) "$run/exchange.img") -C "$outdir" || say "what the guest left in /out could not be unpacked"
fi
case $status in
  124) say "time ran out after $wait s; the kernel's last words:"; tail -15 "$console" >&2 ;;
  125) say "the guest died or powered off without a verdict; the kernel's last words:"; tail -40 "$console" >&2 ;;
  *) say "exit $status after $((SECONDS - started)) s; guest time $up s, of these idle $idle s$( ((boots > 1)) && echo " since the last of $boots boots")"
     ((status > 119)) && status=119 ;;
esac
[[ $verbose ]] && cat "$console" >&2
if ((status != 125 && status != 124)) && complaints >"$run/complaints"; then
  say "the kernel complained:"
  head -5 "$run/complaints" >&2
  [[ $outdir ]] && say "all of it: $outdir/console.log" || grep -aA30 -m1 -F "$(head -1 "$run/complaints")" "$console" >&2
  status=120
fi
exit "$status"
