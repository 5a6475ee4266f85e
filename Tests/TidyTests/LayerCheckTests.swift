// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Testing

struct LayerCheckTests {
    private static func package() throws -> TreeFile {
        try #require(SourceTree.whole.files { $0 == "Package.swift" }.first)
    }

    @Test func `the package keeps its settings and layers`() throws {
        let findings = LayerCheck.findings(package: try LayerCheckTests.package())
        #expect(findings.isEmpty, "\(report(findings))")
    }

    @Test func `every source imports only what its target lists`() throws {
        let package = PackageTargets(try LayerCheckTests.package().text)
        let sources = SourceTree.whole.swiftFiles
        let findings = sources.flatMap { LayerCheck.findings(in: $0, package: package) }
        #expect(findings.isEmpty, "\(report(findings))")
    }

    @Test(arguments: LayerCheck.settings)
    func `a dropped setting is found`(_ setting: String) throws {
        let text = try LayerCheckTests.package().text.replacing(setting, with: "")
        let findings = LayerCheck.findings(package: TreeFile(path: "Package.swift", text: text))
        #expect(findings.map(\.message) == ["the setting \(setting) is gone"])
    }

    @Test(arguments: [
        (
            "layer(\"WireFormats\", [\"EventModel\"])",
            "layer(\"WireFormats\", [\"EventModel\", \"SegmentLog\"])"
        ),
        (
            "layer(\"Platform\", [\"CMalloc\", \"EventModel\"])",
            ".target(name: \"Platform\", dependencies: [\"EventModel\"])"
        ),
        ("layer(\"Platform\", [\"CMalloc\", \"EventModel\"]),", ""),
    ])
    func `an upward edge, a lax target and a missing layer are found`(_ old: String, _ new: String) throws {
        let text = try LayerCheckTests.package().text
        #expect(text.contains(old))
        let changed = TreeFile(path: "Package.swift", text: text.replacing(old, with: new))
        #expect(LayerCheck.findings(package: changed).count == 1)
    }

    @Test(arguments: [
        ("Sources/Digests/A.swift", "public import SegmentLog"),
        ("Sources/Digests/A.swift", "import NIOCore"),
        ("Sources/Inventory/A.swift", "@testable import struct Correlation.Alert"),
        ("Sources/Nowhere/A.swift", "let a = 1"), ("Sources/QueryEngine/A.swift", "import GRDB"),
    ])
    func `a planted import is found`(_ path: String, _ text: String) throws {
        let package = PackageTargets(try LayerCheckTests.package().text)
        #expect(LayerCheck.findings(in: TreeFile(path: path, text: text), package: package).count == 1)
    }

    @Test(arguments: [
        ("Sources/Digests/A.swift", "import Crypto"), ("Sources/Digests/A.swift", "// import SegmentLog"),
        ("Sources/Pipeline/A.swift", "public import SegmentLog\ninternal import Digests"),
    ])
    func `an import that is listed is not`(_ path: String, _ text: String) throws {
        let package = PackageTargets(try LayerCheckTests.package().text)
        #expect(LayerCheck.findings(in: TreeFile(path: path, text: text), package: package).isEmpty)
    }
}
