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
        guard let members = node.members else { throw error(node, "`detection` is a mapping") }
        guard let conditionNode = node["condition"] else {
            throw error(node, "`detection` has no `condition`")
        }
        if let old = node["timeframe"] {
            throw error(old, "`timeframe` is gone from Sigma: write a correlation")
        }
        var searches: [DetectionDefinition.Search] = []
        for (key, value) in members where key.text != "condition" {
            searches.append(
                DetectionDefinition.Search(name: key.text, definition: try search(value, depth: 0))
            )
        }
        var logsource: [String: String] = [:]
        for (key, value) in root["logsource"]?.members ?? [] { logsource[key.text] = try text(value) }
        let alternatives = try texts(conditionNode)
        let condition =
            alternatives.count == 1
            ? alternatives[0] : alternatives.map { "(\($0))" }.joined(separator: " or ")
        var groupBy: [String] = []
        var episode = SigmaDocumentReader.episodeNanoseconds
        if let value = root["wardline"]?["group-by"] { groupBy = try texts(value) }
        if let value = root["wardline"]?["timespan"] { episode = try duration(value) }
        return DetectionDefinition(
            header: header,
            logsource: logsource,
            searches: searches,
            condition: condition,
            conditionPosition: position(conditionNode.mark),
            groupBy: groupBy,
            episodeNanoseconds: episode,
            fingerprint: fingerprint
        )
    }

    /// Maps are AND, lists are OR, scalars without a field are keywords.
    private func search(_ node: YAMLNode, depth: Int) throws(RuleError) -> SearchDefinition {
        guard depth < 16 else { throw error(node, "the search is nested deeper than 16") }
        if let members = node.members {
            var parts: [SearchDefinition] = []
            for (key, value) in members { parts.append(try field(key, value)) }
            return .all(parts)
        }
        guard let elements = node.elements else {
            return .field(name: "", modifiers: [], values: [try scalar(node)], position: position(node.mark))
        }
        guard !elements.isEmpty else { throw error(node, "the search is an empty list") }
        var parts: [SearchDefinition] = []
        for element in elements { parts.append(try search(element, depth: depth + 1)) }
        return .any(parts)
    }

    private func field(_ key: YAMLScalar, _ value: YAMLNode) throws(RuleError) -> SearchDefinition {
        var parts = key.text.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
        let name = parts.removeFirst()
        var values: [RuleScalar] = []
        if let elements = value.elements {
            guard !elements.isEmpty else { throw error(value, "the list of values is empty") }
            for element in elements {
                let found = try scalar(element)
                if found == .null { throw error(element, "null may not stand in a list of values") }
                values.append(found)
            }
        } else {
            values = [try scalar(value)]
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
        guard node.members != nil else { throw error(node, "`correlation` is a mapping") }
        guard let typeNode = node["type"], let kind = CorrelationDefinition.Kind(rawValue: try text(typeNode))
        else {
            let names = CorrelationDefinition.Kind.allCases.map(\.rawValue).joined(separator: ", ")
            throw error(node["type"] ?? node, "the type of a correlation is one of \(names) in this version")
        }
        guard let rulesNode = node["rules"] else { throw error(node, "the correlation names no `rules`") }
        guard let spanNode = node["timespan"] else { throw error(node, "the correlation has no `timespan`") }
        var definition = CorrelationDefinition(
            header: header,
            kind: kind,
            rules: try texts(rulesNode),
            groupBy: [],
            aliases: [:],
            timespan: try duration(spanNode),
            thresholds: [],
            countedField: "",
            condition: "",
            generatesBase: try truth(root["generate"] ?? node["generate"], "generate"),
            regularTolerance: nil,
            regularMinimum: 0,
            position: position(node.mark),
            fingerprint: fingerprint
        )
        guard !definition.rules.isEmpty else { throw error(rulesNode, "the correlation names no `rules`") }
        if let value = node["group-by"] { definition.groupBy = try texts(value) }
        for (alias, fields) in node["aliases"]?.members ?? [] {
            var map: [String: String] = [:]
            for (rule, field) in fields.members ?? [] { map[rule.text] = try text(field) }
            definition.aliases[alias.text] = map
        }
        if let value = node["condition"] { try condition(value, &definition) }
        if kind == .eventCount || kind == .valueCount, definition.thresholds.isEmpty {
            throw error(node, "a \(kind.rawValue) needs a `condition` such as `gte: 3`")
        }
        if let value = root["wardline"]?["regular"] { try regular(value, &definition) }
        return definition
    }

    private func condition(_ node: YAMLNode, _ definition: inout CorrelationDefinition) throws(RuleError) {
        guard let members = node.members else {
            definition.condition = try text(node)
            return
        }
        for (key, value) in members {
            switch key.text {
            case "gt", "gte", "lt", "lte", "eq", "neq":
                guard case .number(let number, _) = try scalar(value) else {
                    throw error(value, "`\(key.text)` compares with a number")
                }
                definition.thresholds.append(.init(operation: key.text, value: number))
            case "field": definition.countedField = try text(value)
            default: throw RuleError(position(key.mark), "a condition has no key `\(key.text)`")
            }
        }
    }

    private func regular(_ node: YAMLNode, _ definition: inout CorrelationDefinition) throws(RuleError) {
        guard definition.kind == .eventCount else { throw error(node, "`regular` belongs to an event_count") }
        guard let value = node["tolerance-percent"], case .number(let tolerance, _) = try scalar(value),
            tolerance >= 0, tolerance <= 100
        else { throw error(node, "`regular` needs `tolerance-percent` from 0 to 100") }
        definition.regularTolerance = tolerance
        if let value = node["period-min"] { definition.regularMinimum = try duration(value) }
    }
}

extension String {
    /// Field names have no blanks (Sigma 2.1, field usage, rule 2).
    fileprivate var replacingBlanks: String { filter { $0 != " " } }
}
