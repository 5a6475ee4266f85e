# SPDX-License-Identifier: Apache-2.0
# This file is part of Wardline.
"""Leaves, the tree above them, and the way from one leaf to the root: `leaf-v1.md`, sections 1 and 2."""
import struct

from stored import base64_bytes, need, read_origin, Reader, sha


def node(left, right):
    return sha(b"\1" + left + right)


HOLE = sha(b"\0\0")


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


def check_path(proof, size, root):
    """The content of a leaf that leads to the root of the tree of `size` leaves."""
    content = base64_bytes(proof["leaf"])
    index, last = proof["offset"], size - 1
    need(content[0] == 1 and struct.unpack_from("<Q", content, 1)[0] == index <= last,
         "the leaf is of another record")
    value = sha(b"\0" + content)
    for text in proof["path"]:
        other = base64_bytes(text)
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


def kept_bytes(content):
    """The bytes of the record whose leaf has this content."""
    reader = Reader(content)
    reader.take(1 + 8 + 1 + 2 + 8 + 8)
    read_origin(reader)
    _, kept = reader.little(8), reader.little(8)
    need(kept == len(content) - reader.position, "a leaf has another length")
    return reader.take(kept)
