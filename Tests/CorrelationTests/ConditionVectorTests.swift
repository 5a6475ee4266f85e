// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Testing

@testable import Correlation

/// Conditions and their trees as another implementation reads them.
@Suite(.enabled(if: SigmaVectors.folder != nil, "the conformance folder is absent"))
struct ConditionVectorTests {
    /// Where we differ, and why.
    private static let deviations: [String: String] = [
        "all of nothing*":
            "a selector that selects nothing is refused, not dropped: the rule would match less "
            + "or more than its author wrote",
        "sel1 and 1 of nothing*": "the same",
        "not_x": "`not` is a whole word, so this names the search `not_x`; the other reader splits it",
    ]

    private static func tree(_ condition: Condition) -> VectorValue {
        switch condition {
        case .name(let name): .text(name)
        case .not(let inner): .list([.text("not"), tree(inner)])
        case .and(let parts): .list([.text("and")] + parts.map(tree))
        case .or(let parts): .list([.text("or")] + parts.map(tree))
        }
    }

    private static func parse(_ text: String, _ names: [String]) -> VectorValue? {
        let position = RulePosition(file: "vector", line: 1, column: 1)
        return (try? ConditionParser.parse(text, names: names, at: position)).map(tree)
    }

    /// Conditions on which we differ from the vectors.
    private static func differences(_ names: [String], _ cases: [VectorValue]) -> Set<String> {
        var found: Set<String> = []
        for one in cases {
            let text = one["condition"]?.text ?? ""
            let expected = one["error"] == nil ? one["tree"] : nil
            if parse(text, names) != expected { found.insert(text) }
        }
        return found
    }

    @Test func `49 conditions have the trees of the vectors, but for three`() throws {
        let vectors = try SigmaVectors.value("vectors/conditions.json")
        let names = try #require(vectors["identifiers"]).elements.compactMap(\.text)
        let cases = try #require(vectors["cases"]).elements
        #expect(cases.count == 49)
        #expect(Self.differences(names, cases) == Set(Self.deviations.keys))
        #expect(Self.parse("not_x", names) == .text("not_x"))
    }

    /// The planted mutant: without one of the names, what mentions it differs.
    @Test func `a reader that knows fewer names differs more`() throws {
        let vectors = try SigmaVectors.value("vectors/conditions.json")
        let names = try #require(vectors["identifiers"]).elements.compactMap(\.text).filter { $0 != "sel2" }
        let differences = Self.differences(names, try #require(vectors["cases"]).elements)
        #expect(differences.count > Self.deviations.count)
    }
}
