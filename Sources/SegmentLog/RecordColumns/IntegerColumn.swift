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
        var best = ColumnCost.planes(values, base: least, width: width)
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
            for value in values {
                let difference = value &- previous
                previous = value
                var rest = UInt64(bitPattern: difference << 1) ^ UInt64(bitPattern: difference >> 63)
                while rest >= 0x80 {
                    data.append(UInt8(truncatingIfNeeded: rest) | 0x80)
                    rest >>= 7
                }
                data.append(UInt8(rest))
            }
        }
    }

    /// Reads `count` numbers.
    static func decode(_ count: Int, from source: inout ColumnSource) throws(ByteReaderError) -> [Int64] {
        let position = source.description.position
        switch try source.description.byte() {
        case Encoding.constant:
            return [Int64](repeating: try source.description.signed(), count: count)
        case Encoding.planes:
            let base = try source.description.signed()
            let width = Int(try source.description.byte())
            guard (1...8).contains(width) else { throw .invalid(position: position) }
            return try source.planes(count, base: base, width: width)
        case Encoding.differences:
            var reader = ByteReader(try source.next())
            var values: [Int64] = []
            values.reserveCapacity(count)
            var value: Int64 = 0
            for _ in 0..<count {
                value &+= try reader.signed()
                values.append(value)
            }
            guard reader.remaining == 0 else { throw .invalid(position: position) }
            return values
        case Encoding.dictionary:
            let size = try source.description.count(atMost: dictionaryCountMax)
            guard size > 1 else { throw .invalid(position: position) }
            let entries = try decode(size, from: &source)
            let width = ColumnCost.width(UInt64(size - 1))
            var values = try source.planes(count, base: 0, width: width)
            for index in values.indices {
                guard values[index] < size else { throw .invalid(position: position) }
                values[index] = entries[Int(values[index])]
            }
            return values
        default: throw .invalid(position: position)
        }
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
