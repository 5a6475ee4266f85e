// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Correlation
import EventModel
import Inventory
import Projections

/// Events on their way to the correlator: clocks corrected, the needed ones copied, the watermark moved.
extension Judge {
    /// Corrects, counts and hands on the events of `records`.
    mutating func judge(_ events: inout EventBatch, _ records: RecordBatch, _ base: Offset) {
        var slim = SlimCopy(of: events, for: [correlator])
        var sources: [UInt64] = []
        var lastRecord: Offset?
        counters.begin(events, records.origins)
        let numbered = ["ext.meta.sequenceId", "ext.sequence"].compactMap { events.field(named: $0) }
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
                for field in numbered { follow(field, events, index, source) }
                counters.countRecord(records.rows[row], origin, events, index, source: source, skew: skew)
            }
            counters.countEvent(events, index, source: source, register: correlator.register, skew: skew)
            if correlator.needsCoverage {
                correlator.hear(events, index, listener: imported == nil ? origin.listener : nil)
            }
            let isWanted = correlator.wants(events, index)
            if imported == nil { follow(&events, index, &slim, isWanted: isWanted) }
            guard isWanted else { continue }
            slim.add(events, index, from: records.bytes.span.extracting(records.rows[row].range))
            guard imported != nil else { continue }
            sources.append(source)
            // Held events are corrected once all of the import is known.
            slim.events.events[slim.events.events.count - 1].time = decodedTime
        }
        hand(slim, sources)
    }

    /// Notes messages that the counter of a source says are missing.
    private mutating func follow(_ field: FieldID, _ events: EventBatch, _ index: Int, _ source: UInt64) {
        guard let number = events.integer(field, in: index) else { return }
        let event = events.events[index]
        var hash = StableHash(seed: source)
        hash.combine(events.name(of: field))
        guard let gap = sequences.read(hash.value, number, at: event.logTime) else { return }
        let name = events.text(.hostName, in: index) ?? ""
        update.losses.append(
            LossRow(
                offset: event.offset,
                listener: name,
                count: gap.count,
                from: gap.from,
                through: event.logTime,
                reason: "numbers missing before \(number)"
            )
        )
        note([VerdictFacts.loss(event.offset, name, gap.count, before: number)])
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
        _ slim: inout SlimCopy,
        isWanted: Bool
    ) {
        let event = events.events[index]
        if watermark.isPresent, event.time <= watermark {
            events.events[index].issues.insert(.late)
            if isWanted {
                for part in slim.parts { correlator.admit(part, isHeard: true) }
                slim.removeAll()
                correlator.advance(to: watermark)
            }
        }
        latestLive = max(latestLive, event.time)
        watermark = max(watermark, min(event.logTime, latestLive).advanced(by: -content.lateness))
    }

    private mutating func hand(_ slim: SlimCopy, _ sources: [UInt64]) {
        guard imported != nil else {
            for part in slim.parts { correlator.admit(part, isHeard: true) }
            correlator.advance(to: watermark)
            return
        }
        let due = imported?.hold(slim.events.compacted, sources, correcting: content.correctsClocks) ?? []
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
