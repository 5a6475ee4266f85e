# SPDX-License-Identifier: Apache-2.0
# This file is part of Wardline.
"""What retention left of records, and who says that they were removed: `leaf-v1.md`, sections 4 and 5."""
import hashlib
import json
import os
import struct

from notes import nanoseconds, origin_of, signed_lines, stored_notes, values
from rows import REMOVED
from stored import base64_bytes, need, Reader, sha, Wrong
from tree import leaf_content, subtree_sizes


def removed_runs(data, base, count):
    """Begin and end of each run, with the hashes and sizes of its subtrees."""
    reader, runs, end = Reader(data), [], base
    need(reader.byte() == 1, "unknown version of removed records")
    for _ in range(reader.varint()):
        begin = end + reader.varint()
        end = begin + reader.varint()
        need(begin < end <= base + count, "removed records lie outside of their block")
        runs.append((begin, end, [(reader.take(32), size) for size in subtree_sizes(begin, end)]))
    need(reader.at_end(), "bytes follow the removed records")
    return runs


def hashed(base, rows, runs=()):
    """Subtrees of a block or batch in order: a leaf each, or what is left of removed records; and where to
    compare heads."""
    steps, offset = [], base
    for begin, end, hashes in [*runs, (base + len(rows), base + len(rows), [])]:
        need(begin >= offset, "runs of removed records overlap")
        for number in range(offset, begin):
            need(rows[number - base][0] != REMOVED, "a removed record has no hash")
            steps.append([(sha(b"\0" + leaf_content(number, rows[number - base])), 1)])
        need(all(rows[number - base][0] == REMOVED for number in range(begin, end)),
             "a removed record is there")
        if hashes:
            steps.append(hashes)
        offset = end
    return steps


class Removal:
    """What is gone of a segment, and what its tombstone must say."""

    def __init__(self, base):
        self.base, self.end = base, base
        self.count, self.root, self.hasher = 0, None, hashlib.sha256()
        # Begin, end, and log times between which those of the records lay.
        self.spans = []

    def add(self, runs, end):
        for begin, last, hashes in runs:
            self.count += last - begin
            self.hasher.update(struct.pack("<QQ", begin, last) + b"".join(value for value, _ in hashes))
        self.end = end

    def is_told_by(self, tombstone):
        """Whether a tombstone accounts for all that is gone."""
        return (tombstone.offsets, tombstone.removed, tombstone.digest, tombstone.root) == (
            (self.base, self.end), self.count, self.hasher.hexdigest(), self.root)


class Tombstone:
    """What a signed note says of a removal."""

    NAMES = {"stream", "segment", "offsets", "removed", "digest", "root", "actor", "time", "reason"}

    def __init__(self, lines):
        need(lines[0] == "wardline tombstone v1", "a note among the tombstones is none")
        said = values(lines[1:])
        need(said.keys() <= self.NAMES and all(
            len(said.get(name, [])) == 1 for name in self.NAMES - {"reason"}), "a tombstone has other lines")
        self.stream, self.segment, self.actor = (said[name][0] for name in ("stream", "segment", "actor"))
        self.offsets = tuple(int(word) for word in said["offsets"][0].split(" "))
        self.removed, self.digest = int(said["removed"][0]), said["digest"][0]
        self.root = base64_bytes(said["root"][0])
        self.time, self.moment = said["time"][0], nanoseconds(said["time"][0])
        self.reasons = said.get("reason", [])

    def entry(self):
        """What the journal says of the same removal."""
        return {"fact": "retention.removed", "id": self.segment, "from": self.offsets[0],
                "end": self.offsets[1], "records": self.removed, "digest": self.digest,
                "reasons": self.reasons, "actor": self.actor, "time": self.time}


def read_tombstones(folder, stream, keys, findings=None):
    """The tombstones of a stream, oldest first; other notes are told of to `findings`."""
    found = []
    for number, note in enumerate(stored_notes(os.path.join(folder, "tombstones")), 1):
        try:
            tombstone = Tombstone(signed_lines(note, keys, origin_of(stream, keys)))
            need(tombstone.stream == stream, "a tombstone is of another stream")
            found.append(tombstone)
        except (Wrong, ValueError) as problem:
            if findings:
                findings.wrong(f"{stream}/tombstones: note {number}: {problem}")
    return found


def without_breaks(entry):
    """An entry as a tombstone can say it: its lines hold no line breaks."""
    texts = [text.replace("\n", "").replace("\r", "") for text in entry.get("reasons", [])]
    return {**entry, "reasons": texts, "actor": entry.get("actor", "").replace("\n", "").replace("\r", "")}


def removal_entries(journal):
    """The entries of the journal that tell of removals, with what each says."""
    found = ((record, json.loads(record.kept)) for record in journal)
    return [(record, without_breaks(entry)) for record, entry in found
            if entry.get("fact") == "retention.removed"]


def check_entries(records, journal, findings):
    """The tombstones against the entries of the journal, which say the same."""
    entries = removal_entries(journal)
    for segment, removal in sorted(records.removals.items()):
        told = [tombstone for tombstone in records.tombstones
                if tombstone.segment == segment and removal.is_told_by(tombstone)]
        if told and not any(tombstone.entry() == entry for tombstone in told for _, entry in entries):
            findings.wrong(f"records/{segment}: {removal.count} records were removed at {told[-1].time}, "
                           "and no entry of the journal says what the tombstone says")
    # Retention may have gone on while the journal was read.
    tombstones = read_tombstones(records.folder, records.name, records.keys)
    for record, entry in entries:
        if any(tombstone.entry() == entry for tombstone in tombstones):
            continue
        near = [tombstone.entry() for tombstone in tombstones
                if (tombstone.segment, tombstone.time) == (entry.get("id"), entry.get("time"))]
        names = [name for name in entry if near and near[0].get(name) != entry[name]]
        findings.wrong(f"journal: entry {record.offset} tells of a removal from {entry.get('id')} at "
                       f"{entry.get('time')}, and " + (
                           f"its tombstone has another {', '.join(names)}" if near else "no tombstone does"))
