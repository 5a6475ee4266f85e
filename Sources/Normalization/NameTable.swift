// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// Numbers for names, looked up by bytes without allocation.
///
/// Open addressing with linear probing.
struct NameTable: Sendable {
    private struct Slot: Sendable {
        var hash: UInt32 = 0
        /// Number of the name; -1 when nothing is here.
        var number: Int32 = -1
    }

    private struct Name: Sendable {
        var start: Int32
        var length: Int32
    }

    private var slots: [Slot]
    private var names: [Name] = []
    private var bytes: [UInt8] = []

    /// An empty table.
    init() {
        slots = Array(repeating: Slot(), count: 64)
    }

    /// A table of `names`, numbered in their order.
    init(_ names: [String]) {
        self.init()
        for name in names { insert(name) }
    }

    /// Number of names.
    var count: Int { names.count }

    /// The hash by which names are found.
    @inline(__always)
    private static func hash(_ source: Span<UInt8>, _ range: Range<Int>) -> UInt64 {
        var hash = 0x9e37_79b9_7f4a_7c15 ^ UInt64(range.count)
        var index = range.lowerBound
        while index + 8 <= range.upperBound {
            hash = mixed(hash ^ source.word(at: index))
            index += 8
        }
        guard index < range.upperBound else { return mixed(hash) }
        return mixed(hash ^ source.word(at: index, range.upperBound - index))
    }

    @inline(__always)
    private static func mixed(_ word: UInt64) -> UInt64 {
        let product = word &* 0xff51_afd7_ed55_8ccd
        return product ^ product >> 32
    }

    /// The number of the name at `range`; nil if unknown.
    func number(_ source: Span<UInt8>, _ range: Range<Int>) -> Int? {
        let hash = NameTable.hash(source, range)
        let mask = slots.count - 1
        let short = UInt32(truncatingIfNeeded: hash >> 32)
        var index = Int(truncatingIfNeeded: hash) & mask
        let slots = slots.span
        while slots[index].number >= 0 {
            if slots[index].hash == short {
                let name = names.span[Int(slots[index].number)]
                if Int(name.length) == range.count,
                    ByteSearch.isEqual(source, range.lowerBound, bytes.span, Int(name.start), range.count)
                {
                    return Int(slots[index].number)
                }
            }
            index = (index + 1) & mask
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
        names.append(Name(start: Int32(bytes.count), length: Int32(range.count)))
        bytes.append(source, range)
        if names.count * 2 > slots.count {
            slots = Array(repeating: Slot(), count: slots.count * 2)
            for number in names.indices { place(number) }
        } else {
            place(names.count - 1)
        }
        return names.count - 1
    }

    /// The number of `name`, assigned at first sight.
    @discardableResult
    mutating func insert(_ name: String) -> Int {
        let name = Array(name.utf8)
        return insert(name.span, 0..<name.count)
    }

    /// The name with that number.
    func name(_ number: Int) -> String {
        var name: [UInt8] = []
        append(number, to: &name)
        return String(decoding: name, as: UTF8.self)
    }

    /// Appends the name with that number.
    func append(_ number: Int, to output: inout [UInt8]) {
        let start = Int(names[number].start)
        output.append(bytes.span, start..<start + Int(names[number].length))
    }

    private mutating func place(_ number: Int) {
        let start = Int(names[number].start)
        let hash = NameTable.hash(bytes.span, start..<start + Int(names[number].length))
        var index = Int(truncatingIfNeeded: hash) & (slots.count - 1)
        while slots[index].number >= 0 { index = (index + 1) & (slots.count - 1) }
        slots[index] = Slot(hash: UInt32(truncatingIfNeeded: hash >> 32), number: Int32(number))
    }
}
