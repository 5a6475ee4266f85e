// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import WireFormats

extension Normalizer {
    /// Makes one event of the record by `rule`.
    mutating func emit(
        _ rule: Int,
        _ work: inout RecordWork,
        _ bytes: [UInt8],
        _ events: inout EventBatch,
        element: Int = -1
    ) {
        let compiled = decoders.tables.rules[rule]
        let decoder = Int(compiled.decoder)
        if decoders.decoders[decoder].format != .text {
            foundSlots.removeAll(keepingCapacity: true)
            foundSlots.append(contentsOf: withinSlots)
        }
        if !compiled.finds.isEmpty { runFinds(rule, &work, bytes) }
        usedStamp &+= 1
        copyRecord(&work, bytes, &events)
        var draft = EventFiller()
        events.begin(header(of: work, decoder, &events))
        for index in compiled.cases.range where holds(decoders.tables.cases[index].conditions, bytes) {
            apply(decoders.tables.cases[index], bytes, &work, &draft, &events)
            break
        }
        for map in compiled.maps.range { run(map, bytes, &draft, &events) }
        apply(compiled.base, bytes, &work, &draft, &events)
        for index in foundSlots.indices {
            let slot = foundSlots[index]
            if let value = values.value(slot) {
                put(decoders.slotTargets[slot], value, slot, bytes, &work, &draft, &events)
            }
        }
        for map in decoders.decoders[decoder].maps.range { run(map, bytes, &draft, &events) }
        apply(decoders.decoders[decoder].shared, bytes, &work, &draft, &events)
        if work.isFree { addParties(bytes, &work, &draft, &events) }
        if work.keyed != nil || work.pairMode != nil { readBodyTime(&work, bytes) }
        finish(decoder, &work, bytes, &draft, &events, element)
    }

    /// Who and where, from the pairs of a line in free wording: `login failed user=ada src=10.0.0.9`.
    private mutating func addParties(
        _ bytes: [UInt8],
        _ work: inout RecordWork,
        _ draft: inout EventFiller,
        _ events: inout EventBatch
    ) {
        guard work.keyed == nil, work.pairMode == nil else { return }
        if readPairs(&work, bytes, work.envelope.body, .blank) >= 2 {
            apply(decoders.decoders[decoders.parties].shared, bytes, &work, &draft, &events)
        }
        // The text is kept whole: its pairs are no fields of their own.
        values.removeLeaves()
        work.pairMode = nil
    }

    /// An event of a record that not even the last resorts could read.
    mutating func emitBare(_ work: inout RecordWork, _ bytes: [UInt8], _ events: inout EventBatch) {
        var draft = EventFiller()
        copyRecord(&work, bytes, &events)
        events.begin(header(of: work, nil, &events))
        addHeaderFields(work, bytes, keepsMessage: true, &draft, &events)
        addElements(&work, bytes, &events)
        stampTime(&work, &events)
    }

    private mutating func header(
        of work: borrowing RecordWork,
        _ decoder: Int?,
        _ events: inout EventBatch
    ) -> Event {
        var header = work.header
        header.ordinal = work.ordinal
        guard let decoder else { return header }
        if decoders.decoders[decoder].isWitness { header.flags.insert(.witness) }
        header.decoder = decoderNumber(decoder, &events)
        return header
    }

    private mutating func decoderNumber(_ decoder: Int, _ events: inout EventBatch) -> UInt16 {
        if decoderNumbers[decoder] >= 0 { return UInt16(decoderNumbers[decoder]) }
        let number = decoderNumber(named: decoders.decoderNames[decoder], &events)
        decoderNumbers[decoder] = Int32(number)
        return number
    }

    mutating func decoderNumber(named name: String, _ events: inout EventBatch) -> UInt16 {
        if let known = events.decoders.firstIndex(of: name) { return UInt16(known) }
        events.decoders.append(name)
        return UInt16(events.decoders.count - 1)
    }

    private mutating func apply(
        _ item: CompiledCase,
        _ bytes: [UInt8],
        _ work: inout RecordWork,
        _ draft: inout EventFiller,
        _ events: inout EventBatch
    ) {
        if let eventClass = item.eventClass, draft.eventClass == nil { draft.eventClass = eventClass }
        if let action = item.action, draft.action == nil { draft.action = action }
        if let outcome = item.outcome, draft.outcome == nil { draft.outcome = outcome }
        for index in item.constants.range { put(decoders.tables.constants[index], &draft, &events) }
        for index in item.fields.range {
            let field = decoders.tables.fields[index]
            for place in field.slots.range {
                let slot = Int(decoders.tables.numbers[place])
                guard let value = values.value(slot) else { continue }
                if put(field.target, value, slot, bytes, &work, &draft, &events) { break }
            }
        }
    }

    private mutating func run(
        _ number: Int,
        _ bytes: [UInt8],
        _ draft: inout EventFiller,
        _ events: inout EventBatch
    ) {
        let map = decoders.tables.maps[number]
        guard !draft.has(map.target) else { return }
        for place in map.slots.range {
            let slot = Int(decoders.tables.numbers[place])
            guard let value = values.value(slot), !value.range.isEmpty else { continue }
            var budget = searches
            if !value.isInWork { sketch.consider(bytes.span, spent: searches.spent) }
            let found =
                value.isInWork
                ? decoders.tables.result(of: map, values.work.span, value.range, .none, &budget)
                : decoders.tables.result(of: map, bytes.span, value.range, sketch, &budget)
            searches = budget
            guard let found else { continue }
            put(found, &draft, &events)
            return
        }
    }

    private mutating func put(
        _ constant: CompiledConstant,
        _ draft: inout EventFiller,
        _ events: inout EventBatch
    ) {
        switch constant.target {
        case .known(let field): if draft.take(field) { add(field, constant.text, &events) }
        case .named(let index):
            add(FieldID(rawValue: FieldID.firstExtension + UInt16(index)), constant.text, &events)
        case .action: if draft.action == nil { draft.action = Action(rawValue: constant.number) }
        case .outcome: if draft.outcome == nil { draft.outcome = Outcome(rawValue: constant.number) }
        case .eventClass:
            if draft.eventClass == nil { draft.eventClass = EventClass(rawValue: constant.number) }
        case .time, .local: break
        }
    }

    /// Adds a field with a text of the tables, which the batch holds once.
    private mutating func add(_ field: FieldID, _ text: TablePart, _ events: inout EventBatch) {
        guard !text.isEmpty else { return events.add(field, at: events.bytes.count, 0) }
        let place = Int(text.start)
        if textStarts[place] < 0 {
            textStarts[place] = events.bytes.count
            placedTexts.append(place)
            events.bytes.append(decoders.tables.texts.span, text.range)
        }
        events.add(field, at: textStarts[place], Int(text.count))
    }

    private mutating func finish(
        _ decoder: Int,
        _ work: inout RecordWork,
        _ bytes: [UInt8],
        _ draft: inout EventFiller,
        _ events: inout EventBatch,
        _ element: Int
    ) {
        let isText = decoders.decoders[decoder].format == .text
        let isGeneric = decoders.decoders[decoder].isGeneric
        let keepsMessage = work.keyed == nil && (isText || decoders.decoders[decoder].format == .kv)
        addHeaderFields(work, bytes, keepsMessage: keepsMessage, &draft, &events)
        addElements(&work, bytes, &events)
        addLeaves(decoder, bytes, element, &draft, &events)
        let last = events.events.count - 1
        let action = draft.action ?? .other
        events.events[last].action = action
        events.events[last].outcome = draft.outcome ?? .unknown
        events.events[last].eventClass = isGeneric ? .unclassified : draft.eventClass ?? action.defaultClass
        if values.isTruncated { events.events[last].issues.insert(.decodeTruncated) }
        stampTime(&work, &events)
    }

    /// Host, application, process and text from the header, where the decoder did not name them.
    mutating func addHeaderFields(
        _ work: borrowing RecordWork,
        _ bytes: [UInt8],
        keepsMessage: Bool,
        _ draft: inout EventFiller,
        _ events: inout EventBatch
    ) {
        let envelope = work.envelope
        if !envelope.host.isEmpty, draft.take(.hostName) {
            append(.hostName, bytes, envelope.host, isRecord: true, &events)
        }
        if !envelope.application.isEmpty, draft.take(.application) {
            append(.application, bytes, envelope.application, isRecord: true, &events)
        }
        if !envelope.processID.isEmpty, draft.take(.processID) {
            append(.processID, bytes, envelope.processID, isRecord: true, &events)
        }
        if !envelope.sequence.isEmpty {
            append(sequenceField, bytes, envelope.sequence, isRecord: true, &events)
        }
        if !envelope.uptime.isEmpty { append(uptimeField, bytes, envelope.uptime, isRecord: true, &events) }
        if !peerIdentity.isEmpty, draft.take(.peerIdentity) {
            append(.peerIdentity, peerIdentity, peerIdentity.indices, isRecord: false, &events)
        }
        if keepsMessage, !envelope.body.isEmpty, draft.take(.message) {
            append(.message, bytes, envelope.body, isRecord: true, &events)
        }
        if !carried.isEmpty { addCarried(bytes, &draft, &events) }
    }

    /// Adds a field whose value is `range` of `source`: where that is the record, the batch holds the bytes
    /// already.
    func append(
        _ field: FieldID,
        _ source: [UInt8],
        _ range: Range<Int>,
        isRecord: Bool,
        _ events: inout EventBatch
    ) {
        FieldText(range: range, shift: isRecord ? recordShift : nil).append(field, source.span, &events)
    }

    /// Copies the record's bytes into the batch once; the fields of its events are ranges of that copy.
    mutating func copyRecord(
        _ work: inout RecordWork,
        _ bytes: [UInt8],
        _ events: inout EventBatch
    ) {
        guard !work.isCopied else { return }
        work.isCopied = true
        recordShift = events.bytes.count - work.record.lowerBound
        events.bytes.append(bytes.span, work.record)
    }

    /// Settles the times of the newest event.
    mutating func stampTime(_ work: inout RecordWork, _ events: inout EventBatch) {
        if !citation.isEmpty { events.add(citationField, citation) }
        events.settle()
        let last = events.events.count - 1
        events.events[last].deviceTime = work.envelope.time
        // A body may have said when it was, and what of that was assumed.
        events.events[last].issues.formUnion(work.header.issues)
        if work.isTimeStated { events.events[last].issues.subtract(.assumedTime) }
        if searches.isSpent { events.events[last].issues.insert(.decodeTruncated) }
        if work.envelope.time.isPresent {
            events.events[last].time = work.envelope.time
            if work.envelope.hasFraction { events.events[last].flags.insert(.subsecond) }
            events.events[last].issues.remove(.missingTimestamp)
        } else {
            let isImported = events.events[last].flags.contains(.imported)
            let fallback =
                isImported || !work.header.logTime.isPresent ? work.context.reference : work.header.logTime
            events.events[last].time = fallback
            events.events[last].flags.insert(.timeless)
            events.events[last].issues.insert(.missingTimestamp)
        }
        work.ordinal &+= 1
    }
}

/// What has been decided about the event being made: earlier decisions stand.
struct EventFiller {
    var eventClass: EventClass?
    var action: Action?
    var outcome: Outcome?
    private var taken: UInt64 = 0

    init() {}

    /// Claims a fixed field; false when it has a value already.
    mutating func take(_ field: FieldID) -> Bool {
        let bit: UInt64 = 1 << UInt64(field.rawValue & 63)
        guard taken & bit == 0 else { return false }
        taken |= bit
        return true
    }

    func has(_ field: FieldID) -> Bool { taken >> UInt64(field.rawValue & 63) & 1 != 0 }

    func has(_ target: FieldTarget) -> Bool {
        switch target {
        case .known(let field): has(field)
        case .action: action != nil
        case .outcome: outcome != nil
        case .eventClass: eventClass != nil
        case .named, .time, .local: false
        }
    }
}
