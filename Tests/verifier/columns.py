# SPDX-License-Identifier: Apache-2.0
# This file is part of Wardline.
"""Records by column: `record-columns-v1.md` and `record-columns-v2.md`."""
import hashlib
import os
import zlib
from datetime import datetime, timedelta

from stored import masked_crc, need, read_origin, Reader, wrapped

PHRASES = os.path.join(
    os.path.dirname(os.path.abspath(__file__)), "../../schemas/disk/dictionary-v1.txt")
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
            ends = [*(bytes([separator]) for separator in separators), b""]
            return [b"".join(part + end for part, end in zip(row, ends)) for row in zip(*parts)]
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
                values = [value + towards_zero(reference, unit)
                          for value, reference in zip(values, references)]
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
