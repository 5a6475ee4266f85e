// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// A set of bytes.
public struct ByteSet: Hashable, Sendable {
    @usableFromInline var words: (UInt64, UInt64, UInt64, UInt64)

    /// The empty set.
    @inlinable
    public init() { words = (0, 0, 0, 0) }

    /// The bytes that `accepts` says yes to, each asked once.
    public init(_ accepts: (UInt8) -> Bool) {
        func word(_ base: Int) -> UInt64 {
            var bits: UInt64 = 0
            for bit in 0..<64 where accepts(UInt8(base + bit)) { bits |= 1 << UInt64(bit) }
            return bits
        }
        words = (word(0), word(64), word(128), word(192))
    }

    /// The bytes of a text.
    @inlinable
    public init(_ bytes: some Sequence<UInt8>) {
        self.init()
        for byte in bytes { insert(byte) }
    }

    /// Whether `byte` is in the set.
    @inlinable
    @inline(__always)
    public subscript(_ byte: UInt8) -> Bool {
        let word =
            switch byte >> 6 {
            case 0: words.0
            case 1: words.1
            case 2: words.2
            default: words.3
            }
        return word >> UInt64(byte & 63) & 1 != 0
    }

    /// The bytes in both.
    public func intersection(_ other: ByteSet) -> ByteSet {
        var both = self
        both.words = (
            words.0 & other.words.0, words.1 & other.words.1, words.2 & other.words.2, words.3 & other.words.3
        )
        return both
    }

    /// The bytes in either.
    public func union(_ other: ByteSet) -> ByteSet {
        var both = self
        both.words.0 |= other.words.0
        both.words.1 |= other.words.1
        both.words.2 |= other.words.2
        both.words.3 |= other.words.3
        return both
    }

    /// The bytes of `range`, folded by ``ByteFolding``.
    public init(folding bytes: Span<UInt8>, _ range: Range<Int>) {
        self.init()
        for index in range { insert(ByteFolding.folded(bytes[index])) }
    }

    /// Adds a byte.
    @inlinable
    public mutating func insert(_ byte: UInt8) {
        let bit: UInt64 = 1 << UInt64(byte & 63)
        switch byte >> 6 {
        case 0: words.0 |= bit
        case 1: words.1 |= bit
        case 2: words.2 |= bit
        default: words.3 |= bit
        }
    }

    /// Whether all its bytes are in `other`.
    public func isSubset(of other: ByteSet) -> Bool {
        words.0 & ~other.words.0 | words.1 & ~other.words.1 | words.2 & ~other.words.2
            | words.3 & ~other.words.3 == 0
    }

    /// Whether no byte is in both.
    public func isDisjoint(with other: ByteSet) -> Bool {
        words.0 & other.words.0 | words.1 & other.words.1 | words.2 & other.words.2 | words.3 & other.words.3
            == 0
    }

    /// Compares all 256 bits.
    public static func == (left: ByteSet, right: ByteSet) -> Bool { left.words == right.words }

    /// Adds all 256 bits.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(words.0)
        hasher.combine(words.1)
        hasher.combine(words.2)
        hasher.combine(words.3)
    }
}
