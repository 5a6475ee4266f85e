// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Pipeline
import WireFormats

/// Turns the bytes of a file into batches of imported records.
struct ImportBatcher {
    private var framer: ConnectionFramer
    /// Cuts instead of `framer` where the format is that of the journal.
    private var journal: JournalFramer?
    /// What came of a file that is one record; nil for others.
    private var document: (bytes: [UInt8], length: Int)?
    private let hasClaims: Bool
    private let file: String
    private let intake: IntakeQueue
    private var skipCount: Int
    private var batch = RecordBatch()
    private let transport: Transport
    private(set) var recordCount = 0
    private(set) var addedCount = 0
    private(set) var truncatedCount = 0
    private(set) var malformedCount = 0
    private let sizeMaxBytes: Int

    init(_ request: ImportRequest, skip: Int, intake: IntakeQueue) {
        let name = request.path.hasSuffix(".gz") ? String(request.path.dropLast(3)) : request.path
        hasClaims = name.hasSuffix(".rec.jsonl") && request.format == .lines
        // The text of a claim is escaped: its line may be longer than the record.
        framer = ConnectionFramer(
            .lines,
            sizeMaxBytes: request.recordSizeMaxBytes * (hasClaims ? 6 : 1) + 512
        )
        if request.format == .journalExport {
            journal = JournalFramer(sizeMaxBytes: request.recordSizeMaxBytes)
        }
        if request.format == .document { document = ([], 0) }
        sizeMaxBytes =
            request.format == .document ? ImportFormat.documentSizeMaxBytes : request.recordSizeMaxBytes
        file = request.path
        transport = request.path == "-" ? .standardInput : .file
        self.intake = intake
        skipCount = skip
    }

    mutating func take(_ bytes: [UInt8]) throws(WardlineError) {
        if let kept = document {
            let room = sizeMaxBytes - kept.bytes.count
            document?.bytes.append(contentsOf: bytes.prefix(room))
            document?.length += bytes.count
            return
        }
        var target = FrameTarget(batch: RecordBatch(), origin: 0, flags: [], time: .absent)
        if journal == nil {
            framer.feed(bytes.span, into: &target)
        } else {
            journal?.feed(bytes.span, into: &target)
        }
        try add(target.batch)
    }

    /// The last line needs no end.
    mutating func finish() throws(WardlineError) {
        var target = FrameTarget(batch: RecordBatch(), origin: 0, flags: [], time: .absent)
        if let document, document.length > 0 {
            target.batch.append(
                document.bytes,
                kind: .device,
                origin: 0,
                originalLength: document.length,
                receiveTime: .absent
            )
        } else if journal != nil {
            journal?.finish(into: &target)
        } else {
            framer.finish(into: &target)
        }
        try add(target.batch)
        try flush()
    }

    mutating func flush() throws(WardlineError) {
        guard batch.count > 0 else { return }
        addedCount += batch.count
        guard intake.put(batch) else {
            throw WardlineError(
                .storage,
                "The store takes no more records; the import goes on when the same file is given again."
            )
        }
        batch = RecordBatch()
    }

    static func closedError(_ engine: Engine) -> WardlineError {
        engine.status.failure ?? WardlineError(.storage, "The store is closing and takes no more records.")
    }

    private mutating func add(_ lines: RecordBatch) throws(WardlineError) {
        for row in lines.rows {
            recordCount += 1
            guard recordCount > skipCount else { continue }
            append(lines.bytes.span, row)
            if BatchBounds.isReached(batch) { try flush() }
        }
    }

    private mutating func append(_ bytes: Span<UInt8>, _ row: RecordBatch.Row) {
        guard hasClaims else {
            put(
                bytes,
                row.range,
                from: Origin(listener: file, transport: transport),
                length: row.originalLength,
                flags: row.flags
            )
            return
        }
        // A line that a cut or its own text made unreadable is evidence all the same.
        guard let record = RecordLine(bytes, row.range) else {
            put(
                bytes,
                row.range,
                from: Origin(listener: file, transport: transport),
                length: row.originalLength,
                flags: .unreadableClaim
            )
            return
        }
        put(
            record.bytes.span,
            0..<record.bytes.count,
            from: Origin(listener: file, transport: transport, peer: record.peer),
            length: record.bytes.count,
            flags: record.hasUnreadableClaim ? .unreadableClaim : [],
            claimed: record.receiveTime
        )
    }

    /// Adds a record, cut at the cap.
    private mutating func put(
        _ bytes: Span<UInt8>,
        _ range: Range<Int>,
        from origin: Origin,
        length: Int,
        flags: FrameFlags = [],
        claimed: UTCTime = .absent
    ) {
        let kept = range.prefix(sizeMaxBytes)
        var flags = flags.union(.imported)
        if claimed.isPresent { flags.insert(.claimedReceiveTime) }
        if flags.contains(.unreadableClaim) { malformedCount += 1 }
        if kept.count < length {
            flags.insert(.truncated)
            truncatedCount += 1
        }
        let index = batch.index(of: origin)
        batch.append(
            bytes,
            kept,
            kind: .device,
            flags: flags,
            origin: index,
            originalLength: length,
            receiveTime: claimed
        )
    }
}
