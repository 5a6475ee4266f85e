// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Testing

struct InventoryCheckTests {
    @Test func `every folder has its line, its article and its tests`() throws {
        let readme = try #require(SourceTree.whole.files { $0 == "Sources/README.md" }.first)
        let findings = InventoryCheck.findings(paths: SourceTree.whole.paths, sourcesReadme: readme.text)
        #expect(findings.isEmpty, "\(report(findings))")
    }

    @Test func `every decoder carries samples, and every rule says what it is and whose`() {
        let content = SourceTree.whole.files { path in
            path.hasPrefix("decoders/") && path.hasSuffix(".decoder.yaml")
                || path.hasPrefix("rules/") && (path.hasSuffix(".yml") || path.hasSuffix(".yaml"))
                    && !path.hasSuffix(".test.yml")
        }
        #expect(!content.isEmpty)
        let findings = content.flatMap(InventoryCheck.findings(inContent:))
        #expect(findings.isEmpty, "\(report(findings))")
    }

    private static let whole = [
        "Sources/A/A.swift", "Sources/A/A.docc/A.md", "Tests/ATests/ATests.swift", "README.md",
    ]

    @Test func `a tree in which everything has its counterpart has no findings`() {
        #expect(
            InventoryCheck.findings(paths: InventoryCheckTests.whole, sourcesReadme: "| `A` | a |").isEmpty
        )
    }

    @Test(arguments: 1...2)
    func `what lacks its counterpart is found`(_ gone: Int) {
        var paths = InventoryCheckTests.whole
        paths.remove(at: gone)
        #expect(InventoryCheck.findings(paths: paths, sourcesReadme: "| `A` | a |").count == 1)
    }

    @Test func `a folder without its line and a file without a place are found`() {
        #expect(InventoryCheck.findings(paths: InventoryCheckTests.whole, sourcesReadme: "").count == 1)
        let paths = InventoryCheckTests.whole + ["notes.txt", "scratch/a.swift"]
        #expect(InventoryCheck.findings(paths: paths, sourcesReadme: "| `A` | a |").count == 2)
    }

    private static let decoder = "id: a\nversion: 1.0.0\ntitle: A\nrules:\n  - id: b\n    samples:\n"
    private static let rule = "title: A\nid: b\ndescription: c\nlevel: high\nauthor: d\nlicense: e\n"

    @Test(arguments: [
        ("decoders/a.decoder.yaml", decoder, 0), ("decoders/a.decoder.yaml", "# samples:\n", 4),
        ("decoders/a.decoder.yaml", decoder.replacing("samples", with: "examples"), 1),
        ("rules/a.yml", rule, 0),
        ("rules/a.yml", rule.replacing("license", with: "licence"), 1),
        ("rules/a.yml", "name: title: x\n", 6),
    ])
    func `content that lacks what it must say is found`(_ path: String, _ text: String, _ count: Int) {
        #expect(InventoryCheck.findings(inContent: TreeFile(path: path, text: text)).count == count)
    }
}
