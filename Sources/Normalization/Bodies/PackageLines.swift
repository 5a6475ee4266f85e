// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import WireFormats

/// `NAME-[EPOCH:]VERSION-RELEASE.ARCH` of RPM, cut from the right; yum puts the epoch in front of the name.
struct PackageName {
    var name: Range<Int>
    /// Version with its release, and the epoch where it stands before the version.
    var version: Range<Int>
    var architecture: Range<Int>
    /// The epoch where it stands before the name.
    var epoch = 0..<0

    /// The parts of the name at `range`; nil if it is none.
    init?(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        var start = range.lowerBound
        var end = range.upperBound
        while end > start, bytes[end - 1].isBlank { end -= 1 }
        var dot = -1
        var dashes: [Int] = []
        for index in start..<end {
            let byte = bytes[index]
            guard byte > 0x20, byte < 0x7f else { return nil }
            if byte == 0x2e { dot = index }
            if byte == 0x2d { dashes.append(index) }
            if byte == 0x3a, dashes.isEmpty {
                epoch = start..<index
                start = index + 1
            }
        }
        guard dashes.count >= 2, dot > dashes[dashes.count - 1], dot + 1 < end else { return nil }
        let cut = dashes[dashes.count - 2]
        guard cut > start, cut + 1 < dashes[dashes.count - 1] else { return nil }
        name = start..<cut
        version = cut + 1..<dot
        architecture = dot + 1..<end
    }
}

/// The packages that a line of apt's history lists: `name:arch (from, to), name (to, automatic), ...`.
struct AptPackages {
    /// Most packages of one line: three times what an upgrade between releases moves.
    ///
    /// Further ones stay in the raw bytes only, and the last event says `decode_truncated`.
    static let countMax = 6_144

    /// One of them.
    struct Package {
        var name: Range<Int>
        var architecture: Range<Int>
        /// What stands in the brackets, parted by commas.
        var versions: [Range<Int>]
    }

    private let end: Int
    private var position: Int

    /// The packages of the list at `range`.
    init(_ range: Range<Int>) {
        position = range.lowerBound
        end = range.upperBound
    }

    /// Whether the text looks like such a list.
    static func isList(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        var list = AptPackages(range)
        return list.next(bytes) != nil
    }

    /// The next package; nil at the end.
    mutating func next(_ bytes: Span<UInt8>) -> Package? {
        while position < end, bytes[position] == 0x20 || bytes[position] == 0x2c { position += 1 }
        let start = position
        var colon = -1
        while position < end, bytes[position] != 0x20 {
            if bytes[position] == 0x3a { colon = position }
            position += 1
        }
        let word = start..<position
        guard !word.isEmpty, position + 1 < end, bytes[position + 1] == 0x28 else { return nil }
        position += 2
        var versions: [Range<Int>] = []
        var first = position
        while position < end, bytes[position] != 0x29 {
            if bytes[position] == 0x2c {
                if versions.count < 4 { versions.append(first..<position) }
                first = position + 1
                while first < end, bytes[first] == 0x20 { first += 1 }
            }
            position += 1
        }
        guard position < end else { return nil }
        versions.append(min(first, position)..<position)
        position += 1
        return Package(
            name: colon > start ? start..<colon : word,
            architecture: colon > start ? colon + 1..<word.upperBound : 0..<0,
            versions: versions
        )
    }
}
