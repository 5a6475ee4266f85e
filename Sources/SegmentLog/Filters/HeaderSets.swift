// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// The bytes that occur in each part of the headers of events: classes, actions, outcomes, severities.
struct HeaderSets: Hashable, Sendable {
    private var sets: [ByteSet]

    /// Of no events.
    init() { sets = RowCondition.Header.allCases.map { _ in ByteSet() } }

    /// Of all events of `batches`.
    init(_ batches: [EventBatch]) {
        var found = [Bool](repeating: false, count: 4 * 256)
        for batch in batches {
            for event in batch.events {
                found[Int(event.eventClass.rawValue)] = true
                found[256 + Int(event.action.rawValue)] = true
                found[512 + Int(event.outcome.rawValue)] = true
                found[768 + Int(event.severity)] = true
            }
        }
        sets = RowCondition.Header.allCases.map { part in
            ByteSet { found[Int(part.rawValue) * 256 + Int($0)] }
        }
    }

    mutating func formUnion(_ other: HeaderSets) {
        for index in sets.indices { sets[index] = sets[index].union(other.sets[index]) }
    }

    /// Whether an event may satisfy `condition`, by its header alone.
    func mayHold(_ condition: RowCondition) -> Bool {
        switch condition {
        case .everything, .text, .value, .decoder: true
        case .all(let conditions): conditions.allSatisfy(mayHold)
        case .any(let conditions): conditions.contains(where: mayHold)
        case .header(let part, let wanted): !sets[Int(part.rawValue)].isDisjoint(with: wanted)
        }
    }

    /// The sets in the order of the parts: a count and the bytes, rising.
    func encode(into writer: inout ByteWriter) {
        for set in sets {
            let bytes = (0...255).filter { set[UInt8($0)] }
            writer.varint(UInt64(bytes.count))
            for byte in bytes { writer.write(UInt8(byte)) }
        }
    }

    init(_ reader: inout ByteReader) throws(ByteReaderError) {
        self.init()
        for index in sets.indices {
            sets[index] = ByteSet(reader.bytes[try reader.range(try reader.count(atMost: 256))])
        }
    }
}
