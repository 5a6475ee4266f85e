// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// The distinct numbers of a column in the order in which they appear, and each value as a place among them.
struct IntegerDictionary {
    /// More distinct values among the first ``ColumnCost/sampleCount`` come to more than fit.
    private static let sampleMax = 930

    private(set) var entries: [Int64] = []
    private(set) var numbers: [Int64] = []
    private var counts: [Int] = []

    /// Bytes of a number.
    var width: Int { ColumnCost.width(UInt64(entries.count - 1)) }

    /// Nil when there are more than `limit` distinct values.
    init?(_ values: [Int64], atMost limit: Int) {
        guard limit > 1 else { return nil }
        var table = DictionaryTable(limit)
        numbers.reserveCapacity(values.count)
        for value in values {
            let hash = DictionaryTable.mix(UInt64(bitPattern: value))
            var place = table.first(hash)
            while true {
                let found = table.number(at: place)
                if found < 0 {
                    guard entries.count < limit,
                        numbers.count != ColumnCost.sampleCount
                            || entries.count <= IntegerDictionary.sampleMax
                    else { return nil }
                    table.insert(entries.count, at: place)
                    numbers.append(Int64(entries.count))
                    entries.append(value)
                    counts.append(1)
                    break
                }
                if entries[found] == value {
                    numbers.append(Int64(found))
                    counts[found] += 1
                    break
                }
                place = table.next(place)
            }
        }
    }

    /// Expected bits, with `width` bytes for an entry.
    func bits(width entryWidth: Int) -> Int {
        let entropy = ColumnCost.entropy(counts.span, of: numbers.count)
        // Two planes see less than the pair tells.
        let ids = width > 1 ? entropy + numbers.count / 4 : entropy
        return ids + entries.count * entryWidth * 8 + (width + entryWidth) * ColumnCost.streamBits
    }
}

/// The distinct texts of a column in the order in which they appear, and each value as a place among them.
struct TextDictionary {
    /// More distinct texts among the first ``ColumnCost/sampleCount`` come to more than fit.
    private static let sampleMax = 1_000

    private(set) var entries: [RecordShapes.Slot] = []
    private(set) var numbers: [Int64] = []
    private(set) var sizeBytes = 0
    private var counts: [Int] = []

    /// Bytes of a number.
    var width: Int { ColumnCost.width(UInt64(entries.count - 1)) }

    /// Nil when there are more than `limit` distinct values.
    init?(_ values: [RecordShapes.Slot], in bytes: [UInt8], atMost limit: Int) {
        guard limit > 1 else { return nil }
        var table = DictionaryTable(limit)
        var hashes: [UInt64] = []
        numbers.reserveCapacity(values.count)
        let span = bytes.span
        for value in values {
            let hash = DictionaryTable.hash(span, value.range)
            var place = table.first(hash)
            while true {
                let found = table.number(at: place)
                if found < 0 {
                    guard entries.count < limit,
                        numbers.count != ColumnCost.sampleCount || entries.count <= TextDictionary.sampleMax
                    else { return nil }
                    table.insert(entries.count, at: place)
                    numbers.append(Int64(entries.count))
                    entries.append(value)
                    hashes.append(hash)
                    counts.append(1)
                    sizeBytes += Int(value.length)
                    break
                }
                if hashes[found] == hash, entries[found].length == value.length,
                    span.isEqual(at: Int(entries[found].start), to: span, value.range)
                {
                    numbers.append(Int64(found))
                    counts[found] += 1
                    break
                }
                place = table.next(place)
            }
        }
    }

    /// Expected bits; text comes to about half.
    var bits: Int {
        let entropy = ColumnCost.entropy(counts.span, of: numbers.count)
        let ids = width > 1 ? entropy + numbers.count / 4 : entropy
        return ids + sizeBytes * 4 + entries.count * 3 + (width + 2) * ColumnCost.streamBits
    }
}

/// Places of dictionary entries by hash.
struct DictionaryTable {
    private var numbers: [Int32]
    private let mask: Int

    /// Room for `limit` entries, a third full at most.
    init(_ limit: Int) {
        var size = 16
        while size < limit * 3 { size *= 2 }
        numbers = [Int32](repeating: -1, count: size)
        mask = size - 1
    }

    func first(_ hash: UInt64) -> Int { Int(truncatingIfNeeded: hash) & mask }

    func next(_ place: Int) -> Int { (place + 1) & mask }

    /// Below zero for none.
    func number(at place: Int) -> Int { Int(numbers[place]) }

    mutating func insert(_ number: Int, at place: Int) { numbers[place] = Int32(number) }

    static func mix(_ word: UInt64) -> UInt64 {
        let mixed = (word ^ 0x9e37_79b9_7f4a_7c15) &* 0xbf58_476d_1ce4_e5b9
        return mixed ^ mixed >> 32
    }

    static func hash(_ bytes: Span<UInt8>, _ range: Range<Int>) -> UInt64 {
        var hash = UInt64(range.count)
        var position = range.lowerBound
        while position + 8 <= range.upperBound {
            hash = mix(hash ^ bytes.word(at: position))
            position += 8
        }
        guard position < range.upperBound else { return mix(hash) }
        return mix(hash ^ bytes.word(at: position, range.upperBound - position))
    }
}
