// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Testing

struct SchemaCheckTests {
    @Test func `every schema is valid, named with a version and titled`() {
        let schemas = SourceTree.whole.files { $0.hasPrefix("schemas/") && $0.hasSuffix(".json") }
        #expect(!schemas.isEmpty)
        let findings = schemas.flatMap(SchemaCheck.findings)
        #expect(findings.isEmpty, "\(report(findings))")
    }

    private static let head = #"{"$schema":"https://json-schema.org/draft/2020-12/schema","#

    @Test(arguments: [
        (
            "schemas/a-v1.schema.json",
            head + #""$id":"https://x.example/schemas/a-v1.schema.json","title":"A"}"#, 0
        ),
        ("schemas/a.schema.json", head + #""$id":"https://x.example/schemas/a.schema.json","title":"A"}"#, 1),
        (
            "schemas/a-v0.schema.json",
            head + #""$id":"https://x.example/schemas/a-v0.schema.json","title":"A"}"#, 1
        ),
        (
            "schemas/a-v1.schema.json",
            head + #""$id":"https://x.example/schemas/b-v1.schema.json","title":"A"}"#, 1
        ),
        ("schemas/a-v1.schema.json", head + #""$id":"https://x.example/schemas/a-v1.schema.json"}"#, 1),
        ("schemas/a-v1.schema.json", #"{"$id":"https://x.example/schemas/a-v1.schema.json","title":"A"}"#, 1),
        ("schemas/a-v1.schema.json", #"{"title":"A","title":"B"}"#, 1),
    ])
    func `a planted fault in a schema is found`(_ path: String, _ text: String, _ count: Int) {
        #expect(SchemaCheck.findings(in: TreeFile(path: path, text: text)).count == count)
    }
}
