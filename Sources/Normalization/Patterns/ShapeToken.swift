// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import WireFormats

/// A piece of the shape of a line: what stays the same from line to line, or the type of what does not.
enum ShapeToken: Hashable, Sendable {
    /// Constant text without blanks.
    case text([UInt8])
    /// A run of blanks.
    case blank
    /// A value of that type.
    case value(CaptureType)

    /// Tokens of one line at most; what comes after them counts as `rest`.
    static let countMax = 64

    /// The tokens of the text at `range`.
    ///
    /// A value is a time, an address, a number, text in quotes, a word with a digit, or what follows `=`.
    /// - Complexity: O(bytes), at most 4,096 of them.
    static func tokens(of bytes: Span<UInt8>, _ range: Range<Int>) -> [ShapeToken] {
        var tokens: [ShapeToken] = []
        var position = range.lowerBound
        let end = min(range.upperBound, range.lowerBound + 4_096)
        while position < end {
            guard tokens.count < countMax else {
                tokens.append(.value(.rest))
                return tokens
            }
            let byte = bytes[position]
            if byte.isBlank {
                while position < end, bytes[position].isBlank { position += 1 }
                if position < end { tokens.append(.blank) }
                continue
            }
            let (token, next) = token(bytes, position..<end, after: tokens.last)
            tokens.append(token)
            position = next
        }
        if end < range.upperBound { tokens.append(.value(.rest)) }
        return tokens
    }

    private static let typed: [CaptureType] = [.uuid, .mac, .ip, .time]

    /// Bytes that stand alone between words.
    private static let marks = ByteSet(",;=()[]{}<>\"'|:".utf8)

    private static func token(
        _ bytes: Span<UInt8>,
        _ range: Range<Int>,
        after last: ShapeToken?
    ) -> (ShapeToken, Int) {
        let start = range.lowerBound
        for type in typed {
            guard let found = CaptureScan.scan(type, bytes, range), found.next - start > 6 else { continue }
            if found.next == range.upperBound || !bytes[found.next].isWordByte {
                return (.value(type), found.next)
            }
        }
        if bytes[start] == 0x22, let found = CaptureScan.scan(.quoted, bytes, range) {
            return (.value(.quoted), found.next)
        }
        var stop = start
        while stop < range.upperBound, !bytes[stop].isBlank, !marks[bytes[stop]] { stop += 1 }
        guard stop > start else { return (.text([bytes[start]]), start + 1) }
        let isAssigned = last == .text([0x3d])
        var digits = 0
        for index in start..<stop where bytes[index].isDigit { digits += 1 }
        if digits == stop - start { return (.value(.int), stop) }
        if digits > 0 || isAssigned { return (.value(.word), stop) }
        return (.text(bytes.bytes(start..<stop)), stop)
    }
}

extension Span<UInt8> {
    /// A copy of the bytes at `range`.
    fileprivate func bytes(_ range: Range<Int>) -> [UInt8] {
        var copy: [UInt8] = []
        copy.reserveCapacity(range.count)
        for index in range { copy.append(self[index]) }
        return copy
    }
}
