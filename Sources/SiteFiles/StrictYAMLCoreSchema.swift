// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// Resolution of plain scalars by the core schema (YAML 1.2.2 section 10.3.2), and nothing from YAML 1.1.
enum CoreSchema {
    /// What the plain scalar `text` means.
    static func tag(of text: String) -> YAMLTag {
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE", "false", "False", "FALSE": return .bool
        case ".nan", ".NaN", ".NAN": return .float
        default: break
        }
        let bytes = Array(text.utf8)
        if bytes.starts(with: [0x30, 0x78]) { return all(bytes[2...], isHexadecimal) ? .integer : .text }
        if bytes.starts(with: [0x30, 0x6f]) {
            return all(bytes[2...]) { (0x30...0x37).contains($0) } ? .integer : .text
        }
        var rest = bytes[...]
        if rest.first == 0x2b || rest.first == 0x2d { rest = rest.dropFirst() }
        if all(rest, isDigit) { return .integer }
        return isFloat(rest) ? .float : .text
    }

    private static func isFloat(_ unsigned: ArraySlice<UInt8>) -> Bool {
        if [".inf", ".Inf", ".INF"].contains(String(decoding: unsigned, as: UTF8.self)) { return true }
        var rest = unsigned
        let whole = rest.prefix(while: isDigit)
        rest = rest.dropFirst(whole.count)
        var digits = whole.count
        if rest.first == 0x2e {
            let fraction = rest.dropFirst().prefix(while: isDigit)
            digits += fraction.count
            rest = rest.dropFirst(1 + fraction.count)
        }
        guard digits > 0 else { return false }
        guard let mark = rest.first else { return true }
        guard mark == 0x65 || mark == 0x45 else { return false }
        rest = rest.dropFirst()
        if rest.first == 0x2b || rest.first == 0x2d { rest = rest.dropFirst() }
        return all(rest, isDigit)
    }

    private static func all(_ bytes: ArraySlice<UInt8>, _ test: (UInt8) -> Bool) -> Bool {
        !bytes.isEmpty && bytes.allSatisfy(test)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        isDigit(byte) || (0x41...0x46).contains(byte) || (0x61...0x66).contains(byte)
    }
}
