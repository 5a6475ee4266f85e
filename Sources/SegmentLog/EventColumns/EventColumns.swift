// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// The stored form of the events of a block: layouts that follow from the templates of the records, and what
/// differs.
///
/// - Source: `schemas/disk/columns-v3.md`.
enum EventColumns {
    /// First byte of the description.
    static let version: UInt8 = 3
    /// Most layouts of a block.
    static let layoutCountMax = 65_535
    /// Most fields of all layouts: 32 for each of the most layouts, and 128 MiB in memory.
    static let sourceCountMax = 1 << 21
    /// Layouts of a template after which values that vary get columns of their own.
    static let guessCountMax = 4
    /// Layouts of a template after which every value does that is no whole variable.
    static let wordCountMax = 16
    /// Layouts of a template after which no value is taken from the record.
    static let variableCountMax = 24
    /// Layouts that an event is compared with, the last used first.
    static let candidateCountMax = 32

    /// Where a value comes from.
    enum SourceKind {
        /// One of the block's constant texts.
        static let constant: UInt8 = 0
        /// A part of the record.
        static let record: UInt8 = 1
        /// The next text of its field's column.
        static let column: UInt8 = 2
    }

    /// Where the value of a field comes from.
    struct Source: Hashable {
        var field: UInt16
        var kind: UInt8
        /// Bound of the record (see ``RecordBounds``) that the value's start is counted from; for a constant
        /// its number.
        var start = 0
        /// Bytes from there to the start, below zero for backwards.
        var startShift = 0
        var end = 0
        var endShift = 0

        /// The variable of the record that the value is all of; nil if it is anything else.
        var variable: Int? {
            guard kind == SourceKind.record, start % 2 == 1, end == start + 1, startShift == 0, endShift == 0
            else { return nil }
            return start / 2
        }
    }

    /// What all events of a layout share.
    struct Header: Hashable {
        var eventClass: UInt8
        var action: UInt8
        var outcome: UInt8
        var severity: UInt8
        var decoder: UInt16
        var flags: UInt16
        var issues: UInt64
        /// Whether events have a device time.
        var hasDeviceTime: Bool

        init(_ event: Event, decoder: UInt16) {
            eventClass = event.eventClass.rawValue
            action = event.action.rawValue
            outcome = event.outcome.rawValue
            severity = event.severity
            self.decoder = decoder
            flags = event.flags.rawValue
            issues = event.issues.rawValue
            hasDeviceTime = event.deviceTime.isPresent
        }

        /// An event that has it and nothing else.
        var event: Event {
            var event = Event(offset: .zero, time: .absent, logTime: .absent)
            event.eventClass = EventClass(rawValue: eventClass) ?? .unclassified
            event.action = Action(rawValue: action) ?? .other
            event.outcome = Outcome(rawValue: outcome) ?? .unknown
            event.severity = severity
            event.decoder = decoder
            event.flags = EventFlags(rawValue: flags)
            event.issues = ParseIssues(rawValue: issues)
            return event
        }
    }

    /// A kind of event that records of one template give.
    struct Layout {
        var header: Header
        /// Device time less the reference of the record, of the layout's first event.
        var shift: Int64
        /// Uncertainty of its first event.
        var uncertainty: Int64
        /// Its fields, places among those of all layouts.
        var sources: Range<Int>
    }
}

/// Places in a record that move with its variables: its start, the start and end of each variable, its end.
struct RecordBounds {
    /// Variables of the record.
    let slots: ArraySlice<RecordShapes.Slot>
    let range: Range<Int>

    /// Number of bounds.
    var count: Int { 2 * slots.count + 2 }

    /// The place of bound `number`, nil if there is none.
    func position(_ number: Int) -> Int? {
        guard number > 0 else { return number == 0 ? range.lowerBound : nil }
        let slot = (number - 1) / 2
        guard slot < slots.count else { return number == count - 1 ? range.upperBound : nil }
        let place = slots[slots.startIndex + slot]
        return Int(place.start) + (number % 2 == 1 ? 0 : Int(place.length))
    }

    /// The part of the record that a source means; nil if it is not inside.
    func range(_ source: EventColumns.Source) -> Range<Int>? {
        guard let start = position(source.start), let end = position(source.end) else { return nil }
        let (lower, upper) = (start &+ source.startShift, end &+ source.endShift)
        guard lower >= range.lowerBound, lower <= upper, upper <= range.upperBound else { return nil }
        return lower..<upper
    }
}
