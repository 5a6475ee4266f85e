// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import WireFormats

/// Records of the Linux audit log that share a serial.
extension Normalizer {
    /// Decodes a record as it stands; the last of its serial gives the event of the whole as well.
    ///
    /// What happened is told once, by the first record that says it: the call is a fact even if nothing
    /// follows, what follows says more about it.
    mutating func decode(
        _ record: AuditRecord,
        _ place: RecordAssembler.Place,
        _ work: inout RecordWork,
        _ bytes: [UInt8],
        _ events: inout EventBatch
    ) {
        var hash = StableHash()
        hash.combine(bytes.span, record.id)
        let key = hash.value
        let (isJoined, evicted) = assembler.audit.add(
            record,
            work.record,
            bytes,
            key: key,
            at: place,
            assembler.count
        )
        let first = events.events.count
        let isFollower = isJoined && record.part != .call && record.part != .lead
        if isFollower { work.header.issues.insert(.fragment) }
        decodeAlone(&work, bytes, &events)
        if isJoined, record.part != .lead {
            noteFacts(first..<events.events.count, isFollower: isFollower, place.source, key, &events)
        }
        if record.part == .title || record.part == .end,
            let whole = assembler.audit.take(place.source, key)
        {
            tell(whole, &work, &events)
        }
        if let evicted { tell(evicted, &work, &events) }
    }

    /// Notes the fact that events of a record tell; of a second one only what it shows stays.
    private mutating func noteFacts(
        _ range: Range<Int>,
        isFollower: Bool,
        _ source: UInt64,
        _ key: UInt64,
        _ events: inout EventBatch
    ) {
        let isKnown = assembler.audit.group(source, key)?.hasFact ?? false
        for index in range where Normalizer.isFact(events.events[index]) {
            if isFollower, isKnown {
                events.events[index].action = .statusReport
                events.events[index].outcome = .unknown
            } else {
                assembler.audit.noteFact(source, key)
            }
        }
    }

    private static func isFact(_ event: Event) -> Bool {
        event.eventClass != .unclassified && event.action != .statusReport && event.action != .other
    }

    private mutating func tell(_ group: AuditGroup, _ work: inout RecordWork, _ events: inout EventBatch) {
        let first = events.events.count
        decode(
            group.joined,
            citing: group.offsets,
            adding: group.isTruncated ? .decodeTruncated : [],
            &work,
            &events
        )
        guard group.hasFact else { return }
        for index in first..<events.events.count where Normalizer.isFact(events.events[index]) {
            events.events[index].action = .statusReport
        }
    }
}
