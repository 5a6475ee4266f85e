// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel
import WireFormats

/// Records that only together say what happened.
extension Normalizer {
    /// Most events that a line about repetitions gives: rules that count reach their bounds long before.
    static let repetitionCountMax = 32

    /// Forgets earlier records, because those that come do not follow them.
    public mutating func forget() {
        assembler = RecordAssembler()
        recent.removeAll()
    }

    /// Begins anew with the records right before `offset`, where decoding goes on; gives none of their
    /// events.
    ///
    /// With ``lookBackCount`` records the events that follow are those of a run from the start.
    public mutating func prime(_ records: RecordBatch, before offset: Offset, reference: UTCTime?) {
        forget()
        guard records.count > 0 else { return }
        var ignored = EventBatch()
        let base = Offset(offset.value - UInt64(records.count))
        decode(records, base: base, reference: reference, into: &ignored)
    }

    /// Records before a place that what is decoded there can depend on.
    ///
    /// Twice what is remembered: a message of which only the middle lies within reach must not look like a
    /// new
    /// one.
    public static var lookBackCount: Int { 2 * RecordAssembler.lookBackCountMax }

    /// Decodes a record that is a piece of something.
    mutating func decode(
        _ piece: RecordPiece,
        _ place: RecordAssembler.Place,
        _ work: inout RecordWork,
        _ bytes: [UInt8],
        _ events: inout EventBatch
    ) {
        switch piece {
        case .segment(let id, let total, let number, let text):
            let overdue = assembler.takeOverdue(place)
            if total < 2 || number >= total {
                decodeAlone(&work, bytes, &events)
            } else {
                let piece = group(number, bytes, text, place)
                take(piece, total: total, id: id, place, &work, bytes, &events)
            }
            for group in overdue { decodeJoined(group, isWhole: false, &work, &events) }
        case .stanza(let line, let text): decode(line, text, place, &work, bytes, &events)
        case .package(let verb, let name): decode(verb, name, place, &work, bytes, &events)
        case .repetition(let count, let text):
            decodeAlone(&work, bytes, &events)
            repeatMessage(count, text, place, &work, bytes, &events)
        case .audit(let record): decode(record, place, &work, bytes, &events)
        }
    }

    private func group(
        _ number: Int,
        _ bytes: [UInt8],
        _ text: Range<Int>,
        _ place: RecordAssembler.Place
    ) -> RecordAssembler.Group.Piece {
        RecordAssembler.Group.Piece(
            number: number,
            text: Array(bytes[text]),
            offset: place.offset
        )
    }

    /// Decodes a record as it stands.
    mutating func decodeAlone(_ work: inout RecordWork, _ bytes: [UInt8], _ events: inout EventBatch) {
        begin(&work, bytes)
        route(&work, bytes, &events)
    }

    /// Adds a piece: its record gives the event of the whole if it is the last, else one that only shows it.
    private mutating func take(
        _ piece: RecordAssembler.Group.Piece,
        total: Int,
        id: Range<Int>,
        _ place: RecordAssembler.Place,
        _ work: inout RecordWork,
        _ bytes: [UInt8],
        _ events: inout EventBatch
    ) {
        let whole = assembler.add(
            piece,
            total: total,
            to: RecordAssembler.key(place.source, bytes.span, id),
            id: Array(bytes[id]),
            header: Array(bytes[work.record.lowerBound..<work.envelope.body.lowerBound]),
            at: place
        )
        if let whole, decodeJoined(whole, isWhole: true, &work, &events) { return }
        work.header.issues.insert(.fragment)
        let first = events.events.count
        decodeAlone(&work, bytes, &events)
        // A part of a fact is no fact: the whole is counted, not its pieces.
        for index in first..<events.events.count {
            events.events[index].action = .statusReport
            events.events[index].outcome = .unknown
        }
    }

    /// Decodes the text of a group; false if its pieces make no message.
    @discardableResult
    private mutating func decodeJoined(
        _ group: RecordAssembler.Group,
        isWhole: Bool,
        _ work: inout RecordWork,
        _ events: inout EventBatch
    ) -> Bool {
        guard let text = group.joined else { return false }
        var issues: ParseIssues = isWhole ? [] : .fragment
        if group.isTruncated { issues.insert(.decodeTruncated) }
        decode(text, citing: group.offsets, adding: issues, &work, &events)
        return true
    }

    /// Decodes text that is no record as further events of one.
    mutating func decode(
        _ text: [UInt8],
        citing offsets: [Offset],
        adding issues: ParseIssues,
        at time: UTCTime? = nil,
        _ work: inout RecordWork,
        _ events: inout EventBatch
    ) {
        var part = Normalizer.part(of: text, adding: issues, at: time, work)
        citation = Array(offsets.map { String($0.value) }.joined(separator: " ").utf8)
        // What came around the record is not around this text.
        carried.removeAll(keepingCapacity: true)
        skipMark(&part, text)
        begin(&part, text)
        route(&part, text, &events)
        citation = []
        work.ordinal = part.ordinal
    }

    /// The work for text that is no record but belongs to one.
    static func part(
        of text: [UInt8],
        adding issues: ParseIssues,
        at time: UTCTime?,
        _ work: borrowing RecordWork
    ) -> RecordWork {
        var part = RecordWork(
            envelope: EnvelopeReader.read(text.span, 0..<text.count, work.context),
            record: 0..<text.count,
            offset: work.offset,
            context: work.context
        )
        if let time {
            part.envelope.time = time
            part.envelope.hasFraction = work.envelope.hasFraction
        }
        part.header = work.header
        part.header.severity = part.envelope.severity
        part.header.issues = part.envelope.issues.union(issues)
        var hash = StableHash()
        hash.combine(text.span, 0..<text.count)
        hash.combine(UInt64(work.ordinal))
        part.header.contentHash = hash.value
        part.ordinal = work.ordinal
        return part
    }

    /// A relay left out what it was sent again: the events are given as if it had not.
    private mutating func repeatMessage(
        _ count: Int,
        _ text: Range<Int>?,
        _ place: RecordAssembler.Place,
        _ work: inout RecordWork,
        _ bytes: [UInt8],
        _ events: inout EventBatch
    ) {
        var message: [UInt8] = []
        var cited: [Offset] = []
        if let text {
            message = Array(bytes[work.record.lowerBound..<work.envelope.body.lowerBound])
            message.append(contentsOf: bytes[text])
        } else {
            guard let found = recent.message(place.source, assembler.count) else { return }
            message = Array(found.records.bytes[found.row.range])
            cited = [found.offset, place.offset]
        }
        let first = events.events.count
        for number in 0..<min(count, Normalizer.repetitionCountMax) {
            decode(message, citing: cited, adding: [], at: work.envelope.time, &work, &events)
            // Of what no decoder understands, one is enough.
            guard number > 0 || events.events[first].eventClass != .unclassified else { break }
        }
        guard count > Normalizer.repetitionCountMax, let last = events.events.indices.last else { return }
        events.events[last].issues.insert(.decodeTruncated)
    }
}

extension RecordAssembler.Group {
    /// The message as one record, `ID 1 0 text`; nil without the piece that says what it is.
    fileprivate var joined: [UInt8]? {
        let sorted = pieces.sorted { $0.number < $1.number }
        guard let first = sorted.first, first.number == 0 else { return nil }
        var text = header + id + Array(" 1 0 ".utf8)
        for piece in sorted { text += piece.text }
        return text
    }
}
