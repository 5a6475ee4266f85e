// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Correlation
import EventModel
import SiteFiles
import Testing
import WireFormats

/// Rules, events and verdicts of another engine's tests.
@Suite(.enabled(if: SigmaCorpus.folder != nil, "the conformance folder is absent"))
struct SigmaTripleTests {
    /// Cases on which we differ, by number and name, and why.
    private static let deviations: [String: String] = [
        "23 detection8/detection8_negative2":
            "the event lacks the field under `not`: Sigma has no third truth "
            + "value, so the negation holds; the other engine lets it fail",
        "40 detection14/detection14_case":
            "runs of blanks count as one in the other engine, an extension; Sigma "
            + "compares them as they are, as case 41 expects",
    ]

    /// Cases whose verdict is not the expected one.
    private static func differences(_ cases: [JSONValue], _ change: (String) -> String = { $0 }) -> [String] {
        cases.enumerated().compactMap { number, one in
            let text = "title: t\nlogsource: {category: any}\n" + change(one["rule"]?.text ?? "")
            let file = SigmaReader.File(name: "case.yml", bytes: Array(text.utf8))
            let compiled = SigmaCorpus.compile([file])
            let batch = SigmaCorpus.event(one["event"] ?? .null)
            let isMatch = SigmaCorpus.matches(batch, compiled.rules) == ["t"]
            let isSame = compiled.errors.isEmpty && isMatch == (one["expect"]?.text == "match")
            return isSame ? nil : "\(number) \(one["case"]?.text ?? "")"
        }
    }

    private static func cases() throws -> [JSONValue] {
        try JSONValue(parsing: SigmaCorpus.text("go-sigma/cases.json")).elements ?? []
    }

    @Test func `48 verdicts are those of the other engine, but for two`() throws {
        let cases = try Self.cases()
        #expect(cases.count == 48)
        #expect(Self.differences(cases) == Self.deviations.keys.sorted())
    }

    /// The planted mutant: rules without negation judge otherwise.
    @Test func `rules that lost a negation judge otherwise`() throws {
        #expect(Self.differences(try Self.cases()) { $0.replacing("and not ", with: "and ") }.count > 3)
    }
}
