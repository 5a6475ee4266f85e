// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// Events that a body decoder found, not yet in a batch.
///
/// Reused from record to record: no allocation when warm.
struct EventDrafts: Sendable {
    /// What one event says.
    struct Draft: Sendable {
        /// Class of the event.
        var eventClass: EventClass
        /// What happened.
        var action: Action
        /// How it ended.
        var outcome: Outcome
        /// The time that the body states for the event: it counts before that of the header, which says when
        /// the message was sent.
        ///
        /// `absent` if there is none.
        var time: UTCTime = .absent
        /// What was odd.
        var issues: ParseIssues = []
        /// Facts that are not fields.
        var flags: EventFlags = []
        /// First of its fields.
        var fieldStart: Int
        /// Number of its fields.
        var fieldCount: Int
    }

    /// A field by number, or by its place in `names` when it is not a fixed one.
    struct Field: Sendable {
        /// Number of a fixed field; nil when the name counts.
        var known: FieldID?
        /// Name with its `ext.` prefix, in `bytes`; empty for fixed fields.
        var name: Range<Int>
        /// Value, in `bytes`.
        var value: Range<Int>
    }

    /// The drafts in order.
    private(set) var drafts: [Draft] = []
    /// Fields of all drafts, in order.
    private(set) var fields: [Field] = []
    /// Names and values.
    private(set) var bytes: [UInt8] = []

    /// Most fields of one event; further ones are left out and the draft says `decode_truncated`.
    static let fieldCountMax = 256

    /// Drops all drafts and keeps the storage.
    mutating func removeAll() {
        drafts.removeAll(keepingCapacity: true)
        fields.removeAll(keepingCapacity: true)
        bytes.removeAll(keepingCapacity: true)
    }

    /// Starts an event; what is added next belongs to it.
    mutating func begin(_ eventClass: EventClass, _ action: Action, _ outcome: Outcome) {
        drafts.append(
            Draft(
                eventClass: eventClass,
                action: action,
                outcome: outcome,
                fieldStart: fields.count,
                fieldCount: 0
            )
        )
    }

    /// Changes the newest draft.
    mutating func amend(_ change: (inout Draft) -> Void) {
        guard !drafts.isEmpty else { return }
        change(&drafts[drafts.count - 1])
    }

    /// Adds a field whose value is `range` of `source`.
    ///
    /// Empty values are left out.
    mutating func add(_ field: FieldID, _ source: Span<UInt8>, _ range: Range<Int>) {
        let start = bytes.count
        bytes.append(source, range)
        finish(field, 0..<0, start)
    }

    /// Adds a field.
    ///
    /// Empty values are left out.
    mutating func add(_ field: FieldID, _ value: String) {
        let start = bytes.count
        bytes.append(contentsOf: value.utf8)
        finish(field, 0..<0, start)
    }

    /// Adds a field by name (`ext.` prefix included).
    ///
    /// Empty values are left out.
    mutating func add(named name: String, _ value: String) {
        let nameStart = bytes.count
        bytes.append(contentsOf: name.utf8)
        let start = bytes.count
        bytes.append(contentsOf: value.utf8)
        finish(nil, nameStart..<start, start)
    }

    /// Adds a field by name (`ext.` prefix included).
    ///
    /// Empty values are left out.
    mutating func add(named name: String, _ source: Span<UInt8>, _ range: Range<Int>) {
        let nameStart = bytes.count
        bytes.append(contentsOf: name.utf8)
        let start = bytes.count
        bytes.append(source, range)
        finish(nil, nameStart..<start, start)
    }

    private mutating func finish(_ field: FieldID?, _ name: Range<Int>, _ start: Int) {
        guard !drafts.isEmpty, bytes.count > start else { return }
        guard drafts[drafts.count - 1].fieldCount < EventDrafts.fieldCountMax else {
            drafts[drafts.count - 1].issues.insert(.decodeTruncated)
            return
        }
        fields.append(Field(known: field, name: name, value: start..<bytes.count))
        drafts[drafts.count - 1].fieldCount += 1
    }
}
