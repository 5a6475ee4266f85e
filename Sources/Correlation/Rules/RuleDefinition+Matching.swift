// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

extension RuleDefinition {
    /// The definition as it is matched against events of any make, whose fields keep their own names.
    ///
    /// Every name, also one that event v1 has, means the field that the event calls so: `x` is read from
    /// `ext.x`. A field that the event gives as `null`, as an array or as an object is said to exist by
    /// ``RuleMatcher/presence(of:)``. Levels are the lowest, so that no verdict is fed back, and every rule
    /// speaks for itself, whether another builds on it or not. No value equals a placeholder without values.
    public var forMatching: RuleDefinition {
        switch self {
        case .detection(let definition): .detection(definition.forMatching)
        case .filter(let definition):
            .filter(FilterDefinition(rules: definition.rules, detection: definition.detection.forMatching))
        case .correlation(let definition): .correlation(definition.forMatching)
        }
    }
}

extension RuleHeader {
    fileprivate var forMatching: RuleHeader {
        var header = self
        header.level = .informational
        header.isBase = false
        return header
    }
}

extension RuleText {
    fileprivate var forMatching: RuleText { RuleText(RuleMatcher.field(text), position) }
}

extension DetectionDefinition {
    fileprivate var forMatching: DetectionDefinition {
        var definition = self
        definition.header = header.forMatching
        definition.searches = searches.map { Search(name: $0.name, definition: $0.definition.forMatching) }
        definition.groupBy = groupBy.map(\.forMatching)
        for name in emptyPlaceholders { definition.placeholders[name] = [RuleMatcher.valueOfNothing] }
        return definition
    }

    /// Placeholders that stand in values under `expand` and have no values of their own, sorted.
    var emptyPlaceholders: [String] {
        let used = searches.reduce(into: Set<String>()) { $0.formUnion($1.definition.placeholders) }
        return used.filter { placeholders[$0]?.isEmpty ?? true }.sorted()
    }
}

extension RuleDefinition {
    /// Placeholders without values: what is matched without a site has nothing to put in their place.
    public var emptyPlaceholders: [String] {
        switch self {
        case .detection(let definition): definition.emptyPlaceholders
        case .filter(let definition): definition.detection.emptyPlaceholders
        case .correlation: []
        }
    }
}

extension CorrelationDefinition {
    fileprivate var forMatching: CorrelationDefinition {
        var definition = self
        definition.header = header.forMatching
        definition.generatesBase = true
        let names = Set(aliases.map(\.name.text))
        definition.groupBy = groupBy.map { names.contains($0.text) ? $0 : $0.forMatching }
        definition.aliases = aliases.map { alias in
            let fields = alias.fields.map { Alias.Field(rule: $0.rule, field: $0.field.forMatching) }
            return Alias(name: alias.name, fields: fields)
        }
        definition.countedFields = countedFields.map(\.forMatching)
        definition.extras = extras.forMatching
        return definition
    }
}

extension CorrelationExtension {
    fileprivate var forMatching: CorrelationExtension {
        var own = self
        if let sequence {
            own.sequence?.steps = sequence.steps.map { step in
                var step = step
                step.joins = step.joins.map(\.forMatching)
                return step
            }
        }
        if let absence { own.absence?.joins = absence.joins.map(\.forMatching) }
        if let firstSeen { own.firstSeen?.fields = firstSeen.fields.map(\.forMatching) }
        return own
    }
}

extension CorrelationExtension.Join {
    fileprivate var forMatching: CorrelationExtension.Join {
        CorrelationExtension.Join(field: field.forMatching, earlier: earlier.forMatching)
    }
}

extension SearchDefinition {
    fileprivate var placeholders: [String] {
        switch self {
        case .all(let parts), .any(let parts): parts.flatMap(\.placeholders)
        case .field(_, let modifiers, let values, _):
            modifiers.contains("expand") ? values.flatMap { Placeholders.names(in: $0.scalar.text) } : []
        }
    }

    fileprivate var forMatching: SearchDefinition {
        switch self {
        case .all(let parts): return .all(parts.map(\.forMatching))
        case .any(let parts): return .any(parts.map(\.forMatching))
        case .field(let name, let modifiers, let values, let position):
            guard !name.isEmpty else { return self }
            let isExistence = modifiers == ["exists"] || modifiers == ["exists", "neq"]
            guard isExistence, values.count == 1, case .bool(let stated) = values[0].scalar else {
                return .field(
                    name: RuleMatcher.field(name),
                    modifiers: modifiers,
                    values: modifiers.contains("fieldref") ? values.map(\.asField) : values,
                    position: position
                )
            }
            let wanted = stated != (modifiers.count == 2)
            let parts = [RuleMatcher.field(name), RuleMatcher.presence(of: name)].map { name in
                SearchDefinition.field(
                    name: name,
                    modifiers: ["exists"],
                    values: [RuleValue(.bool(wanted), values[0].position)],
                    position: position
                )
            }
            return wanted ? .any(parts) : .all(parts)
        }
    }
}

extension RuleValue {
    /// The value of a `fieldref` as a field of the event.
    fileprivate var asField: RuleValue {
        guard case .text(let name) = scalar, !name.isEmpty else { return self }
        return RuleValue(.text(RuleMatcher.field(name)), position)
    }
}
