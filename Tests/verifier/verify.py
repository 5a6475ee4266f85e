#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# This file is part of Wardline.
"""An independent check of a store: written from schemas/disk/*.md alone, sharing no code with Wardline.

    verify.py STORE [--key FILE] [--since HEAD]    everything that a store keeps as evidence, against all signed heads
    verify.py --proof PROOF [--key FILE]           one record's proof, without a store
    verify.py --case CASE [--key FILE]             an incident with its proof, without a store

Exit status 0 when everything agrees, 3 when something does not, 2 on wrong usage. Needs Python 3 and, for
signatures, the package `cryptography` (Debian: python3-cryptography). README.md says which file checks what.
"""
import argparse
import os
import struct
import sys
import zlib

sys.dont_write_bytecode = True
try:
    import cryptography  # noqa: F401
except ImportError:
    sys.exit("verify.py: the package cryptography is missing (Debian: python3-cryptography)")

# Below the test for the package, which the modules import.
from cases import check_case
from holds import check_holds
from notes import read_head, read_keys
from proofs import check_proof
from removals import check_entries
from sets import check_sets
from stored import Findings, Wrong
from streams import check_stream

# What damaged bytes may come to, besides what is found to be wrong.
DAMAGE = (Wrong, zlib.error, struct.error, KeyError, IndexError, ValueError, OverflowError, TypeError,
          AttributeError)


def attempt(findings, place, check, *arguments):
    """What `check` gives; None where it met something wrong, which is told."""
    try:
        return check(*arguments, findings)
    except DAMAGE as problem:
        findings.wrong(str(problem) if isinstance(problem, Wrong) else f"{place}: {problem!r}")
        return None


def check_store(store, key, since):
    """Whether a store is sound."""
    findings = Findings()
    path = key or os.path.join(store, "keys", "head.public")
    keys = read_keys(path) if os.path.exists(path) else {}
    head = read_head(open(since, encoding="utf-8").read(), keys) if since else None
    records, journal = (
        attempt(findings, name, check_stream, store, name, keys, head) for name in ("records", "journal"))
    attempt(findings, "sets", check_sets, store, records.entries if records else [])
    if records:
        attempt(findings, "holds", check_holds, store, keys, records, journal)
        if journal:
            attempt(findings, "tombstones", check_entries, records, journal.entries)
    return findings.count == 0


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store", nargs="?")
    parser.add_argument("--proof")
    parser.add_argument("--case")
    parser.add_argument("--key")
    parser.add_argument("--since")
    options = parser.parse_args(arguments)
    if sum(map(bool, [options.store, options.proof, options.case])) != 1:
        parser.error("give a store, --proof or --case")
    try:
        if options.store:
            return 0 if check_store(options.store, options.key, options.since) else 3
        keys = read_keys(options.key) if options.key else None
        check_proof(options.proof, keys) if options.proof else check_case(options.case, keys)
    except DAMAGE as problem:
        print(f"FAIL  {problem}")
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
