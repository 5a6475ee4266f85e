# SPDX-License-Identifier: Apache-2.0
# This file is part of Wardline.
"""What somebody can write into a store who has its key: notes, batches and a whole journal with right checksums and
signatures. For `tampering.py`."""
import base64
import json
import os
import struct
import time

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from files import batches, blocks, HEADER_SIZE
from notes import notes_in, parse_keys
from stored import masked_crc, sha
from tree import leaf_content, Tree


def private_key(store):
    with open(os.path.join(store, "keys", "head.secret"), encoding="utf-8") as file:
        return Ed25519PrivateKey.from_private_bytes(base64.b64decode(file.read()))


def sign(store, body, stream="records"):
    """A note, ended by an empty line."""
    with open(os.path.join(store, "keys", "head.public"), encoding="utf-8") as file:
        keys = parse_keys(file.read().split())
    name = next(name for name in keys if name.endswith("/" + stream))
    mark = sha(name.encode() + b"\n\1" + keys[name])[:4]
    signature = base64.b64encode(mark + private_key(store).sign(body.encode())).decode()
    return f"{body}\n\u2014 {name} {signature}\n\n"


def read(*path):
    with open(os.path.join(*path), "rb") as file:
        return file.read()


def write(data, *path):
    """Writes bytes to a file of a copy."""
    with open(os.path.join(*path), "wb") as file:
        file.write(data)


def bodies(data):
    return [note.split("\n\n", 1)[0] + "\n" for note in notes_in(data)]


def tombstones(store, change):
    """Writes the tombstones anew; `change` gets the list of their bodies."""
    path = os.path.join(store, "records", "tombstones")
    write("".join(sign(store, body) for body in change(bodies(read(path)))).encode(), path)


def replaced(name, value):
    """Puts another value into a line of the newest body."""
    def change(texts):
        lines = texts[-1].split("\n")
        number = next(number for number, line in enumerate(lines) if line.startswith(name + " "))
        lines[number] = f"{name} {value(lines[number].split(' ', 1)[1])}"
        return [*texts[:-1], "\n".join(lines)]
    return change


def varint(value):
    data = bytearray()
    while value > 127:
        data.append(value & 127 | 128)
        value >>= 7
    return bytes(data) + bytes([value])


def zigzag(value):
    return varint(value * 2 if value >= 0 else -value * 2 - 1)


def encoded(rows):
    """Rows as record-v1.md has them."""
    origins = list(dict.fromkeys(row[4] for row in rows))
    data, log = varint(len(origins)) + b"".join(origins) + varint(len(rows)), 0
    for kind, flags, time, received, origin, original, kept in rows:
        data += bytes([kind]) + varint(flags) + varint(origins.index(origin)) + varint(len(kept))
        data += zigzag(original - len(kept)) + zigzag(time - log)
        shift = (received - time + (1 << 63)) % (1 << 64) - (1 << 63)
        data, log = data + zigzag(shift), time
    return data + b"".join(row[6] for row in rows)


def batch(base, rows, previous):
    """A batch as wal-v1.md has it."""
    payload = encoded(rows)
    head = struct.pack("<I4sQIIqqII", len(payload), b"WBAT", base, len(rows), 0, rows[0][2], rows[-1][2], previous,
                       masked_crc(payload))
    return head + struct.pack("<I", masked_crc(head)) + payload


def all_rows(store, stream):
    """Everything of a stream in which nothing was removed."""
    folder, rows = os.path.join(store, stream), []
    for name in sorted(name for name in os.listdir(folder) if name.endswith(".seg")):
        for block in blocks(os.path.join(folder, name), name, stream, True):
            rows += block.rows
    names = sorted(os.listdir(os.path.join(folder, "wal")))
    for name in names:
        for base, more in batches(os.path.join(folder, "wal", name), name, stream, True):
            rows += more[len(rows) - base:]
    return rows


def rewrite_journal(store, change):
    """Makes the journal anew out of the rows that `change` gives for those that there were, with a head of them."""
    folder = os.path.join(store, "journal")
    rows = change(all_rows(store, "journal"))
    for name in os.listdir(folder):
        if name.endswith(".seg") or name == "heads":
            os.remove(os.path.join(folder, name))
    for name in os.listdir(os.path.join(folder, "wal")):
        os.remove(os.path.join(folder, "wal", name))
    head = struct.pack("<8sHHIIIQ24sI", b"WARDWAL\n", 1, HEADER_SIZE, 0, 0, 0, 0, b"journal", 0)
    crc = masked_crc(head)
    data = head + struct.pack("<I", crc) + (batch(0, rows, crc) if rows else b"")
    write(data, folder, "wal", f"{0:020}.wal")
    tree = Tree()
    for offset, row in enumerate(rows):
        tree.add(sha(b"\0" + leaf_content(offset, row)))
    origin = next(name for name in parse_keys(read(store, "keys", "head.public").decode().split())
                  if name.endswith("/journal"))
    body = f"{origin}\n{tree.size}\n{base64.b64encode(tree.root()).decode()}\n"
    write(sign(store, body, "journal").encode(), folder, "heads")


def without(fact, number=-1):
    """Takes one of the entries of that name out."""
    def change(rows):
        places = [place for place, row in enumerate(rows) if json.loads(row[6]).get("fact") == fact]
        return [row for place, row in enumerate(rows) if place != places[number]]
    return change


def altered(fact, member, value, number=-1):
    """Gives a member of one of the entries of that name another value."""
    def change(rows):
        places = [place for place, row in enumerate(rows) if json.loads(row[6]).get("fact") == fact]
        row = rows[places[number]]
        entry = json.loads(row[6])
        entry[member] = value(entry[member])
        kept = json.dumps(entry, ensure_ascii=False, separators=(",", ":")).encode()
        rows[places[number]] = (*row[:5], len(kept), kept)
        return rows
    return change


def append_record(store, kind, kept):
    """Appends a record to the log, as the program would."""
    folder = os.path.join(store, "records", "wal")
    name = sorted(os.listdir(folder))[-1]
    data = read(folder, name)
    found = list(batches(os.path.join(folder, name), name, "records", True))
    previous, end = struct.unpack_from("<I", data, 60)[0], int(name[:20])
    position = HEADER_SIZE
    for base, rows in found:
        previous = struct.unpack_from("<I", data, position + 48)[0]
        position += 52 + struct.unpack_from("<I", data, position)[0]
        end = base + len(rows)
    moment = 1 << 61
    origin = b"\0\0\0\0\0\0"
    row = (kind, 0, moment, moment, origin, len(kept), kept)
    write(data[:position] + batch(end, [row], previous), folder, name)


def act_of(store, query):
    """An act that says of the holds what they are now."""
    data = read(store, "holds")
    return json.dumps({"act": "hold", "incident": "", "by": "root (uid 0)", "time": "2026-11-28T00:00:00Z",
                       "reason": "x", "query": query, "holds": {"size": len(data), "sha256": sha(data).hex()}},
                      separators=(",", ":")).encode()
