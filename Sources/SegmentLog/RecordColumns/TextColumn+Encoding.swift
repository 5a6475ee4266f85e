// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

extension TextColumn {
    /// Adds `values`, which are at least one, in the encoding that is expected to be smallest.
    ///
    /// `depth` counts the columns that this one is part of; parts of parts are not split again.
    static func encode(_ values: TextValues, into streams: inout ColumnStreams, depth: Int = 0) {
        let first = values.slots[0]
        if values.slots.allSatisfy({ values.isEqual($0, first) }) {
            streams.description.write(Encoding.constant)
            streams.description.counted(Array(values.bytes[first.range]))
            return
        }
        let shape = TextShape(values)
        if let (numbers, hasLeadingZero) = shape.decimals() {
            let isEven = shape.isEven
            if !hasLeadingZero || isEven {
                let digits = isEven ? Int(first.length) : 0
                encodeDecimal(values, numbers, digits: digits, isPadded: hasLeadingZero, into: &streams)
                return
            }
        } else if let numbers = shape.numbers(TextShape.address) {
            streams.description.write(Encoding.address)
            IntegerColumn.encode(numbers, into: &streams)
            return
        } else if let numbers = shape.numbers(TextShape.clock) {
            encodeClock(numbers, values.references, into: &streams)
            return
        }
        encodeWords(values, shape, into: &streams, depth)
    }

    /// Adds numbers whose texts have `digits` digits each, 0 for any.
    private static func encodeDecimal(
        _ values: TextValues,
        _ numbers: [Int64],
        digits: Int,
        isPadded: Bool,
        into streams: inout ColumnStreams
    ) {
        if let reference = values.references.first, let unit = epochUnit(digits: digits),
            abs(numbers[0] - reference / unit) < epochReachSeconds * (UTCTime.second / unit)
        {
            var differences = numbers
            for index in numbers.indices { differences[index] &-= values.references[index] / unit }
            streams.description.write(Encoding.epoch)
            streams.description.write(UInt8(digits))
            IntegerColumn.encode(differences, into: &streams)
            return
        }
        streams.description.write(Encoding.decimal)
        streams.description.write(isPadded ? UInt8(digits) : 0)
        IntegerColumn.encode(numbers, into: &streams)
    }

    /// Farthest that an epoch time lies from the time of its record to be kept as a difference: 400 days.
    private static let epochReachSeconds: Int64 = 400 * 86_400

    /// Nanoseconds in a unit of an epoch time of so many digits; nil when it is none.
    static func epochUnit(digits: Int) -> Int64? {
        switch digits {
        case 10: UTCTime.second
        case 13: 1_000_000
        case 16: 1_000
        case 19: 1
        default: nil
        }
    }

    private static func encodeClock(
        _ seconds: [Int64],
        _ references: [Int64],
        into streams: inout ColumnStreams
    ) {
        var numbers = seconds
        for index in references.indices { numbers[index] -= clock(of: references[index]) }
        streams.description.write(Encoding.clock)
        streams.description.write(UInt8(references.isEmpty ? 0 : 1))
        IntegerColumn.encode(numbers, into: &streams)
    }

    /// Adds times written in `form`.
    static func encode(
        _ numbers: [Int64],
        _ form: StampForm,
        references: [Int64],
        into streams: inout ColumnStreams
    ) {
        streams.description.write(Encoding.stamp)
        streams.description.write(form.rawValue)
        streams.description.write(UInt8(references.isEmpty ? 0 : 1))
        guard !references.isEmpty else {
            IntegerColumn.encode(numbers, into: &streams)
            return
        }
        let unit = UTCTime.second / form.unitsPerSecond
        var differences = numbers
        for index in differences.indices { differences[index] &-= references[index] / unit }
        IntegerColumn.encode(differences, into: &streams)
    }

    /// Seconds of the day of a time in nanoseconds.
    static func clock(of nanoseconds: Int64) -> Int64 {
        let seconds = nanoseconds / UTCTime.second % 86_400
        return seconds < 0 ? seconds + 86_400 : seconds
    }

    private static func encodeWords(
        _ values: TextValues,
        _ shape: TextShape,
        into streams: inout ColumnStreams,
        _ depth: Int
    ) {
        let count = values.count
        var best = values.sizeBytes * 5 + 2 * ColumnCost.streamBits
        var encoding = Encoding.text
        let dictionary = TextDictionary(
            values.slots,
            in: values.bytes,
            atMost: min(dictionaryCountMax, count * 7 / 10)
        )
        if let dictionary, dictionary.bits < best {
            best = dictionary.bits
            encoding = Encoding.dictionary
        }
        let found = shape.hexadecimalDigits()
        if found != nil {
            let digits = values.bytes[values.slots[0].range].count { TextShape.nibble($0) < 16 }
            let bits = count * digits * 4 + ColumnCost.streamBits
            if bits < best {
                best = bits
                encoding = Encoding.hexadecimal
            }
        }
        // Splitting pays where few values repeat, and for decimal digits, which are less than nibbles.
        if depth == 0, encoding != Encoding.hexadecimal || found == .decimal,
            dictionary.map({ $0.entries.count > count / 8 }) ?? true,
            let separators = shape.separators()
        {
            encodeSplit(values, separators, into: &streams, depth)
            return
        }
        switch encoding {
        case Encoding.dictionary: if let dictionary { encode(dictionary, values, into: &streams) }
        case Encoding.hexadecimal: encodeHexadecimal(values, isUpper: found == .upper, into: &streams)
        default: encodeText(values, into: &streams)
        }
    }

    private static func encode(
        _ dictionary: TextDictionary,
        _ values: TextValues,
        into streams: inout ColumnStreams
    ) {
        streams.description.write(Encoding.dictionary)
        streams.description.varint(UInt64(dictionary.entries.count))
        encodeText(TextValues(bytes: values.bytes, slots: dictionary.entries), into: &streams)
        streams.addPlanes(dictionary.numbers, base: 0, width: dictionary.width)
    }

    /// All bytes, with a line feed after each text, or lengths as numbers where texts hold line feeds.
    static func encodeText(_ values: TextValues, into streams: inout ColumnStreams) {
        let span = values.bytes.span
        let hasLineFeeds = values.slots.contains { slot in slot.range.contains { span[$0] == 0x0a } }
        guard hasLineFeeds else {
            streams.description.write(Encoding.lines)
            streams.add(.text) { data in
                for slot in values.slots {
                    data.append(span, slot.range)
                    data.append(0x0a)
                }
            }
            return
        }
        streams.description.write(Encoding.text)
        IntegerColumn.encode(values.slots.map { Int64($0.length) }, into: &streams)
        streams.add(.text) { data in
            for slot in values.slots { data.append(span, slot.range) }
        }
    }

    /// The first text with its digits, then the nibbles of all texts.
    private static func encodeHexadecimal(
        _ values: TextValues,
        isUpper: Bool,
        into streams: inout ColumnStreams
    ) {
        let pattern = values.bytes[values.slots[0].range].map { byte in
            TextShape.nibble(byte) < 16 ? 0 : byte
        }
        streams.description.write(Encoding.hexadecimal)
        streams.description.write(UInt8(isUpper ? 1 : 0))
        streams.description.counted(pattern)
        streams.add(.plane) { data in
            var high: UInt8?
            for slot in values.slots {
                for index in slot.range {
                    let nibble = TextShape.nibble(values.bytes[index])
                    guard nibble < 16 else { continue }
                    if let first = high {
                        data.append(first << 4 | nibble)
                        high = nil
                    } else {
                        high = nibble
                    }
                }
            }
            if let high { data.append(high << 4) }
        }
    }

    private static func encodeSplit(
        _ values: TextValues,
        _ separators: [UInt8],
        into streams: inout ColumnStreams,
        _ depth: Int
    ) {
        streams.description.write(Encoding.split)
        streams.description.counted(separators)
        let (span, partCount) = (values.bytes.span, separators.count + 1)
        var parts = [RecordShapes.Slot](
            repeating: RecordShapes.Slot(start: 0, length: 0),
            count: partCount * values.count
        )
        for (row, slot) in values.slots.enumerated() {
            var start = slot.range.lowerBound
            var place = row
            for index in slot.range where !TextShape.isInner(span[index]) {
                parts[place] = RecordShapes.Slot(start: UInt32(start), length: UInt32(index - start))
                place += values.count
                start = index + 1
            }
            let length = UInt32(slot.range.upperBound - start)
            parts[place] = RecordShapes.Slot(start: UInt32(start), length: length)
        }
        for number in 0..<partCount {
            let part = Array(parts[number * values.count..<(number + 1) * values.count])
            encode(TextValues(bytes: values.bytes, slots: part), into: &streams, depth: depth + 1)
        }
    }
}
