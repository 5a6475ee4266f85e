// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel
import SegmentLog

/// How what a record decodes to differs from the event that is stored for it.
public struct EventChange: Hashable, Sendable {
    /// One member that differs.
    public struct Member: Hashable, Sendable {
        /// Its name in `schemas/output/event-v1.schema.json`.
        public var name: String
        /// The stored value; nil if there is none.
        public var stored: JSONValue?
        /// The value found now; nil if there is none.
        public var found: JSONValue?
    }

    /// The record.
    public var offset: Offset
    /// The event among those of the record.
    public var ordinal: UInt16
    /// What differs, in output order; an event that is only on one side has all its members here.
    public var members: [Member]

    /// The changes from `stored` to `found`, both in the order of records.
    ///
    /// Compared is what decoding says. Event time and its uncertainty, and the issues of the judge (late,
    /// corrected and implausible clocks), come from what other records showed and are left out.
    public static func changes(from stored: EventBatch, to found: EventBatch) -> [EventChange] {
        var changes: [EventChange] = []
        var left = 0
        var right = 0
        while left < stored.events.count || right < found.events.count {
            let before = left < stored.events.count ? key(stored.events[left]) : nil
            let after = right < found.events.count ? key(found.events[right]) : nil
            let isBoth = before.map { $0 == after ?? (.max, .max) } ?? false
            let takesLeft = isBoth || after == nil || before.map { $0 < after ?? (.max, .max) } ?? false
            let takesRight = isBoth || !takesLeft
            let place = takesLeft ? stored.events[left] : found.events[right]
            if !isBoth || !isEqual(stored, left, found, right) {
                let members = members(
                    takesLeft ? said(stored, left) : [],
                    takesRight ? said(found, right) : []
                )
                if !members.isEmpty {
                    changes.append(
                        EventChange(offset: place.offset, ordinal: place.ordinal, members: members)
                    )
                }
            }
            if takesLeft { left += 1 }
            if takesRight { right += 1 }
        }
        return changes
    }

    private static func key(_ event: Event) -> (UInt64, UInt16) { (event.offset.value, event.ordinal) }

    private static let judged: ParseIssues = [.late, .clockCorrected, .implausibleTime]

    /// Whether two events say the same, told without building anything; false when names must be looked at.
    private static func isEqual(
        _ stored: EventBatch,
        _ left: Int,
        _ found: EventBatch,
        _ right: Int
    ) -> Bool {
        let (one, other) = (stored.events[left], found.events[right])
        guard one.eventClass == other.eventClass, one.action == other.action, one.outcome == other.outcome,
            one.severity == other.severity, one.deviceTime == other.deviceTime, one.flags == other.flags,
            one.issues.subtracting(judged) == other.issues.subtracting(judged),
            one.fieldCount == other.fieldCount,
            stored.decoders[Int(one.decoder)] == found.decoders[Int(other.decoder)]
        else { return false }
        for (mine, theirs) in zip(stored.fields(of: left), found.fields(of: right)) {
            guard mine.length == theirs.length,
                mine.field == theirs.field
                    ? mine.field.isKnown || stored.name(of: mine.field) == found.name(of: theirs.field)
                    : stored.name(of: mine.field) == found.name(of: theirs.field),
                stored.bytes[mine.range].elementsEqual(found.bytes[theirs.range])
            else { return false }
        }
        return true
    }

    /// What decoding says of an event.
    private static func said(_ batch: EventBatch, _ index: Int) -> [JSONValue.Member] {
        var copy = batch.events[index]
        copy.issues.subtract(judged)
        var members = EventObject.members(batch, index, withPosition: false).filter {
            !["time", "uncertainty_ms", "issues"].contains($0.name)
        }
        if !copy.issues.isEmpty { members.append(.init("issues", .texts(copy.issues.names))) }
        return members
    }

    /// Members that differ; the order of fields does not count.
    private static func members(_ stored: [JSONValue.Member], _ found: [JSONValue.Member]) -> [Member] {
        var changes: [Member] = []
        for member in stored {
            let now = found.first { $0.name == member.name }?.value
            if now != member.value {
                changes.append(Member(name: member.name, stored: member.value, found: now))
            }
        }
        for member in found where !stored.contains(where: { $0.name == member.name }) {
            changes.append(Member(name: member.name, stored: nil, found: member.value))
        }
        return changes
    }
}

extension StoreParts {
    /// The stored events of a part, and what its records decode to by the decoder of this source.
    ///
    /// Records that retention removed give neither.
    ///
    /// - Returns: Both; nil when no events are stored with the part.
    /// - Throws: `integrity` when the part is damaged.
    public func redecoded(
        _ part: StoredPart
    ) throws(WardlineError) -> (stored: EventBatch, found: EventBatch)? {
        guard let place = reader.part(holding: part.base), place.base == part.base else { return nil }
        let read: (records: RecordBatch, events: EventBatch?)
        do throws(LogError) { read = try reader.stored(place) } catch {
            throw error.wardlineError(store.path)
        }
        guard let stored = read.events else { return nil }
        return (stored, try decode(read.records, from: place))
    }

    /// Version of the event schema in which the events of a part are stored; today's where there are none.
    public func schema(of part: StoredPart) -> Int {
        guard let place = reader.part(holding: part.base) else { return EventSchema.version }
        return reader.eventSchema(place) ?? EventSchema.version
    }
}
