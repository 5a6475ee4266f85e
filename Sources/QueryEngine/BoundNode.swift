// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// A query tree whose names are numbers of one batch and whose header tests are tables.
indirect enum BoundNode {
    case constant(Bool)
    case all([BoundNode])
    case any([BoundNode])
    case not(BoundNode)
    case header(HeaderTest)
    case offset(QueryCondition)
    case fields([FieldID], QueryCondition)
    case everyField(ByteSet, QueryCondition)
    case zone(QueryField.End, QueryCondition)
    case entity(QueryField.EntityFact, QueryCondition)
    case compare(BoundSide, Comparison, BoundSide)

    init(_ node: QueryNode, _ batch: EventBatch, _ className: String?) {
        switch node {
        case .everything: self = .constant(true)
        case .all(let nodes): self = .all(nodes.map { BoundNode($0, batch, className) })
        case .any(let nodes): self = .any(nodes.map { BoundNode($0, batch, className) })
        case .not(let node): self = .not(BoundNode(node, batch, className))
        case .compare(let left, let comparison, let right):
            guard let one = BoundSide(left, batch), let other = BoundSide(right, batch) else {
                self = .constant(false)
                return
            }
            self = .compare(one, comparison, other)
        case .test(let field, let condition):
            if field == .envelope(.eventClass), let className {
                self = .constant(condition.accepts(Array(className.utf8)))
            } else {
                self = BoundNode(field, condition, batch)
            }
        }
    }

    private init(_ field: QueryField, _ condition: QueryCondition, _ batch: EventBatch) {
        switch field {
        case .envelope(.offset): self = .offset(condition)
        case .envelope(let envelope): self = .header(HeaderTest(envelope, condition, batch))
        case .known(let known): self = .fields([known], condition)
        case .named(let name):
            let fields = BoundNode.fields(named: name, batch)
            self = fields.isEmpty ? .constant(false) : .fields(fields, condition)
        case .group(let group): self = .fields(BoundNode.fields(of: group), condition)
        case .zone(let end): self = .zone(end, condition)
        case .entity(let fact): self = .entity(fact, condition)
        case .any:
            self = .everyField(ByteSet { HeaderText.accepts(.action, $0, condition) }, condition)
        }
    }

    /// Extension fields of the batch with that name, ASCII case ignored.
    static func fields(named name: String, _ batch: EventBatch) -> [FieldID] {
        batch.extensionNames.indices.filter { batch.extensionNames[$0].lowercased() == name }.map {
            FieldID(rawValue: FieldID.firstExtension + UInt16($0))
        }
    }

    static func fields(of group: QueryField.Group) -> [FieldID] {
        switch group {
        case .user: [.userName, .userTarget]
        case .ip: [.hostIP, .sourceIP, .targetIP]
        case .port: [.sourcePort, .targetPort]
        case .mac: [.sourceMAC, .targetMAC]
        case .host: [.hostName, .sourceHost, .targetHost]
        case .version: [.softwareFrom, .softwareTo]
        }
    }
}

/// One side of a comparison between fields.
enum BoundSide {
    case fields([FieldID])
    case header(QueryField.Envelope)
    case zone(QueryField.End)
    case entity(QueryField.EntityFact)

    init?(_ field: QueryField, _ batch: EventBatch) {
        switch field {
        case .envelope(let envelope): self = .header(envelope)
        case .known(let known): self = .fields([known])
        case .named(let name): self = .fields(BoundNode.fields(named: name, batch))
        case .group(let group): self = .fields(BoundNode.fields(of: group))
        case .zone(let end): self = .zone(end)
        case .entity(let fact): self = .entity(fact)
        case .any: return nil
        }
    }
}
