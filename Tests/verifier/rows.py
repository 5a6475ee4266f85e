# SPDX-License-Identifier: Apache-2.0
# This file is part of Wardline.
"""Records one after another: `record-v1.md`."""
from collections import namedtuple

from stored import need, read_origin, Reader, wrapped

# Kinds, section 3.
SITE_FACT, ACTIVATION, ACT, REMOVED, FACT = 5, 6, 10, 11, 32

# What a check of the contents needs of a record.
Told = namedtuple("Told", "offset kind kept time")


def read_rows(data):
    reader = Reader(data)
    origins = [read_origin(reader) for _ in range(reader.varint())]
    heads, log = [], 0
    for _ in range(reader.varint()):
        kind, flags, origin, length = reader.byte(), reader.varint(), reader.varint(), reader.varint()
        cut = reader.signed()
        log = wrapped(log + reader.signed())
        received = wrapped(log + reader.signed())
        heads.append((kind, flags, log, received, origins[origin], length + cut, length))
    rows = [head[:6] + (reader.take(head[6]),) for head in heads]
    need(reader.at_end(), "bytes follow the records")
    return rows
