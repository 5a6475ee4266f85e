// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import Digests
public import EventModel
public import Platform

/// What looking at one segment, away from its store, found.
public struct SegmentReport: Hashable, Sendable {
    /// Path of the file as it was given.
    public var file: String
    /// Name of the stream in its header.
    public var stream: String
    /// Offsets of its records.
    public var offsets: Range<Offset>
    /// What was found; ``VerifyReport/heads`` counts heads that end in the segment and agree.
    public var report: VerifyReport
    /// Whether the footer says what the tree was before the segment: without it no head can be compared.
    public var knowsFrontier: Bool
    /// Root of the tree before the segment, and after it; nil when that is not known.
    public var roots: (start: TreeHash, end: TreeHash)? {
        get { startRoot.flatMap { start in endRoot.map { (start, $0) } } }
        set { (startRoot, endRoot) = (newValue?.start, newValue?.end) }
    }
    private var startRoot: TreeHash?
    private var endRoot: TreeHash?

    init(_ file: String, _ scan: SegmentScan, stream: String) {
        self.file = file
        self.stream = stream
        offsets = scan.base..<max(scan.base, scan.end)
        report = VerifyReport()
        knowsFrontier = scan.footer?.frontiers != nil
    }
}

/// Checks one sealed segment, wherever it lies: every checksum, the footer, and the tree from the frontier in
/// the footer on, which must agree with those of `heads` that end in the segment.
///
/// A head that agrees proves everything of the stream up to its size, also the frontier. The signatures of
/// heads and tombstones are the caller's to check.
///
/// - Returns: Nil when the file is no segment.
/// - Throws: ``LogError`` when it cannot be read or needs a newer version.
/// - Complexity: O(bytes); memory of one part.
public func verifySegment(
    storage: any LogStorage,
    file path: String,
    heads: [SignedHead],
    tombstones: [Tombstone] = []
) throws(LogError) -> SegmentReport? {
    let file = try onDisk { () throws(StorageError) in try storage.open(path, .read) }
    guard let (base, stream) = FileHeader.segment(try SegmentScan.read(file, 0, FileHeader.size)) else {
        return nil
    }
    let name = FileNames.segment(base)
    let scan = try SegmentScan(file, name: name, base: base, stream: stream)
    var result = SegmentReport(path, scan, stream: stream)
    var report = VerifyReport()
    report.damage = scan.damage
    report.segments = 1
    report.bytes = UInt64(scan.size)
    report.end = scan.end
    if scan.footer == nil {
        let note = DamageNote(
            file: name,
            position: scan.validEnd,
            block: scan.parts.count,
            from: scan.end,
            end: scan.end,
            reason: .unsealed
        )
        report.damage.append(note)
    }
    try verifySeal(scan, &report)
    let frontiers = scan.footer?.frontiers
    let mine = heads.filter { frontiers != nil && $0.size > base.value && $0.size <= scan.end.value }
    var check = PartCheck(
        TreeCheck(mine, from: frontiers?.start ?? CompactRange(at: base.value))
    )
    for part in scan.parts {
        check.verify(part, &report)
        _ = check.spans.take()
    }
    if let frontiers {
        check.tree.finish(&report)
        result.roots = (frontiers.start.root, frontiers.end.root)
        if check.tree.root != frontiers.end.root {
            report.damage.append(
                DamageNote(file: name, position: scan.size, from: base, end: scan.end, reason: .footer)
            )
        }
    }
    check.account(for: scan, tombstones, &report)
    result.report = report
    return result
}
