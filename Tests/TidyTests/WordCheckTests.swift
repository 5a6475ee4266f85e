// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Testing

struct WordCheckTests {
    @Test func `no source uses what the style refuses`() {
        let findings = SourceTree.whole.swiftFiles.flatMap(WordCheck.findings)
        #expect(findings.isEmpty, "\(report(findings))")
    }

    private static let header = WordCheck.headerLines.joined(separator: "\n") + "\n"

    private func messages(_ text: String, path: String = "Sources/SegmentLog/A.swift") -> [String] {
        WordCheck.findings(in: TreeFile(path: path, text: WordCheckTests.header + text)).map(\.message)
    }

    @Test(arguments: [
        "print(a)", "let a = try! b()", "fatalError()", "do { a() } catch {}", "do {\n} catch {\n}",
        "import Foundation", "import Glibc", "let a = unsafe b()", "let a: UnsafePointer<UInt8>",
        "final class A: @unchecked Sendable {", "struct BlockManager {", "enum StringUtils {",
        "// TODO: later",
        "/// FIXME this",
    ])
    func `a planted fault is found once`(_ text: String) {
        #expect(messages(text).count == 1)
    }

    @Test(arguments: [
        "fingerprint(a)", "let a = \"try!\"", "do {} catch { b() }", "// TODO #12: later", "let unsafely = 1",
        "struct Manageable {",
        "/// `@unchecked Sendable`: never written.\nfinal class A: @unchecked Sendable {",
        "// print(a)", "let isCommon = true",
    ])
    func `what only looks like one is not`(_ text: String) {
        #expect(messages(text).isEmpty)
    }

    @Test(arguments: [
        ("print(a)", "Sources/wardline/A.swift"), ("import Foundation", "Sources/wardline/A.swift"),
        ("import Foundation", "Tests/TidyTests/A.swift"), ("import Glibc", "Sources/Platform/A.swift"),
        ("unsafe a()", "Sources/SegmentLog/Deflate.swift"),
    ])
    func `each exception holds in its own place`(_ text: String, _ path: String) {
        #expect(messages(text, path: path).isEmpty)
        #expect(messages(text).count == 1 || path.hasSuffix("Deflate.swift"))
    }

    @Test func `a file without its header, or with an empty name, is found`() {
        #expect(WordCheck.findings(in: TreeFile(path: "Sources/A/B.swift", text: "let a = 1")).count == 1)
        #expect(messages("", path: "Sources/A/Block+Helpers.swift") == ["a file named `Helpers`"])
    }
}
