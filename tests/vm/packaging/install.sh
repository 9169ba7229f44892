#!/bin/bash
# On a clean system without card and CallManager: what the package brings, who may do what, and the first start.
. "$(dirname "$0")/lib.sh"
id tipring >/dev/null 2>&1 && fail "the system is clean before the installation"
find / -xdev \( -path /out -o -path /payload -o -path /proc -o -path /sys -o -path /var/log -o -path /tmp -o -path /var/tmp \) -prune -o -print |
  sort >/out/before
said=$(dpkg -i "$debs/current.deb" 2>&1 </dev/null) && ok=0 || ok=$?
is "the package installs without questions" 0 "$ok"
says "the installation shows where to go on" "simulated card
/usr/share/doc/tipring/README.Debian" "$said"

is "the daemon has a system user of its own without a shell" "1 /var/lib/tipring /usr/sbin/nologin" \
  "$(($(id -u tipring) < 1000)) $(getent passwd tipring | cut -d: -f6,7 | tr : ' ')"
is "the user is in the groups tipring and dahdi" "dahdi tipring" "$(id -Gn tipring | tr ' ' '\n' | sort | xargs)"
wanted="root:root 755 /usr/sbin/tipringd
root:root 755 /usr/bin/tipring
root:root 755 /usr/libexec/tipring/restart-when-idle
root:root 755 /etc/tipring
root:root 644 /etc/tipring/tipring.toml
root:root 644 /lib/systemd/system/tipring.service
root:root 644 /lib/udev/rules.d/70-tipring.rules
root:root 644 /usr/lib/sysusers.d/tipring.conf
root:root 644 /usr/share/bash-completion/completions/tipring
root:root 644 /usr/share/zsh/vendor-completions/_tipring
root:root 644 /usr/share/fish/vendor_completions.d/tipring.fish
root:root 644 /usr/share/man/man8/tipringd.8.gz
root:root 644 /usr/share/man/man1/tipring.1.gz
root:root 644 /usr/share/man/man1/tipring-port.1.gz
root:root 644 /usr/share/man/man5/tipring.toml.5.gz
tipring:tipring 755 /run/tipring
tipring:tipring 660 /run/tipring/control.sock
tipring:tipring 750 /var/lib/tipring"
is "files have the owners and modes that they should" "$wanted" \
  "$(cut -d' ' -f3 <<<"$wanted" | xargs stat -L -c '%U:%G %a %n' 2>&1)"
is "all installed files are as packed" "" "$(dpkg --verify tipring | grep -v /usr/share/doc/)"

is "the service is enabled" enabled "$(systemctl is-enabled tipring)"
is "tipringd is another name of it" tipring.service "$(systemctl show -p Id --value tipringd)"
check "the service runs" active
is "it became ready the first time" 0 "$(shown NRestarts)"
is "the daemon is not root" "tipring" "$(stat -c %U "/proc/$(pid)")"
is "of all capabilities it has CAP_SYS_NICE" 0000000000800000 "$(sed -n 's/^CapEff:\t//p' "/proc/$(pid)/status")"
is "systemd shows its state" "0 of 4 ports registered" "$(shown StatusText)"
says "the log says that the card is simulated" "the card is simulated, no telephone is connected; \`tipring setup\`" \
  "$(journalctl -q -o cat -u tipring)"
status=$(tipring status)
says "status says what serves, and what to do about the missing CallManager" \
  "sim (simulated card with analog phones and fax machines), 4 ports
SCHED_FIFO 50, memory locked
check that the CallManager is running" "$status"
says "the configuration that is shipped is the one in force" "$config" "$status"

useradd -m alice && useradd -m bob && usermod -aG tipring alice
check "a member of the group tipring may use the command" runuser -u alice -- tipring status
said=$(runuser -u bob -- env USER=bob tipring status 2>&1) && ok=0 || ok=$?
is "others may not" 3 "$ok"
says "they see why, and the cure" "/run/tipring/control.sock: Permission denied
adduser bob tipring" "$said"
userdel -r alice 2>/dev/null && userdel -r bob 2>/dev/null

is "systemd-analyze verify reports nothing" "" "$(systemd-analyze verify --man=no tipring.service tipring-restart-when-idle.service 2>&1)"
systemd-analyze security tipring.service | tail -1
callmanager
check "ports register as soon as there is a CallManager" within 90 registered
check "a call is made, and both hear each other" call 1 2
check "also the other way" talks 2 1
check "and ends" hang_up 1 2
