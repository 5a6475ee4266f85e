// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel

extension Query {
    /// What a stored record must have for the query to match one of its events; never more than that.
    public var rowCondition: RowCondition { Query.condition(root) }

    private static func condition(_ node: QueryNode) -> RowCondition {
        switch node {
        case .everything, .not, .compare: .everything
        case .all(let nodes): .all(nodes.map(condition))
        case .any(let nodes): .any(nodes.map(condition))
        case .test(let field, let condition): Query.condition(field, condition)
        }
    }

    private static func condition(_ field: QueryField, _ condition: QueryCondition) -> RowCondition {
        switch field {
        case .envelope(let envelope):
            guard let part = header(envelope) else { return .everything }
            return .header(part, ByteSet { HeaderText.accepts(envelope, $0, condition) })
        case .known(let field): return value([field], condition) ?? text(condition)
        case .group(let group): return value(BoundNode.fields(of: group), condition) ?? text(condition)
        case .named(let name):
            guard case .matches(let pattern) = condition, let text = pattern.wholeText else {
                return text(condition)
            }
            return .value(fields: [name], .text(text))
        // The action of an event is searched with its fields.
        case .any:
            return .any([
                .header(.action, ByteSet { HeaderText.accepts(.action, $0, condition) }), text(condition),
            ])
        // What the site's files say of an address is in no record.
        case .zone, .entity: return .everything
        }
    }

    /// The whole value that one of the fields must have; nil if it may be one of several.
    private static func value(_ fields: [FieldID], _ condition: QueryCondition) -> RowCondition? {
        let names = fields.map { FieldID.knownNames[Int($0.rawValue)] }
        switch condition {
        case .matches(let pattern): return pattern.wholeText.map { .value(fields: names, .text($0)) }
        case .within(let prefix) where fields.allSatisfy(FieldID.addresses.contains):
            return prefix.onlyAddress.map { .value(fields: names, .address($0)) }
        default: return nil
        }
    }

    /// Text that a value must hold; values are parts of the record or lie beside it.
    private static func text(_ condition: QueryCondition) -> RowCondition {
        guard case .matches(let pattern) = condition else { return .everything }
        return .all(pattern.literals.map { .text($0) })
    }

    private static func header(_ envelope: QueryField.Envelope) -> RowCondition.Header? {
        switch envelope {
        case .eventClass: .eventClass
        case .action: .action
        case .outcome: .outcome
        case .severity: .severity
        default: nil
        }
    }
}
