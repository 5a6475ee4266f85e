# SPDX-License-Identifier: Apache-2.0
# This file is part of Wardline.
"""One stream of a store: its records in order, its tree against all heads, and what is gone of it."""
import os
import re

from files import batches, blocks, frontiers, has_header, whole_footer
from notes import read_head, stored_notes
from removals import hashed, read_tombstones, Removal
from rows import ACT, ACTIVATION, FACT, REMOVED, SITE_FACT, Told
from stored import need, Wrong
from tree import HOLE, Tree

# Kinds of records whose bytes other checks read.
KINDS_TOLD = (SITE_FACT, ACTIVATION, ACT, FACT)


class Part:
    """Records that lie together: what hashes them, their log times, and which of them are gone."""

    def __init__(self, base, rows, runs=(), segment=None):
        self.base, self.end, self.runs, self.segment = base, base + len(rows), runs, segment
        self.steps = hashed(base, rows, runs)
        self.times = [(row[2], row[0] == REMOVED) for row in rows]
        self.told = [Told(base + index, row[0], row[6], row[2])
                     for index, row in enumerate(rows) if row[0] in KINDS_TOLD]

    def cut(self, begin, end):
        """Only what lies between two offsets."""
        if (begin, end) == (self.base, self.end):
            return self
        need(not self.runs, f"the blocks at {self.base} overlap")
        first, last = begin - self.base, end - self.base
        self.steps, self.times = self.steps[first:last], self.times[first:last]
        self.told = [entry for entry in self.told if begin <= entry.offset < end]
        self.base, self.end = begin, end
        return self


def joined(stored, written):
    """Blocks as they are, and batches for what no block holds; wal-v1.md and segment-v1.md, section 4."""
    expected = 0

    def fill(limit):
        nonlocal expected
        for batch in written:
            if batch.end > expected and batch.base < limit and expected < limit:
                part = batch.cut(max(batch.base, expected), min(batch.end, limit))
                expected = part.end
                yield part

    for block in sorted(stored, key=lambda part: part.base):
        if block.end > expected:
            yield from fill(block.base)
            part = block.cut(max(block.base, expected), block.end)
            expected = part.end
            yield part
    yield from fill(1 << 64)


def names_of(folder, suffix):
    """Files that are named by the offset of their first record, in order."""
    return sorted(name for name in os.listdir(folder) if re.fullmatch("[0-9]{20}" + re.escape(suffix), name))


class Stream:
    """Reads and checks a stream of a store."""

    def __init__(self, store, name, keys, since, findings):
        self.folder, self.name = os.path.join(store, name), name
        self.keys, self.since, self.findings = keys, since, findings
        # What other checks read, in order.
        self.entries = []
        # What is gone, by segment, and all that tombstones say.
        self.removals, self.tombstones = {}, []
        self.heads, self.tree, self.count = [], Tree(), 0
        # Log time of the last record, and of the last that is there; runs whose following record is to come.
        self.newest = self.before = None
        self.open_spans = []

    def check(self):
        # In the order that is right beside a writer: heads of what is there, batches before the blocks that take
        # their place, tombstones after the segments that they account for.
        notes = stored_notes(os.path.join(self.folder, "heads"))
        written = self.written_parts()
        segments = names_of(self.folder, ".seg")
        parts = list(joined(self.stored_parts(segments), written))
        self.read_heads(notes, segments)
        self.tombstones = read_tombstones(self.folder, self.name, self.keys, self.findings)
        said = {}
        for name in segments:
            for offset, hashes in frontiers(os.path.join(self.folder, name)):
                said.setdefault(offset, []).append((name, hashes))
        due = {}
        for _, size, root in self.heads:
            due.setdefault(size, set()).add(root)
        for part in parts:
            self.add(part, said, due)
        self.close_spans(1 << 63)
        if due:
            self.findings.wrong(f"{self.name}: {self.tree.size} records, and a head of {max(due)}")
        if self.last_base > self.tree.size:
            self.missing(self.tree.size, self.last_base)
        for name, removal in sorted(self.removals.items()):
            if not any(tombstone.segment == name and removal.is_told_by(tombstone)
                       for tombstone in self.tombstones):
                self.findings.wrong(f"{self.name}/{name}: {removal.count} records were removed, "
                                    "and no tombstone accounts for them")
            self.findings.say("gone", f"{self.name}/{name}: {removal.count} records")
            self.count -= removal.count

    def read_heads(self, notes, segments):
        for number, note in enumerate(notes, 1):
            try:
                self.heads.append(read_head(note, self.keys))
            except (Wrong, ValueError) as problem:
                self.findings.wrong(f"{self.name}/heads: note {number}: {problem}")
        if self.since and self.since[0].endswith("/" + self.name):
            self.heads.append(self.since)
        elif not notes and self.keys and any(self.is_sealed(name) for name in segments):
            self.findings.wrong(f"{self.name}/heads: a segment is sealed, and there is no head")

    def is_sealed(self, name):
        with open(os.path.join(self.folder, name), "rb") as file:
            return whole_footer(file.read()) is not None

    def stored_parts(self, segments):
        for name in segments:
            path, base = os.path.join(self.folder, name), int(name[:20])
            for block in blocks(path, name, self.name, name == segments[-1]):
                own = Tree(block.base)
                part = Part(block.base, block.rows, block.runs, name)
                for value, size in (pair for step in part.steps for pair in step):
                    own.add(value, size)
                need(block.hashes is None or block.hashes == b"".join(own.subtrees),
                     f"{name}: the block at {block.base} does not hold the hashes of its records")
                if block.runs:
                    self.removals.setdefault(name, Removal(base)).add(block.runs, part.end)
                elif name in self.removals:
                    self.removals[name].add([], part.end)
                yield part

    def written_parts(self):
        folder, found, self.last_base = os.path.join(self.folder, "wal"), [], 0
        names = names_of(folder, ".wal") if os.path.isdir(folder) else []
        for name in names:
            for base, rows in batches(os.path.join(folder, name), name, self.name, name == names[-1]):
                found.append(Part(base, rows))
            if has_header(os.path.join(folder, name)):
                self.last_base = int(name[:20])
        return sorted(found, key=lambda part: part.base)

    def missing(self, begin, end):
        self.findings.wrong(f"{self.name}: records {begin} to {end - 1} are missing")

    def add(self, part, said, due):
        """Adds a part to the tree, and compares what is said of the tree on the way."""
        if part.base > self.tree.size:
            self.missing(self.tree.size, part.base)
        for step in [[(HOLE, 1)]] * (part.base - self.tree.size) + part.steps:
            for value, size in step:
                self.tree.add(value, size)
            for name, hashes in said.get(self.tree.size, []):
                need(hashes == self.tree.subtrees,
                     f"{self.name}/{name}: the footer has another tree at {self.tree.size}")
            if self.tree.size in due:
                if due.pop(self.tree.size) != {self.tree.root()}:
                    self.findings.wrong(f"{self.name}: the first {self.tree.size} records are not those that "
                                        "a head was signed for")
        self.count += part.end - part.base
        self.entries += part.told
        removal = self.removals.get(part.segment)
        if removal and part.end == removal.end:
            removal.root = self.tree.root()
        self.add_times(part, removal)

    def add_times(self, part, removal):
        """Log times never go back; those of removed records lay between those of their neighbours."""
        runs = {begin: end for begin, end, _ in part.runs}
        for index, (time, is_gone) in enumerate(part.times):
            need(self.newest is None or time >= self.newest,
                 f"{self.name}: the log time of record {part.base + index} goes back")
            self.newest = time
            if part.base + index in runs:
                span = [part.base + index, runs[part.base + index], self.before, None]
                self.open_spans.append(span)
                removal.spans.append(span)
            if not is_gone:
                self.before = time
                self.close_spans(time)

    def close_spans(self, time):
        for span in self.open_spans:
            span[3] = time
        self.open_spans = []


def check_stream(store, name, keys, since, findings):
    """The stream as it was read; None where it could not be, or is not there."""
    stream = Stream(store, name, keys, since, findings)
    if not os.path.isdir(stream.folder):
        if keys or name == "records":
            findings.wrong(f"{name}: there is no such folder")
        return None
    before = findings.count
    stream.check()
    if findings.count == before:
        findings.say("OK", f"{name}: {stream.count} records, {len(stream.heads)} heads")
    return stream
