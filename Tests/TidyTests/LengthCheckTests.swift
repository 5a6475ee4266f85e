// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Testing

struct LengthCheckTests {
    @Test func `every source keeps its lines, functions and files short`() {
        let files = SourceTree.whole.swiftFiles
        #expect(files.count > 100)
        let findings = files.flatMap(LengthCheck.findings)
        #expect(findings.isEmpty, "\(report(findings))")
    }

    private func count(_ text: String, path: String = "Sources/A/B.swift") -> Int {
        LengthCheck.findings(in: TreeFile(path: path, text: text)).count
    }

    @Test(arguments: [(110, 0), (111, 1)])
    func `a line may have 110 columns`(_ columns: Int, _ findings: Int) {
        #expect(count(String(repeating: "a", count: columns)) == findings)
    }

    @Test(arguments: [(68, 0), (69, 1)])
    func `a function may have 70 lines with its first and last`(_ inner: Int, _ findings: Int) {
        let body = Array(repeating: "    _ = \"}\" // }", count: inner)
        #expect(count((["public func a() {"] + body + ["}"]).joined(separator: "\n")) == findings)
    }

    @Test func `the function of a test may have twice that`() {
        let body = Array(repeating: "    a()", count: 100)
        let text = (["@Test func b() {"] + body + ["}"]).joined(separator: "\n")
        #expect(count(text, path: "Tests/A/B.swift") == 0)
        #expect(count(text) == 1)
    }

    @Test(arguments: [(600, 0), (601, 1)])
    func `a file may have 600 lines`(_ lines: Int, _ findings: Int) {
        #expect(count(String(repeating: "a\n", count: lines)) == findings)
    }

    @Test func `a requirement without a body does not swallow what follows`() {
        let code = SwiftCode("protocol A {\n    func b()\n    func c() -> Int\n}\nfunc d() {\n}\n")
        #expect(SwiftFunctions.all(in: code) == [SwiftFunctions.Found(line: 4, lineCount: 2)])
    }
}
