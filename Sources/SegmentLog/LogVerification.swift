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

    /// Whether nothing is damaged or missing.
    public var isSound: Bool { damage.isEmpty }
}

/// Reads a stream whole and checks every checksum, length and offset, the decoded contents, and what footers
/// promise.
///
/// The records are hashed into the tree of the stream, which must agree with the hashes in the blocks and
/// with each of `heads`; their signatures are the caller's to check.
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
    heads: [SignedHead] = []
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
    var logTime = UTCTime.absent
    var tree = TreeCheck(heads)
    var buffers = RecordBuffers()
    for part in contents.parts { verify(part, &logTime, &tree, &buffers, &report) }
    tree.finish(&report)
    return report
}

private func verifySeal(_ segment: SegmentScan, _ report: inout VerifyReport) throws(LogError) {
    guard let footer = segment.footer, let file = segment.parts.first?.file else { return }
    report.sealedSegments += 1
    guard try hashFile(file, segment.size - footer.encoded().count) != footer.digest else { return }
    report.damage.append(
        DamageNote(file: segment.fileName, position: 0, from: footer.base, end: footer.end, reason: .footer)
    )
}

private func verify(
    _ part: LogPart,
    _ logTime: inout UTCTime,
    _ tree: inout TreeCheck,
    _ buffers: inout RecordBuffers,
    _ report: inout VerifyReport
) {
    func note(_ position: Int, _ reason: DamageNote.Reason, _ from: Offset) {
        report.damage.append(
            DamageNote(
                file: part.fileName,
                position: position,
                block: part.ordinal,
                from: from,
                end: part.end,
                reason: reason
            )
        )
    }
    do throws(LogError) {
        let records = try part.readRecords(&buffers)
        defer { buffers.recycle(records) }
        _ = try part.chunk(ChunkEntry.Kind.columns)
        report.records += UInt64(records.count)
        let leaves = try part.leafRuns(of: records)
        let range = tree.add(leaves, &report)
        if try part.storedRange() != range { note(part.places[0].lowerBound, .tree, part.base) }
        for (index, row) in records.rows.enumerated() {
            if row.logTime < logTime {
                note(part.places[0].lowerBound, .order, part.base.advanced(by: index))
            }
            logTime = max(logTime, row.logTime)
        }
        if let first = records.rows.first, let last = records.rows.last, part.skipped + part.trimmed == 0,
            first.logTime != part.minLogTime || last.logTime != part.maxLogTime
        {
            note(part.places[0].lowerBound, .content, part.base)
        }
    } catch {
        switch error {
        case .damaged(_, let position): note(position, .chunk, part.base)
        default: note(part.places[0].lowerBound, .unreadable, part.base)
        }
    }
}
