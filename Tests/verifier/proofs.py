# SPDX-License-Identifier: Apache-2.0
# This file is part of Wardline.
"""One record's proof, without a store: `schemas/output/proof-v1.schema.json`."""
import json

from notes import parse_keys, read_head
from stored import need
from tree import check_path, kept_bytes


def check_proof(path, keys):
    proof = json.load(open(path, encoding="utf-8"))
    if keys is None:
        keys = parse_keys([proof["key"]])
    origin, size, root = read_head(proof["head"], keys)
    content = check_path(proof, size, root)
    shown = proof.get("record")
    need(shown is None or shown == kept_bytes(content).decode(errors="replace"),
         "its text is not that of the leaf")
    print(f"OK  record {proof['offset']} of {origin} in the tree of {size}")

