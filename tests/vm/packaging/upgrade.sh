#!/bin/bash
# From the previous commit's package to this one and back, with and without a call; configuration files.
. "$(dirname "$0")/lib.sh"
previous=$(dpkg-deb -f "$debs/previous.deb" Version)
current=$(dpkg-deb -f "$debs/current.deb" Version)
check "versions rise with the history ($previous, $current)" dpkg --compare-versions "$previous" lt "$current"
callmanager
install() { dpkg --force-confold -i "$1" 2>&1 </dev/null; }

said=$(install "$debs/previous.deb") && ok=0 || ok=$?
is "going back to the previous commit's version works" 0 "$ok"
says "dpkg says that it is a step back" "downgrading tipring from $current to $previous" "$said"
check "without a call it takes over at once" settled
same "and is the one that runs" "$previous" "$(version)"

printf '# the administrator was here\n[defaults]\ncountry = "uk"\n' >"$config"
check "the administrator changes the configuration" systemctl restart tipring
check "ports register" settled
check "a call is up" call 1 2
old=$(pid)
said=$(install "$debs/current.deb") && ok=0 || ok=$?
is "the upgrade works with a call up" 0 "$ok"
says "it says that the call comes first" "so the old version goes on" "$said"
is "the old daemon goes on" "$old $previous" "$(pid) $(version)"
check "the call goes on" talks 1 2
is "the administrator's file is kept" "# the administrator was here" "$(head -1 "$config")"
check "the call ends" hang_up 1 2
check "then the new version takes over by itself" within 30 new_pid "$old"
check "its ports register" settled
same "it is the one that runs" "$current" "$(version)"
check "nobody waits any more" within 10 sh -c '! systemctl is-active -q tipring-restart-when-idle'

# A later version whose shipped configuration file differs.
work=$(mktemp -d)
dpkg-deb -R "$debs/current.deb" "$work/next"
sed -i "s/^Version: .*/Version: $current+next/" "$work/next/DEBIAN/control"
echo "# shipped by the next version" >>"$work/next/etc/tipring/tipring.toml"
(cd "$work/next" && find etc lib usr -type f -exec md5sum {} + | grep -v ' etc/' >DEBIAN/md5sums)
dpkg-deb --root-owner-group -b "$work/next" "$work/next.deb" >/dev/null
said=$(install "$work/next.deb") && ok=0 || ok=$?
is "an upgrade with a changed configuration file works" 0 "$ok"
is "the administrator's file is kept, the package's lies beside it" \
  "# the administrator was here|# shipped by the next version" "$(head -1 "$config")|$(tail -1 "$config.dpkg-dist")"

# A setting that the other version does not know.
check "ports register" settled
old=$(pid)
printf '[gateway]\nfrom-the-future = 1\n' >>"$config"
said=$(install "$debs/current.deb") && ok=0 || ok=$?
is "going back works with a configuration that is refused then" 0 "$ok"
says "it names the problem and the cure" "from-the-future
systemctl start tipring-restart-when-idle" "$said"
is "the daemon that runs goes on" "$old active" "$(pid) $(systemctl is-active tipring)"
sed -i '/from-the-future/d' "$config"
check "with the file put right it restarts when asked" systemctl start tipring-restart-when-idle
check "at once, for no call is up" within 30 new_pid "$old"
check "its ports register" settled
is "nothing is half-installed" "ii " "$(dpkg-query -W -f '${db:Status-Abbrev}' tipring)"
