// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Testing

@testable import Replay

@Suite struct LineComparisonTests {
    @Test(
        arguments: [
            ([], [], []), (["a"], ["a"], ["  a"]), ([], ["a"], ["+ a"]), (["a"], [], ["- a"]),
            (["a", "b", "c"], ["a", "c"], ["  a", "- b", "  c"]),
            (["a", "c"], ["a", "b", "c"], ["  a", "+ b", "  c"]),
            (["a"], ["b"], ["- a", "+ b"]),
            (
                ["a", "b", "c", "a", "b", "b", "a"], ["c", "b", "a", "b", "a", "c"],
                ["- a", "- b", "  c", "+ b", "  a", "  b", "- b", "  a", "+ c"]
            ),
        ] as [([String], [String], [String])]
    )
    func `the shortest script of lines is found`(expected: [String], found: [String], script: [String]) {
        let comparison = LineComparison(expected: expected, found: found)
        #expect(comparison.lines.map(\.description) == script)
        #expect(comparison.isEqual == (expected == found))
    }

    @Test(arguments: 1...200 as ClosedRange<UInt64>)
    func `a script gives back both texts`(seed: UInt64) {
        var state = seed
        func text() -> [String] {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            var bits = state >> 20
            return (0..<Int(state >> 60)).map { _ in
                bits = bits &* 2_862_933_555_777_941_757 &+ 3_037_000_493
                return ["a", "b", "c"][Int(bits >> 33 % 3) % 3]
            }
        }
        let expected = text()
        let found = text()
        let lines = LineComparison(expected: expected, found: found).lines
        #expect(
            lines.compactMap { if case .surplus = $0 { nil } else { String($0.description.dropFirst(2)) } }
                == expected
        )
        #expect(
            lines.compactMap { if case .missing = $0 { nil } else { String($0.description.dropFirst(2)) } }
                == found
        )
    }

    @Test func `texts too far apart are listed whole`() {
        let expected = (0..<LineComparison.editCountMax).map { "a\($0)" }
        let comparison = LineComparison(expected: expected, found: ["b"])
        #expect(comparison.lines.count == expected.count + 1)
        #expect(!comparison.isEqual)
    }

    @Test func `a report shows changes with the lines around them`() {
        let expected = (1...9).map { "\($0)" }
        var found = expected
        found[4] = "five"
        let comparison = LineComparison(expected: expected, found: found)
        #expect(comparison.report(context: 1) == ["  4", "- 5", "+ five", "  6"])
        #expect(LineComparison(expected: expected, found: expected).report().isEmpty)
    }
}
