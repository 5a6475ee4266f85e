// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// The layouts of a block while it is encoded: found for an event where one fits, made where none does.
struct EventLayouts {
    /// An event with its record.
    struct Subject {
        let batch: EventBatch
        let records: ShapedRecords
        var event: Event
        var decoder: UInt16 = 0
        /// Place of the record among ``records``.
        var row = 0
        /// Device time less the reference of the record.
        var shift: Int64 = 0

        /// The record's bytes, a range of those of all records.
        var record: Range<Int> { records.batch.rows[row].range }

        /// The variables of the record.
        var slots: Range<Int> { Int(records.firstSlots[row])..<Int(records.firstSlots[row + 1]) }
    }

    /// A source as it is compared with a value.
    private struct Comparison {
        var field: UInt16
        var kind: Kind
        /// Number of the variable, or of the constant text.
        var number: Int32

        enum Kind {
            case variable
            /// Another part of the record.
            case part
            case constant
            /// Whatever it is.
            case any
        }

        init(_ source: EventColumns.Source) {
            field = source.field
            number = Int32(source.start)
            kind =
                switch source.kind {
                case EventColumns.SourceKind.record: .part
                case EventColumns.SourceKind.constant: .constant
                default: .any
                }
            if kind == .part, let variable = source.variable { (kind, number) = (.variable, Int32(variable)) }
        }
    }

    private(set) var layouts: [EventColumns.Layout] = []
    /// Layouts of each template, in the order in which they were made.
    private(set) var ofTemplate: [[Int32]]
    /// Place of each layout among those of its template.
    private(set) var rank: [Int32] = []
    /// Layouts of each template, the last used first.
    private var recent: [[Int32]]
    /// Constant texts in the order in which they were met, and their numbers.
    private(set) var constants: [[UInt8]] = []
    private var numbers: [[UInt8]: Int] = [:]
    /// The fields of all layouts.
    private(set) var sources: [EventColumns.Source] = []
    private var comparisons: [Comparison] = []
    private var headers: [EventColumns.Header] = []
    /// Whether a layout has values in columns of their own.
    private(set) var hasColumns: [Bool] = []

    init(templateCount: Int) {
        ofTemplate = Array(repeating: [], count: templateCount)
        recent = ofTemplate
    }

    /// The layout of an event of a record of `template`; nil when there are too many.
    mutating func layout(of subject: Subject, _ template: Int) -> Int? {
        let header = EventColumns.Header(subject.event, decoder: subject.decoder)
        for place in 0..<min(recent[template].count, EventColumns.candidateCountMax) {
            let number = Int(recent[template][place])
            guard headers[number] == header, matches(subject, number) else { continue }
            if place > 0 { recent[template].swapAt(0, place) }
            return number
        }
        guard layouts.count < EventColumns.layoutCountMax,
            sources.count + Int(subject.event.fieldCount) <= EventColumns.sourceCountMax
        else { return nil }
        let first = sources.count
        addSources(of: subject, effort: ofTemplate[template].count)
        comparisons += sources[first...].map(Comparison.init)
        headers.append(header)
        hasColumns.append(sources[first...].contains { $0.kind == EventColumns.SourceKind.column })
        layouts.append(
            EventColumns.Layout(
                header: header,
                shift: subject.shift,
                uncertainty: subject.event.uncertainty,
                sources: first..<sources.count
            )
        )
        rank.append(Int32(ofTemplate[template].count))
        ofTemplate[template].append(Int32(layouts.count - 1))
        recent[template].insert(Int32(layouts.count - 1), at: 0)
        return layouts.count - 1
    }

    /// Whether the layout's sources give the values of the event; its header is known to be the same.
    private func matches(_ subject: Subject, _ number: Int) -> Bool {
        let places = layouts[number].sources
        guard Int(subject.event.fieldCount) == places.count else { return false }
        let (record, values) = (subject.records.batch.bytes.span, subject.batch.bytes.span)
        let (comparisons, entries) = (comparisons.span, subject.batch.entries.span)
        let (slots, all) = (subject.slots, subject.records.slots.span)
        let firstEntry = Int(subject.event.fieldStart)
        for index in 0..<places.count {
            let comparison = comparisons[places.lowerBound + index]
            let entry = entries[firstEntry + index]
            guard entry.field.rawValue == comparison.field else { return false }
            let (start, length) = (Int(entry.start), Int(entry.length))
            switch comparison.kind {
            case .any: continue
            case .variable:
                guard Int(comparison.number) < slots.count else { return false }
                let slot = all[slots.lowerBound + Int(comparison.number)]
                guard Int(slot.length) == length,
                    EventLayouts.areEqual(values, start, record, Int(slot.start), length)
                else { return false }
            case .part:
                let bounds = RecordBounds(slots: subject.records.slots[slots], range: subject.record)
                guard let range = bounds.range(sources[places.lowerBound + index]), range.count == length,
                    EventLayouts.areEqual(values, start, record, range.lowerBound, length)
                else { return false }
            case .constant:
                let text = constants[Int(comparison.number)]
                guard text.count == length, values.isEqual(at: start, to: text.span, text.indices) else {
                    return false
                }
            }
        }
        return true
    }

    /// As `Span.isEqual`, without a call for the short values that most are.
    @inline(__always)
    private static func areEqual(
        _ left: Span<UInt8>,
        _ start: Int,
        _ right: Span<UInt8>,
        _ other: Int,
        _ length: Int
    ) -> Bool {
        guard length <= 8, length > 0, start + 8 <= left.count, other + 8 <= right.count else {
            return left.isEqual(at: start, to: right, other..<other + length)
        }
        return (left.word(at: start) ^ right.word(at: other)) << UInt64(64 - 8 * length) == 0
    }

    /// Adds the sources of a layout that fits the event; the more there are of its template, the less they
    /// guess.
    private mutating func addSources(of subject: Subject, effort: Int) {
        let bounds = RecordBounds(slots: subject.records.slots[subject.slots], range: subject.record)
        let first = Int(subject.event.fieldStart)
        for entry in subject.batch.entries[first..<first + Int(subject.event.fieldCount)] {
            sources.append(source(of: entry, subject, bounds, effort: effort))
        }
    }

    private mutating func source(
        of entry: EventBatch.Entry,
        _ subject: Subject,
        _ bounds: RecordBounds,
        effort: Int
    ) -> EventColumns.Source {
        let field = entry.field.rawValue
        guard effort < EventColumns.variableCountMax else {
            return EventColumns.Source(field: field, kind: EventColumns.SourceKind.column)
        }
        var source = EventColumns.Source(field: field, kind: EventColumns.SourceKind.record)
        let (record, values) = (subject.records.batch.bytes.span, subject.batch.bytes.span)
        for (number, slot) in bounds.slots.enumerated()
        where slot.length == entry.length && values.isEqual(at: Int(entry.start), to: record, slot.range) {
            source.start = 2 * number + 1
            source.end = 2 * number + 2
            return source
        }
        if effort < EventColumns.wordCountMax,
            let found = EventLayouts.search(values, entry.range, in: record, bounds.range)
        {
            let (start, isStartInside) = EventLayouts.anchor(found.lowerBound, bounds)
            let (end, isEndInside) = EventLayouts.anchor(found.upperBound, bounds)
            if effort < EventColumns.guessCountMax || !isStartInside && !isEndInside {
                (source.start, source.startShift) = (start.bound, start.shift)
                (source.end, source.endShift) = (end.bound, end.shift)
                return source
            }
        } else if effort < EventColumns.guessCountMax {
            source.kind = EventColumns.SourceKind.constant
            source.start = number(of: Array(subject.batch.bytes[entry.range]))
            return source
        }
        source.kind = EventColumns.SourceKind.column
        return source
    }

    private mutating func number(of text: [UInt8]) -> Int {
        if let number = numbers[text] { return number }
        constants.append(text)
        numbers[text] = constants.count - 1
        return constants.count - 1
    }

    /// The bound nearest before `position`, the bytes from there, and whether that is inside a variable.
    private static func anchor(
        _ position: Int,
        _ bounds: RecordBounds
    ) -> (place: (bound: Int, shift: Int), isInside: Bool) {
        var best = (bound: 0, shift: position - bounds.range.lowerBound)
        for (number, slot) in bounds.slots.enumerated() {
            let start = Int(slot.start)
            let end = start + Int(slot.length)
            if position < start { break }
            if position == start { return ((2 * number + 1, 0), false) }
            if position < end { return ((2 * number + 1, position - start), true) }
            best = (2 * number + 2, position - end)
        }
        // Messages end with their record.
        if position == bounds.range.upperBound { return ((bounds.count - 1, 0), false) }
        return (best, false)
    }

    /// Where the value stands in the record, the last place first for values that end it; nil if nowhere.
    private static func search(
        _ values: Span<UInt8>,
        _ value: Range<Int>,
        in bytes: Span<UInt8>,
        _ record: Range<Int>
    ) -> Range<Int>? {
        guard !value.isEmpty, value.count <= record.count else {
            return value.isEmpty ? record.lowerBound..<record.lowerBound : nil
        }
        let last = record.upperBound - value.count
        if values.isEqual(at: value.lowerBound, to: bytes, last..<record.upperBound) {
            return last..<record.upperBound
        }
        let first = values[value.lowerBound]
        var start = record.lowerBound
        while start <= last {
            if bytes[start] == first,
                values.isEqual(at: value.lowerBound, to: bytes, start..<start + value.count)
            {
                return start..<start + value.count
            }
            start += 1
        }
        return nil
    }
}
