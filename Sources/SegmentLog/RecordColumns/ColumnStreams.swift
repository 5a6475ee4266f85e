// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// Columns on their way to disk: descriptions in one buffer, values in streams that are compressed alone.
///
/// - Source: `schemas/disk/record-columns-v2.md`, section 1.
struct ColumnStreams {
    /// What a stream holds, which decides how compressing it pays.
    enum Style: UInt8 {
        /// Text that devices write about anywhere: its phrases may be known.
        case phrase
        /// Other text: repeats are found.
        case text
        /// Numbers of varying length: repeats are found too.
        case varints
        /// One byte of each number: only frequencies count.
        case plane

        /// Whether a stream shares a page with others of numbers.
        var isNumbers: Bool { self == .varints || self == .plane }
    }

    struct Stream {
        var range: Range<Int>
        var style: Style
    }

    /// Descriptions of columns, in the order in which a reader meets them.
    var description = ByteWriter()
    /// Streams in the order in which the descriptions call for them.
    private(set) var streams: [Stream] = []
    private(set) var data: [UInt8] = []
    /// Serves from column to column.
    var tally = PlaneTally()

    mutating func removeAll() {
        description.bytes.removeAll(keepingCapacity: true)
        streams.removeAll(keepingCapacity: true)
        data.removeAll(keepingCapacity: true)
    }

    /// Adds a stream that `write` appends to the buffer.
    mutating func add(_ style: Style, _ write: (inout [UInt8]) -> Void) {
        let start = data.count
        write(&data)
        streams.append(Stream(range: start..<data.count, style: style))
    }

    /// Adds the lowest `width` bytes of each value less `base`, one stream for each place.
    mutating func addPlanes(_ values: [Int64], base: Int64, width: Int) {
        for lane in 0..<width {
            let shift = UInt64(lane * 8)
            add(.plane) { data in
                let start = data.count
                data.append(contentsOf: repeatElement(0, count: values.count))
                var target = data.mutableSpan
                for index in values.indices {
                    let rest = UInt64(bitPattern: values[index] &- base) >> shift
                    target[start + index] = UInt8(truncatingIfNeeded: rest)
                }
            }
        }
    }
}

/// Estimates of stored size, in bits, good enough to choose an encoding.
enum ColumnCost {
    /// What a stream costs besides its values: its page entry and its code table.
    static let streamBits = 480
    /// Values after which a dictionary is given up that will not do.
    static let sampleCount = 1_024

    /// 256 times the base-2 logarithm, within 0.09 of a bit.
    static func log2(_ value: UInt64) -> Int {
        guard value > 1 else { return 0 }
        let exponent = 63 - value.leadingZeroBitCount
        let mantissa = exponent >= 8 ? value >> UInt64(exponent - 8) : value << UInt64(8 - exponent)
        return exponent << 8 + Int(mantissa & 0xff)
    }

    /// Bits of the numbers that count how often each symbol occurs.
    static func entropy(_ counts: Span<Int>, of total: Int) -> Int {
        let whole = log2(UInt64(total))
        var sum = 0
        for index in counts.indices where counts[index] > 0 {
            sum += counts[index] * (whole - log2(UInt64(counts[index])))
        }
        return max(0, sum >> 8)
    }

    /// Bytes that hold `range`.
    static func width(_ range: UInt64) -> Int { (64 - range.leadingZeroBitCount + 7) / 8 }
}

/// How often each byte occurs in the planes of a column.
struct PlaneTally {
    /// Of each of eight planes; zeros between columns.
    private var counts = [Int](repeating: 0, count: 8 * 256)

    /// Bits of the `width` planes of `values` less `base`.
    mutating func bits(_ values: [Int64], base: Int64, width: Int) -> Int {
        let (values, whole) = (values.span, ColumnCost.log2(UInt64(values.count)))
        var counts = counts.mutableSpan
        for index in values.indices {
            var rest = UInt64(bitPattern: values[index] &- base)
            for lane in 0..<width {
                counts[lane << 8 | Int(rest & 0xff)] += 1
                rest >>= 8
            }
        }
        var bits = 0
        for lane in 0..<width {
            var sum = 0
            if values.count < 256 {
                // Fewer values than bytes that there can be.
                for index in values.indices {
                    let rest = UInt64(bitPattern: values[index] &- base) >> UInt64(lane * 8)
                    sum += PlaneTally.take(&counts, lane << 8 | Int(rest & 0xff), whole)
                }
            } else {
                for index in lane << 8..<(lane + 1) << 8 { sum += PlaneTally.take(&counts, index, whole) }
            }
            bits += max(0, sum >> 8) + ColumnCost.streamBits
        }
        return bits
    }

    /// What a byte contributes, in 256ths of a bit; its count goes back to zero.
    @inline(__always)
    private static func take(_ counts: inout MutableSpan<Int>, _ index: Int, _ whole: Int) -> Int {
        let count = counts[index]
        guard count > 0 else { return 0 }
        counts[index] = 0
        return count * (whole - ColumnCost.log2(UInt64(count)))
    }
}
