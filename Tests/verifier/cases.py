# SPDX-License-Identifier: Apache-2.0
# This file is part of Wardline.
"""An incident with its proof, without a store: `case-v1.md`."""
import json

from notes import parse_keys, read_head, signed_lines
from sets import listed_files, named_files
from stored import base64_bytes, need, sha
from tree import check_path, kept_bytes


def canonical(value):
    """A value as Wardline writes it."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.encode()



def check_case(path, keys):
    data = open(path, "rb").read()
    need(data.endswith(b"\n"), "the last line is not whole")
    lines = data[:-1].split(b"\n")
    seal = json.loads(lines[-1])["seal"]
    values = [json.loads(line) for line in lines[:-1]]
    need(canonical({"seal": seal}) == lines[-1], "the seal is not as it was written")
    first = values[0]
    need(first["wardline_case"] == 1, "this is no case of version 1")
    if keys is None:
        keys = parse_keys(first["keys"])
    heads = {}
    for note in first["heads"]:
        origin, size, root = read_head(note, keys)
        heads[origin.rsplit("/", 1)[1]] = (origin, size, root)
    sealed = data[:len(data) - 1 - len(lines[-1])]
    body = (f"wardline case v1\nincident {first['incident']}\nlines {len(values)}\n"
            f"sha256 {sha(sealed).hex()}\n")
    need(seal.split("\n\n", 1)[0] + "\n" == body, "the lines are not those that were sealed")
    need(len(seal.split("\n\n", 1)[1].strip("\n").split("\n")) == 1, "the seal has more than one signature")
    signed_lines(seal, keys, heads["records"][0])
    counts, named, present, manifests = {"records": 0, "journal": 0}, set(), {}, set()
    for value in values[2:]:
        if "stream" in value:
            _, size, root = heads[value["stream"]]
            content = check_path(value, size, root)
            counts[value["stream"]] += 1
            if value["stream"] == "records":
                files, manifest = named_files(content[9], kept_bytes(content))
                named |= files
                if manifest:
                    manifests.add(manifest)
        else:
            content = base64_bytes(value["bytes"])
            need(sha(content).hex() == value["sha256"], f"the file {value['name']} has another hash")
            present[value["sha256"]] = content
    for manifest in manifests:
        need(manifest in present, "a list of the files that were in force is missing")
        named |= listed_files(present[manifest])
    need(named <= present.keys(), "a file that was in force is missing")
    need(values[1]["timeline"]["id"] == first["incident"], "the timeline is of another incident")
    print(f"OK  {first['incident']}: {counts['records']} records, {counts['journal']} journal entries, "
          f"{len(present)} files")
