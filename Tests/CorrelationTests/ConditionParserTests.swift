// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Testing

@testable import Correlation

struct ConditionParserTests {
    private static let position = RulePosition(file: "rule.yml", line: 1, column: 1)
    private static let names = ["selection", "filter_admin", "filter_scan", "_hidden"]

    private func parse(_ text: String) throws -> Condition {
        try ConditionParser.parse(text, names: ConditionParserTests.names, at: ConditionParserTests.position)
    }

    @Test func `and binds closer than or`() throws {
        let parsed = try parse("selection or filter_admin and filter_scan")
        #expect(parsed == .or([.name("selection"), .and([.name("filter_admin"), .name("filter_scan")])]))
    }

    @Test func `not binds closer than and`() throws {
        let parsed = try parse("selection and not filter_admin")
        #expect(parsed == .and([.name("selection"), .not(.name("filter_admin"))]))
    }

    @Test func `a pattern selects by prefix, and them leaves out hidden names`() throws {
        #expect(try parse("1 of filter_*") == .or([.name("filter_admin"), .name("filter_scan")]))
        #expect(
            try parse("all of them")
                == .and([.name("selection"), .name("filter_admin"), .name("filter_scan")])
        )
    }

    @Test(arguments: [
        "", "selection and", "(selection", "selection filter_admin", "missing", "1 of other_*",
        "selection | count() > 5",
    ])
    func `a condition that says nothing definite is refused`(_ text: String) {
        #expect(throws: RuleError.self) { try parse(text) }
    }

    @Test(arguments: [
        (ConditionParser.depthMax - 1, true), (ConditionParser.depthMax, false), (100_000, false),
    ])
    func `nesting is refused from the bound on, without exhausting the stack`(
        _ depth: Int,
        _ isAccepted: Bool
    ) {
        let text = String(repeating: "( ", count: depth) + "selection" + String(repeating: " )", count: depth)
        #expect((try? parse(text)) == (isAccepted ? .name("selection") : nil))
    }
}
