// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// Which values each key of a rule has shown, so that only new ones take part.
///
/// Keys that go at the bound learn anew, and a full key reports no further value: both leave verdicts out,
/// never invent one.
struct FirstSeenMemory: SnapshotResumed, Sendable {
    private struct Key: KeyedGroup {
        var since: UTCTime
        var touched: UTCTime
        /// Hash of a tuple, and when it was seen last.
        var values: [UInt64: UTCTime] = [:]

        func write(to encoder: SnapshotEncoder) {
            encoder.write(since)
            encoder.write(touched)
            encoder.write(count: values.count)
            for (value, time) in values {
                encoder.write(hash: value)
                encoder.write(time)
            }
        }

        static func read(from decoder: SnapshotDecoder) throws -> Key {
            var key = Key(since: try decoder.time(), touched: try decoder.time())
            let count = try decoder.count()
            key.values.reserveCapacity(count)
            for _ in 0..<count {
                let value = try decoder.hash()
                key.values[value] = try decoder.time()
            }
            return key
        }
    }

    private let fields: [RuleField]
    private let learning: Int64
    private let forgetting: Int64?
    private var table = GroupTable<Key>(bound: CorrelationBounds.firstSeenKeyCountMax)
    private var isFull = false

    init(fields: [RuleField], _ definition: CorrelationExtension.FirstSeen) {
        self.fields = fields
        learning = definition.learning
        forgetting = definition.forgetting
    }

    func write(to encoder: SnapshotEncoder) throws {
        try encoder.write(table)
        encoder.write(isFull)
    }

    mutating func resume(from decoder: SnapshotDecoder) throws {
        table = try decoder.value()
        isFull = try decoder.flag()
    }

    /// Whether something was left out, so that verdicts are lower bounds.
    var isCapped: Bool { isFull || table.evictions > 0 }

    /// Whether the values of `candidate` are new for `key`; they are known from now on.
    mutating func isNew(_ candidate: Candidate, _ key: GroupKey) -> Bool {
        var hash = StableHash()
        for field in fields {
            guard let value = candidate.values(field).first else { return false }
            hash.combine(String(decoding: value, as: UTF8.self).lowercased())
        }
        let time = candidate.event.time
        var known = table.take(key) ?? Key(since: time, touched: time)
        known.touched = max(known.touched, time)
        let last = known.values[hash.value]
        let hasRoom = last != nil || known.values.count < CorrelationBounds.firstSeenValueCountMax
        if hasRoom { known.values[hash.value] = max(last ?? time, time) } else { isFull = true }
        let isLearned = time >= known.since.advanced(by: learning)
        table.put(known, key, after: forgetting.map { time.advanced(by: -$0) } ?? .absent)
        guard hasRoom, isLearned else { return false }
        guard let last else { return true }
        return forgetting.map { last.advanced(by: $0) < time } ?? false
    }
}
