# SPDX-License-Identifier: Apache-2.0
# This file is part of Wardline.
"""Legal holds: the notes, what the log says of them, and what was removed in spite of them.

`leaf-v1.md`, section 6; `act-v1.schema.json`.
"""
import json
import os

from notes import nanoseconds, notes_in, origin_of, signed_lines, values
from removals import removal_entries
from rows import ACT
from stored import need, sha

ALWAYS = 1 << 63


class Hold:
    """A hold from when it was placed to when it was ended."""

    def __init__(self, name, said):
        self.name, self.begin, self.end = name, nanoseconds(said["time"][0]), ALWAYS
        self.ranges = []
        for text in said.get("offsets", []):
            begin, end = (int(word) for word in text.split(" "))
            need(0 <= begin <= end, f"the hold {name} has offsets that are none")
            self.ranges.append((begin, end))
        self.period = None
        if "period" in said:
            self.period = tuple(nanoseconds(word) for word in said["period"][0].split(" "))
            need(len(self.period) == 2 and self.period[0] <= self.period[1],
                 f"the hold {name} has a period that is none")

    def count(self, spans):
        """How many of the removed records it certainly held."""
        total = 0
        for begin, end, earliest, latest in spans:
            if self.period and earliest is not None and latest is not None and (
                    self.period[0] <= earliest and latest <= self.period[1]):
                total += end - begin
                continue
            place = begin
            for first, last in sorted(self.ranges):
                total += max(0, min(last, end) - max(first, place))
                place = max(place, min(last, end))
        return total


def read_holds(data, keys):
    """The holds, oldest first, and by the end of each note in the file what it does."""
    holds, found, notes, end = {}, [], {}, 0
    need(b"".join(note.encode() + b"\n" for note in notes_in(data)) == data,
         "holds: the file does not consist of notes")
    for number, note in enumerate(notes_in(data), 1):
        lines = signed_lines(note, keys, origin_of("records", keys))
        verb, _, name = lines[1].partition(" ") if len(lines) > 1 else ("", "", "")
        need(lines[0] == "wardline hold v1" and verb in ("add", "remove"), f"holds: note {number} is no hold")
        said = values(lines[2:])
        if name in holds:
            holds.pop(name).end = nanoseconds(said["time"][0])
        else:
            need(verb == "add", f"holds: note {number} ends a hold that there is not")
        if verb == "add":
            holds[name] = Hold(name, said)
            found.append(holds[name])
        end += len(note.encode()) + 1
        notes[end] = f"{verb} {name}"
    return found, notes


def check_acts(data, notes, records, findings):
    """The file against what acts of the log say that it was; the acts by offset."""
    acts = {}
    for record in records:
        act, offset = json.loads(record.kept) if record.kind == ACT else {}, record.offset
        if act.get("act") != "hold":
            continue
        acts[offset] = {name: value for name, value in act.items() if name != "act"}
        size = act["holds"]["size"]
        if size > len(data) or sha(data[:size]).hex() != act["holds"]["sha256"]:
            findings.wrong(f"holds: notes are gone or altered that act {offset} says were there "
                           f"({act.get('query')})")
        elif notes.get(size) != act.get("query"):
            findings.wrong(f"holds: act {offset} says {act.get('query')}, and the note is {notes.get(size)}")
    return acts


def check_entries(acts, size, journal, findings):
    """The acts of holds against the entries of the journal, which repeat them."""
    told, reached = {}, set()
    for record in journal:
        entry = json.loads(record.kept)
        if isinstance(entry.get("at"), int):
            reached.add(entry["at"])
        if entry.get("fact") == "act.held":
            told[int(entry["id"])] = (record.offset, entry)
    for place, (offset, entry) in sorted(told.items()):
        own = {name: value for name, value in entry.items() if name not in ("fact", "id", "at")}
        if place >= size:
            # Written since the records were read.
            continue
        if place not in acts:
            findings.wrong(f"journal: entry {offset} tells of a hold ({entry.get('query')}) by record {place}, "
                           "which is no such act")
        elif own != acts[place]:
            names = sorted(name for name in own.keys() | acts[place].keys()
                           if own.get(name) != acts[place].get(name))
            findings.wrong(f"journal: entry {offset} has another {', '.join(names)} than act {place}")
    for place in sorted(acts.keys() - told.keys()):
        # The log was judged below `at`. What was concluded at one offset may be told in parts, and a crash may
        # come between.
        if len([at for at in reached if at > place]) > 1:
            findings.wrong(f"journal: act {place} ({acts[place].get('query')}) was judged, and no entry tells of it")


def check_removals(holds, records, journal, findings):
    """Nothing that a hold covered may have been removed while the hold was in force."""
    entries = removal_entries(journal)
    for segment, removal in sorted(records.removals.items()):
        # When a run began, when it came to the segment, and what is gone since; a tombstone alone came to nothing.
        runs = []
        for record, entry in entries:
            if entry.get("id") == segment:
                began = nanoseconds(entry["time"])
                runs.append((began, max(began, record.time), entry["records"]))
        if not runs:
            continue
        begin, end, _ = max(runs)
        for hold in holds:
            gone_before = max((removed for _, came, removed in runs if came < hold.begin), default=0)
            count = hold.count(removal.spans) - gone_before
            if count <= 0 or not hold.begin <= end < hold.end:
                continue
            if hold.begin <= begin:
                findings.wrong(f"records/{segment}: {count} records or more were removed while the hold "
                               f"{hold.name} covered them")
            else:
                findings.say("note", f"the hold {hold.name} was placed while {count} records or more that it "
                                     f"covers were being removed from records/{segment}")


def check_holds(store, keys, records, journal, findings):
    """The holds of a store against its log; `journal` is None where there is none."""
    path = os.path.join(store, "holds")
    data = b""
    if os.path.exists(path):
        with open(path, "rb") as file:
            data = file.read()
    before = findings.count
    holds, notes = read_holds(data, keys)
    acts = check_acts(data, notes, records.entries, findings)
    if journal:
        check_entries(acts, records.tree.size, journal.entries, findings)
        check_removals(holds, records, journal.entries, findings)
    if notes and findings.count == before:
        findings.say("OK", f"holds: {len(notes)} notes, {sum(hold.end == ALWAYS for hold in holds)} in force")
