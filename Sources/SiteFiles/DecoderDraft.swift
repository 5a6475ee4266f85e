// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
public import Normalization

/// A decoder file drafted from lines that nothing decodes; it loads as it stands.
///
/// It names what it can tell (addresses, users, ports, what keys say) and leaves class and action to whoever
/// knows the device.
public struct DecoderDraft: Sendable {
    /// Rules of one draft at most: a person reads them all.
    public static let ruleCountMax = 200

    /// Identifier of the decoder: `draft.` and the application.
    public let id: String
    /// Application that the lines name; empty when they name none.
    public let application: String
    /// Lines that the rules take.
    public private(set) var lineCount = 0
    /// Lines of shapes that got no rule.
    public private(set) var leftCount = 0
    /// Number of rules.
    public private(set) var ruleCount = 0
    /// The file.
    public private(set) var text = ""

    /// Drafts for groups by application and form of body, those with most lines first.
    ///
    /// Groups of which no rule can be made give no draft.
    public static func drafts(of groups: [LineGroup]) -> [DecoderDraft] {
        var sources: [Source] = []
        for group in groups {
            let source = Source(application: group.application, format: group.format, groups: [group])
            if let known = sources.firstIndex(where: { $0.isSame(as: source) }) {
                sources[known].groups.append(group)
            } else {
                sources.append(source)
            }
        }
        return sources.compactMap(DecoderDraft.init).sorted { ($1.lineCount, $0.id) < ($0.lineCount, $1.id) }
    }

    /// Groups that one file is for.
    private struct Source {
        var application: String
        var format: BodyFormat
        var groups: [LineGroup]

        func isSame(as other: Source) -> Bool {
            application == other.application && format == other.format
        }
    }

    private init?(_ source: Source) {
        let name = DecoderDraft.slug(source.application, separator: ".")
        let suffix = source.format == .text ? "" : "." + source.format.rawValue
        id = "draft." + (name.isEmpty ? "lines" : name) + suffix
        application = source.application
        var rules = RuleDraft.rules(of: source.groups, select: DecoderDraft.select(source))
        rules.removeLast(max(0, rules.count - DecoderDraft.ruleCountMax))
        // A rule stands only when its own sample comes back through the loader by it.
        rules = DecoderDraft.kept(rules) { file($0, source) }
        guard !rules.isEmpty else { return nil }
        text = file(rules, source)
        ruleCount = rules.count
        lineCount = rules.reduce(0) { $0 + $1.count }
        leftCount = source.groups.reduce(0) { $0 + $1.count } - lineCount
    }

    /// The rules whose samples decode, with what they decode to.
    private static func kept(_ rules: [RuleDraft], _ file: ([RuleDraft]) -> String) -> [RuleDraft] {
        let passed: [RuleDraft] = rules.compactMap { rule in
            var rule = rule
            let bytes = Array(file([rule]).utf8)
            guard
                let definition = try? DecoderLoader.definition(.init(name: "draft", bytes: bytes)),
                let set = try? DecoderSet(compiling: [definition]),
                let found = DecoderSamples.fields(of: rule.example, by: set, decoder: definition.id.text)
            else {
                return nil
            }
            rule.expect = found
            return loads(file([rule])) ? rule : nil
        }
        if loads(file(passed)) { return passed }
        // One of them takes the sample of another: the later one gives way.
        var together: [RuleDraft] = []
        for rule in passed where loads(file(together + [rule])) { together.append(rule) }
        return together
    }

    private static func loads(_ text: String) -> Bool {
        DecoderLoader.load([.init(name: "draft", bytes: Array(text.utf8))]).refused.isEmpty
    }

    private func file(_ rules: [RuleDraft], _ source: Source) -> String {
        let sender = application.isEmpty ? "lines without an application" : application
        var lines = [
            "# A draft. Say for each rule what its lines mean: `action`, `outcome` and, where the action",
            "# does not tell it, `class` (docs/events.md); rename `ext.` fields that have own names.",
            "# The samples are real lines: replace what must not leave the house.",
            "id: \(id)",
            "version: 0.1.0",
            "title: \(YAMLText.quoted("Draft for \(sender)"))",
        ]
        if source.format != .text { lines.append("format: \(source.format.rawValue)") }
        lines.append("select: \(DecoderDraft.select(source, rules))")
        lines.append("rules:")
        for rule in rules { lines += rule.lines }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Keys that all groups have, without those of times; three of them tell a sender.
    private static func select(_ source: Source) -> [String] {
        var common: Set<String>?
        for group in source.groups {
            guard case .keyed(_, let keys) = group.form else { continue }
            common = common?.intersection(keys) ?? Set(keys)
        }
        return (common ?? []).sorted()
    }

    private static func select(_ source: Source, _ rules: [RuleDraft]) -> String {
        if !source.application.isEmpty { return "{app: [\(YAMLText.quoted(source.application))]}" }
        if source.format == .text {
            let literals = rules.compactMap(\.literal).map(YAMLText.quoted)
            return "{literal: [" + literals.joined(separator: ", ") + "]}"
        }
        let common = select(source)
        if source.format == .kv, let longest = common.max(by: { $0.utf8.count < $1.utf8.count }) {
            // Pairs are routed by literal text.
            return "{literal: [\(YAMLText.quoted(longest + "="))]}"
        }
        if !common.isEmpty { return "{key: \(YAMLText.presence(common))}" }
        return "{key: [" + rules.map { YAMLText.presence($0.keys) }.joined(separator: ", ") + "]}"
    }

    /// Lower-case words of a text with `separator` between them.
    static func slug(_ text: String, separator: String) -> String {
        var words: [String] = [""]
        for scalar in text.lowercased().unicodeScalars {
            if ("a"..."z").contains(scalar) || ("0"..."9").contains(scalar) {
                words[words.count - 1].unicodeScalars.append(scalar)
            } else if words.last != "" {
                words.append("")
            }
        }
        return words.filter { !$0.isEmpty }.joined(separator: separator)
    }
}

/// One rule of a draft.
struct RuleDraft {
    var id: String
    var count: Int
    var example: String
    /// The pattern of a text rule.
    var pattern: String?
    /// Text that selects the line where no application does.
    var literal: String?
    /// Keys that tell the rule from the others.
    var keys: [String] = []
    /// Fields that keys give.
    var fields: [(target: String, key: String)] = []
    /// What the sample gives.
    var expect: [(name: String, value: String)] = [("action", "other")]

    /// Rules of groups that have an example which can be written into a file.
    static func rules(of groups: [LineGroup], select common: [String]) -> [RuleDraft] {
        var rules: [RuleDraft] = []
        var ids: Set<String> = []
        for group in groups {
            guard let example = group.examples.lazy.compactMap(YAMLText.plain).first else { continue }
            var rule = RuleDraft(id: "", count: group.count, example: example)
            switch group.form {
            case .text(let pattern):
                // Without a constant word it would take everything.
                guard let literal = group.literals.first, YAMLText.plain(Array(pattern.utf8)) != nil else {
                    continue
                }
                rule.pattern = pattern
                rule.literal = literal
                rule.id = DecoderDraft.slug(String(literal.prefix(40)), separator: "-")
            case .keyed(_, let keys):
                guard !keys.isEmpty, keys.allSatisfy({ YAMLText.plain(Array($0.utf8)) != nil }) else {
                    continue
                }
                let own = keys.filter { !common.contains($0) }
                rule.keys = Array((own.isEmpty && groups.count == 1 ? [] : own).prefix(3))
                rule.id = DecoderDraft.slug((own.first ?? keys[0]), separator: "-")
                for key in keys {
                    guard let target = WellKnownKeys.field(of: key),
                        !rule.fields.contains(where: { $0.target == target })
                    else { continue }
                    rule.fields.append((target, key))
                }
            }
            if rule.id.isEmpty { rule.id = "line" }
            let base = rule.id
            var number = 2
            while !ids.insert(rule.id).inserted {
                rule.id = "\(base)-\(number)"
                number += 1
            }
            rules.append(rule)
        }
        // The rule that asks for more keys is tried first.
        return rules.enumerated().sorted {
            ($1.element.keys.count, $0.offset) < ($0.element.keys.count, $1.offset)
        }
        .map(\.element)
    }

    /// The rule as YAML.
    var lines: [String] {
        var lines = ["  # \(count) \(count == 1 ? "line" : "lines")", "  - id: \(id)", "    action: other"]
        if let pattern { lines.append("    pattern: \(YAMLText.quoted(pattern))") }
        if !keys.isEmpty { lines.append("    when: \(YAMLText.presence(keys))") }
        if !fields.isEmpty {
            let parts = fields.map { "\($0.target): \(YAMLText.quoted($0.key))" }
            lines.append("    fields: {" + parts.joined(separator: ", ") + "}")
        }
        lines.append("    samples:")
        lines.append("      - in: \(YAMLText.quoted(example))")
        let parts = expect.map { "\($0.name): \(YAMLText.quoted($0.value))" }
        lines.append("        expect: {" + parts.joined(separator: ", ") + "}")
        return lines
    }
}

/// Text as YAML writes it.
enum YAMLText {
    /// In single quotes.
    static func quoted(_ text: String) -> String { "'" + text.replacing("'", with: "''") + "'" }

    /// Keys of which each must be there.
    static func presence(_ keys: [String]) -> String {
        "{" + keys.prefix(3).map { quoted($0) + ": '*'" }.joined(separator: ", ") + "}"
    }

    /// Text that single quotes can hold on one line; nil for control characters and what is not UTF-8.
    static func plain(_ bytes: [UInt8]) -> String? {
        guard let text = String(validating: bytes, as: UTF8.self),
            !text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
        else { return nil }
        return text
    }
}
