// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// Numbers for names, looked up by bytes without allocation.
///
/// Open addressing with linear probing.
struct NameTable: Sendable {
    private var slots: [Int32]
    private var starts: [Int32] = []
    private var bytes: [UInt8] = []
    private var hashes: [UInt64] = []

    /// An empty table.
    init() {
        slots = Array(repeating: -1, count: 64)
    }

    /// Number of names.
    var count: Int { starts.count }

    /// The hash by which names are found; callers may compute it on the way.
    static func hash(_ source: Span<UInt8>, _ range: Range<Int>) -> UInt64 {
        var hash = 0x9e37_79b9_7f4a_7c15 ^ UInt64(range.count)
        var index = range.lowerBound
        while index + 4 <= range.upperBound {
            let word =
                UInt64(source[index]) | UInt64(source[index + 1]) << 8 | UInt64(source[index + 2]) << 16
                | UInt64(source[index + 3]) << 24
            hash = (hash ^ word) &* 0xff51_afd7_ed55_8ccd
            hash ^= hash >> 29
            index += 4
        }
        while index < range.upperBound {
            hash = (hash ^ UInt64(source[index])) &* 0x100_0000_01b3
            index += 1
        }
        return hash ^ hash >> 32
    }

    /// The number of the name at `range`; nil if unknown.
    func number(_ source: Span<UInt8>, _ range: Range<Int>) -> Int? {
        let hash = NameTable.hash(source, range)
        var index = Int(truncatingIfNeeded: hash) & (slots.count - 1)
        while slots[index] >= 0 {
            let found = Int(slots[index])
            if hashes[found] == hash, equals(found, source, range) { return found }
            index = (index + 1) & (slots.count - 1)
        }
        return nil
    }

    /// The number of `name`; nil if unknown.
    func number(_ name: String) -> Int? {
        let name = Array(name.utf8)
        return number(name.span, 0..<name.count)
    }

    /// The number of the name at `range`, assigned at first sight.
    @discardableResult
    mutating func insert(_ source: Span<UInt8>, _ range: Range<Int>) -> Int {
        if let known = number(source, range) { return known }
        if (starts.count + 1) * 2 > slots.count { grow() }
        let hash = NameTable.hash(source, range)
        starts.append(Int32(bytes.count))
        hashes.append(hash)
        for index in range { bytes.append(source[index]) }
        place(starts.count - 1)
        return starts.count - 1
    }

    /// The number of `name`, assigned at first sight.
    @discardableResult
    mutating func insert(_ name: String) -> Int {
        let name = Array(name.utf8)
        return insert(name.span, 0..<name.count)
    }

    /// The name with that number.
    func name(_ number: Int) -> String {
        let end = number + 1 < starts.count ? Int(starts[number + 1]) : bytes.count
        return String(decoding: bytes[Int(starts[number])..<end], as: UTF8.self)
    }

    private func equals(_ number: Int, _ source: Span<UInt8>, _ range: Range<Int>) -> Bool {
        let start = Int(starts[number])
        let end = number + 1 < starts.count ? Int(starts[number + 1]) : bytes.count
        guard end - start == range.count else { return false }
        var index = start
        for position in range {
            guard bytes[index] == source[position] else { return false }
            index += 1
        }
        return true
    }

    private mutating func place(_ number: Int) {
        var index = Int(truncatingIfNeeded: hashes[number]) & (slots.count - 1)
        while slots[index] >= 0 { index = (index + 1) & (slots.count - 1) }
        slots[index] = Int32(number)
    }

    private mutating func grow() {
        slots = Array(repeating: -1, count: slots.count * 2)
        for number in starts.indices { place(number) }
    }
}
