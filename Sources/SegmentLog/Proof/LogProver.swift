// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import Digests
public import EventModel
public import Platform

/// That a record is in a stream, so that it can be checked without the stream.
public struct RecordProof: Hashable, Sendable {
    /// Offset of the record.
    public var offset: Offset
    /// Content of its leaf: metadata, then the kept bytes.
    public var content: [UInt8]
    /// Hashes from the leaf to the root of the head's tree.
    public var path: [TreeHash]
    /// The head.
    public var head: SignedHead

    /// Makes a proof of its parts.
    public init(offset: Offset, content: [UInt8], path: [TreeHash], head: SignedHead) {
        self.offset = offset
        self.content = content
        self.path = path
        self.head = head
    }

    /// Whether the content is at the offset in the tree that the head names; says nothing of its signature.
    public var isSound: Bool {
        TreeProof.isIncluded(
            .leaf(content),
            at: offset.value,
            size: head.size,
            root: head.root,
            path: path
        ) && contentOffset == offset
    }

    /// The offset that the content itself names.
    private var contentOffset: Offset? {
        var reader = ByteReader(content)
        guard (try? reader.byte()) == RecordLeaf.version, let value = try? reader.uint64() else { return nil }
        return Offset(value)
    }

    /// The kind of the record; nil if the content has another form.
    public var kind: RecordKind? {
        content.count > 9 ? RecordKind(rawValue: content[9]) : nil
    }

    /// The kept bytes of the record; nil if the content has another form.
    public var record: [UInt8]? {
        var reader = ByteReader(content)
        do throws(ByteReaderError) {
            _ = try reader.range(1 + 8 + 1 + 2 + 8 + 8)
            _ = try RecordCodec.origin(&reader)
            _ = try reader.uint64()
            guard try reader.uint64() == UInt64(reader.remaining) else { return nil }
            return Array(content[try reader.range(reader.remaining)])
        } catch {
            return nil
        }
    }
}

/// Proves records in the tree of one head.
///
/// Reads the hashes that the blocks hold once, and the records of the parts that are asked for.
public struct LogProver: Sendable {
    /// The head that its proofs lead to.
    public let head: SignedHead
    private let parts: [LogPart]
    private var nodes = TreeNodes()

    /// Proves from what is stored now.
    ///
    /// The proofs are sound only if what the store holds agrees with the head.
    public init(
        _ head: SignedHead,
        storage: any LogStorage,
        path: String,
        stream: String
    ) throws(LogError) {
        self.head = head
        let contents = try LogContents(storage, FileNames.stream(path, stream), stream)
        parts = contents.parts.filter { $0.base.value < head.size }
        for part in parts { nodes.add(try part.storedRange()) }
        // The last part may go on beyond the head: its leaves are needed one by one.
        if let last = parts.last, last.end.value > head.size {
            nodes.add(try last.leafRuns(of: try last.readRecords()))
        }
    }

    /// Proofs in the order of `offsets`, which rise; an offset without a record below the head has none.
    ///
    /// - Complexity: O(bytes) of the parts that hold them.
    public func proofs(of offsets: [Offset]) throws(LogError) -> [RecordProof] {
        var proofs: [RecordProof] = []
        var rest = offsets.filter { $0.value < head.size }[...]
        for part in parts where !rest.isEmpty {
            rest = rest.drop { $0 < part.base }
            let wanted = rest.prefix { $0 < part.end }
            guard !wanted.isEmpty else { continue }
            rest = rest.dropFirst(wanted.count)
            let records = try part.readRecords()
            var nodes = nodes
            nodes.add(try part.leafRuns(of: records))
            for offset in wanted {
                let index = Int(offset.value - part.base.value)
                guard records.rows[index].kind != .removed else { continue }
                let path = TreeProof.inclusion(offset.value, size: head.size) { nodes.hash($0) }
                let content = RecordLeaf.head(of: records, index, at: offset) + records.payload(index)
                proofs.append(RecordProof(offset: offset, content: content, path: path, head: head))
            }
        }
        return proofs
    }
}

/// Subtrees whose hashes are known; others follow from them, and offsets without any are holes.
private struct TreeNodes {
    private var known: [CompactRange.Subtree: TreeHash] = [:]

    mutating func add(_ range: CompactRange) {
        for (subtree, hash) in zip(range.subtrees, range.hashes) { known[subtree] = hash }
    }

    mutating func add(_ part: LeafRuns) {
        var next = part.base.value
        for run in part.runs {
            switch run {
            case .leaves(let leaves):
                for leaf in leaves {
                    known[CompactRange.Subtree(start: next, level: 0)] = leaf
                    next += 1
                }
            case .removed(let range):
                add(range)
                next = range.end
            }
        }
    }

    func hash(_ subtree: CompactRange.Subtree) -> TreeHash {
        if let hash = known[subtree] { return hash }
        guard subtree.level > 0 else { return RecordLeaf.hole }
        let level = subtree.level - 1
        let left = CompactRange.Subtree(start: subtree.start, level: level)
        let right = CompactRange.Subtree(start: subtree.start + 1 << UInt64(level), level: level)
        return .node(hash(left), hash(right))
    }
}
