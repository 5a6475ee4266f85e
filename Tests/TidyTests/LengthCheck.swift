// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// Lines, functions and files within their limits (STYLE: line 110, function 70, file 600; tests may be twice
/// that).
enum LengthCheck {
    static let lineMaxColumns = 110
    static let functionMaxLines = 70
    static let fileMaxLines = 600
    /// Tests may be twice as long, but no file exceeds 1,000 lines.
    static let testFileMaxLines = 1_000

    static func findings(in file: TreeFile) -> [Finding] {
        var findings: [Finding] = []
        let lines = file.lines
        for (index, line) in lines.enumerated() where line.count > lineMaxColumns {
            findings.append(
                Finding(
                    path: file.path,
                    line: index + 1,
                    message: "\(line.count) columns, limit \(lineMaxColumns)"
                )
            )
        }
        let fileLimit = file.isTest ? testFileMaxLines : fileMaxLines
        if lines.count > fileLimit + 1 {
            findings.append(
                Finding(
                    path: file.path,
                    line: lines.count,
                    message: "\(lines.count) lines, limit \(fileLimit)"
                )
            )
        }
        let limit = file.isTest ? 2 * functionMaxLines : functionMaxLines
        for function in SwiftFunctions.all(in: SwiftCode(file.text)) where function.lineCount > limit {
            findings.append(
                Finding(
                    path: file.path,
                    line: function.line + 1,
                    message: "a function of \(function.lineCount) lines, limit \(limit)"
                )
            )
        }
        return findings
    }
}

/// Finds the functions and initialisers of a source, with the lines from their name to their closing brace.
enum SwiftFunctions {
    struct Found: Equatable {
        /// Line of the keyword, from 0.
        var line: Int
        /// Lines from the keyword to the closing brace.
        var lineCount: Int
    }

    static func all(in code: SwiftCode) -> [Found] {
        var found: [Found] = []
        for (number, line) in code.lines.enumerated() {
            guard let column = declarationColumn(line), let end = bodyEnd(code.lines, number, column) else {
                continue
            }
            found.append(Found(line: number, lineCount: end - number + 1))
        }
        return found
    }

    /// Where `func` or `init` starts a declaration on this line.
    private static func declarationColumn(_ line: String) -> Int? {
        let words = line.split(separator: " ", omittingEmptySubsequences: true)
        for word in words {
            if word == "func" || word.hasPrefix("init(") || word.hasPrefix("init?(")
                || word.hasPrefix("init<")
                || word == "deinit"
            {
                return 0
            }
            guard modifiers.contains(String(word)) || word.hasPrefix("@") else { return nil }
        }
        return nil
    }

    private static let modifiers: Set<String> = [
        "public", "private", "fileprivate", "internal", "static", "mutating", "consuming", "borrowing",
        "nonisolated",
        "override", "final", "convenience", "required", "class", "package", "isolated", "nonmutating",
    ]

    /// The line on which the body that starts after the signature ends; nil for a requirement without a body.
    private static func bodyEnd(_ lines: [String], _ first: Int, _ column: Int) -> Int? {
        var braces = 0
        var parentheses = 0
        for number in first..<lines.count {
            for character in lines[number] {
                switch character {
                case "(", "[": parentheses += 1
                case ")", "]": parentheses -= 1
                case "{": braces += 1
                case "}":
                    braces -= 1
                    if braces < 0 { return nil }
                    if braces == 0, parentheses == 0 { return number }
                default: break
                }
            }
            if braces == 0, parentheses == 0, !continues(lines, number) { return nil }
        }
        return nil
    }

    /// Whether a signature that has no open parenthesis goes on in the next line.
    private static func continues(_ lines: [String], _ number: Int) -> Bool {
        guard number + 1 < lines.count else { return false }
        let next = lines[number + 1].drop { $0 == " " }
        return ["{", "->", "throws", "async", "rethrows", "where"].contains { next.hasPrefix($0) }
    }
}
