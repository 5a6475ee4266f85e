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
        // What counts or follows a group comes last, over those of its rules that are there.
        let groups = order.filter { rules[$0]?.namesGroup == true }
        for id in order.filter({ rules[$0]?.namesGroup == false }) + groups {
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
            if !rule.different.isEmpty {
                notes.append("`different_*` counts distinct values, not values other than the last one's")
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
        let (elements, fault) = WazuhMarkup.elements(in: file.bytes)
        var variables: [String: String] = [:]
        for element in elements where element.name == "var" {
            variables[element.attributes["name"] ?? ""] = element.text
        }
        for group in elements where group.name == "group" {
            let groups = WazuhRule.list(group.attributes["name"] ?? "")
            for element in group.children where element.name == "rule" {
                guard let rule = WazuhRule(element, file: file.name, groups: groups, variables: variables)
                else {
                    note("", file.name, element.line, "the rule has no id of digits")
                    continue
                }
                take(rule)
            }
        }
        if let fault {
            note("", file.name, fault.line, fault.what + "; what follows in the file is not read")
        }
    }

    private mutating func note(_ rule: String, _ file: String, _ line: Int, _ reason: String) {
        lines.append(Line(rule: rule, file: file, line: line, reason: reason, notes: []))
    }

    /// Of two rules of one id the first stays, unless the second overwrites it; then what the first stands on
    /// and counts stays.
    private mutating func take(_ rule: WazuhRule) {
        guard let first = rules[rule.id] else {
            rules[rule.id] = rule
            order.append(rule.id)
            return
        }
        guard rule.isOverwriting else {
            let place = "\(first.file):\(first.line)"
            note(rule.id, rule.file, rule.line, "its id is that of the rule at \(place), which stays")
            return
        }
        var merged = rule
        merged.parents = first.parents
        merged.parentGroups = first.parentGroups
        merged.counted = first.counted
        merged.countedGroup = first.countedGroup
        rules[rule.id] = merged
        note(
            first.id,
            first.file,
            first.line,
            "the rule with its id at \(rule.file):\(rule.line) replaces it"
        )
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
                reasons[id] = reasons[id] ?? WazuhTranslation.reason(error.message)
            }
            guard documents.count < before else {
                files = []
                return
            }
        }
    }

    /// What the reader of rules says, in the words of theirs.
    private static func reason(_ message: String) -> String {
        guard message.hasPrefix("there is no rule"), let start = message.firstRange(of: "`wazuh_")?.upperBound
        else {
            return message
        }
        return "it counts rule \(message[start...].prefix(while: \.isNumber)), which is not translated"
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

    /// Names of what a rule counts; none where it counts its own matches.
    private func counted(_ rule: WazuhRule, _ known: Set<String>) throws(Refusal) -> [String] {
        if let counted = rule.counted {
            for id in WazuhRule.list(counted) {
                guard let base = rules[id] else {
                    throw Refusal(reason: "it counts rule \(id), which is in none of the files")
                }
                guard base.unknown.isEmpty else {
                    throw Refusal(reason: "it counts rule \(id), which is not translated")
                }
            }
            return WazuhRule.list(counted)
        }
        guard let group = rule.countedGroup else { return [] }
        let found = try members(of: WazuhRule.list(group), except: [rule.id], withCounting: true)
            .filter(known.contains)
        guard !found.isEmpty else { throw Refusal(reason: "no rule of the group \(group) is translated") }
        return found
    }

    /// A rule that counts: a correlation over what it counts; with tests of its own, an event that passes
    /// them must be the last.
    ///
    /// `frequency` counts the last event too; without one it is 2.
    private func counting(_ rule: WazuhRule, over known: Set<String>) throws(Refusal) -> String {
        let hasTests = !rule.searches.isEmpty || !rule.parents.isEmpty || !rule.parentGroups.isEmpty
        let own = "wazuh_\(rule.id)_event"
        let name = "wazuh_\(rule.id)"
        let frequency = max(rule.frequency ?? 2, 2)
        let bases = try counted(rule, known)
        guard !bases.isEmpty else {
            guard hasTests else { throw Refusal(reason: "it counts nothing") }
            guard rule.frequency ?? 1 > 1 else {
                throw Refusal(reason: "it counts without a `frequency` above 1")
            }
            return try detection(rule, name: own, isBase: true) + "---\n"
                + count(rule, [own], frequency, name: name, isBase: false)
        }
        let names = bases.map { "wazuh_\($0)" }
        guard hasTests else { return count(rule, names, frequency, name: name, isBase: false) }
        var documents = [try last(rule, bases, known, name: own)]
        var first = names[0]
        if frequency > 2 || names.count > 1 {
            first = name + "_count"
            documents.append(count(rule, names, frequency - 1, name: first, isBase: true))
        }
        documents.append(
            header(rule, name: name, level: rule.shownLevel)
                + "correlation:\n    type: temporal_ordered\n    rules: [\(first), \(own)]\n"
                + groupBy(rule) + "    timespan: \(max(rule.timeframe, 1))s\n"
                + "    generate: true\n" + (rule.isSilent ? "wardline: {base: true}\n" : "")
        )
        return documents.joined(separator: "---\n")
    }

    /// The event that must be the last: it passes the rule's own tests, and is one of those that are counted
    /// where the rule stands on nothing else.
    private func last(
        _ rule: WazuhRule,
        _ bases: [String],
        _ known: Set<String>,
        name: String
    ) throws(Refusal) -> String {
        if rule.searches.isEmpty, rule.parents.isEmpty {
            // Rules that nothing is asked of beside are named: a group may have hundreds.
            let names = try members(of: rule.parentGroups, except: [rule.id], withCounting: true)
                .filter(known.contains).map { "wazuh_\($0)" }
            guard !names.isEmpty else {
                throw Refusal(
                    reason: "no rule of the group \(rule.parentGroups.joined(separator: ", ")) is translated"
                )
            }
            return count(rule, names, 1, name: name, isBase: true)
        }
        var whole = rule
        // What is counted and counts itself is no event that could be the last.
        if rule.parents.isEmpty, rule.parentGroups.isEmpty,
            bases.allSatisfy({ rules[$0]?.isCounting == false })
        {
            guard bases.count <= WazuhTranslation.groupCountMax else {
                throw Refusal(
                    reason: "it counts more than \(WazuhTranslation.groupCountMax) rules and has tests"
                )
            }
            whole.parents = bases
        }
        return try detection(whole, name: name, isBase: true)
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
                if entry.key.hasSuffix("|exists") { return lead + quoted(entry.key) + ": true\n" }
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

    /// Whether it names all rules of a group in a correlation.
    var namesGroup: Bool { countedGroup != nil || isCounting && !parentGroups.isEmpty }

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
