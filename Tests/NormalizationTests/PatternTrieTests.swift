// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import SimulationKit
import Testing
import WireFormats

@testable import Normalization

struct PatternTrieTests {
    /// Patterns, a text, and the number of the pattern that takes it.
    struct OrderCase: Sendable {
        var patterns: [String]
        var text: String
        var taker: Int?
    }

    static let orderCases: [OrderCase] = [
        OrderCase(patterns: ["user {a:word} x", "user root x"], text: "user root x", taker: 0),
        OrderCase(patterns: ["user {a:word} x", "user root"], text: "user root", taker: 1),
        OrderCase(patterns: ["from {a:ip}", "from {a:host}"], text: "from h1", taker: 1),
        OrderCase(patterns: ["from {a:host}", "from {a:ip}"], text: "from 10.0.0.1", taker: 0),
        OrderCase(patterns: ["{a:word} x", "{a:int} x", "{a:u16} x"], text: "7 x", taker: 0),
        OrderCase(patterns: ["a {x:rest}", "a {x:until} b", "a c"], text: "a c b", taker: 0),
        OrderCase(
            patterns: ["k = {a:until}, up", "k = {a:until}, {b:rest}"],
            text: "k = v, upper",
            taker: 0
        ),
        OrderCase(patterns: ["{a:until}b c", "a {b:rest}", "{c:word} b {d:word}"], text: "a b c", taker: 0),
        OrderCase(patterns: ["{?x }a", "b"], text: "b", taker: 1),
        OrderCase(patterns: ["{?x: }{?y: }a", "y: b"], text: "y: b", taker: 1),
        OrderCase(patterns: ["{|a|ab}c", "abd"], text: "abc", taker: nil),
        OrderCase(patterns: [" a"], text: "\ta", taker: 0),
        OrderCase(patterns: ["a b", "a c"], text: "a d", taker: nil),
    ]

    @Test(arguments: orderCases)
    func `the pattern that stands first takes the text`(item: OrderCase) throws {
        #expect(try PatternSetup(item.patterns).first(Array(item.text.utf8))?.pattern == item.taker)
    }

    @Test func `literals are tried before types, narrow ones before wide ones`() throws {
        let setup = try PatternSetup(["{a:rest}", "{a:word} x", "{a:int} x", "7 x"])
        #expect(setup.matches(Array("7 x".utf8)).map(\.pattern) == [3, 2, 1, 0])
    }

    @Test func `captures of patterns that part late are those of each alone`() throws {
        let setup = try PatternSetup(["{a:word} {b:int} up", "{c:word} {d:int} down {e:word}"])
        let found = setup.matches(Array("eth0 7 down now".utf8))
        #expect(found.map(\.pattern) == [1])
        #expect(found.first?.captures == ["eth0", "7", "now"])
    }

    @Test func `a trie gives what each pattern gives alone, and the first of them`() throws {
        #expect(try PatternModel.differences(seed: 7, rounds: 600) { _ in } == 0)
    }

    @Test func `a trie whose alternatives are cut is noticed`() throws {
        let differences = try PatternModel.differences(seed: 7, rounds: 600) { program in
            let place = program.steps.firstIndex { $0.kind == .attempt }
            if let place { program.steps[place].first = Int32(program.steps.count - 1) }
        }
        #expect(differences > 0)
    }

    @Test(arguments: ["x", "ab ", " ", "\"", "1.", "a=b ", "{", "0:", "<a "])
    func `a long line takes a bounded number of steps`(unit: String) throws {
        let patterns = (0..<200).map { "{a:until} x\($0){b:until}\($0) {c:quoted} {d:word}" }
        let setup = try PatternSetup(
            patterns + ["{?a }{a:word} b", "{a:ip6} {b:hex}", "{a:version}-{b:rest}z"]
        )
        let line = Array(String(repeating: unit, count: 65_536 / unit.utf8.count).utf8)
        var matcher = PatternMatcher()
        matcher.beginRecord()
        matcher.begin(at: setup.start, 0..<line.count)
        while !matcher.next(setup.program, line.span).isEmpty {}
        // One step may go beyond the bound, by no more than the line costs once.
        #expect(matcher.stepsLeft > -line.count / 4)
        #expect(matcher.isTruncated == (matcher.stepsLeft <= 0))
    }

    @Test func `a run of blanks is looked at once, not from each of its blanks`() throws {
        let setup = try PatternSetup(["{a:until} = {b:word}"])
        for (ending, isMatch) in [("= y", true), ("z", false), ("z  = y", true)] {
            let line = Array(("x" + String(repeating: "\t", count: 65_000) + ending).utf8)
            var matcher = PatternMatcher()
            matcher.beginRecord()
            matcher.begin(at: setup.start, 0..<line.count)
            #expect(matcher.next(setup.program, line.span).isEmpty != isMatch)
            #expect(!matcher.isTruncated)
        }
    }

    @Test func `what exceeds the steps of a record is said`() throws {
        let setup = try PatternSetup((0..<200).map { "{a:until}x\($0)" })
        let line = Array(String(repeating: "x", count: 65_536).utf8)
        var matcher = PatternMatcher()
        matcher.begin(at: setup.start, 0..<line.count)
        #expect(matcher.next(setup.program, line.span).isEmpty)
        #expect(matcher.isTruncated)
        matcher.beginRecord()
        #expect(!matcher.isTruncated)
    }
}

/// Patterns as one trie.
struct PatternSetup {
    var program = PatternProgram()
    private(set) var start: Int32 = 0
    /// Elements of each pattern, before they are forgotten.
    let paths: [[PatternPath.Element]]

    init(_ patterns: [String]) throws {
        var numbers: [Int32] = []
        for pattern in patterns {
            let nodes = try PatternReader.nodes(of: PlacedText(pattern))
            numbers.append(program.add(nodes, rule: 0) { _ in 0 })
        }
        paths = program.patterns.map(\.elements)
        start = PatternTrie.write(numbers, isFolded: false, into: &program)
    }

    /// The match with the lowest number, as decoding finds it: others are left out from the first one on.
    func first(_ text: [UInt8]) -> PatternMatch? {
        var matcher = PatternMatcher()
        matcher.begin(at: start, 0..<text.count)
        var best: PatternMatch?
        while true {
            let accepted = matcher.next(program, text.span)
            guard let index = accepted.first else { return best }
            let pattern = Int(program.accepted[index])
            guard pattern < best?.pattern ?? .max else { continue }
            best = PatternMatch(pattern: pattern, captures: captures(matcher, text))
            matcher.want(below: Int32(pattern))
        }
    }

    private func captures(_ matcher: PatternMatcher, _ text: [UInt8]) -> [String] {
        (0..<matcher.captureCount).map { String(decoding: text[matcher.capture($0).range], as: UTF8.self) }
    }

    /// Every pattern that matches, with its captures, as the trie tries them.
    func matches(_ text: [UInt8]) -> [PatternMatch] {
        var matcher = PatternMatcher()
        matcher.begin(at: start, 0..<text.count)
        var found: [PatternMatch] = []
        while true {
            let accepted = matcher.next(program, text.span)
            guard !accepted.isEmpty else { return found }
            for index in accepted {
                let number = Int(program.accepted[index])
                found.append(PatternMatch(pattern: number, captures: captures(matcher, text)))
            }
        }
    }
}

/// A pattern that matched and what it captured.
struct PatternMatch: Equatable {
    var pattern: Int
    var captures: [String]
}

/// What tries are held against: each pattern is matched alone by recursion.
enum PatternModel {
    /// Number of random texts for which the trie of random patterns, changed by `mutate`, differs.
    static func differences(
        seed: UInt64,
        rounds: Int,
        _ mutate: (inout PatternProgram) -> Void
    ) throws -> Int {
        var random = SeededGenerator(seed: seed)
        let parts = [
            "a", "b", "ab", "7", ":", " ", " ", "{w:word}", "{u:until}", "{i:int}", "{h:host}", "{p:u16}",
            "{?a }", "{?{w:word}:}", "{|a|ab|}", "{|7|{i:int}} ", "{?7:}", "{|a:|b:}", "{? }", "{$}",
            "{r:rest}", "{q:quoted}",
        ]
        let units = ["a", "b", "ab", "7", ":", " ", "\"", "70000", "a b"]
        var differing = 0
        for _ in 0..<rounds {
            let patterns = (0..<Int.random(in: 1...8, using: &random)).map { _ in
                (0..<Int.random(in: 1...5, using: &random))
                    .map { _ in parts[Int.random(in: parts.indices, using: &random)] }.joined()
            }
            var setup = try PatternSetup(patterns)
            mutate(&setup.program)
            for _ in 0..<6 {
                let text = (0..<Int.random(in: 0...8, using: &random))
                    .map { _ in units[Int.random(in: units.indices, using: &random)] }.joined()
                let bytes = Array(text.utf8)
                let model = expected(setup, bytes)
                let found = setup.matches(bytes).sorted { $0.pattern < $1.pattern }
                if found != model || setup.first(bytes) != model.first { differing += 1 }
            }
        }
        return differing
    }

    private static func expected(_ setup: PatternSetup, _ text: [UInt8]) -> [PatternMatch] {
        setup.paths.indices.compactMap { pattern in
            var captures: [String] = []
            guard walk(setup.paths[pattern], text, 0, setup.program, &captures) != nil else { return nil }
            return PatternMatch(pattern: pattern, captures: captures)
        }
    }

    /// The position behind `path`; nil when it does not match from `position` on.
    private static func walk(
        _ path: [PatternPath.Element],
        _ text: [UInt8],
        _ position: Int,
        _ program: PatternProgram,
        _ captures: inout [String]
    ) -> Int? {
        guard let element = path.first else { return position }
        let rest = Array(path.dropFirst())
        switch element {
        case .byte(let byte):
            guard position < text.count, text[position] == byte else { return nil }
            return walk(rest, text, position + 1, program, &captures)
        case .blank:
            let next = text[position...].firstIndex { !$0.isBlank } ?? text.count
            return next > position ? walk(rest, text, next, program, &captures) : nil
        case .end:
            let isEnd = text[position...].allSatisfy(\.isBlank)
            return isEnd ? walk(rest, text, text.count, program, &captures) : nil
        case .capture(let type, let stop):
            guard let found = capture(type, program.stops[stop], text, position, program) else { return nil }
            captures.append(String(decoding: text[found.value], as: UTF8.self))
            return walk(rest, text, found.next, program, &captures)
        case .group(let branches, _):
            for branch in branches {
                var inside = captures
                guard let next = walk(branch, text, position, program, &inside) else { continue }
                captures = inside
                return walk(rest, text, next, program, &captures)
            }
            return nil
        }
    }

    private static func capture(
        _ type: CaptureType,
        _ stop: PatternStop,
        _ text: [UInt8],
        _ position: Int,
        _ program: PatternProgram
    ) -> CaptureScan? {
        let texts = program.stopTexts[Int(stop.firstText)..<Int(stop.firstText + stop.textCount)].map {
            range in
            Array(program.pool[Int(range.lowerBound)..<Int(range.upperBound)])
        }
        let range = position..<text.count
        switch type {
        case .word:
            let end = range.first { index in
                text[index].isBlank || texts.contains { $0.first == text[index] }
            }
            guard (end ?? text.count) > position else { return nil }
            return CaptureScan(value: position..<(end ?? text.count), next: end ?? text.count)
        case .until:
            let end = range.first { index in texts.contains { begins(text[index...], $0) } }
            guard end != nil || stop.reachesEnd else { return nil }
            return CaptureScan(value: position..<(end ?? text.count), next: end ?? text.count)
        default: return CaptureScan.scan(type, text.span, range)
        }
    }

    /// Whether `text` begins with `wanted`, in which a blank stands for a run of blanks.
    private static func begins(_ text: ArraySlice<UInt8>, _ wanted: [UInt8]) -> Bool {
        guard let first = wanted.first else { return true }
        let rest = Array(wanted.dropFirst())
        guard first == 0x20 else { return text.first == first && begins(text.dropFirst(), rest) }
        let behind = text.drop(while: \.isBlank)
        return behind.count < text.count && begins(behind, rest)
    }
}
