// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

extension TimeZoneRules {
    /// Most transitions of a zone file: the fullest has some 240; a larger file is no zone file.
    public static let transitionCountMax = 10_000

    /// Reads a compiled zone file (RFC 9636, versions 1 to 4); nil when the bytes are none.
    public init?(zoneFile bytes: [UInt8]) {
        guard let first = ZoneFileHeader(bytes, at: 0) else { return nil }
        var header = first
        var start = ZoneFileHeader.size
        var width = 4
        if first.version >= UInt8(ascii: "2") {
            start += first.bodySize(timeWidth: 4)
            guard let second = ZoneFileHeader(bytes, at: start) else { return nil }
            header = second
            start += ZoneFileHeader.size
            width = 8
        }
        guard header.transitionCount <= TimeZoneRules.transitionCountMax, header.typeCount > 0,
            start + header.bodySize(timeWidth: width) <= bytes.count
        else { return nil }
        let indexStart = start + header.transitionCount * width
        let typeStart = indexStart + header.transitionCount
        func offset(ofType number: Int) -> Int {
            Int(ZoneFileHeader.signed(bytes, typeStart + number * 6, width: 4))
        }
        var transitions: [Int64] = []
        var offsets: [Int] = []
        for index in 0..<header.transitionCount {
            let type = Int(bytes[indexStart + index])
            guard type < header.typeCount else { return nil }
            transitions.append(ZoneFileHeader.signed(bytes, start + index * width, width: width))
            offsets.append(offset(ofType: type))
        }
        let footer = start + header.bodySize(timeWidth: width)
        let rule = width == 8 ? TimeZoneRules.footer(bytes, footer).flatMap(DaylightRule.init) : nil
        self.init(transitions: transitions, offsets: offsets, initialOffset: offset(ofType: 0), tail: rule)
    }

    /// The text between two line feeds after the body.
    private static func footer(_ bytes: [UInt8], _ start: Int) -> String? {
        guard start < bytes.count, bytes[start] == 0x0a,
            let end = bytes[(start + 1)...].firstIndex(of: 0x0a), end > start + 1
        else { return nil }
        return String(decoding: bytes[start + 1..<end], as: UTF8.self)
    }
}

/// Counts at the start of a zone file's body.
private struct ZoneFileHeader {
    static let size = 44
    let version: UInt8
    let transitionCount: Int
    let typeCount: Int
    private let otherSize: (indicators: Int, leaps: Int, letters: Int)

    init?(_ bytes: [UInt8], at start: Int) {
        guard start >= 0, start + ZoneFileHeader.size <= bytes.count,
            Array(bytes[start..<start + 4]) == Array("TZif".utf8)
        else { return nil }
        version = bytes[start + 4]
        let counts = (0..<6).map { Int(ZoneFileHeader.signed(bytes, start + 20 + $0 * 4, width: 4)) }
        guard counts.allSatisfy({ (0...1_000_000).contains($0) }) else { return nil }
        otherSize = (counts[0] + counts[1], counts[2], counts[5])
        transitionCount = counts[3]
        typeCount = counts[4]
    }

    func bodySize(timeWidth: Int) -> Int {
        transitionCount * (timeWidth + 1) + typeCount * 6 + otherSize.letters
            + otherSize.leaps * (timeWidth + 4) + otherSize.indicators
    }

    /// A big-endian two's complement integer of 4 or 8 bytes.
    static func signed(_ bytes: [UInt8], _ start: Int, width: Int) -> Int64 {
        var value: UInt64 = 0
        for index in 0..<width { value = value << 8 | UInt64(bytes[start + index]) }
        return width == 8 ? Int64(bitPattern: value) : Int64(Int32(truncatingIfNeeded: value))
    }
}
