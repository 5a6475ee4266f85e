# SPDX-License-Identifier: Apache-2.0
# This file is part of Wardline.
"""Signed notes, public keys and heads: C2SP signed-note and tlog-checkpoint; `leaf-v1.md`, section 3."""
import os
import re
from datetime import datetime, timezone

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from stored import base64_bytes, need, sha, Wrong

DASH = "\u2014 "
SIGNATURE_SIZE = 4 + 64


def read_keys(path):
    return parse_keys(open(path, encoding="utf-8").read().split())


def parse_keys(lines):
    keys = {}
    for line in lines:
        name, identifier, text = line.split("+", 2)
        raw = base64_bytes(text)
        need(raw[0] == 1 and sha(name.encode() + b"\n" + raw)[:4].hex() == identifier,
             "a public key is damaged")
        keys[name] = raw[1:]
    return keys


def origin_of(stream, keys):
    """The name under which the notes of a stream are signed."""
    return next((name for name in keys if name.endswith("/" + stream)), stream)


def signatures(note):
    """Name, and four bytes of the key with the signature, of each line below the body that is one."""
    for line in note.split("\n\n", 1)[1].strip("\n").split("\n"):
        try:
            dash, name, text = line.split(" ")
            raw = base64_bytes(text)
        except (ValueError, Wrong):
            continue
        if dash + " " == DASH and len(raw) == SIGNATURE_SIZE:
            yield name, raw


def is_cut(note):
    """Whether a crash cut the note short: its last line is the beginning of a signature, and not all of it."""
    line = note.rstrip("\n").rsplit("\n", 1)[1]
    found = re.fullmatch("\u2014( [^ ]*( [A-Za-z0-9+/]*=?)?)?", line)
    return found is not None and not any(signatures(note)) and (
        len(found[2] or "") < 1 + (SIGNATURE_SIZE + 2) // 3 * 4)


def signed_lines(note, keys, origin=None):
    """The lines of a note, if one of its signatures is that of `origin`, by default the first line."""
    body = note.split("\n\n", 1)[0] + "\n"
    lines = body.split("\n")[:-1]
    origin = origin or lines[0]
    need(origin in keys, f"no public key for {origin}")
    for name, raw in signatures(note):
        if name != origin or raw[:4] != sha(name.encode() + b"\n\1" + keys[origin])[:4]:
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
    return origin, int(size), base64_bytes(root)


def notes_in(data):
    """The notes of a file: a paragraph, and one of signatures; an empty line ends each."""
    paragraphs = re.split("\n\n+", data.decode(errors="replace"))
    body = None
    # What no empty line ends is not whole.
    for paragraph in paragraphs[:-1]:
        paragraph = paragraph.lstrip("\n")
        if body is not None and paragraph.startswith(DASH):
            yield body + "\n\n" + paragraph + "\n"
            body = None
        else:
            body = paragraph


def stored_notes(path):
    """The notes of a file to which notes are appended; what a crash cut short is passed over."""
    if not os.path.exists(path):
        return []
    with open(path, "rb") as file:
        return [note for note in notes_in(file.read()) if not is_cut(note)]


def values(lines):
    """What stands after the name in each line, by name: a list, in the order of the lines."""
    found = {}
    for line in lines:
        name, _, value = line.partition(" ")
        found.setdefault(name, []).append(value)
    return found


def nanoseconds(text):
    """Nanoseconds since 1970 of a time as notes write it (RFC 3339, UTC, up to nine digits of a second)."""
    found = re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z", text)
    need(found, f"{text} is no time")
    moment = datetime.strptime(found[1], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc)
    seconds = (moment - datetime(1970, 1, 1, tzinfo=timezone.utc)).days * 86400 + (
        moment.hour * 3600 + moment.minute * 60 + moment.second)
    return seconds * 10 ** 9 + int((found[2] or "").ljust(9, "0"))
