// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

extension TextColumn {
    /// Reads `count` texts into `arena`; `references` are the times of their records, or empty.
    ///
    /// `depth` counts the columns that this one is part of.
    static func decode(
        _ count: Int,
        references: [Int64],
        from source: inout ColumnSource,
        into arena: inout TextArena,
        depth: Int = 0
    ) throws(ByteReaderError) -> TextPlaces {
        let position = source.description.position
        let first = arena.slots.count
        guard count <= TextArena.slotCountMax - first else { throw .invalid(position: position) }
        let encoding = try source.description.byte()
        switch encoding {
        case Encoding.constant:
            arena.append(try source.description.counted())
            return TextPlaces(first: first, stride: 0)
        case Encoding.decimal:
            let digits = Int(try source.description.byte())
            guard digits <= 19 else { throw .invalid(position: position) }
            for number in try IntegerColumn.decode(count, from: &source) {
                guard number >= 0, arena.isBounded else { throw .invalid(position: position) }
                arena.appendDecimal(number, digits)
            }
        case Encoding.address:
            for number in try IntegerColumn.decode(count, from: &source) {
                guard arena.isBounded else { throw .invalid(position: position) }
                arena.appendAddress(number)
            }
        case Encoding.hexadecimal: try decodeHexadecimal(count, &arena, &source)
        case Encoding.dictionary:
            try decodeDictionary(count, &arena, &source)
            return TextPlaces(first: arena.slots.count - count, stride: 1)
        case Encoding.text: try decodeText(count, &arena, &source)
        case Encoding.lines: try decodeLines(count, &arena, &source)
        case Encoding.split:
            guard depth == 0 else { throw .invalid(position: position) }
            try decodeSplit(count, &arena, &source)
            return TextPlaces(first: arena.slots.count - count, stride: 1)
        case Encoding.clock: try decodeClock(count, references, &arena, &source)
        case Encoding.epoch: try decodeEpoch(count, references, &arena, &source)
        case Encoding.stamp: try decodeStamp(count, references, &arena, &source)
        default: throw .invalid(position: position)
        }
        guard arena.isBounded else { throw .invalid(position: position) }
        return TextPlaces(first: first, stride: 1)
    }

    private static func decodeClock(
        _ count: Int,
        _ references: [Int64],
        _ arena: inout TextArena,
        _ source: inout ColumnSource
    ) throws(ByteReaderError) {
        let position = source.description.position
        let isRelative = try source.description.byte() != 0
        guard !isRelative || references.count == count else { throw .invalid(position: position) }
        let numbers = try IntegerColumn.decode(count, from: &source)
        for index in 0..<count {
            let value = isRelative ? numbers[index] &+ clock(of: references[index]) : numbers[index]
            guard (0..<86_400).contains(value), arena.isBounded else { throw .invalid(position: position) }
            let start = arena.bytes.count
            StampForm.appendClock(Int(value), &arena.bytes)
            arena.finish(start)
        }
    }

    private static func decodeEpoch(
        _ count: Int,
        _ references: [Int64],
        _ arena: inout TextArena,
        _ source: inout ColumnSource
    ) throws(ByteReaderError) {
        let position = source.description.position
        let digits = Int(try source.description.byte())
        guard let unit = epochUnit(digits: digits), references.count == count else {
            throw .invalid(position: position)
        }
        let numbers = try IntegerColumn.decode(count, from: &source)
        for index in 0..<count {
            let value = numbers[index] &+ references[index] / unit
            guard value >= 0, arena.isBounded else { throw .invalid(position: position) }
            arena.appendDecimal(value, digits)
        }
    }

    private static func decodeStamp(
        _ count: Int,
        _ references: [Int64],
        _ arena: inout TextArena,
        _ source: inout ColumnSource
    ) throws(ByteReaderError) {
        let position = source.description.position
        guard let form = StampForm(rawValue: try source.description.byte()) else {
            throw .invalid(position: position)
        }
        let isRelative = try source.description.byte() != 0
        guard !isRelative || references.count == count else { throw .invalid(position: position) }
        let unit = UTCTime.second / form.unitsPerSecond
        let numbers = try IntegerColumn.decode(count, from: &source)
        for index in 0..<count {
            let start = arena.bytes.count
            let value = isRelative ? numbers[index] &+ references[index] / unit : numbers[index]
            guard arena.isBounded, form.write(value, to: &arena.bytes) else {
                throw .invalid(position: position)
            }
            arena.finish(start)
        }
    }

    private static func decodeText(
        _ count: Int,
        _ arena: inout TextArena,
        _ source: inout ColumnSource
    ) throws(ByteReaderError) {
        let position = source.description.position
        let lengths = try IntegerColumn.decode(count, from: &source)
        let bytes = try source.next()
        var start = arena.bytes.count
        var left = Int64(bytes.count)
        arena.bytes.append(contentsOf: bytes)
        for length in lengths {
            guard length >= 0, length <= left else { throw .invalid(position: position) }
            left -= length
            arena.slots.append(RecordShapes.Slot(start: UInt32(start), length: UInt32(length)))
            start += Int(length)
        }
        guard left == 0 else { throw .invalid(position: position) }
    }

    private static func decodeLines(
        _ count: Int,
        _ arena: inout TextArena,
        _ source: inout ColumnSource
    ) throws(ByteReaderError) {
        let position = source.description.position
        let bytes = try source.next()
        let base = arena.bytes.count
        let first = arena.slots.count
        arena.bytes.append(contentsOf: bytes)
        let span = bytes.span
        var start = 0
        for index in 0..<span.count where span[index] == 0x0a {
            arena.slots.append(RecordShapes.Slot(start: UInt32(base + start), length: UInt32(index - start)))
            start = index + 1
        }
        guard start == bytes.count, arena.slots.count - first == count else {
            throw .invalid(position: position)
        }
    }

    private static func decodeDictionary(
        _ count: Int,
        _ arena: inout TextArena,
        _ source: inout ColumnSource
    ) throws(ByteReaderError) {
        let position = source.description.position
        let size = try source.description.count(atMost: dictionaryCountMax)
        guard size > 1 else { throw .invalid(position: position) }
        let first = arena.slots.count
        switch try source.description.byte() {
        case Encoding.text: try decodeText(size, &arena, &source)
        case Encoding.lines: try decodeLines(size, &arena, &source)
        default: throw .invalid(position: position)
        }
        let numbers = try source.planes(count, base: 0, width: ColumnCost.width(UInt64(size - 1)))
        arena.slots.reserveCapacity(arena.slots.count + count)
        for number in numbers {
            guard number < size else { throw .invalid(position: position) }
            arena.slots.append(arena.slots[first + Int(number)])
        }
    }

    private static func decodeHexadecimal(
        _ count: Int,
        _ arena: inout TextArena,
        _ source: inout ColumnSource
    ) throws(ByteReaderError) {
        let position = source.description.position
        let isUpper = try source.description.byte() != 0
        let pattern = try source.description.counted()
        let digits = pattern.reduce(0) { $0 + ($1 == 0 ? 1 : 0) }
        let nibbles = try source.next()
        guard pattern.count <= patternLengthMax, nibbles.count == (count * digits + 1) / 2 else {
            throw .invalid(position: position)
        }
        let symbols = Array((isUpper ? "0123456789ABCDEF" : "0123456789abcdef").utf8)
        var place = 0
        let span = nibbles.span
        for _ in 0..<count {
            let start = arena.bytes.count
            guard arena.isBounded else { throw .invalid(position: position) }
            for byte in pattern {
                if byte != 0 {
                    arena.bytes.append(byte)
                    continue
                }
                let pair = span[place >> 1]
                arena.bytes.append(symbols[Int(place & 1 == 0 ? pair >> 4 : pair & 15)])
                place += 1
            }
            arena.finish(start)
        }
    }

    private static func decodeSplit(
        _ count: Int,
        _ arena: inout TextArena,
        _ source: inout ColumnSource
    ) throws(ByteReaderError) {
        let position = source.description.position
        let separators = try source.description.counted()
        guard separators.count < partCountMax else { throw .invalid(position: position) }
        var values = TextArena()
        var parts: [TextPlaces] = []
        for _ in 0...separators.count {
            parts.append(try decode(count, references: [], from: &source, into: &values, depth: 1))
        }
        var total = count * separators.count
        for part in parts {
            for index in 0..<count { total += Int(values.slots[part.index(index)].length) }
        }
        guard total <= LogLimits.chunkSizeMaxBytes - arena.bytes.count else {
            throw .invalid(position: position)
        }
        let slack = repeatElement(UInt8(0), count: TextArena.slackBytes)
        values.bytes.append(contentsOf: slack)
        var end = arena.bytes.count
        arena.bytes.append(contentsOf: repeatElement(0, count: total + TextArena.slackBytes))
        var slots: [RecordShapes.Slot] = []
        slots.reserveCapacity(count)
        var target = arena.bytes.mutableSpan
        for index in 0..<count {
            let start = end
            for number in parts.indices {
                if number > 0 {
                    target[end] = separators[number - 1]
                    end += 1
                }
                let slot = values.slots[parts[number].index(index)]
                target.copyWords(values.bytes.span, from: Int(slot.start), Int(slot.length), to: end)
                end += Int(slot.length)
            }
            slots.append(RecordShapes.Slot(start: UInt32(start), length: UInt32(end - start)))
        }
        arena.bytes.removeLast(TextArena.slackBytes)
        arena.slots.append(contentsOf: slots)
    }
}

extension TextArena {
    /// Adds a number in decimal, with zeros before it up to `digits`.
    mutating func appendDecimal(_ number: Int64, _ digits: Int) {
        let start = bytes.count
        var length = 1
        var power: Int64 = 10
        while length < 19, number >= power {
            length += 1
            power = power &* 10
        }
        for _ in length..<max(length, digits) { bytes.append(0x30) }
        let end = bytes.count + length
        for _ in 0..<length { bytes.append(0x30) }
        var rest = UInt64(number)
        var position = end - 1
        while rest > 0 {
            let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
            bytes[position] = UInt8(digit) + 0x30
            rest = quotient
            position -= 1
        }
        finish(start)
    }

    /// Adds an IPv4 address in the dotted form.
    mutating func appendAddress(_ number: Int64) {
        let start = bytes.count
        for lane in 0..<4 {
            if lane > 0 { bytes.append(0x2e) }
            let part = UInt8(truncatingIfNeeded: number >> Int64(24 - lane * 8))
            if part >= 100 { bytes.append(part / 100 + 0x30) }
            if part >= 10 { bytes.append(part / 10 % 10 + 0x30) }
            bytes.append(part % 10 + 0x30)
        }
        finish(start)
    }
}
