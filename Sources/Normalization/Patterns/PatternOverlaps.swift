// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// Finds patterns that another rule of the same route takes the text of.
///
/// Each pattern makes one or two texts that it matches, of values that belong to no narrower type. A rule
/// that comes before it for all of them shadows it; for some of them the two are ambiguous. Rules with
/// conditions or keywords, and those for other codes, are no competitors: they leave what they do not want.
struct PatternOverlaps {
    private let compiler: DecoderCompiler
    private var matcher = PatternMatcher()
    private var warnings: [String] = []

    /// What is found in the tries of what was compiled, in words.
    static func found(_ compiler: DecoderCompiler) -> [String] {
        var overlaps = PatternOverlaps(compiler: compiler)
        let ordered = compiler.entries.sorted { $0.key.lexicographicallyPrecedes($1.key) }
        for (decoders, entry) in ordered {
            for decoder in decoders {
                for rule in compiler.decoders[decoder].rules {
                    for pattern in compiler.patternsOfRule[rule] { overlaps.check(pattern, rule, entry) }
                }
            }
        }
        var seen: Set<String> = []
        return overlaps.warnings.filter { seen.insert($0).inserted }
    }

    private init(compiler: DecoderCompiler) { self.compiler = compiler }

    private mutating func check(_ pattern: Int32, _ rule: Int, _ entry: Int32) {
        let (nodes, text) = compiler.patternTexts[Int(pattern)]
        guard let text else { return }
        var winners: [(rule: Int, pattern: Int32, text: String)] = []
        var matched = 0
        let witnesses = Set([true, false].map { PatternOverlaps.witness(nodes[...], isFull: $0) })
        for witness in witnesses.sorted() {
            guard let outcome = winner(Array(witness.utf8), rule, entry) else { continue }
            matched += 1
            if let outcome { winners.append((outcome.rule, outcome.pattern, witness)) }
        }
        guard let first = winners.first else { return }
        let isShadowed = winners.count == matched && winners.allSatisfy { $0.rule == first.rule }
        let other = describe(first.rule, first.pattern)
        let place = text.place
        let where_ = "\(place.file):\(place.line):\(place.column): "
        let name =
            "decoder \(compiler.decoderNames[decoder(of: rule)]): rule '\(compiler.ruleNames[rule].text)' "
        warnings.append(
            isShadowed
                ? where_ + name + "is shadowed: \(other) always matches before it"
                : where_ + name
                    + "is ambiguous with \(other): both match '\(first.text)', and the latter wins"
        )
    }

    private func decoder(of rule: Int) -> Int { Int(compiler.tables.rules[rule].decoder) }

    private func describe(_ rule: Int, _ pattern: Int32) -> String {
        let place = compiler.patternTexts[Int(pattern)].pattern?.place ?? compiler.ruleNames[rule].place
        return "rule '\(compiler.ruleNames[rule].text)' of \(compiler.decoderNames[decoder(of: rule)]) "
            + "(\(place.file):\(place.line):\(place.column))"
    }

    /// Who takes `text` before `rule` does; the inner nil when nobody does, the outer when the rule does not
    /// match it either.
    private mutating func winner(
        _ text: [UInt8],
        _ rule: Int,
        _ entry: Int32
    ) -> (rule: Int, pattern: Int32)?? {
        let codes = compiler.tables.numbers[compiler.tables.rules[rule].codes.range]
        var own: Int32?
        var other: Int32?
        matcher.beginRecord()
        matcher.begin(at: entry, 0..<text.count)
        while true {
            let matches = matcher.next(compiler.program, text.span)
            if matches.isEmpty { break }
            for pattern in compiler.program.accepted[matches] {
                let competitor = Int(compiler.program.patterns[Int(pattern)].rule)
                if competitor == rule {
                    own = min(own ?? pattern, pattern)
                } else if isFree(competitor, codes) {
                    other = min(other ?? pattern, pattern)
                }
            }
        }
        guard let own else { return nil }
        guard let other, other < own else { return .some(nil) }
        return .some((Int(compiler.program.patterns[Int(other)].rule), other))
    }

    /// Whether a rule takes whatever its patterns match, at least of messages with `codes`.
    private func isFree(_ rule: Int, _ codes: ArraySlice<Int32>) -> Bool {
        let compiled = compiler.tables.rules[rule]
        let own = compiler.tables.numbers[compiled.codes.range]
        let takesCodes = own.isEmpty || (!codes.isEmpty && Set(codes).isSubset(of: own))
        return compiled.keywords.isEmpty && compiled.base.conditions.isEmpty && takesCodes
    }

    /// A text that `nodes` match, with the groups that may be missing or without.
    private static func witness(_ nodes: ArraySlice<PatternNode>, isFull: Bool) -> String {
        var text = ""
        for index in nodes.indices {
            switch nodes[index] {
            case .literal(let bytes): text += String(decoding: bytes, as: UTF8.self)
            case .blank: text += " "
            case .end: break
            case .capture(_, let type): text += value(of: type)
            case .optional(let inner): if isFull { text += witness(inner[...], isFull: true) }
            case .choice(let branches):
                let branch = isFull ? branches.first : branches.last
                text += witness((branch ?? [])[...], isFull: isFull)
            }
        }
        return text
    }

    /// A value of `type` and of no narrower one.
    private static func value(of type: CaptureType) -> String {
        switch type {
        case .word: "w~7"
        case .until: "u~u u"
        case .int: "-7"
        case .u16: "7"
        case .hex: "7f"
        case .ip4: "192.0.2.7"
        case .ip6, .ip: "2001:db8::7"
        case .mac: "00:00:5e:00:53:07"
        case .host: "host-x.example"
        case .quoted: "\"q\""
        case .time: "2026-10-05 04:00:00"
        case .uuid: "12345678-1234-1234-1234-123456789abc"
        case .version: "1.2-3x"
        case .rpmname: "n"
        case .rpmversion: "1-2"
        case .kv: "k=v"
        case .json: "{}"
        case .rest: "r~r r"
        }
    }
}
