// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import SiteFiles
import Testing

struct StrictYAMLTests {
    private func document(_ text: String) throws -> YAMLNode {
        try StrictYAML.document(in: Array(text.utf8), file: "x.yml")
    }

    @Test(arguments: [
        ("5920", YAMLTag.integer, true), ("-7", .integer, true), ("0x1F", .integer, true),
        ("0x", .text, true),
        ("007", .integer, true), ("1.5", .float, true), ("1e9", .float, true), (".inf", .float, true),
        (".", .text, true), ("1.2.3", .text, true), ("true", .bool, true), ("yes", .text, true),
        ("no", .text, true),
        ("null", .null, true), ("~", .null, true), ("''", .text, false), ("'5920'", .text, false),
        ("\"true\"", .text, false), ("10:30", .text, true), ("2026-10-05", .text, true),
        ("!!str 12", .text, true),
    ])
    func `a scalar is told apart by the core schema`(text: String, tag: YAMLTag, isPlain: Bool) throws {
        let scalar = try #require(try document("a: \(text)")["a"]?.scalar)
        #expect(scalar.tag == tag)
        #expect(scalar.isPlain == isPlain)
    }

    @Test func `text of a plain scalar is kept as written`() throws {
        #expect(try document("a: 007")["a"]?.scalar?.text == "007")
        #expect(try document("a: 0x1F")["a"]?.scalar?.integer == 31)
        #expect(try document("a:")["a"]?.scalar?.tag == .null)
    }

    @Test func `a YAML 1.1 boolean is text and can be warned about`() throws {
        #expect(try document("a: no")["a"]?.scalar?.isNorwayTrap == true)
        #expect(try document("a: 'no'")["a"]?.scalar?.isNorwayTrap == false)
        #expect(try document("a: true")["a"]?.scalar?.isNorwayTrap == false)
    }

    @Test func `documents and marks come in file order`() throws {
        let text = "---\na: 1\n---\n# nothing\n---\nb:\n  - x\n  - y\n"
        let documents = try StrictYAML.documents(in: Array(text.utf8), file: "x.yml")
        #expect(documents.count == 2)
        #expect(documents.last?["b"]?.elements?.last?.mark == YAMLMark(line: 8, column: 5))
    }

    @Test(arguments: [
        ("a: 1\nb: 2\na: 3", 1, "twice"), ("a: &x 1\nb: *x", 1, "anchor"), ("a: &x [1]\n", 1, "anchor"),
        ("a: *x", 1, "alias"), ("a: !mine 1", 1, "tag"), ("<<: {b: 1}", 1, "merge"), ("? [a]\n: 1", 1, "key"),
        ("a: [1\nb: 2", 2, ""), ("a: b: c", 1, ""), ("'1': x\n1: y", 1, "twice"),
        ("a: \"\u{1}\"", 1, "control"),
    ])
    func `a trap is refused with its place`(text: String, line: Int, word: String) {
        let error = #expect(throws: SiteFilesError.self) { try document(text) }
        #expect(error?.line == line)
        #expect(word.isEmpty || error?.description.contains(word) == true)
    }

    @Test func `size, depth and encoding have limits`() throws {
        let wide = "a: " + String(repeating: "x", count: StrictYAML.fileSizeMaxBytes - 3)
        #expect(throws: Never.self) { try document(wide) }
        #expect(throws: SiteFilesError.self) { try document(wide + "x") }
        let deep = { (levels: Int) in
            String(repeating: "[", count: levels) + String(repeating: "]", count: levels)
        }
        #expect(throws: Never.self) { try document(deep(StrictYAML.depthMax)) }
        #expect(throws: SiteFilesError.self) { try document(deep(StrictYAML.depthMax + 1)) }
        #expect(throws: SiteFilesError.self) { try document(deep(50_000)) }
        let error = #expect(throws: SiteFilesError.self) {
            try StrictYAML.documents(in: Array("a: 1\nb: ".utf8) + [0xff, 0x0a], file: "x.yml")
        }
        #expect(error?.line == 2)
    }
}
