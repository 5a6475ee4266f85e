// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel
import WireFormats

/// Turns device records into typed events: reads the header, finds the decoder, fills the fields.
///
/// Pure: the same records, decoders, key and reference give the same events, however the batches are cut.
/// Owned by one thread; its storage is reused from record to record.
public struct Normalizer: Sendable {
    let decoders: DecoderSet
    let siteKey: SiteKey
    let defaultOffsetSeconds: Int
    var values: BodyValues
    var matcher = PatternMatcher()
    var bodies: StructuredBodies
    var fields = FieldTable()
    /// Numbers of `decoders.extensionNames`.
    var extensionFields: [FieldID] = []
    /// Names of `ext.*` fields met in bodies (without the prefix) and their numbers.
    var dynamicNames = NameTable()
    var dynamicFields: [FieldID] = []
    /// Decoder to its number in the batch being filled.
    var decoderNumbers: [Int32]
    /// Literal to the record in which it was last seen.
    var literalStamps: [UInt32]
    var literalStamp: UInt32 = 0
    var hasScannedLiterals = false
    /// Slots that patterns and markers filled for the event being made.
    var foundSlots: [Int] = []
    /// Slots that searches within values filled for the decoder being tried.
    var withinSlots: [Int] = []
    /// What takes a position in the record to its copy in the batch.
    var recordShift = 0
    /// Who sent the record by its certificate, and the origin that says so.
    var peerIdentity: [UInt8] = []
    private var peerOrigin = UInt32.max
    /// Slots whose values went into fields of the event being made.
    var usedStamps: [UInt32]
    var usedStamp: UInt32 = 0
    /// Fields around the message of the record being decoded: names and values in the record.
    var carried: [(name: Range<Int>, value: Range<Int>)] = []
    /// Slot of the text of a GELF object; nil where no decoder names it.
    let gelfTextSlot: Int?

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
        gelfTextSlot = decoders.slots.number("short_message")
        bodies = StructuredBodies(siteKey: siteKey)
        for name in decoders.extensionNames { extensionFields.append(fields.field(named: name)) }
        decoderNumbers = Array(repeating: -1, count: decoders.decoders.count)
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
        // A record gives its own bytes, some derived ones and about a dozen fields; doubling costs more.
        events.bytes.reserveCapacity(events.bytes.count + records.bytes.count * 5 / 4)
        events.entries.reserveCapacity(events.entries.count + records.count * 12)
        events.events.reserveCapacity(events.events.count + records.count)
        peerOrigin = .max
        for index in records.rows.indices where records.rows[index].kind == .device {
            let row = records.rows[index]
            if row.origin != peerOrigin {
                peerOrigin = row.origin
                peerIdentity = Array(records.origins[Int(row.origin)].identity.utf8)
            }
            decodeRow(row, base.advanced(by: index), records.bytes, reference, &events)
        }
        events.extensionNames = fields.names
    }

    private mutating func decodeRow(
        _ row: RecordBatch.Row,
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
        begin(&work, bytes)
        if row.flags.contains(.journalEntry) { readJournalEntry(&work, bytes) }
        route(&work, bytes, &events)
    }

    /// Steps over what stands before an XML document that ends the body.
    ///
    /// That is the `- ` of a viewer, or the rest of a header that names no version.
    private func skipMark(_ work: inout RecordWork, _ bytes: [UInt8]) {
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

    /// Prepares the reused storage and the standard slots.
    mutating func begin(_ work: inout RecordWork, _ bytes: [UInt8]) {
        values.removeAll()
        hasScannedLiterals = false
        carried.removeAll(keepingCapacity: true)
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
    var pairMode: (start: Int, isCommaSeparated: Bool)?

    init(envelope: Envelope, record: Range<Int>, offset: Offset, context: StampContext) {
        self.envelope = envelope
        self.offset = offset
        self.context = context
        header = Event(offset: offset, time: .absent, logTime: .absent)
        text = envelope.body
        self.record = record
    }
}
