// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// Which runs of three bytes occur in the texts of a block.
///
/// Bytes are folded to 64 symbols, so there are 2^18 runs and one bit for each: nothing is hashed, and a text
/// with a run that never occurs is ruled out for certain. Other bytes than letters and digits share symbols,
/// which only makes the map say yes more often.
///
/// - Source: `schemas/disk/filters-v1.md`, section 3.
struct TrigramMap: Hashable {
    static let sizeBytes = 1 << 15

    private var words = [UInt64](repeating: 0, count: sizeBytes / 8)

    fileprivate static let symbols: [UInt8] = (0..<256).map { code in
        switch ByteFolding.folded(UInt8(code)) {
        case let byte where byte >= 0x61 && byte <= 0x7a: byte - 0x61
        case let byte where byte >= 0x30 && byte <= 0x39: byte - 0x30 + 26
        case let byte: 36 + byte % 28
        }
    }

    /// Nothing occurs.
    init() {}

    /// The runs that were collected.
    init(_ marks: TrigramMarks) {
        let marks = marks.marks.span
        for index in words.indices {
            var word: UInt64 = 0
            for lane in 0..<8 {
                // Eight bytes of 0 or 1 come to eight bits.
                let bits = marks.word(at: index * 64 + lane * 8) &* 0x0102_0408_1020_4080
                word |= (bits >> 56) << UInt64(lane * 8)
            }
            words[index] = word
        }
    }

    /// Whether all runs of `text` occur; so it is for texts of less than three bytes.
    func mayHold(_ text: [UInt8]) -> Bool {
        guard text.count > 2 else { return true }
        var run = Int(TrigramMap.symbols[Int(text[0])]) << 6 | Int(TrigramMap.symbols[Int(text[1])])
        for byte in text.dropFirst(2) {
            run = (run << 6 | Int(TrigramMap.symbols[Int(byte)])) & 0x3ffff
            if words[run >> 6] & 1 << UInt64(run & 63) == 0 { return false }
        }
        return true
    }

    /// Runs that occur.
    var count: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }

    func encode(into writer: inout ByteWriter) { for word in words { writer.write(word) } }

    init(_ reader: inout ByteReader) throws(ByteReaderError) {
        let range = try reader.range(TrigramMap.sizeBytes)
        let stored = reader.bytes.span
        for index in words.indices { words[index] = stored.word(at: range.lowerBound + index * 8) }
    }
}

/// The runs of a ``TrigramMap`` while they are collected: a byte for each, which is set without being read.
struct TrigramMarks: Hashable {
    fileprivate var marks = [UInt8](repeating: 0, count: TrigramMap.sizeBytes * 8)

    /// Adds the runs in `range` of `text`.
    mutating func insert(_ text: Span<UInt8>, _ range: Range<Int>) {
        let symbols = TrigramMap.symbols.span
        var target = marks.mutableSpan
        TrigramMarks.set(text, range, symbols, &target)
    }

    /// Adds the runs of some variables of a record, each with the two bytes before and after it.
    mutating func insert(
        _ text: Span<UInt8>,
        _ record: Range<Int>,
        around slots: Span<RecordShapes.Slot>,
        _ numbers: Range<Int>
    ) {
        let symbols = TrigramMap.symbols.span
        var target = marks.mutableSpan
        // Runs that end before it are known.
        var known = record.lowerBound
        for number in numbers {
            let (start, length) = (Int(slots[number].start), Int(slots[number].length))
            let end = min(record.upperBound, start + length + 2)
            let first = max(known, start - 2)
            guard first < end else { continue }
            TrigramMarks.set(text, first..<end, symbols, &target)
            known = max(known, end - 2)
        }
    }

    @inline(__always)
    private static func set(
        _ text: Span<UInt8>,
        _ range: Range<Int>,
        _ symbols: Span<UInt8>,
        _ target: inout MutableSpan<UInt8>
    ) {
        guard range.count > 2 else { return }
        // Known here, so that no look-up is checked in the loop.
        precondition(
            symbols.count == 256 && target.count == TrigramMap.sizeBytes * 8,
            "a symbol for each byte, a mark for each run"
        )
        let text = text.extracting(range)
        // The last two symbols, so that no run waits for the one before it.
        var (first, second) = (Int(symbols[Int(text[0])]), Int(symbols[Int(text[1])]))
        for index in 2..<text.count {
            let third = Int(symbols[Int(text[index])])
            target[(first << 12 | second << 6 | third) & (TrigramMap.sizeBytes * 8 - 1)] = 1
            (first, second) = (second, third)
        }
    }
}
