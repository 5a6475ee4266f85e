// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// Numbers as a column.
///
/// - Source: `schemas/disk/record-columns-v1.md`, section 4.
enum IntegerColumn {
    /// Stored numbers of the encodings.
    enum Encoding {
        static let constant: UInt8 = 0
        static let planes: UInt8 = 1
        static let differences: UInt8 = 2
        static let dictionary: UInt8 = 3
    }

    /// Most distinct numbers of a dictionary.
    static let dictionaryCountMax = 4_096

    /// Adds `values`, which are at least one, in the encoding that is expected to be smallest.
    static func encode(_ values: [Int64], into streams: inout ColumnStreams) {
        var least = values[0]
        var greatest = least
        var previous: Int64 = 0
        var differenceBits = ColumnCost.streamBits
        for value in values {
            if value < least { least = value }
            if value > greatest { greatest = value }
            let difference = value &- previous
            previous = value
            differenceBits += 65 - (difference < 0 ? ~difference : difference).leadingZeroBitCount
        }
        guard least != greatest else {
            streams.description.write(Encoding.constant)
            streams.description.signed(least)
            return
        }
        let width = ColumnCost.width(UInt64(bitPattern: greatest &- least))
        var best = streams.tally.bits(values, base: least, width: width)
        var dictionary: IntegerDictionary?
        if width > 1, let found = IntegerDictionary(values, atMost: min(dictionaryCountMax, values.count / 3))
        {
            let bits = found.bits(width: width)
            if bits < best {
                best = bits
                dictionary = found
            }
        }
        if differenceBits < best {
            encodeDifferences(values, into: &streams)
        } else if let dictionary {
            streams.description.write(Encoding.dictionary)
            streams.description.varint(UInt64(dictionary.entries.count))
            encode(dictionary.entries, into: &streams)
            streams.addPlanes(dictionary.numbers, base: 0, width: dictionary.width)
        } else {
            streams.description.write(Encoding.planes)
            streams.description.signed(least)
            streams.description.write(UInt8(width))
            streams.addPlanes(values, base: least, width: width)
        }
    }

    private static func encodeDifferences(_ values: [Int64], into streams: inout ColumnStreams) {
        streams.description.write(Encoding.differences)
        streams.add(.varints) { data in
            var previous: Int64 = 0
            var first = 0
            while first < values.count {
                let last = min(values.count, first + differenceRunCount)
                let start = data.count
                data.append(contentsOf: repeatElement(0, count: (last - first) * differenceMaxBytes))
                let end = writeDifferences(values.span, first..<last, &previous, into: &data, at: start)
                data.removeLast(data.count - end)
                first = last
            }
        }
    }

    /// Most bytes of a difference, and how many are written at once.
    private static let differenceMaxBytes = 10
    private static let differenceRunCount = 512

    /// Writes differences to zeros that are there; their end.
    private static func writeDifferences(
        _ values: Span<Int64>,
        _ range: Range<Int>,
        _ previous: inout Int64,
        into data: inout [UInt8],
        at start: Int
    ) -> Int {
        var target = data.mutableSpan
        var end = start
        for index in range {
            let difference = values[index] &- previous
            previous = values[index]
            var rest = UInt64(bitPattern: difference << 1) ^ UInt64(bitPattern: difference >> 63)
            while rest >= 0x80 {
                target[end] = UInt8(truncatingIfNeeded: rest) | 0x80
                end += 1
                rest >>= 7
            }
            target[end] = UInt8(rest)
            end += 1
        }
        return end
    }

    /// Reads `count` numbers.
    static func decode(_ count: Int, from source: inout ColumnSource) throws(ByteReaderError) -> [Int64] {
        var numbers: [Int64] = []
        try decode(count, from: &source, into: &numbers)
        return numbers
    }

    /// Reads `count` numbers to the start of `numbers`, which grows as needed; what follows them is of no
    /// meaning.
    static func decode(
        _ count: Int,
        from source: inout ColumnSource,
        into numbers: inout [Int64]
    ) throws(ByteReaderError) {
        let position = source.description.position
        switch try source.description.byte() {
        case Encoding.constant:
            let value = try source.description.signed()
            numbers.grow(to: count)
            var target = numbers.mutableSpan
            for index in 0..<count { target[index] = value }
        case Encoding.planes:
            let base = try source.description.signed()
            let width = Int(try source.description.byte())
            guard (1...8).contains(width) else { throw .invalid(position: position) }
            try source.planes(count, base: base, width: width, into: &numbers)
        case Encoding.differences:
            let stream = try source.next()
            numbers.grow(to: count)
            var target = numbers.mutableSpan
            guard decodeDifferences(count, source.raw.span, stream, into: &target) else {
                throw .invalid(position: position)
            }
        case Encoding.dictionary:
            let size = try source.description.count(atMost: dictionaryCountMax)
            guard size > 1 else { throw .invalid(position: position) }
            let entries = try decode(size, from: &source)
            try source.planes(count, base: 0, width: ColumnCost.width(UInt64(size - 1)), into: &numbers)
            var target = numbers.mutableSpan
            for index in 0..<count {
                guard target[index] < size else { throw .invalid(position: position) }
                target[index] = entries[Int(target[index])]
            }
        default: throw .invalid(position: position)
        }
    }

    /// Reads `count` signed differences that fill `range` of `raw`; false when they do not.
    private static func decodeDifferences(
        _ count: Int,
        _ raw: Span<UInt8>,
        _ range: Range<Int>,
        into target: inout MutableSpan<Int64>
    ) -> Bool {
        let stream = raw.extracting(range)
        var position = 0
        var value: Int64 = 0
        for index in 0..<count {
            guard position < stream.count else { return false }
            var rest = UInt64(stream[position])
            position += 1
            if rest >= 0x80 {
                rest &= 0x7f
                var shift: UInt64 = 7
                while true {
                    guard position < stream.count else { return false }
                    let next = UInt64(stream[position])
                    position += 1
                    guard shift < 63 || next <= 1 else { return false }
                    rest |= (next & 0x7f) << shift
                    if next < 0x80 { break }
                    shift += 7
                }
            }
            value &+= Int64(bitPattern: rest >> 1) ^ -Int64(bitPattern: rest & 1)
            target[index] = value
        }
        return position == stream.count
    }

    /// Goes past a column without reading its numbers.
    static func skip(_ source: inout ColumnSource) throws(ByteReaderError) {
        let position = source.description.position
        switch try source.description.byte() {
        case Encoding.constant: _ = try source.description.signed()
        case Encoding.planes:
            _ = try source.description.signed()
            let width = Int(try source.description.byte())
            guard (1...8).contains(width) else { throw .invalid(position: position) }
            try source.skip(width)
        case Encoding.differences: try source.skip(1)
        case Encoding.dictionary:
            let size = try source.description.count(atMost: dictionaryCountMax)
            guard size > 1 else { throw .invalid(position: position) }
            try skip(&source)
            try source.skip(ColumnCost.width(UInt64(size - 1)))
        default: throw .invalid(position: position)
        }
    }
}
