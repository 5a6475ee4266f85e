// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// A set of byte values: 256 bits.
struct ByteSet: Hashable, Sendable {
    private var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

    /// The empty set.
    init() {}

    /// The set of the bytes of `text`.
    init(_ text: StaticString) {
        for byte in text.description.utf8 { insert(byte) }
    }

    /// The set of all bytes.
    static var all: ByteSet {
        var set = ByteSet()
        for byte in UInt8.min...UInt8.max { set.insert(byte) }
        return set
    }

    /// Adds `byte`.
    mutating func insert(_ byte: UInt8) {
        let bit: UInt64 = 1 << UInt64(byte & 63)
        switch byte >> 6 {
        case 0: words.0 |= bit
        case 1: words.1 |= bit
        case 2: words.2 |= bit
        default: words.3 |= bit
        }
    }

    /// Adds all of `other`.
    mutating func formUnion(_ other: ByteSet) {
        words = (
            words.0 | other.words.0, words.1 | other.words.1, words.2 | other.words.2, words.3 | other.words.3
        )
    }

    /// Whether `byte` is in the set.
    @inline(__always)
    func contains(_ byte: UInt8) -> Bool {
        let word =
            switch byte >> 6 {
            case 0: words.0
            case 1: words.1
            case 2: words.2
            default: words.3
            }
        return word >> UInt64(byte & 63) & 1 != 0
    }

    /// Whether nothing is in the set.
    var isEmpty: Bool { words.0 | words.1 | words.2 | words.3 == 0 }

    static func == (left: ByteSet, right: ByteSet) -> Bool { left.words == right.words }

    func hash(into hasher: inout Hasher) {
        hasher.combine(words.0)
        hasher.combine(words.1)
        hasher.combine(words.2)
        hasher.combine(words.3)
    }
}

extension UInt8 {
    /// Whether this is a space, a tab or part of the end of a line: one message may have several lines.
    @inline(__always)
    var isGap: Bool { self == 0x20 || self == 0x09 || self == 0x0a || self == 0x0d }
}
