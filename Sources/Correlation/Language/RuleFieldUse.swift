// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// A place where a rule names a field.
public struct RuleFieldUse: Hashable, Sendable {
    /// The field, and what is read for it.
    public var field: RuleFacts.Field
    /// Where it stands.
    public var position: RulePosition
    /// Whether it stands under a key of ours, `wardline:`.
    public var isOurs: Bool
}

extension RuleSet {
    /// Names that a rule may mean: of event v1, of Sigma's taxonomy and of joined facts.
    public static var fieldNames: [String] { RuleField.knownNames }

    /// Every place where a rule in force names a field, in order of position.
    public var fieldUses: [RuleFieldUse] {
        var uses: [RuleFieldUse] = []
        func add(_ name: RuleText, isOurs: Bool = false) {
            guard !name.text.isEmpty else { return }
            let field = RuleField(name: name.text)
            var isJoined = false
            if case .joined? = field { isJoined = true }
            let reads = field?.sources.map(\.shownName) ?? []
            uses.append(
                RuleFieldUse(
                    field: RuleFacts.Field(name: name.text, reads: reads, isJoined: isJoined),
                    position: name.position,
                    isOurs: isOurs
                )
            )
        }
        for rule in detections {
            for search in rule.definition.searches { search.definition.uses.forEach { add($0) } }
            rule.definition.groupBy.forEach { add($0, isOurs: true) }
        }
        for definition in correlations.map(\.definition) {
            let aliases = Set(definition.aliases.map(\.name.text))
            for name in definition.groupBy where !aliases.contains(name.text) { add(name) }
            definition.aliases.flatMap(\.fields).forEach { add($0.field) }
            definition.countedFields.forEach { add($0) }
            definition.extras.firstSeen?.fields.forEach { add($0, isOurs: true) }
            let joins =
                (definition.extras.sequence?.steps.flatMap(\.joins) ?? [])
                + (definition.extras.absence?.joins ?? [])
            joins.flatMap { [$0.field, $0.earlier] }.forEach { add($0, isOurs: true) }
        }
        return uses.sorted { $0.position < $1.position }
    }
}

extension SearchDefinition {
    /// Fields that it names, with their places.
    fileprivate var uses: [RuleText] {
        switch self {
        case .all(let parts), .any(let parts): parts.flatMap(\.uses)
        case .field(let name, let modifiers, let values, let position):
            [RuleText(name, position)]
                + (modifiers.contains("fieldref") ? values.map { RuleText($0.scalar.text, position) } : [])
        }
    }
}
