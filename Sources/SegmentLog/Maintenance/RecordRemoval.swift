// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import Digests
public import EventModel
public import Platform

/// What removing records of a segment came to, before the new generation takes the place of the old one.
public struct RemovalSummary: Hashable, Sendable {
    /// File name of the segment.
    public var segment: String
    /// Offsets of the segment.
    public var offsets: Range<UInt64>
    /// Removed records of the segment, with those that were removed before.
    public var removed: UInt64
    /// SHA-256 of the hashes that are left of them.
    public var digest: SHA256Digest
    /// Root of the stream's tree at the end of the segment.
    public var root: TreeHash
}

/// Removes records of one sealed segment; their hashes stay.
///
/// The segment is written anew without their bytes, metadata and events, and read back: the tree is the same.
/// The caller has the store's lock.
///
/// - Parameters:
///   - segment: File name.
///   - removes: Whether the record at an offset goes.
///   - cuts: Sizes of the signed heads: the tree of each can still be made afterwards.
///   - announce: Is given what will be gone and must make the tombstone durable; what it throws leaves
///     everything as it was.
/// - Returns: Bytes of the segment before and after; nil when there is no such sealed segment.
/// - Throws: ``LogError``; the segment is then untouched.
public func removeRecords(
    of segment: String,
    storage: any LogStorage,
    path: String,
    stream: String,
    removes: (Offset) -> Bool,
    cuts: Set<UInt64>,
    announce: (RemovalSummary) throws(LogError) -> Void
) throws(LogError) -> (before: Int, after: Int)? {
    let directory = FileNames.stream(path, stream)
    let contents = try LogContents(storage, directory, stream)
    guard let old = contents.segments.first(where: { $0.fileName == segment }), old.footer != nil
    else { return nil }
    guard try old.hasSealedBytes, !contents.damage.contains(where: { $0.file == segment }) else {
        throw .damaged(file: segment, position: 0)
    }
    let rewrite = SegmentRewrite(storage: storage, directory: directory, stream: stream)
    var groups = BlockGroups(old.parts, countMax: LogOptions().blockRecordCountMax)
    var buffers = BlockBuffers(.archive)
    var gone = RemovedRecords()
    var frontier = CompactRange()
    for part in contents.parts where part.base < old.base {
        frontier.skip(to: part.base)
        frontier.append(try part.storedRange())
    }
    frontier.skip(to: old.base)
    let written = try rewrite.run(old, frontier: frontier) { () throws(LogError) in
        guard var block = try groups.next() else { return nil }
        var rows = RowSet(rowCount: block.records.count)
        for row in 0..<block.records.count where removes(block.base.advanced(by: row)) { rows.insert(row) }
        block.remove(rows, cuts: cuts)
        gone.add(block.leaves)
        return try block.encode(&buffers)
    } announce: { () throws(LogError) in
        var tree = frontier
        for part in old.parts {
            tree.skip(to: part.base)
            tree.append(try part.storedRange())
        }
        try announce(
            RemovalSummary(
                segment: segment,
                offsets: old.base.value..<old.end.value,
                removed: gone.count,
                digest: gone.digest,
                root: tree.root
            )
        )
    }
    return (old.size, written.bytes)
}
