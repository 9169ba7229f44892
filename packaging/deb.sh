#!/bin/bash
# Builds the Debian package of a commit, in a folder of its own and from what git holds only.
#   packaging/deb.sh                  HEAD, with what is changed but not yet committed ("+local"), into dist/
#   packaging/deb.sh --commit REV     the packages of REV; prints the folder that holds them and leaves dist/ alone
#   packaging/deb.sh --version [REV]  only prints the version
# A tag vX.Y.Z is version X.Y.Z; any other commit is X.Y.Z~gitN.HASH, where N counts its ancestors: versions rise with
# the history, up to the release that they lead to. Packages of commits are kept in ~/.cache/tipring/deb/HASH.
# Variables: DEBFULLNAME, DEBEMAIL and HOMEPAGE, as in control; without them the commit's author is the maintainer, and there
# is no homepage. TIPRING_CACHE (~/.cache/tipring), DEB_WORK (where the source is laid out and built; target/deb).
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
cache=${TIPRING_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/tipring}/deb
work=${DEB_WORK:-$here/target/deb}
dist=$here/dist
umask 022

fail() { echo "deb: $*" >&2; exit 1; }
git() { command git -C "$here" "$@"; }

git rev-parse --git-dir >/dev/null 2>&1 || fail "$here is no git clone, and the version is made from the history"
[[ $(git rev-parse --is-shallow-repository) == false ]] || git fetch --quiet --unshallow ||
  fail "this clone is shallow, so that commits cannot be counted, and the rest cannot be fetched; clone it whole"

version_of() { # of a commit
  local base tag
  base=$(git show "$1:Cargo.toml" | sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"/\1/p')
  [[ -n $base ]] || fail "Cargo.toml of $1 has no version under [workspace.package]"
  if tag=$(git describe --exact-match --tags --match 'v[0-9]*' "$1" 2>/dev/null); then
    [[ $tag == "v$base" ]] || fail "tag $tag stands at a commit whose Cargo.toml says $base; correct one of them"
    echo "$base"
  else
    echo "$base~git$(git rev-list --count "$1").$(git rev-parse "$1" | cut -c1-8)"
  fi
}

keep=dist
rev=HEAD
case ${1:-} in
  --commit) rev=${2:?deb: --commit takes a revision}; keep=cache ;;
  --version) version_of "$(git rev-parse --verify "${2:-HEAD}^{commit}")"; exit ;;
  "") ;;
  *) sed -n '2,5s/^# //p' "$0" >&2; exit 2 ;;
esac
commit=$(git rev-parse --verify --quiet "$rev^{commit}") || fail "no such commit: $rev"
tree=$commit
version=$(version_of "$commit")
if [[ $keep == dist ]]; then
  changed=$(git stash create)
  if [[ -n $changed ]]; then tree=$changed version=$version+local; fi
fi
git cat-file -e "$tree:packaging/debian/control" 2>/dev/null ||
  fail "commit $commit has no packaging/debian: it is older than the package; name a later one"
arch=$(dpkg --print-architecture)
SOURCE_DATE_EPOCH=$(git show -s --format=%ct "$commit")
export SOURCE_DATE_EPOCH
out=$cache/$commit
# Kept is what the commit alone makes.
[[ $tree == "$commit" && -z ${DEBEMAIL:-}${HOMEPAGE:-} ]] || out=$work/out

maintainer=$(git show -s --format='%an <%ae>' "$commit")
[[ -z ${DEBEMAIL:-} ]] || maintainer="${DEBFULLNAME:-Tipring maintainers} <$DEBEMAIL>"

# CHANGELOG.md's newest section, as it stands there, or as entries of debian/changelog.
notes() { git show "$tree:CHANGELOG.md" | awk '/^## /{ if (n++) exit; next } n'; }
changelog() {
  echo "tipring ($version) unstable; urgency=medium"
  echo
  # One entry for each list item or paragraph, folded as Debian has it; without the headings.
  notes | awk '/^### /{next} /^- /{if (e) print e; e = substr($0, 3); next} NF{sub(/^ +/, ""); e = e ? e " " $0 : $0; next}
    {if (e) print e; e = ""} END{if (e) print e}' | while read -r entry; do
    fold -s -w 74 <<<"$entry" | sed -e 's/ *$//' -e '1s/^/  * /' -e '2,$s/^/    /'
  done
  [[ -n $(notes) ]] || echo "  * See the history."
  echo
  echo " -- $(sed -n 's/^Maintainer: //p' "$source/debian/control")  $(LC_ALL=C date -u -d "@$SOURCE_DATE_EPOCH" -R)"
}

build() {
  mkdir -p "$work" # in a fresh clone there is no target/
  exec 9>"$work.lock"
  flock 9 # one build in this folder at a time
  # Files that stay the same keep their times, so that cargo builds only what changed.
  local new=$work/new
  source=$work/tipring
  rm -rf "$new" && mkdir -p "$new" "$source"
  git archive "$tree" | tar -x -m -C "$new"
  rsync -rlp --checksum --delete --exclude=/debian --exclude=/target "$new/" "$source/"
  rm -rf "$new" "$source/debian"
  cp -a "$source/packaging/debian" "$source/debian"
  sed -i -e "s|@MAINTAINER@|$maintainer|" -e "${HOMEPAGE:+s|@HOMEPAGE@|$HOMEPAGE|;}/@HOMEPAGE@/d" "$source/debian/control"
  changelog >"$source/debian/changelog"
  export CARGO_HOME=${CARGO_HOME:-$HOME/.cargo} RUSTUP_HOME=${RUSTUP_HOME:-$HOME/.rustup}
  (cd "$source" && cargo fetch --locked --quiet)
  rm -f "$work"/tipring*.deb "$work"/tipring*.buildinfo "$work"/tipring*.changes
  # -d: Rust does not come from a package everywhere, and setup.sh has looked after the rest.
  (cd "$source" && env -u MAKEFLAGS -u MAKELEVEL dpkg-buildpackage -b -d -uc -us) >"$work/build.log" 2>&1 || {
    tail -40 "$work/build.log" >&2
    fail "the package does not build; the whole log is in $work/build.log"
  }
  rm -rf "$out.new" && mkdir -p "$out.new"
  cp "$work"/tipring_*.deb "$work"/tipring-dbgsym_*.deb "$out.new/"
  tarball "$out.new/tipring-$version.tar.gz"
  notes >"$out.new/RELEASE_NOTES.md"
  (cd "$out.new" && sha256sum -- *.deb *.tar.gz >SHA256SUMS)
  rm -rf "$out" && mkdir -p "$(dirname "$out")" && mv "$out.new" "$out"
}

# For systems without dpkg: what the package installs, in the same places.
tarball() {
  local top=$work/tipring-$version
  rm -rf "$top" && mkdir -p "$top"
  dpkg-deb --fsys-tarfile "$out.new/tipring_${version}_$arch.deb" | tar -x -C "$top"
  cp "$source"/LICENSE* "$source/CHANGELOG.md" "$top/"
  mkdir -p "$top/usr/lib/sysusers.d"
  tar --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner --format=gnu \
    -C "$work" -c "tipring-$version" | gzip -9n >"$1"
  rm -rf "$top"
}

if [[ $out == "$work/out" || ! -e $out/SHA256SUMS ]]; then
  echo "deb: building $version" >&2
  build
fi
if [[ $keep == cache ]]; then
  echo "$out"
else
  rm -rf "$dist" && mkdir -p "$dist"
  cp "$out"/* "$dist/"
  ls -l "$dist"
fi
