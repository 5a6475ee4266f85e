// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Normalization

extension ConfigurationReader {
    /// Word for a rule that fits every record.
    private static let anyClass = "default"
    private static let forever = "forever"

    /// `retention: [{ class: network, zone: guest, keep: 90d }, { class: default, keep: forever }]`.
    func retention(_ node: YAMLNode) throws(SiteFilesError) -> [Configuration.RetentionRule] {
        guard let elements = node.elements else {
            throw error(node.mark, "expected a list of rules, found a \(node.kind)", "start each with '- '")
        }
        var rules: [Configuration.RetentionRule] = []
        for element in elements {
            _ = try members(element, allowed: ["class", "zone", "keep"])
            guard let keep = element["keep"] else { throw error(element.mark, "the rule has no 'keep'") }
            let zone = try element["zone"].map { node throws(SiteFilesError) in try text(node) }
            let (eventClass, name) = try className(element["class"])
            let word = try text(keep)
            var rule = Configuration.RetentionRule(
                eventClass: eventClass,
                zone: zone,
                keepNanoseconds: nil,
                text: "class \(name)" + (zone.map { " zone \($0)" } ?? "") + " keep \(word)"
            )
            if word != ConfigurationReader.forever {
                guard let days = ConfigurationReader.days(word) else {
                    throw error(
                        keep.mark,
                        "'\(word)' is no time to keep records for",
                        "write days or years, such as 90d or 6y, at least 1d, or forever"
                    )
                }
                rule.keepNanoseconds = days * 86_400 * UTCTime.second
            }
            rules.append(rule)
        }
        return rules
    }

    private func className(
        _ node: YAMLNode?
    ) throws(SiteFilesError) -> (eventClass: EventClass?, name: String) {
        guard let node else { return (nil, ConfigurationReader.anyClass) }
        let word = try text(node)
        guard word != ConfigurationReader.anyClass else { return (nil, word) }
        guard let found = EventClass(name: word) else {
            let words = EventClass.allCases.map(\.name) + [ConfigurationReader.anyClass]
            let hint = Spelling.suggestion(for: word, among: words)
            throw error(node.mark, "'\(word)' is not one of \(words.joined(separator: ", "))\(hint)")
        }
        return (found, word)
    }

    /// Days of `90d` or `6y`, a year of 366 days: rather a day too long; nil for anything else.
    private static func days(_ word: String) -> Int64? {
        guard let unit = word.last, unit == "d" || unit == "y",
            word.dropLast().utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let number = Int64(word.dropLast()), (1...100_000).contains(number)
        else { return nil }
        let days = unit == "y" ? number * 366 : number
        return days <= 100_000 ? days : nil
    }
}
