// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Foundation
import Testing

@testable import Correlation

/// Names of Sigma for our fields: one table, and the file that is written from it.
struct SigmaTaxonomyTests {
    private static let path = "schemas/sigma-taxonomy.yaml"

    /// The file as the tables have it.
    private static var text: String {
        var lines = [
            "# SPDX-License-Identifier: Apache-2.0",
            "# Written from RuleField.swift and LogSource.swift of Sources/Correlation/Language by",
            "# SigmaTaxonomyTests; run it with WARDLINE_UPDATE=1 after a change there. What it means:",
            "# docs/sigma-semantics.md.",
            "version: 1",
            "# Names of Sigma, ECS and Zeek: the field of event v1 that is read for each where the event has",
            "# no value under the name itself.",
            "fields:",
        ]
        lines += RuleField.taxonomy.sorted { $0.key < $1.key }.map { "  \($0.key): \($0.value)" }
        lines += ["# Any other name is a field of its source below here.", "unmapped: ext"]
        lines += [
            "# Products of `logsource`: the decoders whose events may be of each, by the first parts of ids."
        ]
        lines += ["products:"]
        let products = Set(LogSource.families.values.flatMap { $0 })
        for product in products.sorted() {
            let decoders = LogSource.families.filter { $0.value.contains(product) }.keys.sorted()
            lines.append("  \(product): [\(decoders.joined(separator: ", "))]")
        }
        let unread = LogSource.products.subtracting(products).sorted()
        lines += [
            "# Products that no decoder reads: their rules are asked about no event whose decoder is known."
        ]
        lines += ["products-without-decoder: [\(unread.joined(separator: ", "))]"]
        lines += [
            "# Parts of `logsource` that rule nothing out: events have classes and actions.",
            "ignored: [category, service]",
        ]
        return lines.joined(separator: "\n") + "\n"
    }

    @Test func `the file says what the tables say`() throws {
        if ProcessInfo.processInfo.environment["WARDLINE_UPDATE"] == "1" {
            try Self.text.write(toFile: Self.path, atomically: true, encoding: .utf8)
        }
        let stored = try String(contentsOfFile: Self.path, encoding: .utf8)
        let expected = Self.text.split(separator: "\n").map(String.init)
        let found = stored.split(separator: "\n").map(String.init)
        #expect(found.filter { !expected.contains($0) } == [] && found == expected)
    }

    @Test func `every name leads to a field that there is, and none hides one of ours`() {
        for (name, field) in RuleField.taxonomy {
            #expect(FieldID.known(field) != nil, "\(name)")
            #expect(FieldID.known(name) == nil && FieldID.known("ext." + name) == nil, "\(name)")
            #expect(RuleField(name: name)?.sources.count == 2)
        }
        #expect(RuleField(name: "CommandLine") == .named("ext.CommandLine"))
        #expect(RuleField(name: "wardline.nothing") == nil)
    }
}
