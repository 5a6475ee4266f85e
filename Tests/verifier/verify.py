#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# This file is part of Wardline.
"""An independent check of a store: written from schemas/disk/*.md alone, sharing no code with Wardline.

    verify.py STORE [--key FILE] [--since HEAD]    records and journal against all signed heads
    verify.py --proof PROOF [--key FILE]           one record's proof, without a store

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


def leaf_content(offset, row):
    kind, flags, log, received, origin, original, kept = row
    return struct.pack("<BQBHqq", 1, offset, kind, flags, log, received) + origin + struct.pack(
        "<QQ", original, len(kept)) + kept


class Tree:
    """The root of a growing list of leaves: one whole subtree for each bit of its size."""

    def __init__(self):
        self.size, self.subtrees = 0, []

    def add(self, leaf):
        level, size = 0, self.size
        while size & 1:
            leaf = node(self.subtrees.pop(), leaf)
            size >>= 1
            level += 1
        self.subtrees.append(leaf)
        self.size += 1

    def root(self):
        if not self.subtrees:
            return sha(b"")
        root = self.subtrees[-1]
        for left in reversed(self.subtrees[:-1]):
            root = node(left, root)
        return root


def whole_subtrees(base, leaves):
    """The hashes that a block must hold for its leaves."""
    hashes, position = [], base
    while leaves:
        size = 1 << (len(leaves).bit_length() - 1)
        while position % size:
            size //= 2
        level = leaves[:size]
        while len(level) > 1:
            level = [node(level[i], level[i + 1]) for i in range(0, len(level), 2)]
        hashes.append(level[0])
        leaves, position = leaves[size:], position + size
    return b"".join(hashes)


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
PHRASES_SHA256 = "a8391ff108a35359856881229428a45aeb709efac02ecb4d7bf0dd6f9c1f60ad"


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
        yield base, rows, chunks.get(3, (0, None))[1]
        position = place
    rest = data[position:]
    if rest[:4] == b"WFTR" and rest[-8:] == b"WARDEND\n":
        need(rest[48:80] == sha(data[:position]), f"{name}: the footer has the hash of other bytes")


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
    keys = {}
    for line in open(path, encoding="utf-8").read().split():
        name, identifier, text = line.split("+", 2)
        raw = base64.b64decode(text, validate=True)
        need(raw[0] == 1 and sha(name.encode() + b"\n" + raw)[:4].hex() == identifier, "a public key is damaged")
        keys[name] = raw[1:]
    return keys


def read_head(note, keys):
    """Origin, size and root of a note, if one of its signatures is right."""
    body, signatures = note.split("\n\n", 1)
    body += "\n"
    origin, size, root = body.split("\n")[:3]
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
        return origin, int(size), base64.b64decode(root, validate=True)
    raise Wrong(f"a head of {origin} is not signed by its key")


def stored_heads(path, keys):
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
    return [read_head(note, keys) for note in notes]


def check_stream(store, stream, keys, since):
    folder = os.path.join(store, stream)
    heads = stored_heads(os.path.join(folder, "heads"), keys)
    if since and since[0].endswith("/" + stream):
        heads.append(since)
    runs = []
    for name in sorted(n for n in os.listdir(folder) if n.endswith(".seg")):
        for base, rows, hashes in blocks(os.path.join(folder, name), name):
            leaves = [sha(b"\0" + leaf_content(base + i, row)) for i, row in enumerate(rows)]
            need(hashes is None or hashes == whole_subtrees(base, leaves),
                 f"{name}: the block at {base} does not hold the hashes of its records")
            runs.append((base, leaves))
    runs.sort()
    end = runs[-1][0] + len(runs[-1][1]) if runs else 0
    wal = os.path.join(folder, "wal")
    for name in sorted(n for n in os.listdir(wal) if n.endswith(".wal")):
        for base, rows in batches(os.path.join(wal, name), name):
            leaves = [sha(b"\0" + leaf_content(base + i, row)) for i, row in enumerate(rows)]
            if base + len(leaves) > end:
                runs.append((max(base, end), leaves[max(0, end - base):]))
                end = base + len(leaves)
    due = {}
    for _, size, root in heads:
        due.setdefault(size, set()).add(root)
    tree, count = Tree(), 0
    for base, leaves in sorted(runs):
        for leaf in [HOLE] * (base - tree.size) + leaves:
            tree.add(leaf)
            if tree.size in due:
                need(due.pop(tree.size) == {tree.root()},
                     f"{stream}: the first {tree.size} records are not those that a head was signed for")
        count += len(leaves)
    need(not due, f"{stream}: {tree.size} records, and a head of {max(due, default=0)}")
    print(f"OK  {stream}: {count} records, {len(heads)} heads")


def check_proof(path, keys):
    proof = json.load(open(path, encoding="utf-8"))
    if keys is None:
        name, _, text = proof["key"].split("+", 2)
        keys = {name: base64.b64decode(text)[1:]}
    origin, size, root = read_head(proof["head"], keys)
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
    print(f"OK  record {proof['offset']} of {origin} in the tree of {size}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store", nargs="?")
    parser.add_argument("--proof")
    parser.add_argument("--key")
    parser.add_argument("--since")
    options = parser.parse_args()
    if bool(options.store) == bool(options.proof):
        parser.error("give a store or --proof")
    try:
        if options.proof:
            check_proof(options.proof, read_keys(options.key) if options.key else None)
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
