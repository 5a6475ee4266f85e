// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import Digests
public import EventModel
public import Platform

/// What looking at every stored byte of a stream found.
public struct VerifyReport: Hashable, Sendable {
    /// Records that were read and agree with their checksums.
    public var records: UInt64 = 0
    /// Bytes of the files looked at.
    public var bytes: UInt64 = 0
    /// Segments looked at; how many of them are sealed.
    public var segments = 0
    /// Sealed segments whose hash was compared.
    public var sealedSegments = 0
    /// First offset after the last sound record.
    public var end: Offset = .zero
    /// Everything that is not what was written, holes included.
    public var damage: [DamageNote] = []
    /// Unfinished bytes at the end of the last file; normal beside a live writer or after a crash.
    public var tails: [DamageNote] = []
    /// Offsets that are missing.
    public var holes: [OffsetHole] = []
    /// Heads that the records agree with.
    public var heads = 0
    /// Records that the greatest of them covers.
    public var signedEnd: Offset = .zero
    /// Records that were removed on purpose, by segment; without a tombstone that fits they are damage too.
    public var removals: [RemovalNote] = []
    /// All tombstones that were given, also those of which nothing is gone.
    public var tombstones: [Tombstone] = []

    /// Whether nothing is damaged or missing.
    public var isSound: Bool { damage.isEmpty }
}

/// Reads a stream whole and checks every checksum, length and offset, the decoded contents, and what footers
/// promise.
///
/// The records are hashed into the tree of the stream, which must agree with the hashes in the blocks and
/// with each of `heads`. Of records that were removed the blocks hold hashes only, and one of `tombstones`
/// must account for them. The signatures of both are the caller's to check.
///
/// Takes no lock and writes nothing. Stable beside a live writer: what is being written now is a tail, never
/// damage.
///
/// - Throws: ``LogError`` only when the directory cannot be read or a file needs a newer version.
/// - Complexity: O(bytes); memory bounded by one part.
public func verifyLog(
    storage: any LogStorage,
    path: String,
    stream: String,
    heads: [SignedHead] = [],
    tombstones: [Tombstone] = []
) throws(LogError) -> VerifyReport {
    try verifyLog(
        storage: storage,
        path: path,
        stream: stream,
        heads: heads,
        removed: { _ in },
        readingTombstones: { () throws(LogError) in tombstones }
    )
}

/// As ``verifyLog(storage:path:stream:heads:tombstones:)``, with `tombstones` read after the segments: beside
/// a run of retention that is the order in which each segment finds its own.
///
/// `removed` is given the removed records in order.
public func verifyLog(
    storage: any LogStorage,
    path: String,
    stream: String,
    heads: [SignedHead],
    removed: (RemovedSpan) -> Void,
    readingTombstones tombstones: () throws(LogError) -> [Tombstone]
) throws(LogError) -> VerifyReport {
    let contents = try LogContents(storage, FileNames.stream(path, stream), stream)
    var report = VerifyReport()
    report.damage = contents.damage
    report.tails = contents.tails
    report.holes = contents.holes
    report.end = contents.parts.last?.end ?? .zero
    report.segments = contents.segments.count
    for segment in contents.segments {
        report.bytes += UInt64(segment.size)
        try verifySeal(segment, &report)
    }
    report.bytes += contents.writeAhead.reduce(0) { $0 + UInt64($1.size) }
    var check = PartCheck(TreeCheck(heads))
    var frontiers = FrontierCheck(contents.segments)
    for part in contents.parts {
        check.verify(part, &report)
        check.spans.take().forEach(removed)
        frontiers.compare(check.tree, &report)
    }
    check.spans.finish().forEach(removed)
    check.tree.finish(&report)
    let told = try tombstones()
    for segment in contents.segments { check.account(for: segment, told, &report) }
    report.tombstones = told
    return report
}

/// Compares the tree with what the footers say of it, at the end of each segment, while nothing is damaged:
/// behind damage every tree is another one.
private struct FrontierCheck {
    private var ends: [Offset: SegmentScan] = [:]

    init(_ segments: [SegmentScan]) {
        for segment in segments where segment.footer?.frontiers != nil { ends[segment.end] = segment }
    }

    mutating func compare(_ tree: TreeCheck, _ report: inout VerifyReport) {
        guard let segment = ends.removeValue(forKey: tree.end) else { return }
        guard report.damage.isEmpty, segment.footer?.frontiers?.end.root != tree.root else { return }
        report.damage.append(
            DamageNote(
                file: segment.fileName,
                position: segment.size,
                from: segment.base,
                end: segment.end,
                reason: .footer
            )
        )
    }
}

func verifySeal(_ segment: SegmentScan, _ report: inout VerifyReport) throws(LogError) {
    guard let footer = segment.footer, let file = segment.parts.first?.file else { return }
    report.sealedSegments += 1
    guard try hashFile(file, segment.size - footer.storedLength) != footer.digest else { return }
    report.damage.append(
        DamageNote(file: segment.fileName, position: 0, from: footer.base, end: footer.end, reason: .footer)
    )
}

/// Looks at the parts of a stream one after another.
struct PartCheck {
    private(set) var logTime = UTCTime.absent
    /// The tree of the records so far.
    var tree: TreeCheck
    /// Removed records of the parts so far.
    var spans = RemovedSpans()
    /// What is gone, by file.
    private var removed: [String: RemovedRecords] = [:]
    private var buffers = RecordBuffers()

    init(_ tree: TreeCheck) { self.tree = tree }

    /// Checks every checksum of a part, decodes it, and adds its records to the tree.
    mutating func verify(_ part: LogPart, _ report: inout VerifyReport) {
        let start = part.places[0].lowerBound
        do throws(LogError) {
            let records = try part.readRecords(&buffers)
            defer { buffers.recycle(records) }
            _ = try part.chunk(ChunkEntry.Kind.columns)
            for kind in [ChunkEntry.Kind.filters, ChunkEntry.Kind.values] { _ = try part.storedChunk(kind) }
            report.records += UInt64(records.rows.count { $0.kind != .removed })
            let leaves = try part.leafRuns(of: records)
            let range = tree.add(leaves, &report)
            if !leaves.removed.isEmpty { removed[part.fileName, default: RemovedRecords()].add(leaves) }
            removed[part.fileName]?.root = tree.root
            if try part.storedRange() != range { report.note(part, start, .tree) }
            spans.add(records, base: part.base, segment: part.fileName)
            checkTimes(of: records, part, &report)
        } catch {
            if case .damaged(_, let position) = error {
                report.note(part, position, .chunk)
            } else {
                report.note(part, start, .unreadable)
            }
        }
    }

    private mutating func checkTimes(
        of records: RecordBatch,
        _ part: LogPart,
        _ report: inout VerifyReport
    ) {
        let start = part.places[0].lowerBound
        for (index, row) in records.rows.enumerated() {
            if row.logTime < logTime { report.note(part, start, .order, from: part.base.advanced(by: index)) }
            logTime = max(logTime, row.logTime)
        }
        if let first = records.rows.first, let last = records.rows.last, part.skipped + part.trimmed == 0,
            first.logTime != part.minLogTime || last.logTime != part.maxLogTime
        {
            report.note(part, start, .content)
        }
    }

    /// Notes the removed records of a segment, and whether a tombstone says that they were removed.
    func account(for segment: SegmentScan, _ tombstones: [Tombstone], _ report: inout VerifyReport) {
        guard let gone = removed[segment.fileName] else { return }
        let offsets = segment.base.value..<segment.end.value
        let own = tombstones.filter { $0.segment == segment.fileName && $0.offsets == offsets }
        let digest = gone.digest
        let fitting = own.filter {
            $0.removed == gone.count && $0.digest == digest && $0.root == gone.root
        }
        report.removals.append(
            RemovalNote(segment: segment.fileName, count: gone.count, tombstones: own, fitting: fitting)
        )
        guard fitting.isEmpty else { return }
        report.damage.append(
            DamageNote(
                file: segment.fileName,
                position: 0,
                from: segment.base,
                end: segment.end,
                reason: .removed
            )
        )
    }
}

extension VerifyReport {
    fileprivate mutating func note(
        _ part: LogPart,
        _ position: Int,
        _ reason: DamageNote.Reason,
        from: Offset? = nil
    ) {
        damage.append(
            DamageNote(
                file: part.fileName,
                position: position,
                block: part.ordinal,
                from: from ?? part.base,
                end: part.end,
                reason: reason
            )
        )
    }
}
