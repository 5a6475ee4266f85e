# SPDX-License-Identifier: Apache-2.0
# This file is part of Wardline.
"""Numbers, checksums and counted bytes, as every format document begins with them; and what is said of them."""
import base64
import hashlib


class Wrong(Exception):
    """What is stored is not what it must be."""


def need(condition, what):
    if not condition:
        raise Wrong(what)


class Findings:
    """Says what was found, a line each, and counts what was wrong."""

    def __init__(self):
        self.count = 0

    def say(self, word, text):
        print(f"{word:<4}  {text}")

    def wrong(self, text):
        self.count += 1
        self.say("FAIL", text)


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
    """Takes what a format says from bytes, one after another."""

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


def sha(data):
    return hashlib.sha256(data).digest()


def base64_bytes(text):
    """The bytes of base64 with padding in its one form (RFC 4648, section 4)."""
    data = base64.b64decode(text, validate=True)
    need(base64.b64encode(data).decode() == text, "base64 of another form")
    return data
