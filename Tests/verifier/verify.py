#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# This file is part of Wardline.
"""An independent check of a store: written from schemas/disk/*.md alone, sharing no code with Wardline.

    verify.py STORE [--key FILE] [--since HEAD]    records and journal against all signed heads
    verify.py --proof PROOF [--key FILE]           one record's proof, without a store
    verify.py --case CASE [--key FILE]             an incident with its proof, without a store

Exit status 0 when everything agrees, 3 when something does not, 2 on wrong usage. Needs Python 3 and, for
signatures, the package `cryptography` (Debian: python3-cryptography).
"""
import argparse
import base64
import hashlib
import json
import os
import struct
import sys
import zlib
from datetime import datetime, timedelta

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
except ImportError:
    sys.exit("verify.py: the package cryptography is missing (Debian: python3-cryptography)")


class Wrong(Exception):
    """What is stored is not what it must be."""


def need(condition, what):
    if not condition:
        raise Wrong(what)


# -- checksums and numbers

TABLE = []
for number in range(256):
    for _ in range(8):
        number = number >> 1 ^ (0x82F63B78 if number & 1 else 0)
    TABLE.append(number)


def masked_crc(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = TABLE[(crc ^ byte) & 255] ^ crc >> 8
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def wrapped(value):
    """The low 64 bits as a signed number."""
    value &= (1 << 64) - 1
    return value - (1 << 64) if value >> 63 else value


class Reader:
    def __init__(self, data, position=0):
        self.data, self.position = data, position

    def take(self, count):
        need(0 <= count <= len(self.data) - self.position, "bytes end too early")
        self.position += count
        return self.data[self.position - count:self.position]

    def byte(self):
        return self.take(1)[0]

    def little(self, count):
        return int.from_bytes(self.take(count), "little")

    def varint(self):
        value, shift = 0, 0
        while True:
            byte = self.byte()
            value |= (byte & 127) << shift
            need(value < 1 << 64, "a varint is too long")
            if byte < 128:
                return value
            shift += 7

    def signed(self):
        value = self.varint()
        return value >> 1 ^ -(value & 1)

    def counted(self):
        return self.take(self.varint())

    def at_end(self):
        return self.position == len(self.data)


def read_origin(reader):
    """The origin's own bytes: a leaf repeats them."""
    start = reader.position
    reader.counted()
    reader.byte()
    if reader.byte():
        reader.take(16)
    reader.take(2)
    reader.counted()
    return reader.data[start:reader.position]


# -- leaves and trees (leaf-v1.md)

def sha(data):
    return hashlib.sha256(data).digest()


def node(left, right):
    return sha(b"\1" + left + right)


HOLE = sha(b"\0\0")
REMOVED = 11


def leaf_content(offset, row):
    kind, flags, log, received, origin, original, kept = row
    return struct.pack("<BQBHqq", 1, offset, kind, flags, log, received) + origin + struct.pack(
        "<QQ", original, len(kept)) + kept


class Tree:
    """The greatest whole subtrees of the leaves from `begin` on; from 0 on they have a root."""

    def __init__(self, begin=0):
        self.begin = self.size = begin
        self.subtrees = []

    def add(self, value, count=1):
        """A whole subtree of `count` leaves: a leaf, or the hash of what was removed."""
        start = self.size
        self.size += count
        while start & count and start - count >= self.begin:
            value = node(self.subtrees.pop(), value)
            start -= count
            count *= 2
        self.subtrees.append(value)

    def root(self):
        if not self.subtrees:
            return sha(b"")
        root = self.subtrees[-1]
        for left in reversed(self.subtrees[:-1]):
            root = node(left, root)
        return root


def subtree_sizes(begin, end):
    """Sizes of the greatest whole subtrees of the leaves from `begin` to `end`."""
    while begin < end:
        size = 1 << ((end - begin).bit_length() - 1)
        while begin % size:
            size //= 2
        yield size
        begin += size


# -- removed records (leaf-v1.md, section 4)

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
        need(all(rows[number - base][0] == REMOVED for number in range(begin, end)), "a removed record is there")
        if hashes:
            steps.append(hashes)
        offset = end
    return steps


# -- records by row (record-v1.md)

def read_rows(data):
    reader = Reader(data)
    origins = [read_origin(reader) for _ in range(reader.varint())]
    heads, log = [], 0
    for _ in range(reader.varint()):
        kind, flags, origin, length = reader.byte(), reader.varint(), reader.varint(), reader.varint()
        cut = reader.signed()
        log = wrapped(log + reader.signed())
        heads.append((kind, flags, log, wrapped(log + reader.signed()), origins[origin], length + cut, length))
    rows = [head[:6] + (reader.take(head[6]),) for head in heads]
    need(reader.at_end(), "bytes follow the records")
    return rows


# -- records by column (record-columns-v1.md, record-columns-v2.md)

PHRASES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../schemas/disk/dictionary-v1.txt")
PHRASES_SHA256 = "2c2c3edd6ddb5e46bfc06e2dee9573d075c59f0053b7701e5b950762ee153052"


def inflate(stored, has_phrases):
    """A zlib stream (RFC 1950) and nothing else, with the dictionary that it names."""
    if has_phrases and len(stored) > 5 and stored[1] & 0x20:
        with open(PHRASES, "rb") as file:
            phrases = file.read()
        need(hashlib.sha256(phrases).hexdigest() == PHRASES_SHA256, "the dictionary of phrases is another one")
        stream = zlib.decompressobj(zdict=phrases)
    else:
        stream = zlib.decompressobj()
    data = stream.decompress(stored) + stream.flush()
    need(stream.eof and not stream.unused_data, "a page does not end where it should")
    return data


class Columns:
    def __init__(self, data):
        reader = Reader(data)
        self.version = reader.byte()
        need(self.version in (1, 2), "unknown version of columns")
        raw, stored, crc = reader.varint(), reader.varint(), reader.little(4)
        directory = self.unpack(reader.take(stored), raw, crc)
        head = Reader(directory)
        least = head.varint() if self.version == 2 else 384
        self.text = Reader(head.counted())
        lengths = [head.varint() for _ in range(head.varint())]
        # In version 2 the lowest bit says which shared pages a short stream is in.
        kinds = [length & 1 if self.version == 2 else 0 for length in lengths]
        if self.version == 2:
            lengths = [length >> 1 for length in lengths]
        own = [length for length in lengths if length >= least]
        shared, places = ([], []), []
        for length, kind in zip(lengths, kinds):
            if length >= least:
                places.append(None)
                continue
            if not shared[kind] or shared[kind][-1] >= 65536:
                shared[kind].append(0)
            places.append((kind, len(shared[kind]) - 1, shared[kind][-1]))
            shared[kind][-1] += length
        pages = []
        for raw in own + shared[0] + shared[1]:
            stored, crc = head.varint(), head.little(4)
            pages.append(self.unpack(reader.take(stored), raw, crc))
        need(head.at_end() and reader.at_end(), "bytes follow the columns")
        self.streams, number = [], 0
        for place, length in zip(places, lengths):
            if place is None:
                self.streams.append(pages[number])
                number += 1
            else:
                kind, page, start = place
                first = len(own) + (len(shared[0]) if kind else 0)
                self.streams.append(pages[first + page][start:start + length])
        self.next = 0

    def unpack(self, stored, raw, crc):
        data = stored if len(stored) == raw else inflate(stored, self.version == 2)
        need(len(data) == raw and masked_crc(data) == crc, "a page does not have its checksum")
        return data

    def stream(self):
        self.next += 1
        return self.streams[self.next - 1]

    def planes(self, count, base, width):
        values = [base] * count
        for lane in range(width):
            data = self.stream()
            need(len(data) == count, "a plane has another length")
            values = [value + (byte << 8 * lane) for value, byte in zip(values, data)]
        return [wrapped(value) for value in values]

    def integers(self, count):
        encoding = self.text.byte()
        if encoding == 0:
            return [self.text.signed()] * count
        if encoding == 1:
            base = self.text.signed()
            return self.planes(count, base, self.text.byte())
        if encoding == 2:
            reader, value, values = Reader(self.stream()), 0, []
            for _ in range(count):
                value = wrapped(value + reader.signed())
                values.append(value)
            need(reader.at_end(), "bytes follow the differences")
            return values
        need(encoding == 3, "unknown encoding of integers")
        size = self.text.varint()
        entries = self.integers(size)
        return [entries[number] for number in self.numbers(count, size)]

    def numbers(self, count, size):
        return self.planes(count, 0, ((size - 1).bit_length() + 7) // 8)

    def texts(self, count, references):
        encoding = self.text.byte()
        if encoding == 16:
            return [self.text.counted()] * count
        if encoding == 18:
            digits = self.text.byte()
            return [b"%0*d" % (digits, value) for value in self.integers(count)]
        if encoding == 19:
            return [".".join(map(str, (value & 0xFFFFFFFF).to_bytes(4, "big"))).encode()
                    for value in self.integers(count)]
        if encoding == 20:
            return self.hexadecimal(count)
        if encoding == 21:
            size = self.text.varint()
            entries = self.texts(size, [])
            return [entries[number] for number in self.numbers(count, size)]
        if encoding == 22:
            lengths, reader = self.integers(count), Reader(self.stream())
            values = [reader.take(length) for length in lengths]
            need(reader.at_end(), "bytes follow the texts")
            return values
        if encoding == 23:
            separators = self.text.counted()
            parts = [self.texts(count, []) for _ in range(len(separators) + 1)]
            return [b"".join(part for pair in zip(row, [*(bytes([s]) for s in separators), b""]) for part in pair)
                    for row in zip(*parts)]
        if encoding == 24:
            is_relative = self.text.byte()
            values = self.integers(count)
            if is_relative:
                values = [value + seconds_of_day(reference) for value, reference in zip(values, references)]
            return [b"%02d:%02d:%02d" % (value // 3600, value // 60 % 60, value % 60) for value in values]
        if encoding == 25:
            digits = self.text.byte()
            unit = {10: 10 ** 9, 13: 10 ** 6, 16: 10 ** 3, 19: 1}[digits]
            return [b"%0*d" % (digits, value + towards_zero(reference, unit))
                    for value, reference in zip(self.integers(count), references)]
        if encoding == 26:
            form = self.text.byte()
            unit = unit_of(form)
            is_relative = self.text.byte()
            values = self.integers(count)
            if is_relative:
                values = [value + towards_zero(reference, unit) for value, reference in zip(values, references)]
            return [stamp(form, value) for value in values]
        need(encoding == 27, "unknown encoding of texts")
        values = self.stream().split(b"\n")
        need(values.pop() == b"" and len(values) == count, "the lines of a column are not all there")
        return values

    def hexadecimal(self, count):
        is_upper, pattern, data = self.text.byte(), self.text.counted(), self.stream()
        symbols = data.hex().upper() if is_upper else data.hex()
        values, place = [], 0
        for _ in range(count):
            value = bytearray(pattern)
            for index, byte in enumerate(pattern):
                if byte == 0:
                    value[index] = ord(symbols[place])
                    place += 1
            values.append(bytes(value))
        return values


def towards_zero(value, unit):
    return abs(value) // unit * (1 if value >= 0 else -1)


def seconds_of_day(nanoseconds):
    seconds = towards_zero(nanoseconds, 10 ** 9)
    rest = abs(seconds) % 86400 * (1 if seconds >= 0 else -1)
    return rest + 86400 if rest < 0 else rest


def unit_of(form):
    return 10 ** 9 if form < 16 else 10 ** (9 - (form - 16) // 2)


def stamp(form, value):
    if form < 16:
        day, clock = divmod(value, 86400)
        month, day = divmod(day, 32)
        name = b"JanFebMarAprMayJunJulAugSepOctNovDec"[month * 3:month * 3 + 3]
        date = name + (b" %2d" if form == 1 else b" %02d") % day
        return date + b" %02d:%02d:%02d" % (clock // 3600, clock // 60 % 60, clock % 60)
    digits = (form - 16) // 2
    seconds, fraction = divmod(value, 10 ** digits)
    moment = datetime(1970, 1, 1) + timedelta(seconds=seconds)
    text = moment.strftime("%Y-%m-%d %H:%M:%S" if form & 1 else "%Y-%m-%dT%H:%M:%S").encode()
    return text + (b".%0*d" % (digits, fraction) if digits else b"")


def read_columns(data):
    columns = Columns(data)
    count = columns.text.varint()
    origins = [read_origin(columns.text) for _ in range(columns.text.varint())]
    if count == 0:
        return []
    kinds, flags, numbers, cuts, logs, shifts = (columns.integers(count) for _ in range(6))
    template_count = columns.text.varint()
    slot_counts = columns.integers(template_count)
    lengths = columns.integers(sum(slot_counts) + template_count)
    kinds_of_slots, constants = columns.stream(), Reader(columns.stream())
    pieces, slots, length_at, kind_at = [], [], 0, 0
    for slot_count in slot_counts:
        pieces.append([constants.take(length) for length in lengths[length_at:length_at + slot_count + 1]])
        slots.append(kinds_of_slots[kind_at:kind_at + slot_count])
        length_at, kind_at = length_at + slot_count + 1, kind_at + slot_count
    templates = columns.integers(count)
    first_time = [next((i for i, kind in enumerate(kinds) if kind), None) for kinds in slots]
    references, times = [0] * count, [b""] * count
    form_of = [slots[t][first_time[t]] if first_time[t] is not None else 0 for t in range(template_count)]
    for form in sorted(set(form_of[t] for t in templates) - {0}):
        rows = [row for row in range(count) if form_of[templates[row]] == form]
        for row, value in zip(rows, columns.integers(len(rows))):
            references[row] = wrapped(value * unit_of(form))
            times[row] = stamp(form, value)
    kept = [b""] * count
    rows_of = [[] for _ in range(template_count)]
    for row, template in enumerate(templates):
        rows_of[template].append(row)
    for template, rows in enumerate(rows_of):
        if not rows:
            continue
        own = [references[row] for row in rows] if first_time[template] is not None else []
        found = []
        for slot in range(slot_counts[template]):
            if slot == first_time[template]:
                found.append([times[row] for row in rows])
            elif columns.text.data[columns.text.position] == 17:
                columns.text.byte()
                values = list(found[columns.text.varint()])
                exceptions = columns.text.varint()
                if exceptions:
                    places = columns.integers(exceptions)
                    for place, value in zip(places, columns.texts(exceptions, [])):
                        values[place] = value
                found.append(values)
            else:
                found.append(columns.texts(len(rows), own))
        for place, row in enumerate(rows):
            text = pieces[template][0]
            for slot in range(slot_counts[template]):
                text += found[slot][place] + pieces[template][slot + 1]
            kept[row] = text
    need(columns.text.at_end() and columns.next == len(columns.streams), "something follows the columns")
    return [(kinds[i], flags[i], logs[i], wrapped(logs[i] + shifts[i]), origins[numbers[i]],
             len(kept[i]) + cuts[i], kept[i]) for i in range(count)]


# -- files (segment-v1.md, block-v1.md, wal-v1.md)

def file_base(data, magic, name):
    need(len(data) >= 64 and data[:8] == magic and masked_crc(data[:60]) == struct.unpack_from("<I", data, 60)[0],
         f"{name}: no file header")
    return struct.unpack_from("<Q", data, 24)[0]


def blocks(path, name):
    data = open(path, "rb").read()
    file_base(data, b"WARDSEG\n", name)
    position = 64
    while data[position:position + 4] == b"WBLK":
        length, _, chunk_count = struct.unpack_from("<IHH", data, position + 4)
        header = data[position:position + length]
        need(masked_crc(header[:-4]) == struct.unpack("<I", header[-4:])[0], f"{name}: a block header is damaged")
        count, base = struct.unpack_from("<IQ", header, 20)
        place, chunks = position + length, {}
        for number in range(chunk_count):
            kind, encoding, packing, raw, stored, crc, raw_crc = struct.unpack_from(
                "<HBBIIII", header, length - 4 - kind_bytes(header) - 24 * (chunk_count - number))
            need(masked_crc(data[place:place + stored]) == crc, f"{name}: a chunk at {base} is damaged")
            body = data[place:place + stored]
            if packing:
                body = zlib.decompress(body)
                need(len(body) == raw and masked_crc(body) == raw_crc, f"{name}: a chunk at {base} is damaged")
            chunks[kind] = (encoding, body)
            place += stored
        encoding, body = chunks[1]
        need(encoding in (1, 3), f"{name}: records in an unknown encoding")
        rows = read_rows(body) if encoding == 1 else read_columns(body)
        need(len(rows) == count, f"{name}: a block has another number of records")
        runs = removed_runs(chunks[6][1], base, count) if 6 in chunks else []
        yield base, rows, chunks.get(3, (0, None))[1], runs
        position = place
    footer = whole_footer(data)
    if footer and len(footer) == len(data) - position:
        need(footer[48:80] == sha(data[:position]), f"{name}: the footer has the hash of other bytes")
    elif footer:
        raise Wrong(f"{name}: bytes between the blocks and the footer")


def whole_footer(data):
    """The footer of a sealed segment; None where there is none with a right checksum."""
    if len(data) < 108 or data[-8:] != b"WARDEND\n":
        return None
    length, crc = struct.unpack_from("<II", data, len(data) - 16)
    footer = data[max(0, len(data) - length):]
    is_whole = len(footer) == length and footer[:4] == b"WFTR" and masked_crc(footer[:-16]) == crc
    return footer if is_whole else None


def frontiers(path):
    """Offsets and the hashes of the tree before them, as the footer of a segment says: where it begins and ends."""
    footer = whole_footer(open(path, "rb").read())
    if not footer:
        return []
    form, base, end = struct.unpack_from("<IQQ", footer, 4)
    blocks_, kinds, holes = struct.unpack_from("<III", footer, 80)
    reader = Reader(footer, 92 + (56 if form == 2 else 24) * blocks_ + 12 * kinds + 16 * holes)
    if form != 2 or not reader.byte() & 1:
        return []
    return [(offset, [reader.take(32) for _ in subtree_sizes(0, offset)]) for offset in (base, end)]


def kind_bytes(header):
    return 6 * struct.unpack_from("<H", header, 96)[0]


def batches(path, name):
    data = open(path, "rb").read()
    if len(data) < 64:
        return
    file_base(data, b"WARDWAL\n", name)
    position = 64
    while position + 52 <= len(data):
        length, magic, base, count = struct.unpack_from("<I4sQI", data, position)
        header_crc = struct.unpack_from("<I", data, position + 48)[0]
        if magic != b"WBAT" or masked_crc(data[position:position + 48]) != header_crc:
            return
        payload = data[position + 52:position + 52 + length]
        if len(payload) < length:
            return
        need(masked_crc(payload) == struct.unpack_from("<I", data, position + 44)[0], f"{name}: a batch is damaged")
        yield base, read_rows(payload)
        position += 52 + length


# -- heads (C2SP signed-note, tlog-checkpoint)

def read_keys(path):
    return parse_keys(open(path, encoding="utf-8").read().split())


def parse_keys(lines):
    keys = {}
    for line in lines:
        name, identifier, text = line.split("+", 2)
        raw = base64.b64decode(text, validate=True)
        need(raw[0] == 1 and sha(name.encode() + b"\n" + raw)[:4].hex() == identifier, "a public key is damaged")
        keys[name] = raw[1:]
    return keys


def signed_lines(note, keys, origin=None):
    """The lines of a note, if one of its signatures is that of `origin`, by default the first line."""
    body, signatures = note.split("\n\n", 1)
    body += "\n"
    lines = body.split("\n")[:-1]
    origin = origin or lines[0]
    need(origin in keys, f"no public key for {origin}")
    for line in signatures.strip("\n").split("\n"):
        dash, name, text = line.split(" ")
        raw = base64.b64decode(text, validate=True)
        if dash != "\u2014" or name != origin or raw[:4] != sha(name.encode() + b"\n\1" + keys[origin])[:4]:
            continue
        try:
            Ed25519PublicKey.from_public_bytes(keys[origin]).verify(raw[4:], body.encode())
        except InvalidSignature:
            continue
        return lines
    raise Wrong(f"a note of {origin} is not signed by its key")


def read_head(note, keys):
    """Origin, size and root of a head."""
    origin, size, root = signed_lines(note, keys)[:3]
    return origin, int(size), base64.b64decode(root, validate=True)


def stored_notes(path):
    if not os.path.exists(path):
        return []
    paragraphs = [p for p in open(path, encoding="utf-8").read().split("\n\n") if p.strip("\n")]
    notes, body = [], None
    for paragraph in paragraphs:
        paragraph = paragraph.lstrip("\n")
        if body is not None and paragraph.startswith("\u2014 "):
            notes.append(body + "\n\n" + paragraph)
            body = None
        else:
            body = paragraph
    return notes


class Removal:
    """What is gone of a segment, and what its tombstone must say."""

    def __init__(self):
        self.count, self.digest, self.end = 0, hashlib.sha256(), 0

    def add(self, runs, end):
        for begin, last, hashes in runs:
            self.count += last - begin
            self.digest.update(struct.pack("<QQ", begin, last) + b"".join(value for value, _ in hashes))
        self.end = end


def read_tombstones(folder, stream, keys):
    """Number, digest and root by segment."""
    origin = next((name for name in keys if name.endswith("/" + stream)), stream)
    found = {}
    for note in stored_notes(os.path.join(folder, "tombstones")):
        lines = signed_lines(note, keys, origin)
        need(lines[0] == "wardline tombstone v1", "a tombstone is none")
        said = dict(line.split(" ", 1) for line in lines[1:])
        if said["stream"] == stream:
            found.setdefault(said["segment"], []).append(
                (int(said["removed"]), said["digest"], base64.b64decode(said["root"], validate=True)))
    return found


def check_stream(store, stream, keys, since):
    folder = os.path.join(store, stream)
    heads = [read_head(note, keys) for note in stored_notes(os.path.join(folder, "heads"))]
    if since and since[0].endswith("/" + stream):
        heads.append(since)
    runs, removals, said = [], {}, {}
    names = sorted(n for n in os.listdir(folder) if n.endswith(".seg"))
    for name in names:
        need(name == names[-1] or whole_footer(open(os.path.join(folder, name), "rb").read()),
             f"{name}: a segment that is not the last has no whole footer")
        for base, rows, hashes, gone in blocks(os.path.join(folder, name), name):
            steps, own = hashed(base, rows, gone), Tree(base)
            for value, size in (part for step in steps for part in step):
                own.add(value, size)
            need(hashes is None or hashes == b"".join(own.subtrees),
                 f"{name}: the block at {base} does not hold the hashes of its records")
            runs.append((base, steps))
            if gone or name in removals:
                removals.setdefault(name, Removal()).add(gone, own.size)
            end = own.size
        for offset, hashes in frontiers(os.path.join(folder, name)):
            said.setdefault(offset, []).append((name, hashes))
    runs.sort(key=lambda run: run[0])
    end = end if runs else 0
    wal = os.path.join(folder, "wal")
    for name in sorted(n for n in os.listdir(wal) if n.endswith(".wal")):
        for base, rows in batches(os.path.join(wal, name), name):
            if base + len(rows) > end:
                runs.append((max(base, end), hashed(base, rows)[max(0, end - base):]))
                end = base + len(rows)
    due = {}
    for _, size, root in heads:
        due.setdefault(size, set()).add(root)
    ends = {removal.end: name for name, removal in removals.items()}
    tombstones = read_tombstones(folder, stream, keys) if removals else {}
    tree, count = Tree(), 0
    for base, steps in sorted(runs, key=lambda run: run[0]):
        for step in [[(HOLE, 1)]] * (base - tree.size) + steps:
            for value, size in step:
                tree.add(value, size)
            for name, hashes in said.get(tree.size, []):
                need(hashes == tree.subtrees, f"{stream}/{name}: the footer has another tree at {tree.size}")
            if tree.size in due:
                need(due.pop(tree.size) == {tree.root()},
                     f"{stream}: the first {tree.size} records are not those that a head was signed for")
            if tree.size in ends:
                name = ends.pop(tree.size)
                gone = removals[name]
                need((gone.count, gone.digest.hexdigest(), tree.root()) in tombstones.get(name, []),
                     f"{stream}/{name}: {gone.count} records were removed, and no tombstone accounts for them")
                print(f"gone  {stream}/{name}: {gone.count} records")
        count += sum(size for step in steps for _, size in step)
    need(not due, f"{stream}: {tree.size} records, and a head of {max(due, default=0)}")
    count -= sum(removal.count for removal in removals.values())
    print(f"OK  {stream}: {count} records, {len(heads)} heads")


def check_proof(path, keys):
    proof = json.load(open(path, encoding="utf-8"))
    if keys is None:
        keys = parse_keys([proof["key"]])
    origin, size, root = read_head(proof["head"], keys)
    content = check_path(proof, size, root)
    shown = proof.get("record")
    need(shown is None or shown == kept_bytes(content).decode(errors="replace"), "its text is not that of the leaf")
    print(f"OK  record {proof['offset']} of {origin} in the tree of {size}")


def check_path(proof, size, root):
    """The content of a leaf that leads to the root of the tree of `size` leaves."""
    content = base64.b64decode(proof["leaf"], validate=True)
    index, last = proof["offset"], size - 1
    need(content[0] == 1 and struct.unpack_from("<Q", content, 1)[0] == index <= last, "the leaf is of another record")
    value = sha(b"\0" + content)
    for text in proof["path"]:
        other = base64.b64decode(text, validate=True)
        need(last > 0, "the path is too long")
        if index & 1 or index == last:
            value = node(other, value)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            value = node(value, other)
        index, last = index >> 1, last >> 1
    need(last == 0 and value == root, "the path does not lead to the root")
    return content


# -- cases (case-v1.md)

def canonical(value):
    """A value as Wardline writes it."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.encode()


def kept_bytes(content):
    """The bytes of the record whose leaf has this content."""
    reader = Reader(content)
    reader.take(1 + 8 + 1 + 2 + 8 + 8)
    read_origin(reader)
    _, kept = reader.little(8), reader.little(8)
    need(kept == len(content) - reader.position, "a leaf has another length")
    return reader.take(kept)


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
            # Kind 5 is a site file, kind 6 an activation of rules or decoders.
            if value["stream"] == "records" and content[9] in (5, 6):
                fact = json.loads(kept_bytes(content))
                named.update(file["sha256"] for file in fact.get("files", [fact]) if "sha256" in file)
                if "manifest" in fact:
                    manifests.add(fact["manifest"])
        else:
            content = base64.b64decode(value["bytes"], validate=True)
            need(sha(content).hex() == value["sha256"], f"the file {value['name']} has another hash")
            present[value["sha256"]] = content
    for manifest in manifests:
        need(manifest in present, "a list of the files that were in force is missing")
        named.update(file["sha256"] for file in json.loads(present[manifest])["files"])
    need(named <= present.keys(), "a file that was in force is missing")
    need(values[1]["timeline"]["id"] == first["incident"], "the timeline is of another incident")
    print(f"OK  {first['incident']}: {counts['records']} records, {counts['journal']} journal entries, "
          f"{len(present)} files")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store", nargs="?")
    parser.add_argument("--proof")
    parser.add_argument("--case")
    parser.add_argument("--key")
    parser.add_argument("--since")
    options = parser.parse_args()
    if sum(map(bool, [options.store, options.proof, options.case])) != 1:
        parser.error("give a store, --proof or --case")
    try:
        if options.proof or options.case:
            keys = read_keys(options.key) if options.key else None
            check_proof(options.proof, keys) if options.proof else check_case(options.case, keys)
            return 0
        path = options.key or os.path.join(options.store, "keys", "head.public")
        keys = read_keys(path) if os.path.exists(path) else {}
        since = read_head(open(options.since, encoding="utf-8").read(), keys) if options.since else None
        for stream in ["records", "journal"]:
            check_stream(options.store, stream, keys, since)
    except (Wrong, zlib.error, struct.error, KeyError, IndexError, ValueError, OverflowError) as problem:
        print(f"FAIL  {problem}")
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
