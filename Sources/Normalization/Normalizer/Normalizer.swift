// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel
import WireFormats

/// Turns device records into typed events: reads the header, finds the decoder, fills the fields.
///
/// Pure: the same records, decoders, key and reference give the same events, however the batches are cut.
/// Owned by one thread; its storage is reused from record to record.
///
/// What tests a record's values is `mutating` though it changes nothing: a method that only reads is called
/// from a mutating one with a copy of all of this, 1.3 KB.
public struct Normalizer: Sendable {
    let decoders: DecoderSet
    let siteKey: SiteKey
    let defaultOffsetSeconds: Int
    var values: BodyValues
    var matcher = PatternMatcher()
    /// What looking for texts may still cost for this record.
    var searches = SearchBudget()
    /// What surely is nowhere in this record.
    var sketch = TextSketch()
    var bodies: StructuredBodies
    var fields = FieldTable()
    /// Names of slots, then the other keys met in bodies.
    var names: NameTable
    /// For each of `names` the field `ext.NAME` that its values go to when nothing else takes them.
    var nameFields: [NameField]
    /// Number of names beyond those of slots.
    var dynamicCount: Int { names.count - decoders.slots.count }
    /// Fields of body decoders by their full names.
    var draftNames = NameTable()
    var draftFields: [FieldID] = []
    /// Decoder to its number in the batch being filled.
    var decoderNumbers: [Int32]
    /// For the start of each text of the tables its place in the batch being filled; -1 when it is not there.
    var textStarts: [Int]
    /// Those that are there: a batch of one record shall not pay for all texts of the tables.
    var placedTexts: [Int] = []
    /// Literal to the record in which it was last seen.
    var literalStamps: [UInt32]
    var literalStamp: UInt32 = 0
    var hasScannedLiterals = false
    /// Decoders that texts of the record select.
    var selected: [Int32] = []
    /// Slots that patterns and markers filled for the event being made.
    var foundSlots: [Int] = []
    /// Captures of the match that is looked at, and of the best one so far.
    var candidate: [PatternMatcher.Capture] = []
    var matched: [PatternMatcher.Capture] = []
    /// Slots that searches within values filled for the decoder being tried.
    var withinSlots: [Int] = []
    /// What takes a position in the record to its copy in the batch.
    var recordShift = 0
    /// Who sent the record by its certificate, and the origin that says so.
    var peerIdentity: [UInt8] = []
    private var peerOrigin = UInt32.max
    /// For each origin of the batch what stands for records without a host.
    private var sources: [UInt64] = []
    /// Slots whose values went into fields of the event being made.
    var usedStamps: [UInt32]
    var usedStamp: UInt32 = 0
    /// Records that wait for others.
    var assembler = RecordAssembler()
    /// The newest message of each source.
    var recent = RecentMessages()
    /// What tells the tables of the record's sender apart from others.
    var tableKey: UInt64 = 0
    /// Offsets of the records that the event being made joins, as text; empty for one record.
    var citation: [UInt8] = []
    /// Fields of headers and joins that no decoder names.
    let citationField: FieldID
    let sequenceField: FieldID
    let uptimeField: FieldID
    /// Fields around the message of the record being decoded: names and values in the record.
    var carried: [CarriedField] = []
    /// Room for others.
    var spareCarried: [CarriedField] = []
    /// How deep in objects that carry others the work is.
    var nesting = 0
    /// Values of those objects, outermost first.
    var outerValues: [BodyValues] = []
    /// Bytes of carried lines that may still be read for this record.
    var carriedBytesLeft = 0
    /// Room for a carried line.
    var spareLine: [UInt8] = []
    /// Routes of an object by its keys.
    var keyedRoutes: [Int32] = []

    /// Fields of a record for which room is made ahead: most of any batch so far.
    private var fieldsPerRecord = 12

    /// Makes a normalizer.
    ///
    /// - Parameters:
    ///   - decoders: The compiled set.
    ///   - siteKey: Makes tokens of patient identifiers.
    ///   - defaultOffsetSeconds: Offset east of UTC for stamps without a zone.
    public init(decoders: DecoderSet, siteKey: SiteKey, defaultOffsetSeconds: Int = 0) {
        self.decoders = decoders
        self.siteKey = siteKey
        self.defaultOffsetSeconds = defaultOffsetSeconds
        values = BodyValues(slotCount: decoders.slots.count)
        bodies = StructuredBodies(siteKey: siteKey)
        names = decoders.slots
        nameFields = Array(repeating: .unknown, count: decoders.slots.count)
        for name in decoders.extensionNames { _ = fields.field(named: name) }
        citationField = fields.field(named: "ext.records")
        sequenceField = fields.field(named: "ext.sequence")
        uptimeField = fields.field(named: "ext.uptime")
        decoderNumbers = Array(repeating: -1, count: decoders.decoders.count)
        textStarts = Array(repeating: -1, count: decoders.tables.texts.count + 1)
        literalStamps = Array(repeating: 0, count: decoders.routes.literals.count)
        usedStamps = Array(repeating: 0, count: decoders.slots.count)
    }

    /// Decodes the device records of `records` and appends their events to `events`.
    ///
    /// - Parameters:
    ///   - records: Rows of any kind; only device records give events, each at least one.
    ///   - base: Offset of the first row.
    ///   - reference: Reference time of an import, which resolves years and stands in for missing times; nil
    ///     takes the
    /// receive time of each row.
    ///   - events: Receives the events. A batch must be filled by one normalizer only: field numbers are its
    ///     own.
    /// - Complexity: O(bytes); no allocation per record once warm, but for names met for the first time.
    public mutating func decode(
        _ records: RecordBatch,
        base: Offset,
        reference: UTCTime?,
        into events: inout EventBatch
    ) {
        for index in decoderNumbers.indices { decoderNumbers[index] = -1 }
        for place in placedTexts { textStarts[place] = -1 }
        placedTexts.removeAll(keepingCapacity: true)
        let bytes = records.bytes
        // A record gives its own bytes, some derived ones and as many fields as those before it.
        let before = events.entries.count
        events.bytes.reserveCapacity(events.bytes.count + records.bytes.count * 5 / 4)
        events.entries.reserveCapacity(before + records.count * fieldsPerRecord)
        events.events.reserveCapacity(events.events.count + records.count)
        peerOrigin = .max
        recent.begin(records)
        sources.removeAll(keepingCapacity: true)
        for origin in records.origins { sources.append(Normalizer.source(origin)) }
        for index in records.rows.indices where records.rows[index].kind == .device {
            let row = records.rows[index]
            if row.origin != peerOrigin {
                peerOrigin = row.origin
                peerIdentity = Array(records.origins[Int(row.origin)].identity.utf8)
            }
            decodeRow(row, index, base.advanced(by: index), bytes, reference, &events)
        }
        recent.finish(assembler.count)
        let perRecord = (events.entries.count - before) / max(1, records.count)
        fieldsPerRecord = max(fieldsPerRecord, min(perRecord * 9 / 8 + 1, Normalizer.fieldsPerRecordMax))
        events.extensionNames = fields.names
    }

    /// Most fields of a record for which room is made ahead.
    private static let fieldsPerRecordMax = 64

    /// What tells the sources of records without a host apart.
    private static func source(_ origin: Origin) -> UInt64 {
        var hash = StableHash(seed: 1)
        hash.combine(origin.peer?.description ?? origin.listener)
        return hash.value
    }

    private mutating func decodeRow(
        _ row: RecordBatch.Row,
        _ index: Int,
        _ offset: Offset,
        _ bytes: [UInt8],
        _ reference: UTCTime?,
        _ events: inout EventBatch
    ) {
        let stated = row.receiveTime.isPresent ? row.receiveTime : nil
        let isClaimed = row.flags.contains(.claimedReceiveTime)
        let resolved = (isClaimed ? stated ?? reference : reference ?? stated) ?? row.logTime
        let context = StampContext(reference: resolved, offsetSeconds: defaultOffsetSeconds)
        var work = RecordWork(
            envelope: EnvelopeReader.read(bytes.span, row.range, context),
            record: row.range,
            offset: offset,
            context: context
        )
        var header = Event(offset: offset, time: .absent, logTime: row.logTime)
        header.receiveTime = row.receiveTime
        header.severity = work.envelope.severity
        header.issues = work.envelope.issues
        if row.flags.contains(.truncated) { header.issues.insert(.truncated) }
        if row.flags.contains(.partial) { header.issues.insert(.partialFrame) }
        if !row.flags.isDisjoint(with: [.resynchronised, .unreadableCoding]) {
            header.issues.insert(.framingError)
        }
        if row.flags.contains(.imported) { header.flags.insert(.imported) }
        if row.receiveTime.isPresent { header.flags.insert(.received) }
        var hash = StableHash()
        hash.combine(bytes.span, row.range)
        header.contentHash = hash.value
        work.header = header
        skipMark(&work, bytes)
        carried.removeAll(keepingCapacity: true)
        assembler.advance(to: work.offset)
        if row.flags.contains(.journalEntry) {
            // The fields of an entry belong to it alone: journald neither splits messages nor folds them.
            readJournalEntry(&work, bytes)
            recent.pass(row.length)
            decodeAlone(&work, bytes, &events)
            return
        }
        if row.flags.contains(.jsonLines) || work.envelope.form == .raw { noteOtherJSON(&work, row, bytes) }
        decodeInPlace(&work, row, index, bytes, &events)
    }

    /// Decodes a record by itself or with those before it.
    private mutating func decodeInPlace(
        _ work: inout RecordWork,
        _ row: RecordBatch.Row,
        _ index: Int,
        _ bytes: [UInt8],
        _ events: inout EventBatch
    ) {
        let stated = row.receiveTime.isPresent ? row.receiveTime : nil
        let source = Normalizer.source(of: work, bytes, sources[Int(row.origin)])
        let clock = stated ?? (work.header.flags.contains(.imported) ? work.envelope.time : row.logTime)
        let place = RecordAssembler.Place(
            source: source,
            offset: work.offset,
            clock: clock.isPresent ? clock : work.envelope.time
        )
        tableKey = Normalizer.tableKey(source, work, bytes)
        if !assembler.tables.isEmpty, !row.flags.contains(.jsonLines),
            decodeTableLine(place, origin: sources[Int(row.origin)], &work, bytes, &events)
        {
            recent.pass(row.length)
        } else if let piece = RecordPiece(work.envelope, bytes.span) {
            recent.pass(row.length)
            decode(piece, place, &work, bytes, &events)
        } else {
            recent.note(source, index, row.length, work.offset, assembler.count)
            decodeAlone(&work, bytes, &events)
        }
        if work.elements != nil { reportSoftware(place, &work, bytes, &events) }
    }

    /// Says of JSON that is no object that it is none, and of what should be JSON that it is none; both stay
    /// text.
    private mutating func noteOtherJSON(
        _ work: inout RecordWork,
        _ row: RecordBatch.Row,
        _ bytes: [UInt8]
    ) {
        let body = work.envelope.body
        let isMeant = row.flags.contains(.jsonLines)
        guard let first = body.first, let last = body.last else {
            if isMeant { work.header.issues.insert(.badJSON) }
            return
        }
        guard bytes[first] != 0x7b else { return }
        guard isMeant || (bytes[first] == 0x5b && bytes[last] == 0x5d) else { return }
        values.removeAll()
        let issues = values.addJSON(bytes.span, body, names)
        if !issues.contains(.badJSON) {
            work.header.issues.formUnion(issues)
        } else if isMeant {
            work.header.issues.insert(.badJSON)
        }
    }

    /// The host, else the origin.
    private static func source(of work: borrowing RecordWork, _ bytes: [UInt8], _ origin: UInt64) -> UInt64 {
        let host = work.envelope.host
        guard !host.isEmpty else { return origin }
        var hash = StableHash()
        hash.combine(bytes.span, host)
        return hash.value
    }

    /// Steps over what stands before an XML document that ends the body.
    ///
    /// That is the `- ` of a viewer, or the rest of a header that names no version.
    mutating func skipMark(_ work: inout RecordWork, _ bytes: [UInt8]) {
        let body = work.envelope.body
        guard let first = body.first, let last = body.last, bytes[last] == 0x3e, bytes[first] != 0x3c else {
            return
        }
        for index in body.prefix(Normalizer.markLengthMaxBytes) where bytes[index] == 0x3c {
            let name = bytes[min(index + 1, last)]
            guard index > first, bytes[index - 1].isBlank, name == 0x3f || bytes[first] == 0x2d else {
                return
            }
            work.envelope.body = index..<body.upperBound
            work.text = work.envelope.body
            return
        }
    }

    /// Bytes that are searched for the start of an XML document.
    static let markLengthMaxBytes = 256

    /// Prepares the reused storage and the standard slots for a record.
    mutating func begin(_ work: inout RecordWork, _ bytes: [UInt8]) {
        matcher.beginRecord(work.record.count)
        searches = SearchBudget(work.record.count)
        carriedBytesLeft = work.record.count * Normalizer.carriedLengthFactor
        place(&work, bytes)
    }

    /// The same for what a record carries, which takes from the record what its search may cost.
    mutating func place(_ work: inout RecordWork, _ bytes: [UInt8]) {
        values.removeAll()
        sketch.begin(work.record)
        hasScannedLiterals = false
        withinSlots.removeAll(keepingCapacity: true)
        let envelope = work.envelope
        setStandard(StandardSlot.body, envelope.body)
        setStandard(StandardSlot.application, envelope.application)
        setStandard(StandardSlot.host, envelope.host)
        setStandard(StandardSlot.messageID, envelope.messageID)
    }

    func standardValue(_ range: Range<Int>) -> BodyValues.Value {
        BodyValues.Value(start: Int32(range.lowerBound), end: Int32(range.upperBound), isInWork: false)
    }

    mutating func setStandard(_ slot: Int, _ range: Range<Int>) {
        if !range.isEmpty { values.set(slot, standardValue(range)) }
    }
}

/// A field around a message: where its name and its value lie.
typealias CarriedField = (name: Range<Int>, value: Range<Int>)

/// Where the values of a key go that no decoder takes.
enum NameField: Sendable {
    /// Not asked yet.
    case unknown
    /// The field `ext.KEY`.
    case field(FieldID)
    /// Nowhere in clear: the key is one of patient identifiers.
    case patient
}

/// What is known of the record being decoded.
struct RecordWork {
    var envelope: Envelope
    var offset: Offset
    var context: StampContext
    var header: Event
    /// Where pattern matching starts: the body, after a vendor mark if there is one.
    var text: Range<Int>
    /// Where the record lies in the bytes of its batch.
    var record: Range<Int>
    /// Whether the batch of events holds the record's bytes already.
    var isCopied = false
    /// Number of the vendor code among the codes of the set; -1 if unknown or none.
    var code = -1
    /// Events made of this record so far.
    var ordinal: UInt16 = 0
    /// What a keyed body turned out to be; nil before it was read.
    var keyed: BodyFormat?
    /// From where the pairs of the body have been read, and how; nil before.
    var pairMode: (start: Int, separation: PairSeparation)?
    /// Whether a decoder for free wording has it, which knows no keys.
    var isFree = false
    /// Whether it is a line that an object carries, with a header and a tag of its own.
    var isLine = false
    /// What the structured data says; nil before it was read.
    var elements: ElementFacts?
    /// Whether the body stated the time that the header only assumed.
    var isTimeStated = false
    /// Whether the time is not known, or not sure: a header that names no zone says only about when it was.
    var isTimeOpen: Bool { !envelope.time.isPresent || envelope.issues.contains(.timeZoneAssumed) }

    init(envelope: Envelope, record: Range<Int>, offset: Offset, context: StampContext) {
        self.envelope = envelope
        self.offset = offset
        self.context = context
        header = Event(offset: offset, time: .absent, logTime: .absent)
        text = envelope.body
        self.record = record
    }
}
