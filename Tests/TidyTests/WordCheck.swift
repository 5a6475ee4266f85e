// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Foundation

/// Words and calls that STYLE refuses in Swift sources, and the places where an exception is its rule.
enum WordCheck {
    /// Names that say nothing: a thing without a home means that the design misses a noun.
    static let refusedNames = ["Utils", "Util", "Manager", "Helpers", "Helper", "Common", "Misc", "data2"]

    static func findings(in file: TreeFile) -> [Finding] {
        let code = SwiftCode(file.text)
        var findings = refusedFileName(file)
        for (index, line) in code.lines.enumerated() {
            for message in messages(line, code, index, file) {
                findings.append(Finding(path: file.path, line: index + 1, message: message))
            }
        }
        for (index, comment) in code.comments.sorted(by: { $0.key < $1.key }) {
            for mark in ["TODO", "FIXME", "HACK"] where comment.contains(mark) && !comment.contains("#") {
                findings.append(
                    Finding(path: file.path, line: index + 1, message: "\(mark) without an issue number")
                )
            }
        }
        if Array(file.lines.prefix(2)) != headerLines && file.name != "Package.swift" {
            findings.append(Finding(path: file.path, line: 1, message: "the two header lines are missing"))
        }
        return findings
    }

    static let headerLines: [Substring] = [
        "// SPDX-License-Identifier: Apache-2.0", "// This file is part of Wardline.",
    ]

    private static func refusedFileName(_ file: TreeFile) -> [Finding] {
        let stem = file.name.dropLast(".swift".count)
        guard let bad = identifiers(stem).lazy.compactMap(refusedName).first else { return [] }
        return [Finding(path: file.path, line: 1, message: "a file named `\(bad)`")]
    }

    private static func messages(
        _ line: String,
        _ code: SwiftCode,
        _ index: Int,
        _ file: TreeFile
    ) -> [String] {
        var messages: [String] = []
        let isCommand = file.target == "wardline"
        let mayPrint = isCommand || file.path.hasPrefix("Benchmarks/")
        if !mayPrint, calls("print", line) { messages.append("`print(` outside the command line") }
        if line.contains("try!") { messages.append("`try!`") }
        if line.contains("fatalError(") { messages.append("`fatalError`: use precondition or a typed throw") }
        if isEmptyCatch(code, index) { messages.append("an empty `catch`") }
        // Dates of swift-certificates are Foundation's: the small part of it, in the module that is its door.
        let isDate = line.contains("import FoundationEssentials") && file.target == "Certificates"
        if line.contains("import Foundation"), !isDate, !isCommand, !file.isTest {
            messages.append("Foundation outside the command line")
        }
        if line.contains("import Glibc"), file.target != "Platform", !file.isTest {
            messages.append("Glibc outside Platform")
        }
        if mentionsUnsafe(line), !mayBeUnsafe(file.path) { messages.append("unsafe code outside its files") }
        if line.contains("@unchecked Sendable"), !isExplained(code, index) {
            messages.append("`@unchecked Sendable` without the comment that proves it")
        }
        for name in declaredNames(line) {
            if let bad = refusedName(name) { messages.append("a type named `\(bad)`") }
        }
        return messages
    }

    private static func calls(_ name: String, _ line: String) -> Bool {
        guard let range = line.range(of: name + "(") else { return false }
        guard range.lowerBound > line.startIndex else { return true }
        let before = line[line.index(before: range.lowerBound)]
        return !(before.isLetter || before.isNumber || before == "_" || before == "." || before == "`")
    }

    /// Whether the `catch` that opens on this line has nothing in it.
    private static func isEmptyCatch(_ code: SwiftCode, _ index: Int) -> Bool {
        guard let range = code.lines[index].range(of: "catch ") else { return false }
        let rest = code.lines[index][range.upperBound...].filter { $0 != " " }
        if rest.hasPrefix("{}") { return true }
        guard rest == "{", index + 1 < code.lines.count else { return false }
        return code.lines[index + 1].allSatisfy { $0 == " " || $0 == "}" }
            && code.lines[index + 1].contains("}")
    }

    private static func mentionsUnsafe(_ line: String) -> Bool {
        identifiers(line).contains { $0 == "unsafe" || $0.hasPrefix("Unsafe") }
    }

    /// The refused word that `name` is or ends in.
    private static func refusedName(_ name: String) -> String? { refusedNames.first(where: name.hasSuffix) }

    /// Platform, the byte reader and writer, the two zlib bindings, tests of those, the door of libFuzzer.
    private static func mayBeUnsafe(_ path: String) -> Bool {
        path.hasPrefix("Sources/Platform/") || path.hasPrefix("Tests/PlatformTests/")
            || bindings.contains(path)
    }

    static let bindings: Set<String> = [
        "Sources/EventModel/ByteReader.swift", "Sources/EventModel/ByteWriter.swift",
        "Sources/Digests/TreeHash.swift", "Sources/Digests/CRC32C.swift", "Sources/SegmentLog/Deflate.swift",
        "Sources/SegmentLog/DeflateStream.swift", "Sources/SegmentLog/Libdeflate.swift",
        "Sources/Ingest/GzipInflater.swift", "Sources/Projections/SystemError.swift",
        "Sources/SegmentLog/FastInflate.swift", "Tests/fuzz/Sources/FuzzParsers/FuzzEntry.swift",
    ]

    private static func isExplained(_ code: SwiftCode, _ index: Int) -> Bool {
        (max(0, index - 12)...index).contains { code.comments[$0]?.contains("@unchecked Sendable") == true }
    }

    /// Names that this line declares as types.
    private static func declaredNames(_ line: String) -> [String] {
        let tokens = identifiers(line)
        return zip(tokens, tokens.dropFirst()).compactMap { keyword, name in
            ["struct", "class", "enum", "protocol", "actor", "typealias"].contains(keyword) ? name : nil
        }
    }

    /// The identifiers of a line.
    private static func identifiers(_ text: some StringProtocol) -> [String] {
        text.split(whereSeparator: { !($0.isLetter || $0.isNumber || $0 == "_") }).map { String($0) }
    }
}
