# SPDX-License-Identifier: Apache-2.0
# This file is part of Wardline.
"""The rule, decoder and site files of a store, and which of them records bring into force: `store-v1.md`."""
import json
import os
import re

from rows import ACTIVATION, SITE_FACT
from stored import sha


def named_files(kind, kept):
    """Hashes of the files that a record brings into force, and of the manifest that lists them, or None."""
    if kind not in (SITE_FACT, ACTIVATION):
        return set(), None
    fact = json.loads(kept)
    if "manifest" in fact:
        return set(), fact["manifest"]
    return {file["sha256"] for file in fact.get("files", [fact]) if "sha256" in file}, None


def listed_files(manifest):
    """Hashes of the files in a manifest: `manifest-v1.schema.json`."""
    return {file["sha256"] for file in json.loads(manifest)["files"]}


def check_sets(store, entries, findings):
    """The files against their names, and those that `entries` of the records name against what is there."""
    before = findings.count
    folder, present = os.path.join(store, "sets"), set()
    for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
        if len(name) == 64:
            present.add(name)
            with open(os.path.join(folder, name), "rb") as file:
                if not re.fullmatch("[0-9a-f]{64}", name) or sha(file.read()).hex() != name:
                    findings.wrong(f"sets/{name}: the bytes do not have the hash that they are named by")
    named, manifests = set(), set()
    for record in entries:
        files, manifest = named_files(record.kind, record.kept)
        named |= files
        if manifest:
            manifests.add(manifest)
    for manifest in sorted(manifests & present):
        with open(os.path.join(folder, manifest), "rb") as file:
            data = file.read()
        if sha(data).hex() == manifest:
            named |= listed_files(data)
    missing = sorted((named | manifests) - present)
    for name in missing:
        findings.wrong(f"sets/{name}: a record brings it into force, and it is not there")
    if findings.count == before:
        findings.say("OK", f"sets: {len(present)} files")
