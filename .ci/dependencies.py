#!/usr/bin/env python3
"""Checks the dependency tree against deny.toml without a network: licences, duplicates, sources.

cargo-deny does the same and also knows advisories, where it can be installed and reach them.
"""

import collections
import json
import re
import subprocess
import sys

try:
    import tomllib
except ModuleNotFoundError:  # Python before 3.11
    sys.exit("dependencies.py needs Python 3.11 or newer")


def alternatives(expression):
    """An SPDX expression as the sets of licences of which one has to be accepted whole."""
    tokens = re.findall(r"\(|\)|\bOR\b|\bAND\b|[^\s()]+(?: WITH [^\s()]+)?", expression.replace("/", " OR "))

    def either():
        sets = both()
        while tokens and tokens[0] == "OR":
            tokens.pop(0)
            sets = sets + both()
        return sets

    def both():
        sets = one()
        while tokens and tokens[0] == "AND":
            tokens.pop(0)
            others = one()
            sets = [left | right for left in sets for right in others]
        return sets

    def one():
        token = tokens.pop(0)
        if token != "(":
            return [{token}]
        sets = either()
        tokens.pop(0)
        return sets

    return either()


def main():
    with open("deny.toml", "rb") as file:
        rules = tomllib.load(file)
    metadata = subprocess.run(
        ["cargo", "metadata", "--format-version", "1", "--locked"], check=True, capture_output=True
    )
    packages = json.loads(metadata.stdout)["packages"]
    allowed = set(rules["licenses"]["allow"])
    skipped = {entry["crate"]: entry["reason"] for entry in rules["bans"]["skip"]}

    faults, versions = [], collections.defaultdict(set)
    for package in packages:
        name = f"{package['name']} {package['version']}"
        versions[package["name"]].add(package["version"])
        expression = package["license"] or ""
        if not expression or not any(choice <= allowed for choice in alternatives(expression)):
            faults.append(f"{name}: licence {expression!r} is not allowed")
        source = package["source"] or "path"
        if source != "path" and not source.startswith("registry+"):
            faults.append(f"{name}: comes from {source}")
    for name, found in sorted(versions.items()):
        if len(found) > 1 and name not in skipped:
            faults.append(f"{name}: stands in versions {', '.join(sorted(found))}")
    for name in sorted(skipped):
        if len(versions[name]) < 2:
            faults.append(f"{name}: no longer stands twice; take it off the list in deny.toml")
    print(f"{len(packages)} packages, {len(faults)} faults")
    print("\n".join(faults))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
