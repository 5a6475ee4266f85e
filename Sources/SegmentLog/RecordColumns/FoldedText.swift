// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// A text to look for in bytes without regard to ASCII case.
struct FoldedText {
    /// The text, folded; not empty.
    let bytes: [UInt8]
    /// Its distinct bytes.
    let distinct: ByteSet
    /// Its first byte in each lane of a word, and the bit that folds letters.
    private let pattern: UInt64
    private let fold: UInt64

    /// Nil for an empty text, which is everywhere.
    init?(_ folded: [UInt8]) {
        guard let first = folded.first else { return nil }
        bytes = folded
        distinct = ByteSet(folded)
        let lanes: UInt64 = 0x0101_0101_0101_0101
        pattern = lanes &* UInt64(first)
        fold = first >= 0x61 && first <= 0x7a ? lanes << 5 : 0
    }

    /// Whether all its bytes are in `alphabet`, which is folded.
    func fits(_ alphabet: ByteSet) -> Bool { distinct.isSubset(of: alphabet) }

    /// Where it begins in `range` of `text`, rising; at most one place for each byte.
    func places(in text: Span<UInt8>, _ range: Range<Int>) -> [Int] {
        var found: [Int] = []
        let last = range.upperBound - bytes.count
        var position = range.lowerBound
        while position <= last {
            if position + 8 <= range.upperBound {
                let differences = (text.word(at: position) | fold) ^ pattern
                let zeros = (differences &- 0x0101_0101_0101_0101) & ~differences & 0x8080_8080_8080_8080
                guard zeros != 0 else {
                    position += 8
                    continue
                }
                position += zeros.trailingZeroBitCount >> 3
                guard position <= last else { break }
            }
            if stands(in: text, at: position) { found.append(position) }
            position += 1
        }
        return found
    }

    /// As ``isIn(_:_:)``, fast in long texts.
    func mayStand(in text: Span<UInt8>, _ range: Range<Int>) -> Bool {
        let lanes: UInt64 = 0x0101_0101_0101_0101
        let last = range.upperBound - bytes.count
        var position = range.lowerBound
        while position <= last {
            if position + 8 <= range.upperBound {
                let differences = (text.word(at: position) | fold) ^ pattern
                let zeros = (differences &- lanes) & ~differences & (lanes << 7)
                guard zeros != 0 else {
                    position += 8
                    continue
                }
                position += zeros.trailingZeroBitCount >> 3
                guard position <= last else { return false }
            }
            if stands(in: text, at: position) { return true }
            position += 1
        }
        return false
    }

    /// Whether it stands anywhere in `range` of `text`.
    func isIn(_ text: Span<UInt8>, _ range: Range<Int>) -> Bool {
        var position = range.lowerBound
        while position + bytes.count <= range.upperBound {
            if stands(in: text, at: position) { return true }
            position += 1
        }
        return false
    }

    private func stands(in text: Span<UInt8>, at position: Int) -> Bool {
        isEqual(0, text, position, bytes.count)
    }

    /// Whether it can be part of a written time: letters are `T` between digits, or a month, which comes
    /// first.
    var canBeInStamp: Bool {
        guard fits(TextColumnSketch.stamps) else { return false }
        let isLetter = bytes.map { $0 >= 0x61 && $0 <= 0x7a }
        let lettersAtStart = isLetter.prefix { $0 }.count
        guard !isLetter[lettersAtStart...].indices.contains(where: { isLetter[$0] && bytes[$0] != 0x74 })
        else { return false }
        guard lettersAtStart > 0, bytes[0] != 0x74 || lettersAtStart > 1 else { return true }
        let run = String(decoding: bytes.prefix(lettersAtStart), as: UTF8.self)
        return FoldedText.months.contains { $0.contains(run) }
    }

    private static let months = "jan feb mar apr may jun jul aug sep oct nov dec".split(separator: " ")

    /// Whether its part from `start` on stands at the start of `piece`, as far as both go, with at least one
    /// byte.
    func continues(from start: Int, _ piece: Span<UInt8>, _ range: Range<Int>) -> Bool {
        let length = min(bytes.count - start, range.count)
        return length > 0 && isEqual(start, piece, range.lowerBound, length)
    }

    /// Whether `length` bytes of it from `start` on equal those of `text` from `position` on.
    func isEqual(_ start: Int, _ text: Span<UInt8>, _ position: Int, _ length: Int) -> Bool {
        for lane in 0..<length where ByteFolding.folded(text[position + lane]) != bytes[start + lane] {
            return false
        }
        return true
    }
}
