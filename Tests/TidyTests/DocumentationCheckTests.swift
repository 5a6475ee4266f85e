// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Testing

struct DocumentationCheckTests {
    @Test func `every public declaration is documented`() {
        let findings = SourceTree.whole.swiftFiles.flatMap(DocumentationCheck.findings)
        #expect(findings.isEmpty, "\(report(findings))")
    }

    private func count(_ text: String) -> Int {
        DocumentationCheck.findings(in: TreeFile(path: "Sources/A/B.swift", text: text)).count
    }

    @Test(arguments: [
        "public struct A {", "    public static let a = 1", "/// A.\n\npublic func a() {",
        "// A.\npublic init() {",
        "@frozen public enum A {", "///\npublic var a: Int",
        "let a = 1  /// A.\npublic let b = 2\npublic let c = 3",
    ])
    func `a planted public declaration without a comment is found`(_ text: String) {
        #expect(count(text) >= 1)
    }

    @Test(arguments: [
        "/// A.\npublic struct A {", "/// A.\n@inlinable\npublic func a() {", "public import EventModel",
        "struct A {", "// public struct A {", "let a = \"public func\"",
        "/// A.\n@safe public final class A {",
    ])
    func `what is documented, or not public, is not`(_ text: String) {
        #expect(count(text) == 0)
    }
}
