// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Correlation
import SiteFiles
import Testing

/// Rule files: what loads, and where a refusal points.
struct SigmaReaderTests {
    private static let base = """
        title: Failed logon
        name: failed
        logsource: {category: authentication}
        detection:
          selection: {outcome: failure}
          condition: selection
        """

    private static func load(_ text: String) -> SigmaReader.Outcome {
        SigmaReader.load([SigmaReader.File(name: "r.yml", bytes: Array(text.utf8))])
    }

    @Test func `a correlation in the same file finds its rule by name`() {
        let outcome = Self.load(
            Self.base + """

                ---
                title: Many failed logons
                correlation:
                  type: event_count
                  rules: [failed]
                  group-by: [user.name]
                  timespan: 10m
                  condition: {gte: 5}
                """
        )
        #expect(outcome.errors.isEmpty)
        #expect(outcome.count == 2)
    }

    @Test func `a reference to no rule is refused and the other rule stays`() {
        let outcome = Self.load(
            Self.base + """

                ---
                title: Many
                correlation: {type: event_count, rules: [nobody], timespan: 1m, condition: {gte: 2}}
                """
        )
        #expect(outcome.count == 1)
        #expect(outcome.errors.count == 1)
        #expect(outcome.errors.first?.position.line == 9)
    }

    @Test func `correlations that refer to each other are refused`() {
        let outcome = Self.load(
            """
            title: A
            name: a
            correlation: {type: event_count, rules: [b], timespan: 1m, condition: {gte: 2}}
            ---
            title: B
            name: b
            correlation: {type: event_count, rules: [a], timespan: 1m, condition: {gte: 2}}
            """
        )
        #expect(outcome.count == 0)
        #expect(outcome.errors.count == 2)
    }

    @Test func `a name used twice is refused at the second`() {
        let outcome = Self.load(Self.base + "\n---\n" + Self.base)
        #expect(outcome.count == 1)
        #expect(outcome.errors.map(\.position.line) == [8])
    }

    @Test func `an unknown key and a deprecated status are warnings`() {
        let outcome = Self.load(Self.base + "\nstatus: deprecated\ncolour: red\n")
        #expect(outcome.errors.isEmpty)
        #expect(Set(outcome.warnings.map(\.position.line)) == [7, 8])
    }

    @Test(arguments: [
        "title: A\n",
        "detection: {selection: {a: 1}, condition: selection}\n",
        "title: A\ndetection: {selection: {a: 1}}\n",
        "title: A\ndetection: {selection: {a: 1}, condition: other}\n",
        "title: A\ndetection: {selection: [], condition: selection}\n",
        "title: A\nlevel: enormous\ndetection: {selection: {a: 1}, condition: selection}\n",
        "title: A\nwardline: {colour: red}\ndetection: {selection: {a: 1}, condition: selection}\n",
        "title: A\ncorrelation: {type: sum, rules: [a], timespan: 1m}\n",
        "- 1\n",
    ])
    func `a document that Sigma forbids is refused with a place`(text: String) {
        let outcome = Self.load(text)
        #expect(outcome.count == 0)
        #expect(outcome.errors.count == 1)
        #expect((outcome.errors.first?.position.line ?? 0) >= 1)
    }
}
