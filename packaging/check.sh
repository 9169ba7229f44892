#!/bin/bash
# Judges the package in dist/ without installing it: lintian, and systemd-analyze over its units.
#   packaging/check.sh [DEB]
# Fails on any complaint of lintian down to pedantic, any word of `systemd-analyze verify`, and an exposure of
# tipring.service above LIMIT (tenths: 21 is 2.1).
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
limit=${LIMIT:-21}
deb=${1:-$(ls "$here"/dist/tipring_*.deb)}
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
failed=0

echo "lintian -E --pedantic -I (all tags, overrides shown):"
# What looks like a misspelling in a binary changes with the code: its override may be unused.
judge() { lintian --allow-root --suppress-tags unused-override -E --pedantic --display-info "$@" "$deb"; }
judge --show-overrides || true
# In a binary, string constants that lie side by side read as misspelt words; a misspelling of ours stands in the sources too.
while read -r word right _; do
  if git -C "$here" grep -nwF -e "$word" -- '*.rs' '*.toml' '*.md' '*.8' ':!Cargo.lock'; then
    echo "misspelt: \"$word\" should be \"$right\""
    failed=1
  fi
done < <(lintian --allow-root --no-override --tags spelling-error-in-binary "$deb" | sed -n 's/^.*: spelling-error-in-binary //p')
# Shown overrides would count as complaints.
judge --fail-on error,warning,info,pedantic,experimental >/dev/null || failed=1

# The units, with the programs that they start where the units say; the machine's own units for what they refer to.
dpkg-deb -x "$deb" "$root"
units=("$root"/lib/systemd/system/*.service)
for dir in lib/systemd/system usr/lib/systemd/system; do
  [[ -d /$dir ]] || continue
  mkdir -p "$root/$dir"
  cp -an "/$dir/." "$root/$dir/" 2>/dev/null || true
done
for program in bin/kill usr/bin/kill; do
  if [[ -e /$program ]]; then install -D "/$program" "$root/$program"; fi
done
echo "systemd-analyze verify:"
for unit in "${units[@]}"; do
  said=$(systemd-analyze verify --root="$root" --man=no --recursive-errors=no "${unit##*/}" 2>&1) || failed=1
  [[ -z $said ]] || { failed=1; echo "$said"; }
  echo "  ${unit##*/}: $([[ -z $said ]] && echo clean || echo see above)"
done
echo "systemd-analyze security --offline:"
for unit in "${units[@]}"; do
  systemd-analyze security --offline=true --root="$root" --threshold="$([[ $unit == */tipring.service ]] && echo "$limit" || echo 100)" \
    "${unit##*/}" >"$root/security" || failed=1
  tail -1 "$root/security"
done
exit "$failed"
