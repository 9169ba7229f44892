#!/bin/bash
# Builds the packages of a commit (HEAD) twice, from scratch, in folders whose paths differ in length, in other time
# zones and languages, on one core and on all, with CARGO_HOME elsewhere, and compares the bytes. Exit 1 when they differ,
# and then says in which files.
#   packaging/reproducible.sh [REV]
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
base=$(mktemp -d "${TMPDIR:-/var/tmp}/tipring-repro.XXXXXX")
trap 'rm -rf "$base"' EXIT
commit=$(git -C "$here" rev-parse --verify "${1:-HEAD}^{commit}")

# The crates are shared; the path that cargo sees them under is not.
crates=${CARGO_HOME:-$HOME/.cargo}
export RUSTUP_HOME=${RUSTUP_HOME:-$HOME/.rustup}
one() { # name, then variables for the build
  local name=$1
  shift
  mkdir -p "$base/$name/cargo"
  for shared in bin registry git config.toml; do
    if [[ -e $crates/$shared ]]; then ln -s "$crates/$shared" "$base/$name/cargo/$shared"; fi
  done
  mkdir -p "$base/$name/work"
  env "$@" TIPRING_CACHE="$base/$name/cache" DEB_WORK="$base/$name/work" CARGO_HOME="$base/$name/cargo" \
    "$here/packaging/deb.sh" --commit "$commit" >/dev/null
}

one first TZ=UTC LC_ALL=C.UTF-8
one the-second-with-a-longer-path TZ=Pacific/Kiritimati LC_ALL=C LANGUAGE=de DEB_BUILD_OPTIONS=parallel=1

first=$base/first/cache/deb/$commit second=$base/the-second-with-a-longer-path/cache/deb/$commit
(cd "$first" && sha256sum -- *)
if diff -r "$first" "$second" >/dev/null; then
  echo "reproducible: two builds gave the same bytes"
  exit 0
fi

# Which file of which package, and where in it.
echo "reproducible: the builds differ:" >&2
for package in "$first"/*.deb; do
  name=${package##*/}
  cmp -s "$package" "$second/$name" && continue
  for side in first second; do
    mkdir -p "$base/look/$side/$name"
    dpkg-deb -R "${!side}/$name" "$base/look/$side/$name"
  done
  diff -rq "$base/look/first/$name" "$base/look/second/$name" | sed "s|$base/look/||g" >&2 || true
  while read -r file; do
    [[ -f $base/look/second/$name/$file ]] || continue
    cmp -s "$base/look/first/$name/$file" "$base/look/second/$name/$file" && continue
    echo "$file: strings that only one build has:" >&2
    diff <(strings -a "$base/look/first/$name/$file") <(strings -a "$base/look/second/$name/$file") | head -20 >&2 || true
  done < <(cd "$base/look/first/$name" && find . -type f)
done
exit 1
