// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Correlation

/// Rule files of Wazuh 4 as rule files of ours, with a line for each rule that does not become one.
///
/// A rule becomes a detection with the tests of the rules above it (`if_sid`) joined by `and`, because a
/// Sigma detection cannot build on another. What counts (`if_matched_sid`, `frequency`) becomes a
/// correlation. That the first of several sibling rules wins is not translated.
public struct WazuhTranslation: Sendable {
    /// What became of one rule.
    public struct Line: Sendable {
        /// Id of the rule; empty for what is wrong with a whole file.
        public var rule: String
        /// Its file.
        public var file: String
        /// Its line, from 1.
        public var line: Int
        /// Why it is not translated; nil if it is.
        public var reason: String?
        /// What of it is lost.
        public var notes: [String]
    }

    /// Files of ours: `NAME.yml` for `NAME.xml`, none without a rule.
    public private(set) var files: [SigmaReader.File] = []
    /// One line for each rule, in order of file and line.
    public private(set) var lines: [Line] = []

    private var rules: [String: WazuhRule] = [:]
    private var order: [String] = []

    /// Most rules whose tests are joined for an `if_group`: 64; their tests are written into the rule.
    static let groupCountMax = 64
    /// Most rules that an `if_matched_group` counts: 1,024; only their names are written.
    static let countedCountMax = 1_024

    /// Translates `files`, which may build on each other's rules.
    public init(_ files: [SigmaReader.File]) {
        for file in files.sorted(by: { $0.name < $1.name }) { read(file) }
        var documents: [String: String] = [:]
        var reasons: [String: String] = [:]
        // What counts a group comes last, over those of its rules that are there.
        let groups = order.filter { rules[$0]?.countedGroup != nil }
        for id in order.filter({ rules[$0]?.countedGroup == nil }) + groups {
            do throws(Refusal) {
                documents[id] = try document(id, over: Set(documents.keys))
            } catch {
                reasons[id] = error.reason
            }
        }
        settle(&documents, &reasons)
        for id in order {
            guard let rule = rules[id] else { continue }
            var notes = rule.notes
            if rule.ignore != nil, rule.isCounting {
                notes.append("`ignore` is not needed: one episode is one alert while it lasts")
            }
            lines.append(
                Line(rule: id, file: rule.file, line: rule.line, reason: reasons[id], notes: notes)
            )
        }
        lines.sort { ($0.file, $0.line) < ($1.file, $1.line) }
    }

    private struct Refusal: Error {
        var reason: String
    }

    private mutating func read(_ file: SigmaReader.File) {
        do throws(WazuhMarkup.Fault) {
            let elements = try WazuhMarkup.elements(in: file.bytes)
            var variables: [String: String] = [:]
            for element in elements where element.name == "var" {
                variables[element.attributes["name"] ?? ""] = element.text
            }
            for group in elements where group.name == "group" {
                let groups = WazuhRule.list(group.attributes["name"] ?? "")
                for element in group.children where element.name == "rule" {
                    guard
                        let rule = WazuhRule(element, file: file.name, groups: groups, variables: variables)
                    else {
                        let reason = "the rule has no id of digits"
                        lines.append(
                            Line(rule: "", file: file.name, line: element.line, reason: reason, notes: [])
                        )
                        continue
                    }
                    guard let replaced = rules.updateValue(rule, forKey: rule.id) else {
                        order.append(rule.id)
                        continue
                    }
                    let reason = "the rule with its id at \(rule.file):\(rule.line) replaces it"
                    lines.append(
                        Line(
                            rule: replaced.id,
                            file: replaced.file,
                            line: replaced.line,
                            reason: reason,
                            notes: []
                        )
                    )
                }
            }
        } catch {
            lines.append(Line(rule: "", file: file.name, line: error.line, reason: error.what, notes: []))
        }
    }

    /// Leaves out what does not load, and then what builds on that, until all that is left loads.
    private mutating func settle(_ documents: inout [String: String], _ reasons: inout [String: String]) {
        while true {
            var places: [String: [(line: Int, id: String)]] = [:]
            files = []
            for name in Set(rules.values.map(\.file)).sorted() {
                var text = ""
                let target = name.hasSuffix(".xml") ? String(name.dropLast(4)) + ".yml" : name + ".yml"
                for id in order where rules[id]?.file == name {
                    guard let document = documents[id] else { continue }
                    if !text.isEmpty { text += "---\n" }
                    places[target, default: []].append((text.utf8.count { $0 == 0x0a } + 1, id))
                    text += document
                }
                if !text.isEmpty { files.append(SigmaReader.File(name: target, bytes: Array(text.utf8))) }
            }
            let errors = SigmaReader.load(files).errors
            guard !errors.isEmpty else { return }
            let before = documents.count
            for error in errors {
                guard
                    let id = places[error.position.file]?.last(where: { $0.line <= error.position.line })?.id
                else { continue }
                documents[id] = nil
                reasons[id] = reasons[id] ?? error.message
            }
            guard documents.count < before else {
                files = []
                return
            }
        }
    }

    // MARK: - One rule

    /// An expression over searches; `and` of nothing is always true.
    private indirect enum Expression {
        case search(String, isNegated: Bool)
        case all([Expression])
        case any([Expression])

        var isAlways: Bool {
            switch self {
            case .search: false
            case .all(let parts): parts.allSatisfy(\.isAlways)
            case .any(let parts): parts.contains(where: \.isAlways)
            }
        }

        var text: String {
            switch self {
            case .search(let name, let isNegated): return isNegated ? "not \(name)" : name
            case .all(let parts): return parts.filter { !$0.isAlways }.map(\.inner).joined(separator: " and ")
            case .any(let parts): return parts.map(\.inner).joined(separator: " or ")
            }
        }

        private var inner: String {
            switch self {
            case .search: return text
            case .all(let parts):
                let left = parts.filter { !$0.isAlways }
                return left.count == 1 ? left[0].inner : "(" + text + ")"
            case .any(let parts): return parts.count == 1 ? parts[0].inner : "(" + text + ")"
            }
        }
    }

    private func document(_ id: String, over known: Set<String>) throws(Refusal) -> String {
        guard let rule = rules[id] else { throw Refusal(reason: "there is no such rule") }
        guard rule.unknown.isEmpty else {
            throw Refusal(
                reason: "it has " + rule.unknown.joined(separator: ", ") + ", which has no counterpart here"
            )
        }
        guard rule.isCounting else { return try detection(rule, name: "wazuh_\(id)", isBase: rule.isSilent) }
        return try counting(rule, over: known)
    }

    private func detection(_ rule: WazuhRule, name: String, isBase: Bool) throws(Refusal) -> String {
        var searches: [(name: String, search: WazuhRule.Search)] = []
        let expression = try tests(rule, &searches, path: [])
        guard !expression.isAlways else { throw Refusal(reason: "it has no test of its own or above it") }
        var text = header(rule, name: name, level: rule.shownLevel)
        text += "logsource:\n    product: wazuh\ndetection:\n"
        for (name, search) in searches { text += "    \(name):\n" + WazuhTranslation.text(search) }
        text += "    condition: \(expression.text)\n"
        var keys: [String] = []
        if isBase { keys.append("base: true") }
        if let ignore = rule.ignore, ignore > 0, !rule.isCounting { keys.append("timespan: \(ignore)s") }
        return text + (keys.isEmpty ? "" : "wardline: {" + keys.joined(separator: ", ") + "}\n")
    }

    /// The rule's tests and those of the rules above it.
    private func tests(
        _ rule: WazuhRule,
        _ searches: inout [(name: String, search: WazuhRule.Search)],
        path: [String]
    ) throws(Refusal) -> Expression {
        guard !path.contains(rule.id), path.count < 16 else {
            throw Refusal(reason: "the rules above it form a circle, or more than 16 stand on each other")
        }
        var parts: [Expression] = []
        for (number, search) in rule.searches.enumerated() {
            let name = "w\(rule.id)_\(number + 1)"
            if !searches.contains(where: { $0.name == name }) { searches.append((name, search)) }
            parts.append(.search(name, isNegated: search.isNegated))
        }
        let parents = try rule.parents + members(of: rule.parentGroups, except: [rule.id] + path)
        var choices: [Expression] = []
        for id in parents {
            guard let parent = rules[id] else {
                throw Refusal(reason: "it stands on rule \(id), which is in none of the files")
            }
            guard parent.unknown.isEmpty else {
                throw Refusal(reason: "it stands on rule \(id), which is not translated")
            }
            guard !parent.isCounting else {
                throw Refusal(
                    reason: "it stands on rule \(id), which counts: a match of that is no event here"
                )
            }
            choices.append(try tests(parent, &searches, path: path + [rule.id]))
        }
        if !choices.isEmpty { parts.append(.any(choices)) }
        return .all(parts)
    }

    /// Ids of the rules of these groups that can be built on.
    private func members(
        of groups: [String],
        except others: [String],
        withCounting: Bool = false
    ) throws(Refusal) -> [String] {
        guard !groups.isEmpty else { return [] }
        let found = order.filter { id in
            guard let rule = rules[id], !others.contains(id), rule.unknown.isEmpty,
                withCounting || !rule.isCounting
            else { return false }
            return rule.groups.contains(where: groups.contains)
        }
        let names = groups.joined(separator: ", ")
        guard !found.isEmpty else { throw Refusal(reason: "no rule of the files is in the group \(names)") }
        let limit = withCounting ? WazuhTranslation.countedCountMax : WazuhTranslation.groupCountMax
        guard found.count <= limit else {
            throw Refusal(reason: "more than \(limit) rules are in the group \(names)")
        }
        return found
    }

    /// A rule that counts: a correlation over what it counts; with tests of its own, their match must follow.
    private func counting(_ rule: WazuhRule, over known: Set<String>) throws(Refusal) -> String {
        let hasTests = !rule.searches.isEmpty || !rule.parents.isEmpty || !rule.parentGroups.isEmpty
        let own = "wazuh_\(rule.id)_event"
        var bases: [String] = []
        if let counted = rule.counted {
            for id in WazuhRule.list(counted) {
                guard let base = rules[id] else {
                    throw Refusal(reason: "it counts rule \(id), which is in none of the files")
                }
                guard base.unknown.isEmpty else {
                    throw Refusal(reason: "it counts rule \(id), which is not translated")
                }
                bases.append("wazuh_\(id)")
            }
        } else if let group = rule.countedGroup {
            bases = try members(of: WazuhRule.list(group), except: [rule.id], withCounting: true)
                .filter(known.contains).map { "wazuh_\($0)" }
            guard !bases.isEmpty else {
                throw Refusal(reason: "no rule of the group \(group) is translated")
            }
        }
        let isOwnCounted = bases.isEmpty
        if isOwnCounted {
            guard hasTests else { throw Refusal(reason: "it counts nothing") }
            bases = [own]
        }
        var documents: [String] = []
        if hasTests { documents.append(try detection(rule, name: own, isBase: true)) }
        let needsOrder = hasTests && !isOwnCounted
        var first = bases
        let frequency = max(rule.frequency ?? 1, 1)
        if frequency > 1 || needsOrder && bases.count > 1 {
            let name = needsOrder ? "wazuh_\(rule.id)_count" : "wazuh_\(rule.id)"
            documents.append(count(rule, bases, frequency, name: name, isBase: needsOrder))
            first = [name]
        } else if !needsOrder {
            throw Refusal(reason: "it counts without a `frequency` above 1")
        }
        if needsOrder {
            documents.append(
                header(rule, name: "wazuh_\(rule.id)", level: rule.shownLevel)
                    + "correlation:\n    type: temporal_ordered\n    rules: [\(first[0]), \(own)]\n"
                    + groupBy(rule) + "    timespan: \(max(rule.timeframe, 1))s\n"
                    + "    generate: true\n" + (rule.isSilent ? "wardline: {base: true}\n" : "")
            )
        }
        return documents.joined(separator: "---\n")
    }

    private func count(
        _ rule: WazuhRule,
        _ bases: [String],
        _ frequency: Int,
        name: String,
        isBase: Bool
    ) -> String {
        let isDistinct = !rule.different.isEmpty
        let field =
            isDistinct
            ? ", field: [\(rule.different.map(WazuhTranslation.quoted).joined(separator: ", "))]" : ""
        return header(rule, name: name, level: rule.shownLevel)
            + "correlation:\n    type: \(isDistinct ? "value_count" : "event_count")\n"
            + "    rules: [\(bases.joined(separator: ", "))]\n" + groupBy(rule)
            + "    timespan: \(max(rule.timeframe, 1))s\n    condition: {gte: \(frequency)\(field)}\n"
            + "    generate: true\n" + (isBase || rule.isSilent ? "wardline: {base: true}\n" : "")
    }

    private func groupBy(_ rule: WazuhRule) -> String {
        guard !rule.same.isEmpty else { return "" }
        let fields = Set(rule.same).sorted().map(WazuhTranslation.quoted)
        return "    group-by: [" + fields.joined(separator: ", ") + "]\n"
    }

    private func header(_ rule: WazuhRule, name: String, level: String) -> String {
        let tags =
            rule.attack.map { "attack." + $0.lowercased() }
            + rule.groups.map { group in
                "wazuh."
                    + group.lowercased().map { character in
                        character.isASCII
                            && (character.isLetter || character.isNumber || "._-".contains(character))
                            ? String(character) : "_"
                    }.joined()
            }
        var text = "title: \(WazuhTranslation.quoted(rule.title))\nname: \(name)\n"
        let about = "Wazuh rule \(rule.id) of level \(rule.level), translated."
        text += "description: \(WazuhTranslation.quoted(about))\n"
        text += "level: \(level)\n"
        var distinct: [String] = []
        for tag in tags where !distinct.contains(tag) { distinct.append(tag) }
        if !distinct.isEmpty { text += "tags: [\(distinct.joined(separator: ", "))]\n" }
        return text
    }

    private static func text(_ search: WazuhRule.Search) -> String {
        search.alternatives.map { entries in
            entries.enumerated().map { number, entry in
                let lead =
                    search.alternatives.count > 1 ? (number == 0 ? "        - " : "          ") : "        "
                let values =
                    entry.values.count == 1
                    ? quoted(entry.values[0]) : "[" + entry.values.map(quoted).joined(separator: ", ") + "]"
                return lead + quoted(entry.key) + ": " + values + "\n"
            }.joined()
        }.joined()
    }

    /// A quoted scalar: in double quotes where a control character asks for it.
    static func quoted(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { $0.value < 0x20 || (0x7f...0x9f).contains($0.value) })
        else {
            return "'" + text.replacing("'", with: "''") + "'"
        }
        let escaped = text.unicodeScalars.map { scalar -> String in
            switch scalar {
            case "\\": return "\\\\"
            case "\"": return "\\\""
            case let control where control.value < 0x20 || (0x7f...0x9f).contains(control.value):
                let digits = String(control.value, radix: 16)
                return "\\x" + (digits.count < 2 ? "0" : "") + digits
            default: return String(scalar)
            }
        }
        return "\"" + escaped.joined() + "\""
    }
}

extension WazuhRule {
    /// Whether it speaks when others have matched often enough.
    var isCounting: Bool { counted != nil || countedGroup != nil || frequency != nil }

    /// The level in words: 4 to 6 is low, 7 to 9 medium, 10 to 12 high.
    var shownLevel: String {
        switch level {
        case ..<4: "informational"
        case 4...6: "low"
        case 7...9: "medium"
        case 10...12: "high"
        default: "critical"
        }
    }
}
