// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

extension DetectionRule {
    /// Compiles a definition.
    ///
    /// - Throws: ``RuleError`` for what Sigma forbids and for what this version does not evaluate.
    init(compiling definition: DetectionDefinition) throws(RuleError) {
        var searches: [String: CompiledSearch] = [:]
        for search in definition.searches {
            searches[search.name] = try DetectionRule.compile(search.definition)
        }
        let names = definition.searches.map(\.name)
        let condition = try ConditionParser.parse(
            definition.condition,
            names: names,
            at: definition.conditionPosition
        )
        var groupBy: [RuleField] = []
        for name in definition.groupBy {
            guard let field = RuleField(name: name) else {
                throw RuleError(definition.header.position, RuleField.unknown(name))
            }
            groupBy.append(field)
        }
        self.definition = definition
        self.condition = condition
        self.searches = searches
        self.groupBy = groupBy
        groupNames = definition.groupBy
        actions = DetectionRule.actions(condition, searches)
        needsSite = DetectionRule.needsSite(condition, searches)
    }

    private static func compile(_ definition: SearchDefinition) throws(RuleError) -> CompiledSearch {
        switch definition {
        case .all(let parts): return .all(try compile(parts))
        case .any(let parts): return .any(try compile(parts))
        case .field(let name, let modifiers, let values, let position):
            return .test(try FieldTest(name: name, modifiers: modifiers, values: values, position: position))
        }
    }

    private static func compile(_ parts: [SearchDefinition]) throws(RuleError) -> [CompiledSearch] {
        var compiled: [CompiledSearch] = []
        for part in parts { compiled.append(try compile(part)) }
        return compiled
    }

    /// Actions under which the condition can hold; nil for any.
    private static func actions(_ condition: Condition, _ searches: [String: CompiledSearch]) -> Set<Action>?
    {
        switch condition {
        case .name(let name): return searches[name].flatMap(actions)
        case .not: return nil
        case .and(let parts): return intersection(parts.map { actions($0, searches) })
        case .or(let parts): return union(parts.map { actions($0, searches) })
        }
    }

    private static func actions(_ search: CompiledSearch) -> Set<Action>? {
        switch search {
        case .all(let parts): return intersection(parts.map(actions))
        case .any(let parts): return union(parts.map(actions))
        case .test(let test):
            guard case .envelope(let envelope) = test.field, !test.isNegated,
                case .patterns(let patterns, let exact, false) = test.test
            else { return nil }
            let matchesName = { (name: String) -> Bool in
                let bytes = Array(name.utf8)
                return exact.contains(bytes) || patterns.contains { $0.matches(bytes) }
            }
            switch envelope {
            case .action: return Set(Action.allCases.filter { matchesName($0.name) })
            default: return nil
            }
        }
    }

    private static func intersection(_ sets: [Set<Action>?]) -> Set<Action>? {
        sets.compactMap { $0 }.reduce(nil) { found, next in found.map { $0.intersection(next) } ?? next }
    }

    private static func union(_ sets: [Set<Action>?]) -> Set<Action>? {
        guard !sets.contains(where: { $0 == nil }) else { return nil }
        return sets.compactMap { $0 }.reduce(into: Set<Action>()) { $0.formUnion($1) }
    }

    /// Whether every way to match needs a joined field to have a positive value.
    private static func needsSite(_ condition: Condition, _ searches: [String: CompiledSearch]) -> Bool {
        switch condition {
        case .name(let name): searches[name].map(needsSite) ?? false
        case .not: false
        case .and(let parts): parts.contains { needsSite($0, searches) }
        case .or(let parts): parts.allSatisfy { needsSite($0, searches) }
        }
    }

    private static func needsSite(_ search: CompiledSearch) -> Bool {
        switch search {
        case .all(let parts): return parts.contains(where: needsSite)
        case .any(let parts): return parts.allSatisfy(needsSite)
        case .test(let test):
            guard case .joined(let field) = test.field, !test.isNegated else { return false }
            switch field {
            case .asset, .assetType, .sourceAsset, .targetAsset, .sourceIsMedical, .targetIsMedical,
                .sourceIsDevice,
                .isNewPeer:
                if case .null = test.test { return false }
                if case .exists(false) = test.test { return false }
                if case .patterns(_, let exact, _) = test.test, exact == [Array("false".utf8)] {
                    return false
                }
                return true
            default: return false
            }
        }
    }
}

extension FieldTest {
    /// Modifiers that the specification has and this version does not evaluate: refused, never ignored.
    private static let laterModifiers: Set<String> = [
        "re", "i", "m", "s", "ignorecase", "multiline", "dotall", "base64", "base64offset", "wide", "utf16le",
        "utf16be", "utf16", "windash", "expand", "minute", "hour", "day", "week", "month", "year",
    ]

    init(name: String, modifiers: [String], values: [RuleScalar], position: RulePosition) throws(RuleError) {
        guard let field = RuleField(name: name) else { throw RuleError(position, RuleField.unknown(name)) }
        for modifier in modifiers where FieldTest.laterModifiers.contains(modifier) {
            throw RuleError(position, "the modifier `\(modifier)` is not evaluated by this version")
        }
        let known: Set<String> = [
            "contains", "startswith", "endswith", "all", "exists", "cased", "neq", "cidr", "fieldref", "lt",
            "lte",
            "gt", "gte",
        ]
        for modifier in modifiers where !known.contains(modifier) {
            throw RuleError(position, "`\(modifier)` is no Sigma modifier")
        }
        self.field = field
        isNegated = modifiers.contains("neq")
        test = try FieldTest.test(modifiers, values, position)
    }

    private static func test(
        _ modifiers: [String],
        _ values: [RuleScalar],
        _ position: RulePosition
    ) throws(RuleError) -> Test {
        if modifiers.contains("exists") {
            guard case .bool(let wanted)? = values.first, values.count == 1 else {
                throw RuleError(position, "`exists` takes true or false")
            }
            return .exists(wanted)
        }
        if modifiers.contains("cidr") {
            var prefixes: [IPPrefix] = []
            for value in values {
                guard let prefix = IPPrefix(value.text) else {
                    throw RuleError(position, "`\(value.text)` is no network prefix without host bits")
                }
                prefixes.append(prefix)
            }
            return .networks(prefixes)
        }
        if let comparison = modifiers.compactMap(Comparison.init).first {
            var numbers: [Double] = []
            for value in values {
                guard case .number(let number, _) = value else {
                    throw RuleError(position, "`\(comparison.rawValue)` takes numbers")
                }
                numbers.append(number)
            }
            return .compare(comparison, numbers)
        }
        if modifiers.contains("fieldref") {
            guard values.count == 1, let other = RuleField(name: values[0].text) else {
                throw RuleError(position, "`fieldref` takes the name of one field")
            }
            return .reference(other, cased: modifiers.contains("cased"))
        }
        return try patterns(modifiers, values, position)
    }

    private static func patterns(
        _ modifiers: [String],
        _ values: [RuleScalar],
        _ position: RulePosition
    ) throws(RuleError) -> Test {
        if values == [.null] { return .null }
        guard !values.contains(.null) else {
            throw RuleError(position, "`null` may not be a member of a list")
        }
        let cased = modifiers.contains("cased")
        let before = modifiers.contains("contains") || modifiers.contains("endswith")
        let after = modifiers.contains("contains") || modifiers.contains("startswith")
        let all = modifiers.contains("all")
        var patterns: [TextPattern] = []
        var exact: Set<[UInt8]> = []
        for value in values {
            let pattern = TextPattern(value.text, cased: cased, before: before, after: after)
            if !all, !cased, let literal = pattern.exact {
                exact.insert(literal)
            } else {
                patterns.append(pattern)
            }
        }
        return .patterns(patterns, exact: exact, all: all)
    }
}

extension RuleField {
    /// The message for an unknown `wardline.*` name, with the nearest known one.
    static func unknown(_ name: String) -> String {
        let known = JoinedField.allCases.map { "wardline." + $0.rawValue }
        let nearest = known.min { distance($0, name) < distance($1, name) } ?? ""
        return "there is no field `\(name)`; did you mean `\(nearest)`?"
    }

    /// Edit distance, for suggestions only.
    private static func distance(_ left: String, _ right: String) -> Int {
        let left = Array(left.utf8)
        let right = Array(right.utf8)
        var row = Array(0...right.count)
        for (index, byte) in left.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for (column, other) in right.enumerated() {
                let next = min(row[column + 1] + 1, row[column] + 1, diagonal + (byte == other ? 0 : 1))
                diagonal = row[column + 1]
                row[column + 1] = next
            }
        }
        return row[right.count]
    }
}
