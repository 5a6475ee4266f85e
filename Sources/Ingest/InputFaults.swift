// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Platform

/// Losses, refusals and malformed input of one listener: counted by reason, told as one fact a second at
/// most.
///
/// A flood costs the log no more than a trickle, and no more memory than ``reasonCountMax`` texts.
struct InputFaults {
    /// Reasons told apart between two facts; what comes beyond is counted under the last.
    static let reasonCountMax = 16
    /// Longest reason, in bytes.
    static let reasonLengthMaxBytes = 512
    /// Least time between two facts of a listener, in nanoseconds.
    static let periodNanoseconds: Int64 = 1_000_000_000

    /// What a fault does to the counters of its listener.
    enum Kind {
        /// Sent, and not here.
        case lost
        /// Here, and not what it claims to be.
        case malformed
        /// Not taken; the sender was told.
        case refused
    }

    private struct Entry {
        var reason: String
        var count: Int
        var from: UTCTime
        var through: UTCTime
    }

    private let listener: String
    private var entries: [Entry] = []
    private var nextDue: Int64 = 0
    private var lost: UInt64 = 0
    private var malformed: UInt64 = 0
    private var refused: UInt64 = 0

    init(listener: String) { self.listener = listener }

    /// Counts `count` faults of that reason; `from` is when what was lost may have been sent first.
    mutating func note(_ kind: Kind, _ reason: String, count: Int = 1, from: UTCTime? = nil, at now: UTCTime)
    {
        switch kind {
        case .lost: lost += UInt64(count)
        case .malformed: malformed += UInt64(count)
        case .refused: refused += UInt64(count)
        }
        let reason = String(
            decoding: Array(reason.utf8.prefix(InputFaults.reasonLengthMaxBytes)),
            as: UTF8.self
        )
        var index = entries.firstIndex { $0.reason == reason }
        if index == nil, entries.count == InputFaults.reasonCountMax { index = entries.count - 1 }
        guard let index else {
            entries.append(Entry(reason: reason, count: count, from: from ?? now, through: now))
            return
        }
        entries[index].count += count
        entries[index].from = min(entries[index].from, from ?? now)
        entries[index].through = now
    }

    /// Appends the facts that are due, and counts them; all of them at the end, with `now` at its greatest.
    mutating func tell(
        at time: UTCTime,
        _ now: Int64,
        _ counters: ListenerCounters,
        into batch: inout RecordBatch
    ) {
        guard !entries.isEmpty, now >= nextDue else { return }
        nextDue = now == .max ? now : now + InputFaults.periodNanoseconds
        let origin = batch.index(of: Origin(listener: listener, transport: .internal))
        for entry in entries {
            let fact = JSONValue.object([
                .init("listener", .text(listener)), .init("count", .integer(Int64(entry.count))),
                .init("from", .text(entry.from.description)),
                .init("through", .text(entry.through.description)),
                .init("reason", .text(entry.reason)),
            ])
            batch.append(Array(fact.line.utf8), kind: .loss, origin: origin, receiveTime: time)
        }
        let (lost, malformed, refused, last) = (lost, malformed, refused, entries[entries.count - 1].reason)
        counters.update { status in
            status.lost += lost
            status.malformed += malformed
            status.refused += refused
            status.fault = last
        }
        (self.lost, self.malformed, self.refused) = (0, 0, 0)
        entries = []
    }
}
