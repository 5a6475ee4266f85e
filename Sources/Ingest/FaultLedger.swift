// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Platform

/// Faults of one listener on their way to the log: equal ones within an interval become one fact with a
/// count.

/// An attacker who is refused a thousand times a second must not fill the log with it. The interval is a
/// second and
/// doubles, up to a minute, as long as faults keep coming. Used by one thread.
struct FaultLedger: Sendable {
    /// Different faults held at once: one more is counted for no peer in particular.
    static let keyCountMax = 64
    /// Shortest interval between facts, in nanoseconds.
    static let intervalMinNanoseconds: Int64 = 1_000_000_000
    /// Longest interval, in nanoseconds.
    static let intervalMaxNanoseconds: Int64 = 60_000_000_000
    /// Longest detail, in bytes: the rest is cut.
    static let detailSizeMaxBytes = 200

    private struct Entry {
        var fault: IntakeFault
        var peer: IPAddress?
        var detail: String
        var count: UInt64
        var from: UTCTime
        var through: UTCTime
    }

    private var entries: [Entry] = []
    private var interval = FaultLedger.intervalMinNanoseconds
    /// Monotonic time at which the entries become facts.
    private(set) var due = Int64.max
    private var lastTaken = Int64.min / 2

    var isEmpty: Bool { entries.isEmpty }

    mutating func note(_ fault: IntakeFault, peer: IPAddress?, detail: String, at time: UTCTime) {
        let now = monotonicNanoseconds()
        if entries.isEmpty {
            if now - lastTaken > 2 * interval { interval = FaultLedger.intervalMinNanoseconds }
            due = now + interval
        }
        let isKnown = entries.contains { $0.fault == fault && $0.peer == peer }
        let peer = isKnown || entries.count < FaultLedger.keyCountMax ? peer : nil
        if let index = entries.firstIndex(where: { $0.fault == fault && $0.peer == peer }) {
            entries[index].count += 1
            entries[index].through = time
            return
        }
        // One entry for each kind of fault beyond the bound, without peer.
        let cut = String(decoding: detail.utf8.prefix(FaultLedger.detailSizeMaxBytes), as: UTF8.self)
        entries.append(
            Entry(fault: fault, peer: peer, detail: cut, count: 1, from: time, through: time)
        )
    }

    /// Appends what was noted as records.
    mutating func take(_ listener: String, at time: UTCTime, into batch: inout RecordBatch) {
        guard !entries.isEmpty else { return }
        let origin = batch.index(of: Origin(listener: listener, transport: .internal))
        for entry in entries {
            var members: [JSONValue.Member] = [
                .init("listener", .text(listener)), .init("count", .integer(Int64(clamping: entry.count))),
                .init("from", .text(entry.from.description)),
                .init("through", .text(entry.through.description)),
                .init("reason", .text(entry.fault.rawValue)),
            ]
            if let peer = entry.peer { members.append(.init("peer", .text(peer.description))) }
            if !entry.detail.isEmpty { members.append(.init("detail", .text(entry.detail))) }
            batch.append(
                Array(JSONValue.object(members).line.utf8),
                kind: entry.fault.isLoss ? .loss : .fault,
                origin: origin,
                receiveTime: time
            )
        }
        entries.removeAll(keepingCapacity: true)
        lastTaken = monotonicNanoseconds()
        interval = min(interval * 2, FaultLedger.intervalMaxNanoseconds)
        due = .max
    }
}
