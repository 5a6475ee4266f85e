// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// The objects of a JSON array, one after another, without reading what is in them.
struct JSONElements {
    private var position: Int
    private let end: Int

    /// The objects of the array whose bracket stands before `start`; where none does, the one that begins
    /// there.
    init(from start: Int, _ end: Int) {
        position = start
        self.end = end
    }

    /// The next object; nil behind the last, or where something else stands.
    mutating func next(_ bytes: Span<UInt8>) -> Range<Int>? {
        while position < end, bytes[position] == 0x2c || bytes[position].isGap { position += 1 }
        guard position < end, bytes[position] == 0x7b else { return nil }
        let start = position
        guard let last = JSONElements.containerEnd(bytes, start..<end) else { return nil }
        position = last
        return start..<last
    }

    /// Where the object or array at the begin of `range` ends; nil if it does not.
    static func containerEnd(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int? {
        var open = 0
        var isInText = false
        var index = range.lowerBound
        while index < range.upperBound {
            let byte = bytes[index]
            index += 1
            if isInText {
                if byte == 0x5c { index += 1 } else if byte == 0x22 { isInText = false }
            } else if byte == 0x22 {
                isInText = true
            } else if byte == 0x7b || byte == 0x5b {
                open += 1
            } else if byte == 0x7d || byte == 0x5d {
                open -= 1
                if open == 0 { return index }
            }
        }
        return nil
    }
}
