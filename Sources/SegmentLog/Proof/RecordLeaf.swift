// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import Digests
public import EventModel

/// The leaves of records in the tree of their stream: what a signed head commits to.
///
/// Independent of batches, blocks and how they are stored.
///
/// - Source: `schemas/disk/leaf-v1.md`.
public enum RecordLeaf {
    /// First byte of the content of a record's leaf.
    static let version: UInt8 = 1

    /// Leaf of an offset that no record has: a crash or lost evidence left it out.
    public static let hole = TreeHash.leaf([0])

    /// The leaf of record `index` of `batch` at `offset`.
    public static func hash(of batch: RecordBatch, _ index: Int, at offset: Offset) -> TreeHash {
        TreeHash.leaf(head(of: batch, index, at: offset), batch.bytes[batch.rows[index].range])
    }

    /// The leaves of all records of `batch`, the first at `base`.
    static func hashes(of batch: RecordBatch, base: Offset) -> [TreeHash] {
        hashes(of: batch, batch.rows.indices, base: base)
    }

    /// The leaves of `rows` of `batch`, the first at `base`.
    static func hashes(of batch: RecordBatch, _ rows: Range<Int>, base: Offset) -> [TreeHash] {
        var hashes: [TreeHash] = []
        hashes.reserveCapacity(rows.count)
        let origins = batch.origins.map(encoded)
        // One buffer for prefix, head and bytes: a hash of one piece is the fastest.
        var content: [UInt8] = []
        let bytes = batch.bytes.span
        for index in rows {
            let row = batch.rows[index]
            let origin = origins[Int(row.origin)]
            let length = 1 + headLength + origin.count
            content.resize(to: length)
            var target = content.mutableSpan
            target[0] = TreeHash.leafPrefix
            target[1] = version
            target.store(base.value + UInt64(index - rows.lowerBound), at: 2)
            target[10] = row.kind.rawValue
            target[11] = UInt8(truncatingIfNeeded: row.flags.rawValue)
            target[12] = UInt8(truncatingIfNeeded: row.flags.rawValue >> 8)
            target.store(UInt64(bitPattern: row.logTime.nanoseconds), at: 13)
            target.store(UInt64(bitPattern: row.receiveTime.nanoseconds), at: 21)
            for lane in origin.indices { target[29 + lane] = origin[lane] }
            target.store(UInt64(row.originalLength), at: length - 16)
            target.store(UInt64(row.length), at: length - 8)
            content.append(bytes, row.range)
            hashes.append(TreeHash.leaf(prefixed: content.span))
        }
        return hashes
    }

    /// Bytes of what stands before the kept bytes, without the origin.
    private static let headLength = 44

    /// What of a leaf's content stands before the kept bytes.
    public static func head(of batch: RecordBatch, _ index: Int, at offset: Offset) -> [UInt8] {
        var writer = ByteWriter()
        let row = batch.rows[index]
        write(row, at: offset, encoded(batch.origins[Int(row.origin)]), into: &writer)
        return writer.bytes
    }

    private static func encoded(_ origin: Origin) -> [UInt8] {
        var writer = ByteWriter()
        RecordCodec.encode(origin, into: &writer)
        return writer.bytes
    }

    private static func write(
        _ row: RecordBatch.Row,
        at offset: Offset,
        _ origin: [UInt8],
        into writer: inout ByteWriter
    ) {
        writer.write(version)
        writer.write(offset.value)
        writer.write(row.kind.rawValue)
        writer.write(row.flags.rawValue)
        writer.write(row.logTime.nanoseconds)
        writer.write(row.receiveTime.nanoseconds)
        writer.bytes.append(contentsOf: origin)
        writer.write(UInt64(row.originalLength))
        writer.write(UInt64(row.length))
    }
}
