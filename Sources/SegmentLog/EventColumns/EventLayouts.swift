// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// The layouts of a block while it is encoded: found for an event where one fits, made where none does.
struct EventLayouts {
    /// An event with its record.
    struct Subject {
        let batch: EventBatch
        let bytes: [UInt8]
        var event: Event
        var decoder: UInt16 = 0
        var bounds = RecordBounds(slots: [], range: 0..<0)
        /// Device time less the reference of the record.
        var shift: Int64 = 0
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
    /// Fields of all layouts.
    private var sourceCount = 0

    init(templateCount: Int) {
        ofTemplate = Array(repeating: [], count: templateCount)
        recent = ofTemplate
    }

    /// The layout of an event of a record of `template`; nil when there are too many.
    mutating func layout(of subject: Subject, _ template: Int) -> Int? {
        for place in 0..<min(recent[template].count, EventColumns.candidateCountMax)
        where matches(subject, Int(recent[template][place])) {
            let number = Int(recent[template][place])
            if place > 0 { recent[template].swapAt(0, place) }
            return number
        }
        sourceCount += Int(subject.event.fieldCount)
        guard layouts.count < EventColumns.layoutCountMax, sourceCount <= EventColumns.sourceCountMax else {
            return nil
        }
        layouts.append(made(subject, effort: ofTemplate[template].count))
        rank.append(Int32(ofTemplate[template].count))
        ofTemplate[template].append(Int32(layouts.count - 1))
        recent[template].insert(Int32(layouts.count - 1), at: 0)
        return layouts.count - 1
    }

    private func matches(_ subject: Subject, _ number: Int) -> Bool {
        let event = subject.event
        let layouts = layouts.span
        guard Int(event.fieldCount) == layouts[number].sources.count,
            EventColumns.Header(event, decoder: subject.decoder) == layouts[number].header
        else { return false }
        let (record, values) = (subject.bytes.span, subject.batch.bytes.span)
        let (sources, entries) = (layouts[number].sources.span, subject.batch.entries.span)
        let first = Int(event.fieldStart)
        for index in sources.indices {
            let source = sources[index]
            let entry = entries[first + index]
            guard entry.field.rawValue == source.field else { return false }
            switch source.kind {
            case EventColumns.SourceKind.record:
                guard let range = subject.bounds.range(source), range.count == Int(entry.length),
                    values.isEqual(at: Int(entry.start), to: record, range)
                else { return false }
            case EventColumns.SourceKind.constant:
                let text = constants[source.start]
                guard text.count == Int(entry.length),
                    values.isEqual(at: Int(entry.start), to: text.span, text.indices)
                else { return false }
            default: break
            }
        }
        return true
    }

    /// A layout that fits the event; the more there are of its template, the less it guesses.
    private mutating func made(_ subject: Subject, effort: Int) -> EventColumns.Layout {
        var sources: [EventColumns.Source] = []
        for entry in subject.batch.entries[
            Int(subject.event.fieldStart)..<Int(subject.event.fieldStart) + Int(subject.event.fieldCount)
        ] {
            sources.append(source(of: entry, subject, effort: effort))
        }
        return EventColumns.Layout(
            header: EventColumns.Header(subject.event, decoder: subject.decoder),
            shift: subject.shift,
            uncertainty: subject.event.uncertainty,
            sources: sources
        )
    }

    private mutating func source(
        of entry: EventBatch.Entry,
        _ subject: Subject,
        effort: Int
    ) -> EventColumns.Source {
        let field = entry.field.rawValue
        guard effort < EventColumns.variableCountMax else {
            return EventColumns.Source(field: field, kind: EventColumns.SourceKind.column)
        }
        var source = EventColumns.Source(field: field, kind: EventColumns.SourceKind.record)
        let (record, values) = (subject.bytes.span, subject.batch.bytes.span)
        for (number, slot) in subject.bounds.slots.enumerated()
        where slot.length == entry.length && values.isEqual(at: Int(entry.start), to: record, slot.range) {
            source.start = 2 * number + 1
            source.end = 2 * number + 2
            return source
        }
        if effort < EventColumns.wordCountMax,
            let found = EventLayouts.search(values, entry.range, in: record, subject.bounds.range)
        {
            let (start, isStartInside) = EventLayouts.anchor(found.lowerBound, subject.bounds)
            let (end, isEndInside) = EventLayouts.anchor(found.upperBound, subject.bounds)
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
