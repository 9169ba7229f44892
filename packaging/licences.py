#!/usr/bin/env python3
"""Writes the crates that are linked into tipringd and tipring, with their licences in full.

    packaging/licences.py FILE        from the root of the source tree; asks `cargo metadata --offline`

Build scripts, procedural macros and tests leave nothing of theirs in the binaries and are left out.
"""
import json
import os
import subprocess
import sys

ROOTS = ("tipringd", "tipring-ctl")
LICENCE_FILES = ("licen", "copying", "copyright", "notice", "unlicense", "authors")


def metadata():
    host = subprocess.run(["rustc", "-vV"], check=True, capture_output=True, text=True).stdout
    target = next(l.split()[1] for l in host.splitlines() if l.startswith("host:"))
    out = subprocess.run(
        ["cargo", "metadata", "--format-version=1", "--locked", "--offline", "--filter-platform", target],
        check=True, capture_output=True, text=True).stdout
    return json.loads(out)


def linked(meta):
    """The packages that the binaries hold, ours left out."""
    packages = {p["id"]: p for p in meta["packages"]}
    nodes = {n["id"]: n for n in meta["resolve"]["nodes"]}
    waiting = [i for i, p in packages.items() if p["name"] in ROOTS and p["source"] is None]
    seen = set()
    while waiting:
        here = waiting.pop()
        if here in seen:
            continue
        seen.add(here)
        for dep in nodes[here]["deps"]:
            macro = any("proc-macro" in t["kind"] for t in packages[dep["pkg"]]["targets"])
            normal = any(k["kind"] is None for k in dep["dep_kinds"])
            if normal and not macro:
                waiting.append(dep["pkg"])
    found = [packages[i] for i in seen if packages[i]["source"] is not None]
    return sorted(found, key=lambda p: (p["name"], p["version"]))


def texts(package):
    folder = os.path.dirname(package["manifest_path"])
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        if name.lower().startswith(LICENCE_FILES) and os.path.isfile(path) and not name.endswith(".rs"):
            with open(path, encoding="utf-8", errors="replace") as file:
                yield name, "\n".join(line.rstrip() for line in file.read().strip().splitlines())


def main():
    crates = linked(metadata())
    if not crates:
        sys.exit("licences: no crates found; run this at the root of the source tree")
    groups = {}  # text -> the crates that carry it
    lines = ["Crates linked into tipringd and tipring (from https://crates.io), with the licences that their authors",
             "state. The texts follow; [n] names the text in the crate's own files.", ""]
    rows = []
    for p in crates:
        numbers = []
        for _, text in texts(p):
            groups.setdefault(text, len(groups) + 1)
            numbers.append(groups[text])
        rows.append((p["name"], p["version"], p["license"] or "see its texts",
                     " ".join(f"[{n}]" for n in sorted(set(numbers))),
                     ", ".join(p["authors"])))
    for name, version, licence, numbers, authors in rows:
        lines.append(f"{name} {version}: {licence} {numbers}".rstrip())
        if authors:
            lines.append(f"    {authors}")
    for text, number in groups.items():
        lines += ["", "=" * 78, f"[{number}]", "", text]
    with open(sys.argv[1], "w", encoding="utf-8") as out:
        out.write("\n".join(lines) + "\n")


if len(sys.argv) != 2:
    sys.exit(__doc__)
main()
