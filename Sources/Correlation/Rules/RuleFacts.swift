// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel

/// What a rule is made of, for people who have to trust it.
public struct RuleFacts: Sendable {
    /// What an event costs a rule.
    public enum Cost: String, Sendable, CaseIterable {
        /// Only events of some actions are looked at.
        case action
        /// Every event is looked at, by values of named fields.
        case field
        /// Every event is looked at, every field or by regular expressions.
        case text
        /// Only matches of other rules are looked at.
        case matches
    }

    /// A field as the rule names it, and what is read for it.
    public struct Field: Hashable, Sendable {
        /// As the rule has it; empty for searches of every field.
        public var name: String
        /// Names of event v1, of `ext.*` or of joined facts.
        public var reads: [String]
        /// Whether a fact of the site or of earlier events is joined.
        public var isJoined: Bool
    }

    /// Title, level, author and so on.
    public var header: RuleHeader
    /// `detection`, or the type of the correlation.
    public var kind: String
    /// `category`, `product` and `service` of a detection, as written.
    public var logsource: [(name: String, value: String)]
    /// Fields, those of `group-by` too, in order of name.
    public var fields: [Field]
    /// Actions of the events it looks at, sorted; nil for any.
    public var actions: [String]?
    /// Rules that a correlation builds on.
    public var sources: [String]
    /// Window of a correlation, or length of an episode, nanoseconds.
    public var window: Int64
    /// What an event costs.
    public var cost: Cost
    /// Whether it raises alerts of its own.
    public var raisesAlerts: Bool
    /// Why it is not in force; nil when it is.
    public var inactive: String?

    /// What is ours: keys under `wardline:`, joined facts, and forms that only we read; empty for a rule that
    /// any Sigma program reads alike.
    public var extensions: [String] {
        header.extensionKeys.map { "wardline: \($0)" }
            + fields.filter(\.isJoined).map { "field \($0.name)" }
    }

    /// Most that the rule keeps: groups, and matches in each.
    public var bound: (groups: Int, matches: Int) {
        (
            CorrelationBounds.groupCountMax,
            cost == .matches ? CorrelationBounds.matchesPerGroupMax : 1
        )
    }
}

extension RuleSet {
    /// Facts of every rule: detections, correlations, then inactive ones.
    public var facts: [RuleFacts] {
        detections.map { detection($0) } + correlations.map { correlation($0) }
            + inactive.map { rule in
                RuleFacts(
                    header: rule.header,
                    kind: "detection",
                    logsource: [],
                    fields: [],
                    actions: nil,
                    sources: [],
                    window: 0,
                    cost: .field,
                    raisesAlerts: false,
                    inactive: rule.reason.message
                )
            }
    }

    private func detection(_ rule: DetectionRule) -> RuleFacts {
        let names = Set(rule.definition.searches.flatMap(\.definition.fieldNames) + rule.groupNames)
        let readsText =
            rule.test.fields.contains(.any)
            || rule.definition.searches.contains { $0.definition.usesExpressions }
        return RuleFacts(
            header: rule.definition.header,
            kind: "detection",
            logsource: RuleMatcher.logsourceParts.compactMap { part in
                rule.definition.logsource[part].map { (part, $0) }
            },
            fields: RuleSet.fields(names),
            actions: rule.actions.map { $0.map(\.name).sorted() },
            sources: [],
            window: rule.definition.episodeNanoseconds,
            cost: rule.actions != nil ? .action : readsText ? .text : .field,
            raisesAlerts: rule.raisesAlerts,
            inactive: nil
        )
    }

    private func correlation(_ rule: CorrelationRule) -> RuleFacts {
        let aliases = Set(rule.definition.aliases.map(\.name.text))
        let names =
            rule.groupNames.filter { !aliases.contains($0) }
            + rule.definition.aliases.flatMap(\.fields).map(\.field.text)
            + rule.definition.countedFields.map(\.text)
        return RuleFacts(
            header: rule.definition.header,
            kind: rule.definition.kind.rawValue,
            logsource: [],
            fields: RuleSet.fields(Set(names)),
            actions: nil,
            sources: rule.sources.map { source in
                source < detections.count
                    ? detections[source].definition.header.reference
                    : correlations[source - detections.count].definition.header.reference
            },
            window: rule.definition.timespan,
            cost: .matches,
            raisesAlerts: rule.raisesAlerts,
            inactive: nil
        )
    }

    private static func fields(_ names: Set<String>) -> [RuleFacts.Field] {
        names.sorted().map { name in
            let field = RuleField(name: name)
            let reads = field?.sources.map(\.shownName) ?? []
            guard case .joined? = field else {
                return RuleFacts.Field(name: name, reads: reads, isJoined: false)
            }
            return RuleFacts.Field(name: name, reads: reads, isJoined: true)
        }
    }

    /// Numbers in ``headers`` of the detections that an event of this class, action and decoder can match,
    /// whatever its fields are.
    public func readers(of eventClass: EventClass, _ action: Action, decoder: String) -> [Int] {
        detections.indices.filter { number in
            detections[number].test.canHold { field in
                switch field {
                case .eventClass: eventClass.name
                case .action: action.name
                case .decoder: decoder
                case .outcome, .severity: nil
                }
            } ?? true
        }
    }
}

extension CompiledSearch {
    /// Whether it holds for an event of which only parts of the envelope are known; nil if that depends on
    /// the rest.
    fileprivate func canHold(_ known: (RuleField.Envelope) -> String?) -> Bool? {
        switch self {
        case .all(let parts):
            let verdicts = parts.map { $0.canHold(known) }
            return verdicts.contains(false) ? false : verdicts.contains(nil) ? nil : true
        case .any(let parts):
            let verdicts = parts.map { $0.canHold(known) }
            return verdicts.contains(true) ? true : verdicts.contains(nil) ? nil : false
        case .not(let inner): return inner.canHold(known).map { !$0 }
        case .test(let test):
            guard case .envelope(let part) = test.field, test.test.references.isEmpty,
                let value = known(part)
            else { return nil }
            return test.accepts(value)
        }
    }
}

extension RuleField {
    /// The name under which it is read.
    var shownName: String {
        switch self {
        case .envelope(let envelope): envelope.rawValue
        case .known(let field):
            Int(field.rawValue) < FieldID.knownNames.count ? FieldID.knownNames[Int(field.rawValue)] : ""
        case .named(let name): name
        case .joined(let joined): "wardline." + joined.rawValue
        case .either(let name, _): name
        case .any: "every field"
        }
    }
}

extension SearchDefinition {
    fileprivate var fieldNames: [String] {
        switch self {
        case .all(let parts), .any(let parts): parts.flatMap(\.fieldNames)
        case .field(let name, let modifiers, let values, _):
            [name] + (modifiers.contains("fieldref") ? values.map(\.scalar.text) : [])
        }
    }

    fileprivate var usesExpressions: Bool {
        switch self {
        case .all(let parts), .any(let parts): parts.contains(where: \.usesExpressions)
        case .field(_, let modifiers, _, _): modifiers.contains("re")
        }
    }
}
