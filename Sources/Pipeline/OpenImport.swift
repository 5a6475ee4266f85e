// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Correlation
import EventModel
import Inventory

/// The import that runs: the events that wait for its end.
///
/// With claimed receive times the clocks of all sources are measured over the whole import before anything is
/// judged.
struct OpenImport: Sendable {
    /// Events held for their clocks: 262,144 of some 300 bytes.
    ///
    /// Beyond it they go on with what was measured so far.
    static let heldCountMax = 262_144

    /// Whether a file was begun that has not ended.
    var isInFile = false
    /// Greatest event time so far; absent before the first.
    private(set) var latest = UTCTime.absent
    private var clocks = ImportClocks()
    private var held: [(events: EventBatch, sources: [UInt64])] = []
    private var heldCount = 0

    /// Notes an event time that is no stand-in.
    mutating func note(_ time: UTCTime) { latest = max(latest, time) }

    /// Notes the difference of receipt and stamp of a source.
    mutating func measure(_ source: UInt64, _ delay: Int64) { clocks.note(source, delay) }

    /// Holds events until the clocks of their sources are known.
    ///
    /// - Returns: Events to be judged at once, because too many wait.
    mutating func hold(_ events: EventBatch, _ sources: [UInt64], correcting: Bool) -> [EventBatch] {
        guard !events.events.isEmpty else { return [] }
        held.append((events, sources))
        heldCount += events.events.count
        return heldCount > OpenImport.heldCountMax ? release(correcting: correcting) : []
    }

    /// The events that wait, moved by the skew of their sources.
    mutating func release(correcting: Bool) -> [EventBatch] {
        defer {
            held = []
            heldCount = 0
        }
        return held.flatMap { item in
            var events = item.events
            for index in events.events.indices {
                let event = events.events[index]
                if correcting, event.deviceTime.isPresent, event.receiveTime.isPresent,
                    !event.flags.contains(.timeless)
                {
                    let delay = event.receiveTime.nanoseconds &- event.deviceTime.nanoseconds
                    events.events[index].apply(
                        SourceClocks.apart(delay) ?? clocks.reading(item.sources[index])
                    )
                }
                if !event.flags.contains(.timeless) { note(events.events[index].time) }
            }
            return events.parts(of: CorrelationBounds.neighbourCountMax)
        }
    }
}

/// Least and greatest delay of each source over a whole import.
private struct ImportClocks: Sendable {
    private var delays: [UInt64: (least: Int64, most: Int64)] = [:]

    mutating func note(_ source: UInt64, _ delay: Int64) {
        guard SourceClocks.apart(delay) == nil else { return }
        guard let known = delays[source] else {
            if delays.count < SourceClocks.sourceCountMax { delays[source] = (delay, delay) }
            return
        }
        delays[source] = (min(known.least, delay), max(known.most, delay))
    }

    func reading(_ source: UInt64) -> ClockReading {
        guard let known = delays[source] else { return .unknown }
        return SourceClocks.reading(least: known.least, most: known.most)
    }
}

extension Event {
    /// Moves the event's time as the reading of its source's clock says, and flags it.
    mutating func apply(_ reading: ClockReading) {
        switch reading.verdict {
        case .kept: return
        case .moved:
            time = deviceTime.advanced(by: reading.skew)
            uncertainty += reading.spread
            issues.insert(.clockCorrected)
        case .replaced:
            time = receiveTime
            issues.formUnion([.clockCorrected, .implausibleTime])
        case .implausible: issues.insert(.implausibleTime)
        }
    }
}
