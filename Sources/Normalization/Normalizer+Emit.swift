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
        let decoder = decoders.rules[rule].decoder
        let captureCount = matcher.captureCount
        let isText = decoders.decoders[decoder].format == .text
        foundSlots.removeAll(keepingCapacity: true)
        if isText {
            for index in 0..<captureCount where !decoders.rules[rule].patterns.isEmpty {
                foundSlots.append(Int(matcher.capture(index).slot))
            }
            if !decoders.rules[rule].finds.isEmpty { runFinds(rule, work, bytes) }
        } else {
            foundSlots.append(contentsOf: withinSlots)
        }
        usedStamp &+= 1
        copyRecord(&work, bytes, &events)
        var draft = EventFiller()
        events.begin(header(of: work, decoder, &events))
        let chosen = decoders.rules[rule].cases.firstIndex { holds($0.conditions, bytes) }
        if let chosen { apply(decoders.rules[rule].cases[chosen], bytes, &work, &draft, &events) }
        for map in decoders.rules[rule].maps.indices {
            run(decoders.rules[rule].maps[map], bytes, &draft, &events)
        }
        apply(decoders.rules[rule].base, bytes, &work, &draft, &events)
        for slot in foundSlots {
            if let value = values.value(slot) {
                put(decoders.slotTargets[slot], value, slot, bytes, &work, &draft, &events)
            }
        }
        for map in decoders.decoders[decoder].maps.indices {
            run(decoders.decoders[decoder].maps[map], bytes, &draft, &events)
        }
        apply(decoders.decoders[decoder].shared, bytes, &work, &draft, &events)
        if work.keyed != nil || work.pairMode != nil { readBodyTime(&work, bytes) }
        finish(decoder, &work, bytes, &draft, &events, element)
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
        let number = decoderNumber(named: decoders.decoders[decoder].id, &events)
        decoderNumbers[decoder] = Int32(number)
        return number
    }

    func decoderNumber(named name: String, _ events: inout EventBatch) -> UInt16 {
        if let known = events.decoders.firstIndex(of: name) { return UInt16(known) }
        events.decoders.append(name)
        return UInt16(events.decoders.count - 1)
    }

    private mutating func apply(
        _ item: borrowing CompiledCase,
        _ bytes: [UInt8],
        _ work: inout RecordWork,
        _ draft: inout EventFiller,
        _ events: inout EventBatch
    ) {
        if let eventClass = item.eventClass, draft.eventClass == nil { draft.eventClass = eventClass }
        if let action = item.action, draft.action == nil { draft.action = action }
        if let outcome = item.outcome, draft.outcome == nil { draft.outcome = outcome }
        for index in item.constants.indices { putConstant(item.constants[index], &draft, &events) }
        for index in item.fields.indices {
            for slot in item.fields[index].slots {
                guard let value = values.value(slot) else { continue }
                if put(item.fields[index].target, value, slot, bytes, &work, &draft, &events) { break }
            }
        }
    }

    private mutating func run(
        _ map: borrowing CompiledMap,
        _ bytes: [UInt8],
        _ draft: inout EventFiller,
        _ events: inout EventBatch
    ) {
        guard !draft.has(map.target) else { return }
        for slot in map.slots {
            guard let value = values.value(slot), !value.range.isEmpty else { continue }
            for index in map.entries.indices {
                let test = map.entries[index].test
                let holds =
                    value.isInWork
                    ? test.holds(values.work.span, value.range) : test.holds(bytes.span, value.range)
                guard holds != test.isNegated else { continue }
                putConstant(
                    CompiledConstant(target: map.target, value: map.entries[index].value),
                    &draft,
                    &events
                )
                return
            }
            if let otherwise = map.otherwise {
                putConstant(CompiledConstant(target: map.target, value: otherwise), &draft, &events)
                return
            }
        }
    }

    private mutating func putConstant(
        _ constant: borrowing CompiledConstant,
        _ draft: inout EventFiller,
        _ events: inout EventBatch
    ) {
        switch constant.target {
        case .known(let field):
            guard draft.take(field) else { return }
            events.add(field, constant.value)
        case .named(let index): events.add(extensionFields[index], constant.value)
        case .action:
            if draft.action == nil {
                draft.action = Action(name: String(decoding: constant.value, as: UTF8.self))
            }
        case .outcome:
            if draft.outcome == nil {
                draft.outcome = Outcome(name: String(decoding: constant.value, as: UTF8.self))
            }
        case .eventClass:
            if draft.eventClass == nil {
                draft.eventClass = EventClass(name: String(decoding: constant.value, as: UTF8.self))
            }
        case .time, .local: break
        }
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
        if keepsMessage, !envelope.body.isEmpty, draft.take(.message) {
            append(.message, bytes, envelope.body, isRecord: true, &events)
        }
        if !carried.isEmpty { addCarried(bytes, &draft, &events) }
    }

    /// Adds a field whose value is `range` of `source`: where that is the record, the batch holds the bytes
    /// already.
    mutating func append(
        _ field: FieldID,
        _ source: [UInt8],
        _ range: Range<Int>,
        isRecord: Bool,
        _ events: inout EventBatch
    ) {
        var start = recordShift + range.lowerBound
        if !isRecord {
            start = events.bytes.count
            events.bytes.append(contentsOf: source[range])
        }
        events.entries.append(
            EventBatch.Entry(field: field, start: UInt32(start), length: UInt32(range.count))
        )
        events.events[events.events.count - 1].fieldCount += 1
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
        events.bytes.append(contentsOf: bytes[work.record])
    }

    /// Settles the times of the newest event.
    func stampTime(_ work: inout RecordWork, _ events: inout EventBatch) {
        if !citation.isEmpty { addCitation(&events) }
        let last = events.events.count - 1
        events.events[last].deviceTime = work.envelope.time
        // A body may have said when it was, and what of that was assumed.
        events.events[last].issues.formUnion(work.header.issues)
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
