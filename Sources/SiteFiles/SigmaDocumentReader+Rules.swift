// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Correlation

extension SigmaDocumentReader {
    /// Half an hour: how long an episode of a detection stays open unless the rule says otherwise.
    private static let episodeNanoseconds: Int64 = 1_800 * 1_000_000_000

    mutating func detection(
        _ node: YAMLNode,
        _ root: YAMLNode,
        _ header: RuleHeader
    ) throws(RuleError) -> DetectionDefinition {
        try searches(node, "detection", root, header)
    }

    /// A filter: searches and a condition as in a detection, and the rules that it narrows.
    mutating func filter(
        _ node: YAMLNode,
        _ root: YAMLNode,
        _ header: RuleHeader
    ) throws(RuleError) -> FilterDefinition {
        let detection = try searches(node, "filter", root, header)
        for key in ["group-by", "timespan"] {
            guard let wrong = root["wardline"]?[key] else { continue }
            throw error(wrong, "`\(key)` under `wardline` belongs to a detection")
        }
        guard let rulesNode = node["rules"] else {
            throw error(node, "the filter names no `rules`; write their ids or names, or `any`")
        }
        // Others read the example of the specification as an exclusion.
        for condition in detection.conditions where !condition.text.contains("not ") {
            warnings.append(
                RuleError(
                    condition.position,
                    "the filtered rules match only where this holds; to exclude it write "
                        + "`not \(condition.text)`"
                )
            )
        }
        let isAny = rulesNode.elements?.isEmpty ?? (rulesNode.scalar?.text == "any")
        return FilterDefinition(rules: isAny ? [] : try names(rulesNode, "rules"), detection: detection)
    }

    /// The searches and conditions of a detection or filter.
    private mutating func searches(
        _ node: YAMLNode,
        _ part: String,
        _ root: YAMLNode,
        _ header: RuleHeader
    ) throws(RuleError) -> DetectionDefinition {
        let members = try members(node, part)
        guard let conditionNode = node["condition"] else {
            throw error(node, "`\(part)` has no `condition`")
        }
        if let old = node["timeframe"] {
            throw error(old, "`timeframe` is gone from Sigma: write a correlation")
        }
        guard let logsourceNode = root["logsource"] else {
            throw error(root, "the rule has no `logsource`; name a category, product or service")
        }
        var logsource: [String: String] = [:]
        for (key, value) in try self.members(logsourceNode, "logsource") {
            logsource[key.text] = try text(value)
        }
        var searches: [DetectionDefinition.Search] = []
        for (key, value) in members
        where key.text != "condition" && !(key.text == "rules" && part == "filter") {
            try checkIdentifier(key)
            searches.append(
                DetectionDefinition.Search(name: key.text, definition: try search(value, depth: 0))
            )
        }
        guard !searches.isEmpty else {
            throw error(node, "`\(part)` has a condition and nothing to search for")
        }
        for key in ["regular"] + SigmaDocumentReader.correlationBlockKeys {
            guard let wrong = root["wardline"]?[key] else { continue }
            throw error(wrong, "`\(key)` under `wardline` belongs to a correlation")
        }
        return DetectionDefinition(
            header: header,
            logsource: logsource,
            searches: searches,
            conditions: try names(conditionNode, "condition"),
            placeholders: try placeholders(root["wardline"]?["placeholders"]),
            groupBy: try root["wardline"]?["group-by"].map(groupBy) ?? [],
            episodeNanoseconds: try root["wardline"]?["timespan"].map(duration)
                ?? SigmaDocumentReader.episodeNanoseconds,
            fingerprint: fingerprint
        )
    }

    private func groupBy(_ node: YAMLNode) throws(RuleError) -> [RuleText] { try fields(node, "group-by") }

    /// Names of fields, which take no modifiers here.
    private func fields(_ node: YAMLNode, _ key: String) throws(RuleError) -> [RuleText] {
        let found = try names(node, key)
        if let wrong = found.first(where: { $0.text.contains("|") }) {
            throw RuleError(wrong.position, "`\(wrong.text)` in `\(key)` is no field: it takes no modifiers")
        }
        return found
    }

    /// Sigma's identifiers have letters, digits, `_` and `-`; others only a pattern reaches.
    ///
    /// Words of the condition's grammar nothing reaches.
    private mutating func checkIdentifier(_ key: YAMLScalar) throws(RuleError) {
        guard !["and", "or", "not", "of", "them"].contains(key.text), !key.text.isEmpty else {
            throw RuleError(
                position(key.mark),
                "`\(key.text)` is a word of conditions and cannot name a search; choose another name"
            )
        }
        let isPlain = key.text.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
                || byte == 0x5f || byte == 0x2d
        }
        guard !isPlain else { return }
        warnings.append(
            RuleError(
                position(key.mark),
                "name a search with letters, digits, `_` and `-`: a condition may not reach `\(key.text)`"
            )
        )
    }

    private func placeholders(_ node: YAMLNode?) throws(RuleError) -> [String: [String]] {
        guard let node else { return [:] }
        var found: [String: [String]] = [:]
        for (key, value) in try members(node, "placeholders") {
            found[key.text] = try names(value, key.text).map(\.text)
        }
        return found
    }

    /// Maps are AND, lists are OR, scalars without a field are keywords.
    private func search(_ node: YAMLNode, depth: Int) throws(RuleError) -> SearchDefinition {
        guard depth < 16 else { throw error(node, "the search is nested deeper than 16") }
        if let members = node.members {
            guard !members.isEmpty else {
                throw error(node, "the search is an empty mapping and would match everything; name a field")
            }
            var parts: [SearchDefinition] = []
            for (key, value) in members { parts.append(try field(key, value)) }
            return .all(parts)
        }
        guard let elements = node.elements else {
            let value = try scalar(node)
            guard value != .null, !value.text.isEmpty else {
                throw error(node, "the search is empty; name a field or a keyword")
            }
            let place = position(node.mark)
            return .field(name: "", modifiers: [], values: [RuleValue(value, place)], position: place)
        }
        guard !elements.isEmpty else { throw error(node, "the search is an empty list") }
        var parts: [SearchDefinition] = []
        for element in elements { parts.append(try search(element, depth: depth + 1)) }
        return .any(parts)
    }

    private func field(_ key: YAMLScalar, _ value: YAMLNode) throws(RuleError) -> SearchDefinition {
        var parts = key.text.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
        let name = parts.removeFirst()
        for part in parts where part.isEmpty {
            throw RuleError(position(key.mark), "`\(key.text)` has an empty modifier; remove a `|`")
        }
        var values: [RuleValue] = []
        if let elements = value.elements {
            guard !elements.isEmpty else { throw error(value, "the list of values is empty") }
            for element in elements {
                let found = try scalar(element)
                if found == .null { throw error(element, "null may not stand in a list of values") }
                values.append(RuleValue(found, position(element.mark)))
            }
        } else {
            values = [RuleValue(try scalar(value), position(value.mark))]
        }
        return .field(
            name: name.replacingBlanks,
            modifiers: parts,
            values: values,
            position: position(key.mark)
        )
    }

    mutating func correlation(
        _ node: YAMLNode,
        _ root: YAMLNode,
        _ header: RuleHeader
    ) throws(RuleError) -> CorrelationDefinition {
        try checkKeys(node, root)
        guard let typeNode = node["type"], let kind = CorrelationDefinition.Kind(rawValue: try text(typeNode))
        else {
            let names = CorrelationDefinition.Kind.allCases.map(\.rawValue).joined(separator: ", ")
            throw error(node["type"] ?? node, "the type of a correlation is one of \(names)")
        }
        guard let spanNode = node["timespan"] else { throw error(node, "the correlation has no `timespan`") }
        var definition = CorrelationDefinition(
            header: header,
            kind: kind,
            rules: try node["rules"].map(ruleNames) ?? [],
            groupBy: try node["group-by"].map(groupBy) ?? [],
            aliases: try aliases(node["aliases"]),
            timespan: try duration(spanNode),
            thresholds: [],
            countedFields: [],
            percentile: 50,
            condition: nil,
            generatesBase: try generates(node, root),
            regularTolerance: nil,
            regularMinimum: 0,
            position: position(node.mark),
            fingerprint: fingerprint
        )
        if let value = node["condition"] { try condition(value, &definition) }
        if let block = root["wardline"] { try extend(&definition, block) }
        let names = definition.extras.sequence != nil || definition.condition != nil
        guard !definition.rules.isEmpty || names else {
            throw error(node, "the correlation names no `rules`")
        }
        try checkCondition(node, definition)
        for alias in definition.aliases
        where !definition.groupBy.contains(where: { $0.text == alias.name.text }) {
            warnings.append(
                RuleError(alias.name.position, "`group-by` does not use the alias `\(alias.name.text)`")
            )
        }
        if let value = root["wardline"]?["regular"] { try regular(value, &definition) }
        return definition
    }

    private func checkKeys(_ node: YAMLNode, _ root: YAMLNode) throws(RuleError) {
        let known = SigmaDocumentReader.correlationKeys
        for (key, _) in try members(node, "correlation") where !known.contains(key.text) {
            throw unknown(key, "correlation", known)
        }
        for key in ["group-by", "timespan", "placeholders"] {
            guard let wrong = root["wardline"]?[key] else { continue }
            throw error(wrong, "`\(key)` under `wardline` belongs to a detection")
        }
    }

    private static let correlationKeys = [
        "type", "rules", "group-by", "timespan", "condition", "aliases", "generate",
    ]

    private func ruleNames(_ node: YAMLNode) throws(RuleError) -> [RuleText] { try names(node, "rules") }

    /// The schema has `generate` beside `correlation`, programs in use inside it.
    private func generates(_ node: YAMLNode, _ root: YAMLNode) throws(RuleError) -> Bool {
        let inner = try truth(node["generate"], "generate")
        return try truth(root["generate"], "generate") || inner
    }

    private func aliases(_ node: YAMLNode?) throws(RuleError) -> [CorrelationDefinition.Alias] {
        guard let node else { return [] }
        var found: [CorrelationDefinition.Alias] = []
        for (name, fields) in try members(node, "aliases") {
            var entries: [CorrelationDefinition.Alias.Field] = []
            for (rule, field) in try members(fields, name.text) {
                entries.append(
                    CorrelationDefinition.Alias.Field(
                        rule: RuleText(rule.text, position(rule.mark)),
                        field: RuleText(try words(field, rule.text), position(field.mark))
                    )
                )
            }
            found.append(
                CorrelationDefinition.Alias(name: RuleText(name.text, position(name.mark)), fields: entries)
            )
        }
        return found
    }

    private func condition(_ node: YAMLNode, _ definition: inout CorrelationDefinition) throws(RuleError) {
        guard let members = node.members else {
            definition.condition = RuleText(try words(node, "condition"), position(node.mark))
            return
        }
        for (key, value) in members {
            switch key.text {
            case "gt", "gte", "lt", "lte", "eq", "neq":
                guard case .number(let number, _) = try scalar(value) else {
                    throw error(value, "`\(key.text)` compares with a number")
                }
                definition.thresholds.append(.init(operation: key.text, value: number))
            case "field": definition.countedFields = try fields(value, "field")
            case "percentile":
                guard definition.kind == .valuePercentile else {
                    throw RuleError(position(key.mark), "`percentile` belongs to a value_percentile")
                }
                guard case .number(let number, _) = try scalar(value), number > 0, number <= 100 else {
                    throw error(value, "`percentile` is a number above 0 and at most 100")
                }
                definition.percentile = number
            default: throw RuleError(position(key.mark), "a condition has no key `\(key.text)`")
            }
        }
    }

    /// What each type needs in its condition.
    private func checkCondition(
        _ node: YAMLNode,
        _ definition: CorrelationDefinition
    ) throws(RuleError) {
        let kind = definition.kind
        let place = node["condition"] ?? node
        if kind == .temporal || kind == .temporalOrdered {
            guard definition.countedFields.isEmpty else {
                throw error(place, "a \(kind.rawValue) counts no `field`; remove it")
            }
            return
        }
        guard definition.condition == nil else {
            throw error(place, "a boolean condition goes with temporal and temporal_ordered only")
        }
        guard !definition.thresholds.isEmpty else {
            throw error(place, "a \(kind.rawValue) needs a `condition` such as `gte: 3`")
        }
        if kind == .eventCount {
            guard definition.countedFields.isEmpty else {
                throw error(place, "an event_count counts events; for a `field` use value_count")
            }
            return
        }
        guard !definition.countedFields.isEmpty else {
            throw error(place, "a \(kind.rawValue) needs a `field` in its `condition`")
        }
        guard kind == .valueCount || definition.countedFields.count == 1 else {
            throw error(place, "a \(kind.rawValue) takes one `field`")
        }
    }

    private func regular(_ node: YAMLNode, _ definition: inout CorrelationDefinition) throws(RuleError) {
        guard definition.kind == .eventCount else { throw error(node, "`regular` belongs to an event_count") }
        guard let value = node["tolerance-percent"], case .number(let tolerance, _) = try scalar(value),
            tolerance >= 0, tolerance <= 100
        else { throw error(node, "`regular` needs `tolerance-percent` from 0 to 100") }
        for (key, _) in try members(node, "regular")
        where !["tolerance-percent", "period-min"].contains(key.text) {
            throw RuleError(
                position(key.mark),
                "`regular` has no key `\(key.text)`; it has tolerance-percent, period-min"
            )
        }
        definition.regularTolerance = tolerance
        if let value = node["period-min"] { definition.regularMinimum = try duration(value) }
    }
}

extension String {
    /// Field names have no blanks (Sigma 2.1, field usage, rule 2).
    fileprivate var replacingBlanks: String { filter { $0 != " " } }
}
