// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import WireFormats

/// Which pairs of neighbouring bytes occur in a record, case folded: a text with a pair that is not there
/// need not be looked for.
///
/// Decoders look for up to some hundred texts in a line, nearly all of which are not in it. One pass over the
/// line costs what three or four searches do, so it is made when that much was spent.
struct TextSketch: Sendable {
    /// Pairs by which a text is told to be absent.
    struct Pairs: Sendable {
        fileprivate var places: SIMD4<UInt16>
        /// Whether the text is too short to have one.
        fileprivate var isEmpty: Bool

        /// The rarest pairs of `text`, which is in lower case; `rank` says how rare a byte is.
        init(_ text: some Collection<UInt8>, rank: (UInt8) -> Int) {
            let bytes = Array(text.prefix(256))
            let ranked = zip(bytes, bytes.dropFirst()).map { first, second in
                (rank: rank(first) + rank(second), place: TextSketch.place(first, second))
            }
            let rarest = ranked.sorted { ($1.rank, $0.place) < ($0.rank, $1.place) }
            isEmpty = rarest.isEmpty
            places = SIMD4(repeating: rarest.first?.place ?? 0)
            for (lane, pair) in zip(places.indices, rarest) { places[lane] = pair.place }
        }
    }

    /// Bits of the sketch: one in sixteen is set by a line of 250 bytes.
    private static let bitCount = 4_096
    /// Longest record of which one is made, in bytes: of a longer one nearly all pairs are there.
    static let recordLengthMaxBytes = 16_384

    /// That of a text of which nothing is known.
    static let none = TextSketch()

    private var words = [UInt64](repeating: 0, count: bitCount / 64)
    /// How often its own length may be looked at before a sketch of a record is made.
    ///
    /// Three passes cost what a sketch does.
    var patience = 3

    /// What it is made of; empty before the record is known.
    private var range = 0..<0
    /// Whether it knows the record.
    private(set) var isTaken = false

    /// Prepares for another record; nothing is known of it yet.
    mutating func begin(_ range: Range<Int>) {
        self.range = range
        isTaken = false
    }

    /// Takes the record, if looking for texts in it has cost so much that this pays.
    @inline(__always)
    mutating func consider(_ bytes: Span<UInt8>, spent: Int) {
        guard !isTaken, spent >= range.count * patience, !range.isEmpty else { return }
        take(bytes)
    }

    private mutating func take(_ bytes: Span<UInt8>) {
        guard range.count <= TextSketch.recordLengthMaxBytes, range.upperBound <= bytes.count else { return }
        isTaken = true
        let range = range
        var target = words.mutableSpan
        for index in target.indices { target[index] = 0 }
        var last = bytes[range.lowerBound].folded
        for index in range.dropFirst() {
            let byte = bytes[index].folded
            let place = Int(TextSketch.place(last, byte))
            target[place >> 6] |= 1 << UInt64(place & 63)
            last = byte
        }
    }

    /// Whether a text with those pairs is surely nowhere in `range` of the record.
    @inline(__always)
    func lacks(_ pairs: Pairs, in range: Range<Int>) -> Bool {
        guard isTaken, !pairs.isEmpty, range.lowerBound >= self.range.lowerBound,
            range.upperBound <= self.range.upperBound
        else { return false }
        let words = words.span
        for lane in 0..<4 {
            let place = Int(pairs.places[lane])
            if words[place >> 6] >> UInt64(place & 63) & 1 == 0 { return true }
        }
        return false
    }

    @inline(__always)
    private static func place(_ first: UInt8, _ second: UInt8) -> UInt16 {
        (UInt16(first) &* 77 ^ UInt16(second) &* 5) & UInt16(bitCount - 1)
    }
}
