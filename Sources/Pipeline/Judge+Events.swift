// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Correlation
import Digests
import EventModel
import Inventory

/// Events on their way to the correlator: clocks corrected, the needed ones copied, the watermark moved.
extension Judge {
    /// Longest part of a message that timelines may show, in bytes.
    private static let messageCountMax = 160

    /// Events gathered for the correlator.
    private struct Gathered {
        var events = EventBatch()
        var sources: [UInt64] = []
        var lastOffset: Offset?
        var digest: [UInt8] = []
    }

    /// Corrects, counts and hands on the events of `records`.
    mutating func judge(_ events: inout EventBatch, _ records: RecordBatch, _ base: Offset) {
        var gathered = empty(like: events)
        var lastRecord: Offset?
        counters.begin(events, records.origins)
        let kept = correlator.keptFields(of: events)
        for index in events.events.indices {
            let offset = events.events[index].offset
            let row = Int(offset.value - base.value)
            let origin = records.origins[Int(records.rows[row].origin)]
            let source = source(events, index, origin)
            let isNew = lastRecord != offset
            lastRecord = offset
            let decodedTime = events.events[index].time
            let skew = correct(&events, index, source, isNew: isNew)
            if isNew {
                counters.countRecord(records.rows[row], origin, events, index, source: source, skew: skew)
            }
            counters.countEvent(events, index, source: source, register: correlator.register, skew: skew)
            if correlator.needsCoverage {
                correlator.hear(events, index, listener: imported == nil ? origin.listener : nil)
            }
            let isWanted = correlator.wants(events, index)
            if imported == nil { follow(&events, index, &gathered, isWanted: isWanted) }
            guard isWanted else { continue }
            copy(events, index, kept, records, row, &gathered)
            guard imported != nil else { continue }
            gathered.sources.append(source)
            // Held events are corrected once all of the import is known.
            gathered.events.events[gathered.events.events.count - 1].time = decodedTime
        }
        hand(&gathered)
    }

    private func empty(like events: EventBatch) -> Gathered {
        var gathered = Gathered()
        gathered.events.extensionNames = events.extensionNames
        gathered.events.decoders = events.decoders
        return gathered
    }

    private func source(_ events: EventBatch, _ index: Int, _ origin: Origin) -> UInt64 {
        var hash = StableHash()
        if let host = events.range(of: .hostName, in: index) {
            hash.combine(events.bytes.span, host)
        } else if let peer = origin.peer {
            hash.combine(peer.description)
        } else {
            hash.combine(origin.listener)
            hash.combine(events.decoders[Int(events.events[index].decoder)])
        }
        return hash.value
    }

    /// Moves an event's time by the skew of its source, as measured up to this record.
    ///
    /// - Returns: The skew (device less true time) if it was measured.
    private mutating func correct(
        _ events: inout EventBatch,
        _ index: Int,
        _ source: UInt64,
        isNew: Bool
    ) -> Int64? {
        let event = events.events[index]
        guard content.correctsClocks, event.deviceTime.isPresent, event.receiveTime.isPresent,
            !event.flags.contains(.timeless)
        else { return nil }
        if isNew, imported != nil {
            imported?.measure(source, event.receiveTime.nanoseconds &- event.deviceTime.nanoseconds)
        }
        let reading = clocks.read(source, device: event.deviceTime, received: event.receiveTime)
        events.events[index].apply(reading)
        return reading.verdict == .moved || reading.verdict == .kept ? -reading.skew : nil
    }

    /// Moves the live watermark past an event; what came after its time was decided is judged at once.
    private mutating func follow(
        _ events: inout EventBatch,
        _ index: Int,
        _ gathered: inout Gathered,
        isWanted: Bool
    ) {
        let event = events.events[index]
        if watermark.isPresent, event.time <= watermark {
            events.events[index].issues.insert(.late)
            if isWanted {
                correlator.admit(gathered.events, isHeard: true)
                gathered = empty(like: events)
                correlator.advance(to: watermark)
            }
        }
        latestLive = max(latestLive, event.time)
        watermark = max(watermark, min(event.logTime, latestLive).advanced(by: -content.lateness))
    }

    private func copy(
        _ events: EventBatch,
        _ index: Int,
        _ kept: [Bool],
        _ records: RecordBatch,
        _ row: Int,
        _ gathered: inout Gathered
    ) {
        let event = events.events[index]
        gathered.events.begin(event)
        for entry in events.fields(of: index) where kept[Int(entry.field.rawValue)] {
            let limit =
                entry.field == .message ? min(Judge.messageCountMax, entry.range.count) : entry.range.count
            gathered.events.add(
                entry.field,
                events.bytes.span,
                entry.range.lowerBound..<entry.range.lowerBound + limit
            )
        }
        if gathered.lastOffset != event.offset {
            gathered.digest = sha256(records.bytes[records.rows[row].range]).bytes
            gathered.lastOffset = event.offset
        }
        gathered.events.add(.recordDigest, gathered.digest)
    }

    private mutating func hand(_ gathered: inout Gathered) {
        gathered.events = gathered.events.compacted
        guard imported != nil else {
            correlator.admit(gathered.events, isHeard: true)
            correlator.advance(to: watermark)
            return
        }
        let due = imported?.hold(gathered.events, gathered.sources, correcting: content.correctsClocks) ?? []
        for events in due { correlator.admit(events) }
    }

    /// Ends an import: its clocks are known now, and event time goes to its end.
    mutating func concludeImport() {
        guard var ending = imported else { return }
        imported = nil
        for events in ending.release(correcting: content.correctsClocks) { correlator.admit(events) }
        guard ending.latest.isPresent else { return }
        correlator.advance(to: ending.latest.advanced(by: content.lateness))
        correlator.revise()
        latestLive = max(latestLive, correlator.watermark)
    }
}
