// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Foundation
import Normalization
import SiteFiles
import Testing

struct DecoderLoaderTests {
    private static let good = """
        id: demo
        select: {app: [demo]}
        header: '<38>1 2026-10-05T04:00:00.000Z h1 demo - - - '
        rules:
          - id: in
            action: login
            outcome: success
            pattern: 'in {user.name:word} from {src.ip:ip}'
            samples:
              - in: 'in ada from 10.0.0.1'
                expect: {class: access, user.name: ada, src.ip: 10.0.0.1}
        """

    @Test func `every shipped decoder loads and all its samples pass`() {
        let outcome = DecoderFixtures.loaded
        #expect(outcome.refused == [])
        #expect(outcome.loaded.count >= 20)
        #expect(outcome.sampleCount >= 200)
    }

    @Test func `no shipped decoder takes a sample of another`() {
        #expect(DecoderFixtures.loaded.warnings().filter { $0.contains("takes a sample") } == [])
    }

    @Test func `a good file loads`() {
        let outcome = DecoderLoader.load([DecoderFixtures.file(Self.good)])
        #expect(outcome.refused == [])
        #expect(outcome.sampleCount == 1)
        #expect(outcome.sampleCount(in: Set(outcome.loaded)) == 1)
        #expect(outcome.sampleCount(in: ["another.decoder.yaml"]) == 0)
    }

    @Test(arguments: [
        ("action: login", "action: logn", 6, "did you mean 'login'"),
        ("outcome: success", "outcome: succes", 7, "did you mean 'success'"),
        ("{user.name:word}", "{user.nmae:word}", 8, "did you mean 'user.name'"),
        ("{src.ip:ip}", "{src.ip:ipv9}", 8, "type"), ("{src.ip:ip}", "{src.ip:ip", 8, "without '}'"),
        ("    samples:", "    smaples:", 9, "did you mean 'samples'"),
        ("user.name: ada", "user.name: eve", 11, "not 'eve'"),
        ("class: access", "class: network", 11, "not 'network'"),
        ("select: {app: [demo]}", "version: 1.0.0", 1, "selects no"),
        ("from 10.0.0.1'", "to 10.0.0.1'", 10, "matches this sample"),
        ("header:", "haeder:", 3, "did you mean"),
        ("pattern: ", "class: acess\n    pattern: ", 8, "did you mean 'access'"),
        ("id: in", "ID: in", 5, "ID"),
    ])
    func `a bad file is refused with its place`(good: String, bad: String, line: Int, word: String) {
        let text = Self.good.replacingOccurrences(of: good, with: bad)
        #expect(text != Self.good)
        let outcome = DecoderLoader.load([DecoderFixtures.file(text)])
        #expect(outcome.refused.first?.line == line, "\(outcome.refused)")
        #expect(outcome.refused.first?.what.contains(word) == true, "\(outcome.refused)")
    }

    @Test func `a rule without samples is refused`() {
        let text = Self.good.components(separatedBy: "    samples:")[0]
        #expect(
            DecoderLoader.load([DecoderFixtures.file(text)]).refused.first?.what.contains("no sample") == true
        )
    }

    @Test func `a refused file leaves the others usable`() {
        let bad = DecoderFixtures.file("id: [", name: "a.decoder.yaml")
        let outcome = DecoderLoader.load([bad, DecoderFixtures.file(Self.good, name: "b.decoder.yaml")])
        #expect(outcome.loaded == ["b.decoder.yaml"])
        #expect(outcome.refused.map(\.file) == ["a.decoder.yaml"])
        #expect(outcome.decoders.identifiers == ["demo"])
    }

    @Test func `the same decoder in two files is refused with both names`() {
        let files = ["a", "b"].map { DecoderFixtures.file(Self.good, name: $0 + ".decoder.yaml") }
        let outcome = DecoderLoader.load(files)
        #expect(outcome.refused.first?.file == "b.decoder.yaml")
        #expect(outcome.refused.first?.what.contains("a.decoder.yaml") == true)
    }

    @Test func `the epoch depends on the bytes and not on the order of files`() {
        let shipped = DecoderFixtures.shipped
        let epoch = DecoderFixtures.loaded.decoders.epoch
        #expect(epoch.count == 32)
        #expect(DecoderLoader.load(shipped.reversed()).decoders.epoch == epoch)
        let one = DecoderLoader.load([DecoderFixtures.file(Self.good)]).decoders.epoch
        let other = DecoderLoader.load([DecoderFixtures.file(Self.good + "\n# a word")]).decoders.epoch
        #expect(one != other)
    }

    /// The good file with one more rule.
    private static func with(_ pattern: String, _ sample: String) -> String {
        good + """

              - id: later
                action: logout
                pattern: '\(pattern)'
                samples:
                  - in: '\(sample)'
                    expect: {class: access}
            """
    }

    @Test(arguments: ["", " again"])
    func `a shadowed rule is reported with both identifiers and places`(more: String) {
        let text = Self.with("in {user.name:word} from {src.ip:ip}" + more, "in ada from 10.0.0.1" + more)
        let warning = DecoderSetup.warnings(text).first ?? ""
        #expect(warning.hasPrefix("x.decoder.yaml:14:"), "\(warning)")
        #expect(warning.contains("'in'") && warning.contains("'later'"), "\(warning)")
        #expect(warning.contains("shadowed") && warning.contains("x.decoder.yaml:8:"), "\(warning)")
    }

    @Test func `rules that match the same text are reported as ambiguous`() {
        let text = Self.with("in {?quiet }{user.name:until}", "in ada")
        let warnings = DecoderSetup.warnings(text)
        #expect(warnings == [])
        let two = Self.with("{|in|out} {user.name:word} from {src.ip:ip}", "out ada from 10.0.0.1")
        let warning = DecoderSetup.warnings(two).first ?? ""
        #expect(warning.contains("'in'") && warning.contains("'later'"), "\(warnings)")
        #expect(warning.contains("ambiguous"), "\(warning)")
    }

    @Test func `a rule that takes other lines is no matter`() {
        #expect(
            DecoderSetup.warnings(Self.with("in {user.name:word} from {src.host:host}", "in x from h")) == []
        )
    }

    @Test func `a rule behind one with a condition is no matter`() {
        let text = Self.with("in {user.name:word} from {src.ip:ip}", "in ada from 10.0.0.1")
            .replacingOccurrences(of: "    outcome: success\n", with: "    when: {user.name: root}\n")
        #expect(text.contains("when:"))
        #expect(DecoderSetup.warnings(text) == [])
    }
}

/// Shadowing and ambiguity as a set of one file reports them, samples left aside.
private enum DecoderSetup {
    static func warnings(_ text: String) -> [String] {
        do {
            let file = DecoderFixtures.file(text, name: "x.decoder.yaml")
            return try DecoderSet.overlaps(among: [DecoderLoader.definition(file)])
        } catch {
            return ["\(error)"]
        }
    }
}
