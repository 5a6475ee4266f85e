// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
public import Platform

/// What compacting a stream did.
public struct CompactionReport: Hashable, Sendable {
    /// Blocks and bytes of segments.
    public struct Amount: Hashable, Sendable {
        /// Number of blocks.
        public var blocks = 0
        /// Bytes of the files.
        public var bytes = 0
    }

    /// Sealed segments.
    public var segments = 0
    /// Of these, written anew.
    public var rewritten = 0
    /// The segments written anew, before.
    public var before = Amount()
    /// The segments written anew, after.
    public var after = Amount()
    /// Segments that were left alone because something in them is damaged: `verify` names it.
    public var damaged: [String] = []
}

/// Writes sealed segments anew where that joins small blocks or compresses better, one after another.
///
/// The caller has the store's lock. Each segment is read back before it takes the place of the old one; a
/// crash leaves one of the two. Damaged segments are left alone.
///
/// - Parameters:
///   - countMax: Records of a block, at most; 1...65,536.
///   - report: Is told after each segment, with the segments looked at and their number.
/// - Throws: ``LogError`` when the disk refuses; segments done before stay done.
/// - Complexity: O(bytes); memory bounded by one block.
public func compactLog(
    storage: any LogStorage,
    path: String,
    stream: String,
    countMax: Int = LogOptions().blockRecordCountMax,
    report: (Int, Int) -> Void = { _, _ in }
) throws(LogError) -> CompactionReport {
    let directory = FileNames.stream(path, stream)
    let contents = try LogContents(storage, directory, stream)
    let sealed = contents.segments.filter { $0.footer != nil && !$0.parts.isEmpty }
    let rewrite = SegmentRewrite(storage: storage, directory: directory, stream: stream)
    var result = CompactionReport()
    var buffers = BlockBuffers(.archive)
    var tree = StreamFrontier()
    for segment in sealed {
        let frontier = tree.advance(to: segment)
        result.segments += 1
        let isDamaged = contents.damage.contains { $0.file == segment.fileName && $0.reason != .hole }
        do throws(LogError) {
            let isSound = try segment.hasSealedBytes
            guard isSound, !isDamaged else {
                result.damaged.append(segment.fileName)
                continue
            }
            guard segment.gainsByCompaction(countMax) else { continue }
            var groups = BlockGroups(segment.parts, countMax: countMax)
            let written = try rewrite.run(segment, frontier: frontier) { () throws(LogError) in
                try groups.next()?.encode(&buffers)
            }
            result.rewritten += 1
            result.before.blocks += segment.parts.count
            result.before.bytes += segment.size
            result.after.blocks += written.blocks
            result.after.bytes += written.bytes
        } catch {
            guard case .damaged = error else { throw error }
            result.damaged.append(segment.fileName)
        }
        report(result.segments, sealed.count)
    }
    return result
}

extension SegmentScan {
    /// Whether the bytes of a sealed segment are those that its footer was written for.
    var hasSealedBytes: Bool {
        get throws(LogError) {
            guard let footer, let file = parts.first?.file else { return false }
            return try hashFile(file, size - footer.storedLength) == footer.digest
        }
    }

    /// Whether it was never written anew, or has neighbours that fit in one block.
    fileprivate func gainsByCompaction(_ countMax: Int) -> Bool {
        generation == 0
            || zip(parts, parts.dropFirst()).contains {
                $0.end == $1.base && $0.count + $1.count <= countMax
            }
    }
}

/// Neighbouring blocks joined, read one after another.
struct BlockGroups {
    private var parts: ArraySlice<LogPart>
    private var ahead: BlockContent?
    private let countMax: Int
    private let sizeMaxBytes = LogOptions().blockSizeMaxBytes

    init(_ parts: [LogPart], countMax: Int) {
        self.parts = parts[...]
        self.countMax = countMax
    }

    /// The next group; nil after the last.
    mutating func next() throws(LogError) -> BlockContent? {
        if ahead == nil { ahead = try read() }
        guard var group = ahead else { return nil }
        ahead = try read()
        while let block = ahead, group.accepts(block, countMax: countMax, sizeMaxBytes: sizeMaxBytes) {
            group.append(block)
            ahead = try read()
        }
        return group
    }

    private mutating func read() throws(LogError) -> BlockContent? {
        guard let part = parts.popFirst() else { return nil }
        return try BlockContent(part)
    }
}
