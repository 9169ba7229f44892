#!/bin/bash
# Builds the guest of `make vm-test` and prints the folder that holds it: a small Debian appliance of this machine's
# own release (12 or newer, so that binaries built here run there) with systemd, Debian's kernel, Debian's DAHDI
# modules unpatched, our test card (module/), and the Asterisk of tests/interop/peer in /srv/peer.
#   image.sh [--where]          --where only prints the folder, whether it is built or not
# Needs root and the packages of `packaging/setup.sh vm`. The result is kept in ${XDG_CACHE_HOME:-~/.cache}/tipring and
# built again when anything that goes in has changed; three parts (kernel and modules, Debian tree, image) have a key
# each, so that a change of the test card costs seconds.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
repo=$(cd "$here/../.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/tipring
started=$SECONDS

say() { printf 'vm image: [%d s] %s\n' $((SECONDS - started)) "$*" >&2; }
die() { printf 'vm image: %s\n' "$*" >&2; exit 1; }
key() { sha256sum | cut -c1-12; } # of what is on standard input
quietly() { # LOG COMMAND...: the command's own words only when it fails
  local log=$1; shift
  "$@" >"$log" 2>&1 || {
    tail -25 "$log" >&2; mkdir -p "$cache"; cp "$log" "$cache/vm-failed.log"; die "$1 failed; its whole output is in $cache/vm-failed.log"; }
}

# --- what goes in ---------------------------------------------------------------------------------------------
. /etc/os-release
[[ ${ID:-} == debian && ${VERSION_ID:-0} -ge 12 ]] ||
  die "this is ${PRETTY_NAME:-no Debian}; the guest is built of the host's own Debian release, 12 or newer"
release=$VERSION_CODENAME
[[ $(dpkg --print-architecture) == amd64 ]] || die "the guest is made for amd64, this machine is $(dpkg --print-architecture)"
depends() { apt-cache depends "$1" 2>/dev/null | sed -n "s/.*Depends: \($2\)$/\1/p" | head -1; }
image_package=$(depends linux-image-amd64 'linux-image-[0-9].*')
[[ $image_package ]] || { quietly "$(mktemp)" apt-get update; image_package=$(depends linux-image-amd64 'linux-image-[0-9].*'); }
[[ $image_package ]] || die "apt knows no linux-image-amd64; does /etc/apt name a Debian mirror?"
kernel=${image_package#linux-image-}
versions=$(apt-cache policy "$image_package" dahdi-dkms dahdi | sed -n 's/  Candidate: //p')
mirror=${VM_MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' | grep -m1 '/debian/*$')} # this machine's own
[[ $mirror ]] || die "no Debian mirror in this machine's apt sources; name one in VM_MIRROR"

# The appliance: systemd, what `dahdi` asks for, what the .deb of Tipring asks for, what the tests use.
packages=(
  systemd systemd-sysv udev dbus kmod procps iproute2 netbase
  perl libnewt0.52 libtonezone2.0 libusb-1.0-0 fxload usbutils
  libspandsp2 libsqlite3-0 libsystemd0 libtiff6
  python3 libtiff-tools
)
forced=(asterisk-dahdi libopenr2-3 libpri1.4 libss7-2.0 libtonezone2.0) # into the call manager's tree
# Kernel modules of the guest, with what they depend on.
kernel_modules=(pvpanic_mmio virtio_rng nfit nd_pmem ext4 virtio_pci virtio_blk virtio_net autofs4 crc-ccitt dummy veth sch_netem)
dahdi_modules=(DAHDI DAHDI_TRANSCODE DAHDI_DYNAMIC DAHDI_DYNAMIC_LOC DAHDI_ECHOCAN_MG2 DAHDI_ECHOCAN_KB1 DAHDI_ECHOCAN_JPAH)

kernel_key=$(echo "$release $kernel $versions ${kernel_modules[*]} ${dahdi_modules[*]} 1" | key) # count up when build_kernel changes
tree_key=$(echo "$release $versions ${packages[*]} 1" | key)
peer=$repo/tests/interop/peer/peer.sh
# No path of the tree goes in, so that every clone of the same files finds the same image.
image_key=$({ cat "$here/image.sh" "$peer"; cd "$here" && sha256sum module/* guest/image/*; echo "$kernel_key $tree_key"; } | key)
image=$cache/vm-$image_key
if [[ ${1:-} == --where ]]; then echo "$image"; exit; fi
# One that lacks a package of the mirror is built again after a day.
complete() { [[ -e $image/.complete && ! $(find "$image/lacking" -mmin +1440 2>/dev/null) ]]; }
if complete; then touch "$image"; echo "$image"; exit; fi
[[ $(id -u) == 0 ]] || die "run it as root: the guest's files belong to root and to system users"
for tool in mmdebstrap busybox mkfs.ext4 qemu-img cpio xz modprobe depmod; do
  PATH=$PATH:/sbin:/usr/sbin command -v "$tool" >/dev/null || die "$tool is missing: run packaging/setup.sh vm"
done
export PATH=$PATH:/sbin:/usr/sbin
mkdir -p "$cache"
exec 8>"$cache/vm.lock"
flock 8
if complete; then echo "$image"; exit; fi
work=$(mktemp -d "$cache/vm-work.XXXXXX")
trap 'rm -rf --one-file-system "$work"' EXIT

download() { # FOLDER PACKAGE...: with the lists of this machine's apt, brought up to date if they are too old
  local to=$1; shift
  mkdir -p "$to"
  (cd "$to" && apt-get -o APT::Sandbox::User=root download "$@") >"$work/download.log" 2>&1 && return
  quietly "$work/update.log" apt-get update
  (cd "$to" && quietly "$work/download.log" apt-get -o APT::Sandbox::User=root download "$@")
}

# --- 1. kernel and DAHDI, as Debian has them --------------------------------------------------------------------
kernel_dir=$cache/vm-kernel-$kernel_key
build_kernel() {
  local k=$work/kernel root=$work/kernel/root build=$work/kernel/build.log src
  local series; series=$(cut -d. -f1,2 <<<"$kernel")
  local kbuild; kbuild=$(depends "linux-headers-$kernel" 'linux-kbuild-.*')
  local common; common=$(depends "linux-headers-$kernel" 'linux-headers-.*-common')
  download "$k/deb" "$image_package" "linux-headers-$kernel" "$common" "${kbuild:-linux-kbuild-$series}" dahdi-dkms dahdi dahdi-linux
  local deb
  for deb in "$k"/deb/*.deb; do dpkg -x "$deb" "$root"; done
  # The headers name their other half by absolute path.
  sed -i "s#^include /usr/src#include $root/usr/src#" "$root/usr/src/linux-headers-$kernel/Makefile"
  src=$(echo "$root"/usr/src/dahdi-[0-9]*)
  local wanted=(); local m
  for m in "${dahdi_modules[@]}"; do wanted+=("CONFIG_$m=m"); done
  quietly "$build" make -C "$src" include/dahdi/version.h
  quietly "$build" make -C "$root/usr/src/linux-headers-$kernel" M="$src/drivers/dahdi" DAHDI_INCLUDE="$src/include" \
    -j"$(nproc)" DAHDI_BUILD_ALL= "${wanted[@]}" DAHDI_MODULES_EXTRA=dahdi_dummy.o modules
  # QEMU enters an uncompressed kernel directly (PVH), which saves the decompressor: most of the boot under TCG.
  local vmlinuz=$root/boot/vmlinuz-$kernel magic tool at
  for magic in $'\xfd7zXZ:xz' $'\x28\xb5\x2f\xfd:zstd'; do
    tool=${magic##*:}
    at=$(LC_ALL=C grep -abo -m1 -F "${magic%:*}" "$vmlinuz" | head -1 | cut -d: -f1) || continue
    [[ $at ]] && command -v "$tool" >/dev/null || continue
    tail -c +$((at + 1)) "$vmlinuz" | "$tool" -dcq 2>/dev/null >"$k/vmlinux" || true
    [[ $(head -c 4 "$k/vmlinux" | tail -c 3) == ELF ]] && break
  done
  [[ $(head -c 4 "$k/vmlinux" 2>/dev/null | tail -c 3) == ELF ]] || cp "$vmlinuz" "$k/vmlinux"
  # The guest's module tree: the few that it needs of the kernel's, and DAHDI's.
  local lib=$k/modules/lib/modules/$kernel
  mkdir -p "$lib/dahdi"
  depmod -b "$root" "$kernel"
  cp "$root/lib/modules/$kernel"/modules.{builtin,builtin.modinfo,order} "$lib/"
  local verb file rest
  for m in "${kernel_modules[@]}"; do
    while read -r verb file rest; do
      [[ $verb == insmod ]] || continue
      install -D "$file" "$lib/kernel/${file##*/kernel/}"
    done < <(modprobe -d "$root" -S "$kernel" --show-depends "$m")
  done
  find "$lib" -name '*.ko.xz' -exec xz -d {} +
  find "$src/drivers/dahdi" -name '*.ko' -exec cp -t "$lib/dahdi" {} +
  find "$lib" -name '*.ko' -exec strip -g {} +
  # What the test card is compiled against.
  mkdir -p "$k/keep"
  mv "$k/vmlinux" "$k/modules" "$k/keep/"
  mkdir -p "$k/keep/dahdi"; cp -r "$src/include" "$k/keep/dahdi/"; cp "$src/drivers/dahdi/Module.symvers" "$k/keep/dahdi/"
  cp "$src"/drivers/dahdi/*.h "$k/keep/dahdi/"
  mkdir -p "$k/keep/headers/usr"; mv "$root/usr/src" "$k/keep/headers/usr/src"
  [[ -d $root/usr/lib/linux-kbuild-$series ]] && { mkdir -p "$k/keep/headers/usr/lib"; mv "$root"/usr/lib/linux-kbuild-* "$k/keep/headers/usr/lib/"; }
  mkdir -p "$k/keep/deb"; mv "$k"/deb/dahdi_*.deb "$k"/deb/dahdi-linux_*.deb "$k/keep/deb/"
  echo "$(dpkg-deb -f "$k"/deb/dahdi-dkms_*.deb Version)" >"$k/keep/dahdi-version"
  rm -rf "$kernel_dir"; mv "$k/keep" "$kernel_dir"
  sed -i "s#^include .*/usr/src#include $kernel_dir/headers/usr/src#" "$kernel_dir/headers/usr/src/linux-headers-$kernel/Makefile"
  touch "$kernel_dir/.complete"
}

# --- 2. the Debian tree -----------------------------------------------------------------------------------------
tree=$cache/vm-tree-$tree_key
build_tree() {
  local t=$work/tree list
  list=$(IFS=,; echo "${packages[*]}")
  quietly "$work/mmdebstrap.log" mmdebstrap --variant=minbase --include="$list" \
    --keyring=/usr/share/keyrings/debian-archive-keyring.gpg \
    --dpkgopt=force-unsafe-io --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
    "$release" "$t" "$mirror"
  rm -f "$t/etc/dpkg/dpkg.cfg.d/99mmdebstrap"
  # The modules were built beforehand: a package of that name keeps a compiler out of the guest.
  local d=$work/stand-in
  mkdir -p "$d/DEBIAN"
  printf '%s\n' "Package: dahdi-dkms" "Version: $(cat "$kernel_dir/dahdi-version")" "Architecture: all" \
    "Maintainer: nobody <nobody@localhost>" "Description: DAHDI modules, built ahead of time for this guest" >"$d/DEBIAN/control"
  dpkg-deb --root-owner-group -b "$d" "$t/tmp/dahdi-dkms.deb" >/dev/null
  cp "$kernel_dir"/deb/*.deb "$t/tmp/"
  quietly "$work/dahdi.log" chroot "$t" sh -c 'DEBIAN_FRONTEND=noninteractive dpkg -i /tmp/*.deb && rm /tmp/*.deb'
  rm -rf "$t"/var/cache/apt/archives/* "$t"/var/lib/apt/lists/*
  rm -rf "$tree"; mv "$t" "$tree"
  touch "$tree.complete"
}

# --- 3. the call manager's tree, with chan_dahdi --------------------------------------------------------------------
build_peer() { # FROM: the tree that peer.sh built
  local into=$work/peer root=$work/peer/$(basename "$1")
  mkdir -p "$into"
  cp -a "$1" "$into/"
  # chan_dahdi pulls a compiler by its dependencies; the module and the libraries that it is linked with are enough.
  local apt=$work/apt
  mkdir -p "$apt"/{lists/partial,archives/partial,etc,deb}
  : >"$apt/status"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror bullseye main" >"$apt/etc/sources.list"
  local options=(-o Dir::State::lists="$apt/lists" -o Dir::State::status="$apt/status" -o Dir::Cache="$apt"
    -o Dir::Etc::sourcelist="$apt/etc/sources.list" -o Dir::Etc::sourceparts=- -o APT::Sandbox::User=root)
  quietly "$work/bullseye.log" apt-get "${options[@]}" update
  # Without one of them there is no chan_dahdi, and the flows that want it are skipped by this name.
  local deb package missing=()
  for package in "${forced[@]}"; do
    [[ $(apt-cache "${options[@]}" policy "$package") == *'Candidate: '[0-9]* ]] || missing+=("$package")
  done
  if ((${#missing[@]})); then
    say "bullseye at $mirror has no ${missing[*]}: the flows with chan_dahdi will be skipped"
    printf '%s\n' "${missing[@]}" >"$root/missing-packages"
  else
    (cd "$apt/deb" && quietly "$work/bullseye.log" apt-get "${options[@]}" download "${forced[@]}")
  fi
  for deb in "$apt"/deb/*.deb; do [[ ! -e $deb ]] || dpkg -x "$deb" "$root"; done
  chroot "$root" ldconfig
  rm -rf "$root"/{etc,var}/peer-* "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/usr/share/{doc,man,locale}
  rm -rf --one-file-system "$peer_dir"; mv "$into" "$peer_dir"
  touch "$peer_dir.complete"
}

# --- 4. the image ---------------------------------------------------------------------------------------------------
build_card() { # INTO: the test card's module
  cp -r "$here/module" "$work/module"
  quietly "$work/module.log" make -C "$kernel_dir/headers/usr/src/linux-headers-$kernel" M="$work/module" \
    KBUILD_EXTRA_SYMBOLS="$kernel_dir/dahdi/Module.symvers" DAHDI="$kernel_dir/dahdi" modules
  grep -q 'warning:' "$work/module.log" && { grep -A5 'warning:' "$work/module.log" >&2; die "the test card's module compiles with warnings"; }
  cp "$work/module/fxbench.ko" "$1/"
}

build_initramfs() { # MODULE-TREE OUTPUT
  local r=$work/initramfs m verb file rest
  mkdir -p "$r"/{bin,dev,proc,sys,root,modules}
  cp "$(command -v busybox)" "$r/bin/busybox"
  ldd "$r/bin/busybox" >/dev/null 2>&1 && die "busybox is linked dynamically: install busybox-static"
  local order=()
  for m in pvpanic_mmio virtio_pci virtio_rng nfit nd_pmem ext4; do
    while read -r verb file rest; do
      [[ $verb == insmod ]] || continue
      file=$(basename "$file")
      [[ " ${order[*]} " == *" $file "* || $file == crc32c-intel* ]] && continue # that one wants a newer processor
      order+=("$file"); find "$1" -name "$file" -exec cp -t "$r/modules" {} +
    done < <(modprobe -d "$1" -S "$kernel" --show-depends "$m")
  done
  # ext4 asks for crc32c by name, not by symbol.
  for m in crc32c_generic; do
    file=$(find "$1" -name "$m.ko")
    [[ $file && " ${order[*]} " != *" $m.ko "* ]] && { cp "$file" "$r/modules/"; order=("$m.ko" "${order[@]}"); }
  done
  sed "s/@MODULES@/${order[*]}/" "$here/guest/image/init" >"$r/init"
  chmod 755 "$r/init"
  (cd "$r" && find . | cpio -o -H newc -R 0:0 --quiet) | gzip -1 >"$2"
}

say "building the guest ($PRETTY_NAME, Linux $kernel, DAHDI $(sed -n 2p <<<"$versions")); a minute the first time"
# The call manager's tree and the kernel do not need each other.
"$peer" build & peer_pid=$!
[[ -e $kernel_dir/.complete ]] || { build_kernel; say "kernel and DAHDI modules"; }
[[ -e $tree.complete ]] || { build_tree; say "Debian tree"; }
wait "$peer_pid" || die "the call manager's tree failed"
from=$("$peer" tree)
peer_dir=$cache/vm-peer-$(echo "$(basename "$from") ${forced[*]} 2" | key) # count up when build_peer changes
lacking=$peer_dir/$(basename "$from")/missing-packages
[[ -e $peer_dir.complete && ! -e $lacking ]] || { build_peer "$from"; say "call manager"; }
g=$work/guest
# Hard links: from here on a file that comes from the trees is replaced, never written into.
cp -al "$tree" "$g"
cp -al "$peer_dir" "$g/srv/peer"
cp -a "$kernel_dir"/modules/lib/modules "$g/lib/"
# For who begins with a machine that has no DAHDI yet (packaging/fresh.sh).
mkdir -p "$g/srv/deb"; cp "$kernel_dir"/deb/*.deb "$g/srv/deb/"
build_card "$g/lib/modules/$kernel/dahdi"
depmod -b "$g" "$kernel"
mkdir -p "$work/out"
chroot "$g" dpkg-query -W -f '${Package}\n${Provides}\n' | sed 's/([^)]*)//g' | tr ', ' '\n\n' | sort -u >"$work/out/packages"
build_initramfs "$g" "$work/out/initramfs.gz"
cp "$kernel_dir/vmlinux" "$work/out/vmlinux"
say "test card and initramfs"

# The appliance's own settings: a name, a terminal for nobody, the command at the end of the boot.
rm -f "$g"/etc/{machine-id,resolv.conf,hostname,hosts,fstab}; : >"$g/etc/machine-id"
echo appliance >"$g/etc/hostname"
printf '127.0.0.1 localhost\n127.0.1.1 appliance\n' >"$g/etc/hosts"
printf '%s\n' 'LABEL=appliance / ext4 noatime 0 1' 'LABEL=payload /payload ext4 ro,noatime 0 0' >"$g/etc/fstab"
install -D -m 755 "$here/guest/image/vm-command" "$g/usr/local/sbin/vm-command"
install -D -m 755 "$here/guest/image/vm-reboot" "$g/usr/local/sbin/vm-reboot"
install -D -m 755 "$here/guest/image/vm-down" "$g/usr/lib/systemd/system-shutdown/vm-down"
install -D -m 644 "$here/guest/image/vm-command.service" "$g/etc/systemd/system/vm-command.service"
install -D -m 644 "$here/guest/image/vm.target" "$g/etc/systemd/system/vm.target"
install -D -m 644 "$here/guest/image/modprobe.conf" "$g/etc/modprobe.d/vm.conf"
ln -sf /etc/systemd/system/vm.target "$g/etc/systemd/system/default.target"
mkdir -p "$g/etc/systemd/system/vm.target.wants" "$g/payload" "$g/out" "$g/etc/dahdi"
ln -sf ../vm-command.service "$g/etc/systemd/system/vm.target.wants/vm-command.service"
for unit in getty.target apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service \
  fstrim.timer systemd-pstore.service; do
  ln -sf /dev/null "$g/etc/systemd/system/$unit"
done
size=$(du -sm --apparent-size "$g" | cut -f1)
# Memory modules come in pieces of 128 MB.
truncate -s $(((size + size / 5 + 600 + 127) / 128 * 128))M "$work/out/disk.img"
quietly "$work/mkfs.log" mkfs.ext4 -q -F -b 4096 -L appliance -O ^metadata_csum_seed,^orphan_file -E lazy_itable_init=1,lazy_journal_init=1,root_owner=0:0 \
  -d "$g" "$work/out/disk.img"
[[ ! -e $lacking ]] || cp "$lacking" "$work/out/lacking"
touch "$work/out/.complete"
rm -rf --one-file-system "$image"; mv "$work/out" "$image"
# What nobody has used goes: images after a day, but for the newest four of them, their parts after a week.
find "$cache" -maxdepth 1 -name 'vm-????????????' -mmin +1440 -printf '%T@ %p\n' | sort -rn | tail -n +5 | cut -d' ' -f2- |
  xargs -r -d '\n' rm -rf --one-file-system
find "$cache" -maxdepth 1 -name 'vm-*' -mtime +7 ! -path "$image" ! -path "$kernel_dir" ! -path "$tree*" ! -path "$peer_dir*" -exec rm -rf --one-file-system {} +
touch "$kernel_dir" "$tree" "$tree.complete" "$peer_dir" "$peer_dir.complete"
say "done: $(du -sh "$image" | cut -f1) in $image"
echo "$image"
