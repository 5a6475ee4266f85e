// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

extension TextColumn {
    /// Reads `count` texts into the texts of `memory`, whose times are those of their records, or none.
    ///
    /// `depth` counts the columns that this one is part of.
    static func decode(
        _ count: Int,
        from source: inout ColumnSource,
        into memory: inout ColumnMemory,
        depth: Int = 0
    ) throws(ByteReaderError) -> TextPlaces {
        let position = source.description.position
        let first = memory.texts.count
        guard count <= TextArena.slotCountMax - first else { throw .invalid(position: position) }
        let encoding = try source.description.byte()
        var isSound = true
        switch encoding {
        case Encoding.constant:
            memory.texts.append(try source.description.counted())
            return TextPlaces(first: first, stride: 0)
        case Encoding.decimal: isSound = try decodeDecimals(count, &source, &memory)
        case Encoding.address:
            try IntegerColumn.decode(count, from: &source, into: &memory.numbers)
            isSound = memory.texts.appendAddresses(count, memory.numbers)
        case Encoding.hexadecimal: isSound = try decodeHexadecimal(count, &source, &memory.texts)
        case Encoding.dictionary:
            isSound = try decodeDictionary(count, &source, &memory)
            guard isSound, memory.texts.isBounded else { throw .invalid(position: position) }
            return TextPlaces(first: memory.texts.count - count, stride: 1)
        case Encoding.text:
            try IntegerColumn.decode(count, from: &source, into: &memory.numbers)
            let stream = try source.next()
            isSound = memory.texts.append(count, lengths: memory.numbers, source.raw.span, stream)
        case Encoding.lines:
            let stream = try source.next()
            isSound = memory.texts.append(count, lines: source.raw.span, stream)
        case Encoding.split:
            guard depth == 0 else { throw .invalid(position: position) }
            isSound = try decodeSplit(count, &source, &memory)
        case Encoding.clock: isSound = try decodeClock(count, &source, &memory)
        case Encoding.epoch: isSound = try decodeEpoch(count, &source, &memory)
        case Encoding.stamp: isSound = try decodeStamp(count, &source, &memory)
        default: isSound = false
        }
        guard isSound, memory.texts.isBounded else { throw .invalid(position: position) }
        return TextPlaces(first: first, stride: 1)
    }

    private static func decodeDecimals(
        _ count: Int,
        _ source: inout ColumnSource,
        _ memory: inout ColumnMemory
    ) throws(ByteReaderError) -> Bool {
        let digits = Int(try source.description.byte())
        guard digits <= 19 else { return false }
        try IntegerColumn.decode(count, from: &source, into: &memory.numbers)
        let numbers = memory.numbers
        return memory.texts.append(count, room: 20) { index, target, place in
            let number = numbers[index]
            guard number >= 0 else { return nil }
            return DecimalText.write(UInt64(number), digits: digits, into: &target, at: place)
        }
    }

    private static func decodeClock(
        _ count: Int,
        _ source: inout ColumnSource,
        _ memory: inout ColumnMemory
    ) throws(ByteReaderError) -> Bool {
        let isRelative = try source.description.byte() != 0
        guard !isRelative || memory.timeCount == count else { return false }
        try IntegerColumn.decode(count, from: &source, into: &memory.numbers)
        let (numbers, times) = (memory.numbers, memory.times)
        return memory.texts.append(count, room: 8) { index, target, place in
            let value = isRelative ? numbers[index] &+ clock(of: times[index]) : numbers[index]
            guard value >= 0, value < 86_400 else { return nil }
            target.store(StampWriter.clock(value), at: place)
            return 8
        }
    }

    private static func decodeEpoch(
        _ count: Int,
        _ source: inout ColumnSource,
        _ memory: inout ColumnMemory
    ) throws(ByteReaderError) -> Bool {
        let digits = Int(try source.description.byte())
        guard let unit = epochUnit(digits: digits), memory.timeCount == count else { return false }
        try IntegerColumn.decode(count, from: &source, into: &memory.numbers)
        let (numbers, times) = (memory.numbers, memory.times)
        return memory.texts.append(count, room: 20) { index, target, place in
            let value = numbers[index] &+ times[index] / unit
            guard value >= 0 else { return nil }
            return DecimalText.write(UInt64(value), digits: digits, into: &target, at: place)
        }
    }

    private static func decodeStamp(
        _ count: Int,
        _ source: inout ColumnSource,
        _ memory: inout ColumnMemory
    ) throws(ByteReaderError) -> Bool {
        guard let form = StampForm(rawValue: try source.description.byte()) else { return false }
        let isRelative = try source.description.byte() != 0
        guard !isRelative || memory.timeCount == count else { return false }
        let unit = UTCTime.second / form.unitsPerSecond
        try IntegerColumn.decode(count, from: &source, into: &memory.numbers)
        let (numbers, times) = (memory.numbers, memory.times)
        var writer = StampWriter(form)
        return memory.texts.append(count, room: StampWriter.textMaxBytes) { index, target, place in
            let value = isRelative ? numbers[index] &+ times[index] / unit : numbers[index]
            return writer.write(value, into: &target, at: place)
        }
    }

    private static func decodeDictionary(
        _ count: Int,
        _ source: inout ColumnSource,
        _ memory: inout ColumnMemory
    ) throws(ByteReaderError) -> Bool {
        let size = try source.description.count(atMost: dictionaryCountMax)
        guard size > 1 else { return false }
        let first = memory.texts.count
        switch try source.description.byte() {
        case Encoding.text:
            try IntegerColumn.decode(size, from: &source, into: &memory.numbers)
            let stream = try source.next()
            guard memory.texts.append(size, lengths: memory.numbers, source.raw.span, stream) else {
                return false
            }
        case Encoding.lines:
            let stream = try source.next()
            guard memory.texts.append(size, lines: source.raw.span, stream) else { return false }
        default: return false
        }
        let width = ColumnCost.width(UInt64(size - 1))
        guard width == 1 else {
            try source.planes(count, base: 0, width: width, into: &memory.numbers)
            return memory.texts.append(count, from: first, of: size, numbers: memory.numbers)
        }
        let plane = try source.next()
        guard plane.count == count else { return false }
        return memory.texts.append(count, from: first, of: size, plane: source.raw.span.extracting(plane))
    }

    private static func decodeHexadecimal(
        _ count: Int,
        _ source: inout ColumnSource,
        _ texts: inout TextStore
    ) throws(ByteReaderError) -> Bool {
        let isUpper = try source.description.byte() != 0
        let pattern = try source.description.counted()
        let digits = pattern.reduce(0) { $0 + ($1 == 0 ? 1 : 0) }
        let stream = try source.next()
        guard pattern.count <= patternLengthMax, stream.count == (count * digits + 1) / 2 else {
            return false
        }
        let letters: UInt8 = (isUpper ? 0x41 : 0x61) - 10
        let raw = source.raw
        // In nibbles, two in a byte.
        var next = stream.lowerBound * 2
        return texts.append(count, room: pattern.count) { _, target, place in
            let pattern = pattern.span
            let nibbles = raw.span
            for lane in 0..<pattern.count {
                guard pattern[lane] == 0 else {
                    target[place + lane] = pattern[lane]
                    continue
                }
                let pair = nibbles[next >> 1]
                let nibble = next & 1 == 0 ? pair >> 4 : pair & 15
                target[place + lane] = nibble < 10 ? nibble + 0x30 : nibble + letters
                next += 1
            }
            return pattern.count
        }
    }

    /// Reads the parts of `count` split texts into the texts of `memory`; the separators come first.
    static func decodeParts(
        _ count: Int,
        from source: inout ColumnSource,
        into memory: inout ColumnMemory
    ) throws(ByteReaderError) -> (separators: [UInt8], parts: [TextPlaces]) {
        let position = source.description.position
        let separators = try source.description.counted()
        guard separators.count < partCountMax else { throw .invalid(position: position) }
        let timeCount = memory.timeCount
        memory.timeCount = 0
        var parts: [TextPlaces] = []
        parts.reserveCapacity(separators.count + 1)
        for _ in 0...separators.count {
            parts.append(try decode(count, from: &source, into: &memory, depth: 1))
        }
        memory.timeCount = timeCount
        return (separators, parts)
    }

    private static func decodeSplit(
        _ count: Int,
        _ source: inout ColumnSource,
        _ memory: inout ColumnMemory
    ) throws(ByteReaderError) -> Bool {
        // The parts are no texts of the column, so they lie elsewhere.
        memory.parts.removeAll()
        swap(&memory.texts, &memory.parts)
        let (separators, parts) = try decodeParts(count, from: &source, into: &memory)
        swap(&memory.texts, &memory.parts)
        var longest = separators.count
        for part in parts {
            var length = 0
            for index in 0..<(part.stride == 0 ? min(1, count) : count) {
                length = max(length, memory.parts.range(part.index(index)).count)
            }
            longest += length
        }
        let values = memory.parts
        guard longest <= LogLimits.chunkSizeMaxBytes, count * longest <= LogLimits.chunkSizeMaxBytes else {
            return compose(count, separators, parts, values, into: &memory.texts)
        }
        return memory.texts.append(count, room: longest) { index, target, place in
            let texts = values.bytes.span
            var end = place
            for number in parts.indices {
                if number > 0 {
                    target[end] = separators[number - 1]
                    end += 1
                }
                let slot = values.slots[parts[number].index(index)]
                target.copyWide(texts, from: Int(slot.start), Int(slot.length), to: end)
                end += Int(slot.length)
            }
            return end - place
        }
    }

    /// Adds texts that may be too long to make equal room for all; false when there are too many bytes.
    private static func compose(
        _ count: Int,
        _ separators: [UInt8],
        _ parts: [TextPlaces],
        _ values: TextStore,
        into texts: inout TextStore
    ) -> Bool {
        for index in 0..<count {
            var text: [UInt8] = []
            for number in parts.indices {
                if number > 0 { text.append(separators[number - 1]) }
                text.append(values.bytes.span, values.range(parts[number].index(index)))
            }
            texts.append(text)
            guard texts.isBounded else { return false }
        }
        return true
    }
}

extension TextStore {
    /// Adds IPv4 addresses in the dotted form.
    mutating func appendAddresses(_ count: Int, _ numbers: [Int64]) -> Bool {
        let parts = TextStore.addressParts
        return append(count, room: 16) { index, target, place in
            let parts = parts.span
            let number = UInt64(bitPattern: numbers[index])
            var end = place
            for lane in 0..<4 {
                let part = parts[Int(number >> UInt64(24 - lane * 8) & 255)]
                target.store(part, at: end)
                end += Int(part >> 56)
            }
            // The last part has no point.
            return end - 1 - place
        }
    }

    /// Each byte in decimal with a point after it; its length is the highest byte.
    private static let addressParts: [UInt64] = (0...255).map { number in
        let text = Array("\(number).".utf8)
        var word = UInt64(text.count) << 56
        for (lane, byte) in text.enumerated() { word |= UInt64(byte) << UInt64(lane * 8) }
        return word
    }
}
