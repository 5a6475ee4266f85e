// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import WireFormats

/// Looks for bytes eight at a time.
enum ByteSearch {
    private static let lanes: UInt64 = 0x0101_0101_0101_0101
    private static let tops: UInt64 = 0x8080_8080_8080_8080

    /// The first place of `byte` in `range`; its upper bound when there is none.
    @inline(__always)
    static func first(_ byte: UInt8, _ bytes: Span<UInt8>, _ range: Range<Int>) -> Int {
        var index = range.lowerBound
        let pattern = UInt64(byte) &* lanes
        while index + 8 <= range.upperBound {
            let lanesOfByte = zeros(in: bytes.word(at: index) ^ pattern)
            if lanesOfByte != 0 { return index + lanesOfByte.trailingZeroBitCount >> 3 }
            index += 8
        }
        while index < range.upperBound, bytes[index] != byte { index += 1 }
        return index
    }

    /// The first place of either byte in `range`; its upper bound when there is none.
    @inline(__always)
    static func first(_ byte: UInt8, or other: UInt8, _ bytes: Span<UInt8>, _ range: Range<Int>) -> Int {
        var index = range.lowerBound
        let pattern = UInt64(byte) &* lanes
        let otherPattern = UInt64(other) &* lanes
        while index + 8 <= range.upperBound {
            let word = bytes.word(at: index)
            let found = zeros(in: word ^ pattern) | zeros(in: word ^ otherPattern)
            if found != 0 { return index + found.trailingZeroBitCount >> 3 }
            index += 8
        }
        while index < range.upperBound, bytes[index] != byte, bytes[index] != other { index += 1 }
        return index
    }

    /// The first place of any of three bytes in `range`; its upper bound when there is none.
    @inline(__always)
    static func first(
        _ byte: UInt8,
        or second: UInt8,
        or third: UInt8,
        _ bytes: Span<UInt8>,
        _ range: Range<Int>
    ) -> Int {
        var index = range.lowerBound
        let pattern = UInt64(byte) &* lanes
        let secondPattern = UInt64(second) &* lanes
        let thirdPattern = UInt64(third) &* lanes
        while index + 8 <= range.upperBound {
            let word = bytes.word(at: index)
            let found =
                zeros(in: word ^ pattern) | zeros(in: word ^ secondPattern) | zeros(in: word ^ thirdPattern)
            if found != 0 { return index + found.trailingZeroBitCount >> 3 }
            index += 8
        }
        while index < range.upperBound, bytes[index] != byte, bytes[index] != second, bytes[index] != third {
            index += 1
        }
        return index
    }

    /// The first place of any of four bytes in `range`; its upper bound when there is none.
    @inline(__always)
    static func first(
        _ byte: UInt8,
        or second: UInt8,
        or third: UInt8,
        or fourth: UInt8,
        _ bytes: Span<UInt8>,
        _ range: Range<Int>
    ) -> Int {
        var index = range.lowerBound
        let pattern = UInt64(byte) &* lanes
        let secondPattern = UInt64(second) &* lanes
        let thirdPattern = UInt64(third) &* lanes
        let fourthPattern = UInt64(fourth) &* lanes
        while index + 8 <= range.upperBound {
            let word = bytes.word(at: index)
            let found =
                zeros(in: word ^ pattern) | zeros(in: word ^ secondPattern) | zeros(in: word ^ thirdPattern)
                | zeros(in: word ^ fourthPattern)
            if found != 0 { return index + found.trailingZeroBitCount >> 3 }
            index += 8
        }
        while index < range.upperBound, bytes[index] != byte, bytes[index] != second, bytes[index] != third,
            bytes[index] != fourth
        { index += 1 }
        return index
    }

    /// The first place of any byte of `set` in `range`; its upper bound when there is none.
    static func first(_ set: ByteSet, _ bytes: Span<UInt8>, _ range: Range<Int>) -> Int {
        var index = range.lowerBound
        while index < range.upperBound, !set[bytes[index]] { index += 1 }
        return index
    }

    /// Whether the `count` bytes from `start` and from `otherStart` on are the same.
    @inline(__always)
    static func isEqual(
        _ bytes: Span<UInt8>,
        _ start: Int,
        _ other: Span<UInt8>,
        _ otherStart: Int,
        _ count: Int
    ) -> Bool {
        var lane = 0
        while lane + 8 <= count {
            guard bytes.word(at: start + lane) == other.word(at: otherStart + lane) else { return false }
            lane += 8
        }
        guard lane < count else { return true }
        return bytes.word(at: start + lane, count - lane) == other.word(at: otherStart + lane, count - lane)
    }

    /// The first place where all of `text` stands in `range`; nil when there is none.
    ///
    /// The byte at `lane` of the text leads the search: the rarest is the best.
    static func first(
        of text: Span<UInt8>,
        by lane: Int = 0,
        _ bytes: Span<UInt8>,
        _ range: Range<Int>
    ) -> Int? {
        guard !text.isEmpty, range.count >= text.count else { return nil }
        let end = range.upperBound - text.count + lane + 1
        var index = range.lowerBound + lane
        while true {
            index = first(text[lane], bytes, index..<end)
            guard index < end else { return nil }
            if isEqual(bytes, index - lane, text, 0, text.count) { return index - lane }
            index += 1
        }
    }

    /// The first place in `range` where the text at `part` of `text`, which is in lower case, stands in
    /// letters of any case; nil when there is none.
    ///
    /// What is compared are the places where both bytes that `lead` names are right, eight places at a time.
    /// Nothing is compared where `sketch` says that the text is absent. When `budget` is spent nothing is
    /// found.
    static func firstFolded(
        _ text: Span<UInt8>,
        _ part: Range<Int>,
        by lead: LeadBytes,
        _ bytes: Span<UInt8>,
        _ range: Range<Int>,
        _ sketch: borrowing TextSketch,
        _ budget: inout SearchBudget
    ) -> Int? {
        guard !part.isEmpty else { return range.lowerBound }
        guard !budget.isSpent, !sketch.lacks(lead.pairs, in: range) else { return nil }
        let end = range.upperBound - part.count + 1
        let rarest = FoldedByte(text[part.lowerBound + Int(lead.rarest)])
        let second = FoldedByte(text[part.lowerBound + Int(lead.second)])
        var place = range.lowerBound
        var counted = place
        let last = min(end, bytes.count - 7 - Int(max(lead.rarest, lead.second)))
        while place < last {
            var found =
                rarest.places(bytes.word(at: place + Int(lead.rarest)))
                & second.places(bytes.word(at: place + Int(lead.second)))
            while found != 0 {
                let start = place + found.trailingZeroBitCount >> 3
                guard start < end else { break }
                budget.spend(start - counted, comparisons: 1)
                counted = start
                if isEqualFolded(bytes, start, text, part) { return start }
                if budget.isSpent { return nil }
                found &= found &- 1
            }
            place += 8
        }
        budget.spend(max(0, end - counted), comparisons: 0)
        while place < end {
            if isEqualFolded(bytes, place, text, part) { return place }
            place += 1
        }
        return nil
    }

    /// Whether the bytes from `start` on, in lower case, are the text at `part` of `text`.
    private static func isEqualFolded(
        _ bytes: Span<UInt8>,
        _ start: Int,
        _ text: Span<UInt8>,
        _ part: Range<Int>
    ) -> Bool {
        for lane in 0..<part.count where bytes[start + lane].folded != text[part.lowerBound + lane] {
            return false
        }
        return true
    }

    /// A byte, or a letter in either case.
    private struct FoldedByte {
        private let pattern: UInt64
        private let fold: UInt64

        init(_ byte: UInt8) {
            pattern = UInt64(byte) &* lanes
            fold = byte >= 0x61 && byte <= 0x7a ? 0x20 &* lanes : 0
        }

        /// The highest bit of each lane of `word` that holds the byte, and of some lanes above one that does.
        @inline(__always)
        func places(_ word: UInt64) -> UInt64 { zeros(in: (word | fold) ^ pattern) }
    }

    /// The first quotation mark or backslash in `range`, its upper bound when there is none; whether a byte
    /// before it is no ASCII, and whether one is a control character.
    @inline(__always)
    static func textEnd(
        _ bytes: Span<UInt8>,
        _ range: Range<Int>
    ) -> (end: Int, isHigh: Bool, hasControl: Bool) {
        var index = range.lowerBound
        var high: UInt64 = 0
        var control: UInt64 = 0
        while index + 8 <= range.upperBound {
            let word = bytes.word(at: index)
            let found = zeros(in: word ^ 0x22 &* lanes) | zeros(in: word ^ 0x5c &* lanes)
            let isLast = found != 0
            let lane = found.trailingZeroBitCount >> 3
            // What stands behind the end does not count.
            let counted = isLast ? tops & ((1 << UInt64(lane << 3)) &- 1) : tops
            high |= word & counted
            // With the tops set no lane borrows from the next.
            control |= ~((word | tops) &- lanes &* 0x20) & ~word & counted
            if isLast { return (index + lane, high != 0, control != 0) }
            index += 8
        }
        while index < range.upperBound, bytes[index] != 0x22, bytes[index] != 0x5c {
            let byte = bytes[index]
            high |= UInt64(byte & 0x80)
            if byte < 0x20 { control = 1 }
            index += 1
        }
        return (index, high != 0, control != 0)
    }

    /// The lowest set bit belongs to the first lane that is zero.
    @inline(__always)
    private static func zeros(in word: UInt64) -> UInt64 {
        (word &- lanes) & ~word & tops
    }
}

/// What a text is looked for by: its two bytes that are rarest in what devices write.
struct LeadBytes: Sendable {
    /// Their places in the text.
    let rarest: UInt8
    let second: UInt8
    /// By which it is told to be absent.
    let pairs: TextSketch.Pairs

    /// For each byte how rare it is: the most frequent is 0, those that nobody named are the rarest.
    private static let ranks: [UInt8] = {
        let frequent = Array("e 0tanoi1rsl2dcu3p.m45:6789=-/fgh\"_,bvwykxzjq()[]<>".utf8)
        var ranks = [UInt8](repeating: UInt8(frequent.count), count: 256)
        for (rank, byte) in frequent.enumerated() { ranks[Int(byte)] = UInt8(rank) }
        return ranks
    }()

    /// Chooses among the first 256 bytes of `text`, which is in lower case.
    init(_ text: some Collection<UInt8>) {
        let ranked = text.prefix(256).enumerated().map { place, byte in
            (rank: LeadBytes.rank(byte), place: UInt8(place))
        }
        let sorted = ranked.sorted { ($1.rank, $0.place) < ($0.rank, $1.place) }
        rarest = sorted.first?.place ?? 0
        second = sorted.dropFirst().first?.place ?? rarest
        pairs = TextSketch.Pairs(text, rank: LeadBytes.rank)
    }

    private static func rank(_ byte: UInt8) -> Int { Int(ranks[Int(byte)]) }
}
