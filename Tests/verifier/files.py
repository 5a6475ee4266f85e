# SPDX-License-Identifier: Apache-2.0
# This file is part of Wardline.
"""Segments with their blocks and footers, and write-ahead files: `segment-v1.md`, `block-v1.md`, `wal-v1.md`."""
import struct
import zlib
from collections import namedtuple

from columns import read_columns
from removals import removed_runs
from rows import read_rows
from stored import masked_crc, need, Reader, sha, Wrong
from tree import subtree_sizes

HEADER_SIZE = 64
RECORDS, TREE, GONE = 1, 3, 6

# A block with its place in the file; `hashes` are those of its subtrees, None in an older one.
Block = namedtuple("Block", "position length base times rows hashes runs")


def check_header(data, magic, name, stream):
    need(len(data) >= HEADER_SIZE and data[:8] == magic
         and masked_crc(data[:60]) == struct.unpack_from("<I", data, 60)[0], f"{name}: no file header")
    base, text = struct.unpack_from("<Q24s", data, 24)
    need(f"{base:020}" == name.rsplit(".", 1)[0] and text.rstrip(b"\0").decode() == stream,
         f"{name}: the file's header is that of another file")


def block_header(data, position):
    """The bytes of the header of a block; None where there is no whole one."""
    if data[position:position + 4] != b"WBLK" or len(data) < position + 100:
        return None
    length = struct.unpack_from("<I", data, position + 4)[0]
    header = data[position:position + length]
    is_whole = len(header) == length >= 104 and masked_crc(header[:-4]) == struct.unpack("<I", header[-4:])[0]
    return header if is_whole else None


def chunk_entries(header):
    """Kind, encoding, packing, raw and stored length, stored and raw checksum of each chunk."""
    count, kinds = struct.unpack_from("<H", header, 10)[0], struct.unpack_from("<H", header, 96)[0]
    first = len(header) - 4 - 6 * kinds - 24 * count
    return [struct.unpack_from("<HBBIIII", header, first + 24 * number) for number in range(count)]


def read_block(data, position, header, name):
    count, base, *times = struct.unpack_from("<IQqqqq", header, 20)
    place, chunks = position + len(header), {}
    for kind, encoding, packing, raw, stored, crc, raw_crc in chunk_entries(header):
        body = data[place:place + stored]
        need(len(body) == stored and masked_crc(body) == crc, f"{name}: a chunk at {base} is damaged")
        if packing:
            body = zlib.decompress(body)
            need(len(body) == raw and masked_crc(body) == raw_crc, f"{name}: a chunk at {base} is damaged")
        chunks[kind] = (encoding, body)
        place += stored
    encoding, body = chunks[RECORDS]
    need(encoding in (1, 3), f"{name}: records in an unknown encoding")
    rows = read_rows(body) if encoding == 1 else read_columns(body)
    need(len(rows) == count > 0, f"{name}: a block has another number of records")
    need([rows[0][2], rows[-1][2]] == times[:2], f"{name}: the block at {base} has other log times")
    runs = removed_runs(chunks[GONE][1], base, count) if GONE in chunks else []
    return Block(position, place - position, base, times, rows, chunks.get(TREE, (0, None))[1], runs)


def next_block(data, position):
    """Where the next whole header of a block lies; None if none follows."""
    while (position := data.find(b"WBLK", position)) >= 0:
        if block_header(data, position):
            return position
        position += 1
    return None


def blocks(path, name, stream, is_last):
    """The blocks of a segment; only the last segment may lack a footer, and end in a torn block."""
    with open(path, "rb") as file:
        data = file.read()
    footer = whole_footer(data)
    need(footer or is_last, f"{name}: a segment that is not the last has no whole footer")
    if not footer and len(data) < HEADER_SIZE:
        return
    check_header(data, b"WARDSEG\n", name, stream)
    end = len(data) - len(footer or b"")
    position, places = HEADER_SIZE, []
    while position < end:
        header = block_header(data, position)
        follower = next_block(data, position + 4)
        if not header:
            need(not footer and follower is None, f"{name}: a block header is damaged")
            return
        try:
            block = read_block(data, position, header, name)
        except (Wrong, zlib.error, struct.error, IndexError, KeyError, ValueError, OverflowError):
            if footer or follower is not None:
                raise
            return
        need(not places or block.base >= places[-1].base + len(places[-1].rows), f"{name}: offsets go back")
        yield block
        places.append(block._replace(rows=range(len(block.rows)), hashes=None, runs=None))
        position += block.length
    if footer:
        check_footer(data, footer, places, name)


def check_footer(data, footer, places, name):
    form, base, end = struct.unpack_from("<IQQ", footer, 4)
    need(footer[48:80] == sha(data[:len(data) - len(footer)]), f"{name}: the footer has the hash of other bytes")
    size = 56 if form == 2 else 24
    said = [footer[92 + size * number:92 + size * (number + 1)]
            for number in range(struct.unpack_from("<I", footer, 80)[0])]
    found = [struct.pack("<QIIQqqqq", block.position, block.length, len(block.rows), block.base, *block.times)[:size]
             for block in places]
    need(said == found and f"{base:020}" == name[:20]
         and end == (places[-1].base + len(places[-1].rows) if places else base),
         f"{name}: the footer contradicts the blocks")


def whole_footer(data):
    """The footer of a sealed segment; None where there is none with a right checksum."""
    if len(data) < 108 or data[-8:] != b"WARDEND\n":
        return None
    length, crc = struct.unpack_from("<II", data, len(data) - 16)
    footer = data[max(0, len(data) - length):]
    is_whole = len(footer) == length and footer[:4] == b"WFTR" and masked_crc(footer[:-16]) == crc
    return footer if is_whole and struct.unpack_from("<I", footer, 4)[0] in (0, 2) else None


def frontiers(path):
    """Offsets and the hashes of the tree before them, as the footer of a segment says: its begin and end."""
    with open(path, "rb") as file:
        footer = whole_footer(file.read())
    if not footer:
        return []
    form, base, end = struct.unpack_from("<IQQ", footer, 4)
    count, kinds, holes = struct.unpack_from("<III", footer, 80)
    reader = Reader(footer, 92 + (56 if form == 2 else 24) * count + 12 * kinds + 16 * holes)
    if form != 2 or not reader.byte() & 1:
        return []
    return [(offset, [reader.take(32) for _ in subtree_sizes(0, offset)]) for offset in (base, end)]


def whole_batch(data, position):
    """Base, payload, checksum of the batch before and its own; None where there is no whole batch."""
    if len(data) < position + 52 or data[position + 4:position + 8] != b"WBAT":
        return None
    length, _, base, count = struct.unpack_from("<I4sQI", data, position)
    previous, crc, own = struct.unpack_from("<III", data, position + 40)
    payload = data[position + 52:position + 52 + length]
    is_whole = masked_crc(data[position:position + 48]) == own and len(payload) == length > 0 and (
        masked_crc(payload) == crc)
    return (base, count, payload, previous, own) if is_whole else None


def has_header(path):
    """Whether a write-ahead file has a whole header: an empty one tells how far the log had come."""
    with open(path, "rb") as file:
        data = file.read(HEADER_SIZE)
    return len(data) == HEADER_SIZE and masked_crc(data[:60]) == struct.unpack_from("<I", data, 60)[0]


def batches(path, name, stream, is_last):
    """Base and records of the batches of a write-ahead file; the last file may end in what a crash left."""
    with open(path, "rb") as file:
        data = file.read()
    try:
        check_header(data, b"WARDWAL\n", name, stream)
        position, chain = HEADER_SIZE, struct.unpack_from("<I", data, 60)[0]
    except Wrong:
        need(is_last or not any(data), f"{name}: the file's header is damaged")
        position, chain = 0, None
    expected = int(name[:20])
    while position < len(data):
        batch = whole_batch(data, position)
        if not batch or batch[3] != chain or batch[0] < expected:
            place = position
            while (place := data.find(b"WBAT", place)) >= 0:
                need(whole_batch(data, place - 4) is None, f"{name}: a batch is damaged")
                place += 1
            need(is_last or not any(data[position:]), f"{name}: bytes follow the last batch")
            return
        base, count, payload, _, chain = batch
        rows = read_rows(payload)
        need(len(rows) == count and base == expected, f"{name}: the batch at {base} has other records")
        yield base, rows
        expected = base + count
        position += 52 + len(payload)
