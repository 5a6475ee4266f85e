// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// Swift source without its words: the code with comments and the text of literals blanked, line for line.
///
/// What is left has the same lines and columns, so a finding points into the file. Code inside `\(…)` of a
/// literal stays code.
struct SwiftCode {
    /// Lines with comments and literal text replaced by spaces; quotes stay.
    let lines: [String]
    /// Comment text by line, where a line has one.
    let comments: [Int: String]

    fileprivate enum Mode {
        case code
        case lineComment
        case blockComment(depth: Int)
        case literal(hashes: Int, isMultiline: Bool)
    }

    fileprivate struct Scanner {
        let bytes: [UInt8]
        var position = 0
        var line = 0
        var output: [UInt8] = []
        var comments: [Int: String] = [:]
        var modes: [Mode] = [.code]
        /// Open parentheses of each interpolation that is being read.
        var depths: [Int] = []

        func has(_ text: String) -> Bool {
            let wanted = Array(text.utf8)
            return position + wanted.count <= bytes.count
                && bytes[position..<position + wanted.count].elementsEqual(wanted)
        }

        mutating func take(_ count: Int, blank: Bool) {
            for byte in bytes[position..<min(position + count, bytes.count)] {
                if byte == 0x0a { line += 1 }
                if blank, byte & 0xc0 == 0x80 { continue }
                output.append(blank && byte != 0x0a ? 0x20 : byte)
            }
            position = min(position + count, bytes.count)
        }
    }

    init(_ text: String) {
        var scanner = Scanner(bytes: Array(text.utf8))
        while scanner.position < scanner.bytes.count {
            switch scanner.modes.last ?? .code {
            case .code: scanner.stepCode()
            case .lineComment: scanner.stepLineComment()
            case .blockComment(let depth): scanner.stepBlockComment(depth)
            case .literal(let hashes, let isMultiline): scanner.stepLiteral(hashes, isMultiline)
            }
        }
        lines = String(decoding: scanner.output, as: UTF8.self)
            .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        comments = scanner.comments
    }
}

extension SwiftCode.Scanner {
    fileprivate mutating func stepCode() {
        if has("//") {
            modes.append(.lineComment)
        } else if has("/*") {
            modes.append(.blockComment(depth: 1))
            take(2, blank: true)
        } else if let (hashes, isMultiline) = literalStart() {
            modes.append(.literal(hashes: hashes, isMultiline: isMultiline))
            take(hashes + (isMultiline ? 3 : 1), blank: false)
        } else {
            if let depth = depths.last {
                if bytes[position] == UInt8(ascii: "(") { depths[depths.count - 1] = depth + 1 }
                if bytes[position] == UInt8(ascii: ")") {
                    depths[depths.count - 1] = depth - 1
                    if depth == 1 {
                        depths.removeLast()
                        modes.removeLast()
                    }
                }
            }
            take(1, blank: false)
        }
    }

    private func literalStart() -> (hashes: Int, isMultiline: Bool)? {
        var quote = position
        while quote < bytes.count, bytes[quote] == UInt8(ascii: "#") { quote += 1 }
        guard quote < bytes.count, bytes[quote] == UInt8(ascii: "\"") else { return nil }
        let isMultiline =
            quote + 2 < bytes.count && bytes[quote + 1] == UInt8(ascii: "\"")
            && bytes[quote + 2] == UInt8(ascii: "\"")
        return (quote - position, isMultiline)
    }

    fileprivate mutating func stepLineComment() {
        let end = bytes[position...].firstIndex(of: 0x0a) ?? bytes.count
        comments[line, default: ""] += String(decoding: bytes[position..<end], as: UTF8.self)
        take(end - position, blank: true)
        modes.removeLast()
    }

    fileprivate mutating func stepBlockComment(_ depth: Int) {
        if has("/*") {
            modes[modes.count - 1] = .blockComment(depth: depth + 1)
            take(2, blank: true)
        } else if has("*/") {
            take(2, blank: true)
            modes.removeLast()
            if depth > 1 { modes.append(.blockComment(depth: depth - 1)) }
        } else {
            comments[line, default: ""] += String(decoding: [bytes[position]], as: UTF8.self)
            take(1, blank: true)
        }
    }

    fileprivate mutating func stepLiteral(_ hashes: Int, _ isMultiline: Bool) {
        let guardMarks = String(repeating: "#", count: hashes)
        let end = (isMultiline ? "\"\"\"" : "\"") + guardMarks
        if has(end) {
            take(end.utf8.count, blank: false)
            modes.removeLast()
        } else if has("\\" + guardMarks + "(") {
            take(hashes + 1, blank: true)
            take(1, blank: false)
            depths.append(1)
            modes.append(.code)
        } else if has("\\" + guardMarks) {
            take(hashes + 2, blank: true)
        } else {
            take(1, blank: true)
        }
    }
}
