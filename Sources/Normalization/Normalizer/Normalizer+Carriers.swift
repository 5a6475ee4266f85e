// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import WireFormats

/// Objects that carry what others wrote: collectors that wrap lines (Filebeat, Fluentd, GELF, Splunk,
/// journald as JSON) and arrays of objects (files of an audit trail, subscriptions).
///
/// What is carried is decoded as if it had come by itself; what the object says besides stays in `ext.*`
/// under its own name. A text without a header that no decoder knows is left to its object.
extension Normalizer {
    /// How often what is carried may carry again: a line in an object of a list in an object.
    static let nestingMax = 3
    /// How many times its own length a record's texts are read as lines: each is offered once before and once
    /// after the decoders of its object, and objects in it do so again.
    static let carriedLengthFactor = 4

    /// Offers the line that an object carries to the decoders of what wrote it.
    ///
    /// - Parameter isLast: Whether no decoder takes the object itself: then a text that shows neither header
    ///   nor program is offered to those that know it by its words, and a line with a header, or an object,
    ///   goes before the object around it whoever wrote it.
    /// - Returns: Whether one of them took it; otherwise nothing has changed but the severity.
    mutating func routeCarried(
        isLast: Bool = false,
        _ work: inout RecordWork,
        _ bytes: [UInt8],
        _ events: inout EventBatch
    ) -> Bool {
        guard work.keyed == .json, nesting < Normalizer.nestingMax else { return false }
        var last: Int32 = -1
        for place in decoders.routes.carriers.indices {
            let route = decoders.routes.keyed[Int(decoders.routes.carriers[place])]
            guard route.decoder != last, route.required < 0 || values.has(Int(route.required)),
                holds(route.conditions, bytes)
            else { continue }
            last = route.decoder
            let number = Int(decoders.decoders[Int(route.decoder)].carrier)
            if tryCarried(decoders.tables.carriers[number], isLast, &work, bytes, &events) { return true }
        }
        return false
    }

    private mutating func tryCarried(
        _ carrier: CompiledCarrier,
        _ isLast: Bool,
        _ work: inout RecordWork,
        _ bytes: [UInt8],
        _ events: inout EventBatch
    ) -> Bool {
        guard let text = firstSlot(carrier.text), let length = values.value(text)?.range.count,
            length <= BodyValues.workSizeMaxBytes
        else { return false }
        guard carriedBytesLeft >= length else {
            work.header.issues.insert(.decodeTruncated)
            return false
        }
        carriedBytesLeft -= length
        // The line and what is said of it, one behind another: positions in the record mean nothing there.
        var line = spareLine
        spareLine = []
        defer { spareLine = line }
        line.removeAll(keepingCapacity: true)
        let body = copy(text, bytes, to: &line)
        let said = SaidOfLine(
            program: copy(firstSlot(carrier.program), bytes, to: &line),
            process: copy(firstSlot(carrier.process), bytes, to: &line),
            host: copy(firstSlot(carrier.host), bytes, to: &line),
            time: time(firstSlot(carrier.time), bytes, work),
            severity: severity(firstSlot(carrier.severity), bytes)
        )
        if let severity = said.severity, work.header.severity == 255 { work.header.severity = severity }
        guard var inner = RecordWork(line: line, body, said, isForced: isLast, around: work) else {
            return false
        }

        let shift = recordShift
        var around = spareCarried
        spareCarried = []
        around.removeAll(keepingCapacity: true)
        usedStamp &+= 1
        noteTaken(carrier.text)
        noteTaken(carrier.time)
        noteTaken(carrier.severity)
        // Of what the line says itself, the object's word is one of its own.
        if inner.envelope.application == said.program { noteTaken(carrier.program) }
        if inner.envelope.processID == said.process { noteTaken(carrier.process) }
        if inner.envelope.host == said.host { noteTaken(carrier.host) }
        carryAround(bytes, &line, &around)
        inner.record = line.indices
        swap(&carried, &around)
        enterCarried()
        place(&inner, line)
        let isTaken = routeLine(&inner, line, &events)
        leaveCarried()
        swap(&carried, &around)
        spareCarried = around
        recordShift = shift
        if isTaken { work.ordinal = inner.ordinal }
        if inner.header.issues.contains(.decodeTruncated) { work.header.issues.insert(.decodeTruncated) }
        return isTaken
    }

    /// The first of the slots that has a value.
    private mutating func firstSlot(_ slots: TablePart) -> Int? {
        for index in slots.range {
            let slot = Int(decoders.tables.numbers[index])
            if let value = values.value(slot), !value.range.isEmpty { return slot }
        }
        return nil
    }

    /// Appends the value of a slot to `line`.
    private mutating func copy(_ slot: Int?, _ bytes: [UInt8], to line: inout [UInt8]) -> Range<Int> {
        guard let slot, let value = values.value(slot) else { return 0..<0 }
        return copy(value, bytes, to: &line)
    }

    private mutating func copy(
        _ value: BodyValues.Value,
        _ bytes: [UInt8],
        to line: inout [UInt8]
    ) -> Range<Int> {
        let start = line.count
        if value.isInWork {
            line.append(values.work.span, value.range)
        } else {
            line.append(bytes.span, value.range)
        }
        return start..<line.count
    }

    /// When the object says that the line was written, else its own header.
    private mutating func time(
        _ slot: Int?,
        _ bytes: [UInt8],
        _ work: borrowing RecordWork
    ) -> SaidOfLine.Time {
        let header = SaidOfLine.Time(time: work.envelope.time, hasFraction: work.envelope.hasFraction)
        guard let slot, let value = values.value(slot) else { return header }
        let stamp =
            value.isInWork
            ? BodyTime(values.work.span, value.range, work.context)
            : BodyTime(bytes.span, value.range, work.context)
        guard let stamp else { return header }
        return SaidOfLine.Time(time: stamp.time, hasFraction: stamp.hasFraction, issues: stamp.issues)
    }

    private mutating func severity(_ slot: Int?, _ bytes: [UInt8]) -> UInt8? {
        guard let slot, let value = values.value(slot), value.range.count == 1, !value.isInWork else {
            return nil
        }
        let digit = bytes[value.range.lowerBound]
        return (0x30...0x37).contains(digit) ? digit - 0x30 : nil
    }

    /// Appends what the object says besides, of slots that are not taken, to `line`, and notes it in `kept`
    /// as fields around the message.
    private mutating func carryAround(
        _ bytes: [UInt8],
        _ line: inout [UInt8],
        _ kept: inout [CarriedField]
    ) {
        for field in carried {
            let start = line.count
            line.append(bytes.span, field.name)
            line.append(bytes.span, field.value)
            let end = start + field.name.count
            kept.append((start..<end, end..<line.count))
        }
        for index in values.leaves.indices where kept.count < Normalizer.carriedCountMax {
            let leaf = values.leaves[index]
            if leaf.slot >= 0, usedStamps[Int(leaf.slot)] == usedStamp { continue }
            guard leaf.value.range.count <= Normalizer.carriedLengthMaxBytes,
                leaf.key.range.count <= Normalizer.keyLengthMaxBytes
            else { continue }
            let isEmpty =
                leaf.value.isInWork
                ? Placeholder.holds(values.work.span, leaf.value.range)
                : Placeholder.holds(bytes.span, leaf.value.range)
            if isEmpty { continue }
            let name = copy(leaf.key, bytes, to: &line)
            kept.append((name, copy(leaf.value, bytes, to: &line)))
        }
    }

    /// Notes that the first of the slots with a value says what the header of the event says then.
    private mutating func noteTaken(_ slots: TablePart) {
        if let slot = firstSlot(slots) { usedStamps[slot] = usedStamp }
    }

    /// Finds the decoder of a carried line among those that know what they see.
    private mutating func routeLine(
        _ work: inout RecordWork,
        _ bytes: [UInt8],
        _ events: inout EventBatch
    ) -> Bool {
        guard let first = work.envelope.body.first else { return false }
        switch bytes[first] {
        case 0x7b, 0x3c:
            if let name = bodies.decode(bytes.span, work.envelope.body) {
                emitDrafts(name, &work, bytes, &events)
                return true
            }
            if routeKeyed(&work, bytes, &events) { return true }
        case 0x43, 0x4c: if routeProduct(&work, bytes, &events) { return true }
        default: break
        }
        if work.keyed == nil {
            if routeCode(&work, bytes, &events) || routeApplication(&work, bytes, &events)
                || routeMarkedProduct(&work, bytes, &events) || routeLiterals(&work, bytes, &events)
                || routeHeaderless(&work, bytes, &events)
            {
                return true
            }
        }
        guard work.isLine else { return false }
        // With a header of its own, in an object that nobody knows, it is a line whoever wrote it.
        if work.keyed == nil, routeFallback(&work, bytes, &events) { return true }
        routeGeneric(&work, bytes, &events)
        return true
    }

    /// Offers each object of an array, or the one that a member keeps for somebody else, to the decoders, as
    /// if it had come by itself; the first begins at `start` or behind it.
    ///
    /// - Returns: Whether one of them took the first; otherwise nothing has changed.
    mutating func routeElements(
        from start: Int,
        _ work: inout RecordWork,
        _ bytes: [UInt8],
        _ events: inout EventBatch
    ) -> Bool {
        guard nesting < Normalizer.nestingMax else { return false }
        var elements = JSONElements(from: start, work.envelope.body.upperBound)
        let outer = (count: carried.count, shift: recordShift)
        for leaf in values.leaves where carried.count < Normalizer.carriedCountMax {
            guard !leaf.key.isInWork, !leaf.value.isInWork, leaf.value.range.count <= 256 else { continue }
            carried.append((leaf.key.range, leaf.value.range))
        }
        enterCarried()
        var isCut = false
        var count = 0
        while let element = elements.next(bytes.span) {
            guard Int(work.ordinal) < Normalizer.elementCountMax else {
                isCut = true
                break
            }
            var inner = work
            inner.envelope.body = element
            inner.text = element
            inner.keyed = nil
            inner.pairMode = nil
            inner.header.issues.remove(.notAnObject)
            place(&inner, bytes)
            if !routeKeyed(&inner, bytes, &events) {
                if count == 0 { break }
                routeGeneric(&inner, bytes, &events)
            }
            count += 1
            work.ordinal = inner.ordinal
            work.isCopied = inner.isCopied
        }
        leaveCarried()
        carried.removeSubrange(outer.count...)
        if count == 0 { recordShift = outer.shift }
        if isCut, !events.events.isEmpty {
            events.events[events.events.count - 1].issues.insert(.decodeTruncated)
        }
        return count > 0
    }

    /// Keeps the values of the object while what it carries is decoded.
    private mutating func enterCarried() {
        while outerValues.count <= nesting {
            outerValues.append(BodyValues(slotCount: decoders.slots.count))
        }
        swap(&values, &outerValues[nesting])
        nesting += 1
    }

    private mutating func leaveCarried() {
        nesting -= 1
        swap(&values, &outerValues[nesting])
        // What is known of the text of the line says nothing of the object.
        sketch.begin(0..<0)
        hasScannedLiterals = false
        withinSlots.removeAll(keepingCapacity: true)
    }
}

/// What an object says of the line that it carries; positions are in the copy of the line.
private struct SaidOfLine {
    struct Time {
        var time: UTCTime
        var hasFraction: Bool
        var issues: ParseIssues = []
    }

    var program: Range<Int>
    var process: Range<Int>
    var host: Range<Int>
    var time: Time
    var severity: UInt8?
}

extension RecordWork {
    /// The work on a carried line; nil when neither the line nor the object says what wrote it.
    ///
    /// A header of the line counts when it has a priority or a stamp; without one the line is all message, as
    /// collectors leave it.
    fileprivate init?(
        line: [UInt8],
        _ body: Range<Int>,
        _ said: SaidOfLine,
        isForced: Bool,
        around work: borrowing RecordWork
    ) {
        var context = work.context
        // The year of a stamp without one is the collector's.
        if said.time.time.isPresent { context.reference = said.time.time }
        var envelope = EnvelopeReader.read(line.span, body, context)
        let hasHeader = envelope.severity != 255 || envelope.time.isPresent
        if !hasHeader {
            let isTagged = !envelope.application.isEmpty && !envelope.processID.isEmpty
            if !said.program.isEmpty {
                let text = envelope.body.upperBound
                envelope = Envelope(body: body.lowerBound..<text)
            } else if !isTagged {
                guard isForced || RecordWork.showsForm(line.span, body) else { return nil }
                envelope = Envelope(body: body.lowerBound..<envelope.body.upperBound)
            }
        }
        let hasTag = hasHeader && !envelope.application.isEmpty
        if envelope.application.isEmpty {
            envelope.application = said.program
            envelope.processID = said.process
        }
        if envelope.host.isEmpty { envelope.host = said.host }
        var issues = envelope.issues.subtracting([.missingPriority])
        if !envelope.time.isPresent {
            envelope.time = said.time.time
            envelope.hasFraction = said.time.hasFraction
            issues.formUnion(said.time.issues)
        }
        if envelope.time.isPresent { issues.remove(.missingTimestamp) }
        if !envelope.host.isEmpty { issues.remove(.missingHost) }

        self.init(envelope: envelope, record: line.indices, offset: work.offset, context: context)
        header = work.header
        header.issues.formUnion(issues)
        if envelope.severity != 255 { header.severity = envelope.severity }
        ordinal = work.ordinal
        isLine = isForced && (hasTag || body.first.map { line[$0] == 0x7b } == true)
    }

    /// Whether a text without a header can tell by itself what it is: an object, a document, a product's
    /// mark.
    private static func showsForm(_ bytes: Span<UInt8>, _ body: Range<Int>) -> Bool {
        guard let first = body.first else { return false }
        switch bytes[first] {
        case 0x7b, 0x3c, 0x25: return true
        default: return ProductMark.start(bytes, body) != nil || VendorCode(bytes, body) != nil
        }
    }
}
