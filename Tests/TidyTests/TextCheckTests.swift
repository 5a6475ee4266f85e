// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Testing

struct TextCheckTests {
    @Test func `every Markdown file has one title, and its links lead somewhere`() {
        let tree = SourceTree.whole
        let findings = tree.files { $0.hasSuffix(".md") }.flatMap { file in
            MarkdownCheck.findings(in: file, exists: tree.contains)
        }
        #expect(findings.isEmpty, "\(report(findings))")
    }

    @Test func `no file names a machine's path, is a blob or a left-over`() {
        let tree = SourceTree.whole
        let findings = tree.files { _ in true }.flatMap { file in
            TextCheck.findings(in: file, bytes: tree.sizes[file.path] ?? 0)
        }
        #expect(findings.isEmpty, "\(report(findings))")
    }

    @Test(arguments: [
        ("# A\n\n[b](b.md)\n", 0), ("# A\n```sh\n# not a title\n```\n", 0), ("## A\n", 1), ("# A\n# B\n", 1),
        ("# A\n[c](c.md)\n", 1), ("# A\n[d](../d.md#part)\n", 1), ("# A\n[e](https://e.example)\n", 0),
        ("# A\n```\n", 1), ("# A\n[b](../docs/b.md)\n", 0),
    ])
    func `a second title and a dead link are found`(_ text: String, _ count: Int) {
        let file = TreeFile(path: "docs/a.md", text: text)
        #expect(MarkdownCheck.findings(in: file, exists: { $0 == "docs/b.md" }).count == count)
    }

    @Test(arguments: [
        ("docs/a.md", "see \(TextCheck.machineRoots[0])a", 20, 1),
        ("docs/a.md", "a", TextCheck.fileMaxBytes + 1, 1),
        ("docs/a.md", "a", TextCheck.fileMaxBytes, 0), ("a.swift.orig", "a", 1, 1), ("docs/a.md", "", 0, 1),
        ("docs/a.md", "<<<<<<< HEAD", 12, 1), ("replay/a/input.log", TextCheck.machineRoots[1], 6, 0),
    ])
    func `a planted fault in a text is found`(_ path: String, _ text: String, _ bytes: Int, _ count: Int) {
        #expect(TextCheck.findings(in: TreeFile(path: path, text: text), bytes: bytes).count == count)
    }
}
