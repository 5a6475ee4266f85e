// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// Finds where a JSON value ends, and whether it is one, without making anything of it.
///
/// Checks the grammar of RFC 8259. Names that come twice, bytes that are no UTF-8 and half surrogate pairs
/// are left to whoever reads the value: they are odd, not unreadable. No recursion, no allocation but a byte
/// per level.
public enum JSONTextScan {
    /// The first position after the value that begins at `start`, which is no white space.
    ///
    /// - Throws: ``JSONParsingError/truncated(position:)`` or ``JSONParsingError/unexpected(position:)``.
    /// - Complexity: O(bytes of the value).
    public static func end(
        _ bytes: Span<UInt8>,
        from start: Int,
        below end: Int
    ) throws(JSONParsingError) -> Int {
        var scan = Scan(position: start, end: end)
        try scan.run(bytes)
        return scan.position
    }

    /// The first position from `start` on that is no white space.
    public static func skipSpace(_ bytes: Span<UInt8>, from start: Int, below end: Int) -> Int {
        var index = start
        while index < end, isSpace(bytes[index]) { index += 1 }
        return index
    }

    static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09
    }
}

private struct Scan {
    var position: Int
    let end: Int
    /// The closing bracket of each level that is open.
    var open: [UInt8] = []

    mutating func run(_ bytes: Span<UInt8>) throws(JSONParsingError) {
        repeat {
            try begin(bytes)
            // A scalar or an empty level is a value that has ended.
            while !open.isEmpty, try endsLevel(bytes) {}
        } while !open.isEmpty
    }

    /// Reads a scalar, or opens levels until a scalar or an empty level.
    private mutating func begin(_ bytes: Span<UInt8>) throws(JSONParsingError) {
        while true {
            let byte = try peek(bytes)
            guard byte == 0x7b || byte == 0x5b else { return try scalar(bytes, byte) }
            open.append(byte == 0x7b ? 0x7d : 0x5d)
            position += 1
            skip(bytes)
            if try peek(bytes) == open[open.count - 1] { return }
            if byte == 0x7b { try name(bytes) }
        }
    }

    /// After a value: takes a comma, and says false, or a closing bracket, and says true.
    ///
    /// Right after the opening of an empty level it takes its bracket too.
    private mutating func endsLevel(_ bytes: Span<UInt8>) throws(JSONParsingError) -> Bool {
        skip(bytes)
        let byte = try peek(bytes)
        let bracket = open[open.count - 1]
        if byte == bracket {
            position += 1
            open.removeLast()
            return true
        }
        guard byte == 0x2c else { throw .unexpected(position: position) }
        position += 1
        skip(bytes)
        if bracket == 0x7d { try name(bytes) }
        return false
    }

    private mutating func name(_ bytes: Span<UInt8>) throws(JSONParsingError) {
        guard try peek(bytes) == 0x22 else { throw .unexpected(position: position) }
        try string(bytes)
        skip(bytes)
        guard try peek(bytes) == 0x3a else { throw .unexpected(position: position) }
        position += 1
        skip(bytes)
    }

    private mutating func scalar(_ bytes: Span<UInt8>, _ byte: UInt8) throws(JSONParsingError) {
        switch byte {
        case 0x22: try string(bytes)
        case 0x74: try word(bytes, "true")
        case 0x66: try word(bytes, "false")
        case 0x6e: try word(bytes, "null")
        default: try number(bytes)
        }
    }

    private mutating func string(_ bytes: Span<UInt8>) throws(JSONParsingError) {
        position += 1
        while true {
            let byte = try peek(bytes)
            guard byte >= 0x20 else { throw .unexpected(position: position) }
            position += 1
            if byte == 0x22 { return }
            guard byte == 0x5c else { continue }
            let escape = try peek(bytes)
            position += 1
            switch escape {
            case 0x22, 0x5c, 0x2f, 0x62, 0x66, 0x6e, 0x72, 0x74: continue
            case 0x75:
                for _ in 0..<4 {
                    let digit = try peek(bytes)
                    let isHexadecimal =
                        (0x30...0x39).contains(digit) || (0x61...0x66).contains(digit | 0x20)
                    guard isHexadecimal else { throw .unexpected(position: position) }
                    position += 1
                }
            default: throw .unexpected(position: position - 1)
            }
        }
    }

    private mutating func number(_ bytes: Span<UInt8>) throws(JSONParsingError) {
        if try peek(bytes) == 0x2d { position += 1 }
        if try peek(bytes) == 0x30 { position += 1 } else { try digits(bytes) }
        if position < end, bytes[position] == 0x2e {
            position += 1
            try digits(bytes)
        }
        if position < end, bytes[position] | 0x20 == 0x65 {
            position += 1
            let sign = try peek(bytes)
            if sign == 0x2b || sign == 0x2d { position += 1 }
            try digits(bytes)
        }
    }

    private mutating func digits(_ bytes: Span<UInt8>) throws(JSONParsingError) {
        guard (0x30...0x39).contains(try peek(bytes)) else { throw .unexpected(position: position) }
        while position < end, (0x30...0x39).contains(bytes[position]) { position += 1 }
    }

    private mutating func word(_ bytes: Span<UInt8>, _ word: StaticString) throws(JSONParsingError) {
        for expected in word.description.utf8 {
            guard try peek(bytes) == expected else { throw .unexpected(position: position) }
            position += 1
        }
    }

    private mutating func skip(_ bytes: Span<UInt8>) {
        position = JSONTextScan.skipSpace(bytes, from: position, below: end)
    }

    private func peek(_ bytes: Span<UInt8>) throws(JSONParsingError) -> UInt8 {
        guard position < end else { throw .truncated(position: position) }
        return bytes[position]
    }
}
