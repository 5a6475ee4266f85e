// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel

extension Query {
    /// What a stored record must have for the query to match one of its events; never more than that.
    ///
    /// `resolver` is who resolves the assets of the events.
    public func rowCondition(_ resolver: (any EntityResolver)? = nil) -> RowCondition {
        Query.condition(root, resolver)
    }

    private static func condition(_ node: QueryNode, _ resolver: (any EntityResolver)?) -> RowCondition {
        switch node {
        case .everything, .not, .compare: .everything
        case .all(let nodes): .all(nodes.map { condition($0, resolver) })
        case .any(let nodes): .any(nodes.map { condition($0, resolver) })
        case .test(.entity(let fact), let condition): entity(fact, condition, resolver)
        case .test(let field, let condition): Query.condition(field, condition)
        }
    }

    private static func entity(
        _ fact: QueryField.EntityFact,
        _ condition: QueryCondition,
        _ resolver: (any EntityResolver)?
    ) -> RowCondition {
        // What the site's files say of an address is in no record.
        if fact == .zone || condition == .exists { return .everything }
        var parts: [RowCondition] = []
        for fields in QueryPredicate.ownFields(fact) {
            parts.append(value(fields, condition) ?? text(condition))
        }
        let identifiers = resolver?.identifiers { QueryPredicate.holds(fact, condition, $0) }
        for name in (identifiers?.names ?? []).sorted() {
            // Names are compared as Unicode, records are searched as bytes.
            guard name.utf8.allSatisfy({ $0 < 0x80 }) else { return .everything }
            parts.append(.text(name.utf8.map(ByteFolding.folded)))
        }
        let fields = SiteResolver.addresses.map { FieldID.knownNames[Int($0.rawValue)] }
        for address in (identifiers?.addresses ?? []).sorted() {
            parts.append(.value(fields: fields, .address(address)))
            // A host may be called by its address; those of version 6 have many spellings.
            guard address.v4 != nil else { return .everything }
            parts.append(.text(Array(address.description.utf8)))
        }
        // And so do those of version 4 within version 6.
        if !(identifiers?.addresses.isEmpty ?? true) { parts.append(.text(Array(":ffff:".utf8))) }
        return .any(parts)
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
        // Where an address lies is in no record.
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
