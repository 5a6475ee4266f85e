// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel

/// A query compiled for one batch: header tests are table look-ups, field tests compare bytes in place.
///
/// Owned by one thread. No allocation per event except for tests of `offset`, zones and assets.
public struct QueryPredicate {
    let batch: EventBatch
    let resolver: (any EntityResolver)?
    private let root: BoundNode

    /// Compiles `query` for `batch`.
    ///
    /// Without a resolver, zones and assets are what the lines say themselves.
    ///
    /// - Parameters:
    ///   - query: What to test.
    ///   - batch: The events.
    ///   - resolver: Knows assets and zones.
    ///   - className: Stands for the class of every event, for findings that are no events, such as reviews.
    public init(
        _ query: Query,
        for batch: EventBatch,
        resolver: (any EntityResolver)? = nil,
        className: String? = nil
    ) {
        self.batch = batch
        self.resolver = resolver
        root = BoundNode(query.root, batch, className)
    }

    /// Whether event `index` of the batch matches.
    public func matches(_ index: Int) -> Bool { matches(root, index) }

    private func matches(_ node: BoundNode, _ index: Int) -> Bool {
        switch node {
        case .constant(let value): return value
        case .all(let nodes):
            for node in nodes where !matches(node, index) { return false }
            return true
        case .any(let nodes):
            for node in nodes where matches(node, index) { return true }
            return false
        case .not(let node): return !matches(node, index)
        case .header(let test): return test.matches(batch.events[index])
        case .offset(let condition):
            return condition.accepts(Array(String(batch.events[index].offset.value).utf8))
        case .fields(let fields, let condition): return anyField(fields, index, condition)
        case .everyField(let actions, let condition):
            return actions[batch.events[index].action.rawValue] || everyField(index, condition)
        case .zone(let end, let condition): return zone(end, index, condition)
        case .entity(let fact, let condition): return entity(fact, index, condition)
        case .compare(let left, let comparison, let right): return compare(left, comparison, right, index)
        }
    }

    private func anyField(_ fields: [FieldID], _ index: Int, _ condition: QueryCondition) -> Bool {
        for entry in batch.fields(of: index) where fields.contains(entry.field) {
            if condition.accepts(batch.bytes, entry.range) { return true }
        }
        return false
    }

    private func everyField(_ index: Int, _ condition: QueryCondition) -> Bool {
        for entry in batch.fields(of: index) where condition.accepts(batch.bytes, entry.range) { return true }
        return false
    }
}

extension QueryPredicate {
    private func zone(_ end: QueryField.End, _ index: Int, _ condition: QueryCondition) -> Bool {
        zones(end, index).contains { condition.accepts($0) }
    }

    /// The zone as the line names it; else of the address.
    private func zones(_ end: QueryField.End, _ index: Int) -> [[UInt8]] {
        let (said, place) =
            end == .source ? (FieldID.sourceZone, FieldID.sourceIP) : (FieldID.targetZone, FieldID.targetIP)
        if let range = batch.range(of: said, in: index) { return [Array(batch.bytes[range])] }
        guard let address = batch.address(place, in: index), let zone = resolver?.zone(of: address) else {
            return []
        }
        return [Array(zone.utf8)]
    }

    private static let ownNames: [FieldID] = [.hostName, .deviceID, .sourceHost, .targetHost]
    private static let ownAddresses: [FieldID] = [.hostIP, .sourceIP, .targetIP]

    /// The fields of an event that count beside the assets that take part, names and addresses apart.
    static func ownFields(_ fact: QueryField.EntityFact) -> [[FieldID]] {
        switch fact {
        case .entity: [ownNames, ownAddresses]
        case .device: [ownNames]
        case .zone, .type, .manufacturer, .model: []
        }
    }

    /// Whether what is known of an asset satisfies the condition.
    static func holds(
        _ fact: QueryField.EntityFact,
        _ condition: QueryCondition,
        _ facts: EntityFacts
    ) -> Bool {
        texts(fact, facts).contains { !$0.isEmpty && condition.accepts(Array($0.utf8)) }
    }

    private func entity(_ fact: QueryField.EntityFact, _ index: Int, _ condition: QueryCondition) -> Bool {
        if QueryPredicate.ownFields(fact).contains(where: { anyField($0, index, condition) }) { return true }
        if fact == .zone {
            if QueryField.End.allCases.contains(where: { zone($0, index, condition) }) { return true }
            if let address = batch.address(.hostIP, in: index), let zone = resolver?.zone(of: address),
                condition.accepts(Array(zone.utf8))
            {
                return true
            }
        }
        guard let participants = resolver?.participants(of: index, in: batch) else { return false }
        return participants.contains { QueryPredicate.holds(fact, condition, $0) }
    }

    private static func texts(_ fact: QueryField.EntityFact, _ facts: EntityFacts) -> [String] {
        switch fact {
        case .entity, .device: [facts.id] + facts.names
        case .zone: [facts.zone]
        case .type: [facts.type, facts.type.replacing(" ", with: "_")]
        case .manufacturer: [facts.manufacturer]
        case .model: [facts.model]
        }
    }

    /// Two fields of one event: `=` and the orders hold for any pair of values, `!=` when no pair is equal.
    private func compare(
        _ left: BoundSide,
        _ comparison: Comparison,
        _ right: BoundSide,
        _ index: Int
    ) -> Bool {
        let first = values(left, index)
        let second = values(right, index)
        guard !first.isEmpty, !second.isEmpty else { return false }
        if comparison == .notEqual {
            return !first.contains { one in second.contains { QueryPredicate.order(one, $0) == 0 } }
        }
        return first.contains { one in
            second.contains { other in QueryPredicate.order(one, other).map(comparison.holds) ?? false }
        }
    }

    private static func order(_ left: [UInt8], _ right: [UInt8]) -> Int? {
        if let one = IPAddress(left.span), let other = IPAddress(right.span) {
            return one == other ? 0 : one < other ? -1 : 1
        }
        return NaturalOrder.compare(left, left.indices, right, right.indices)
    }

    private func values(_ side: BoundSide, _ index: Int) -> [[UInt8]] {
        switch side {
        case .fields(let fields):
            return batch.fields(of: index).filter { fields.contains($0.field) }.map {
                Array(batch.bytes[$0.range])
            }
        case .zone(let end): return zones(end, index)
        case .header(let envelope):
            return HeaderText.value(envelope, batch.events[index], batch).map { [Array($0.utf8)] } ?? []
        case .entity(let fact):
            let participants = resolver?.participants(of: index, in: batch) ?? []
            return participants.flatMap { QueryPredicate.texts(fact, $0) }.map { Array($0.utf8) }
        }
    }
}

extension QueryCondition {
    /// Whether a value satisfies the condition.
    func accepts(_ bytes: [UInt8]) -> Bool { accepts(bytes, 0..<bytes.count) }

    /// Whether the value at `range` of `bytes` satisfies the condition.
    func accepts(_ bytes: [UInt8], _ range: Range<Int>) -> Bool {
        switch self {
        case .exists: return true
        case .matches(let pattern): return pattern.matches(bytes.span, range)
        case .within(let prefix):
            guard let address = IPAddress(bytes.span, range) else { return false }
            return prefix.contains(address)
        case .ordered(let comparison, .text(let text)):
            return NaturalOrder.compare(bytes, range, text, 0..<text.count).map(comparison.holds) ?? false
        case .ordered(let comparison, .address(let fixed)):
            guard let address = IPAddress(bytes.span, range) else { return false }
            return comparison.holds(address == fixed ? 0 : address < fixed ? -1 : 1)
        case .ordered(_, .time): return false
        }
    }
}
