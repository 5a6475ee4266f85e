// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// The stored form of a batch of records: origins, then rows, then all bytes.
///
/// Used by batches of the write-ahead log and by the records chunk of a block.
///
/// - Source: `schemas/disk/record-v1.md`.
enum RecordCodec {
    /// Appends the stored form of `batch` to `writer`.
    static func encode(_ batch: RecordBatch, into writer: inout ByteWriter) {
        writer.bytes.reserveCapacity(writer.bytes.count + batch.bytes.count + batch.rows.count * 24 + 64)
        writer.varint(UInt64(batch.origins.count))
        for origin in batch.origins { encode(origin, into: &writer) }
        writer.varint(UInt64(batch.rows.count))
        var logTime: Int64 = 0
        var start = 0
        var isDense = true
        for row in batch.rows {
            writer.write(row.kind.rawValue)
            writer.varint(UInt64(row.flags.rawValue))
            writer.varint(UInt64(row.origin))
            writer.varint(UInt64(row.length))
            writer.signed(Int64(row.originalLength) &- Int64(row.length))
            writer.signed(row.logTime.nanoseconds &- logTime)
            writer.signed(row.receiveTime.nanoseconds &- row.logTime.nanoseconds)
            logTime = row.logTime.nanoseconds
            isDense = isDense && row.start == start
            start += row.length
        }
        if isDense && start == batch.bytes.count {
            writer.bytes.append(contentsOf: batch.bytes)
        } else {
            for row in batch.rows { writer.bytes.append(contentsOf: batch.bytes[row.range]) }
        }
    }

    static func encode(_ origin: Origin, into writer: inout ByteWriter) {
        writer.counted(origin.listener)
        writer.write(origin.transport.rawValue)
        writer.write(UInt8(origin.peer == nil ? 0 : 1))
        if let peer = origin.peer {
            writer.write(peer.high)
            writer.write(peer.low)
        }
        writer.write(origin.peerPort)
        writer.counted(origin.identity)
    }

    /// Reads the stored form; all of `range` must be used.
    static func decode(_ bytes: [UInt8], _ range: Range<Int>) throws(ByteReaderError) -> RecordBatch {
        var reader = ByteReader(bytes, range)
        var batch = RecordBatch()
        let originCount = try reader.count(atMost: min(reader.remaining, LogLimits.blockRecordCountMax))
        batch.origins.reserveCapacity(originCount)
        for _ in 0..<originCount { batch.origins.append(try origin(&reader)) }
        let count = try reader.count(atMost: min(reader.remaining, LogLimits.blockRecordCountMax))
        batch.rows.reserveCapacity(count)
        var logTime: Int64 = 0
        var start = 0
        for _ in 0..<count {
            let position = reader.position
            guard let kind = RecordKind(rawValue: try reader.byte()) else {
                throw .invalid(position: position)
            }
            let flags = FrameFlags(rawValue: UInt16(try reader.count(atMost: 0xffff)))
            let origin = UInt32(try reader.count(atMost: max(0, originCount - 1)))
            let length = try reader.count(atMost: reader.remaining)
            let extra = try reader.signed()
            logTime &+= try reader.signed()
            let receiveTime = logTime &+ (try reader.signed())
            batch.rows.append(
                RecordBatch.Row(
                    kind: kind,
                    flags: flags,
                    origin: origin,
                    start: start,
                    length: length,
                    originalLength: Int(Int64(length) &+ extra),
                    logTime: UTCTime(nanoseconds: logTime),
                    receiveTime: UTCTime(nanoseconds: receiveTime)
                )
            )
            start += length
        }
        guard start == reader.remaining else { throw .invalid(position: reader.position) }
        batch.bytes = Array(bytes[try reader.range(start)])
        return batch
    }

    static func origin(_ reader: inout ByteReader) throws(ByteReaderError) -> Origin {
        let listener = try reader.text()
        let position = reader.position
        guard let transport = Transport(rawValue: try reader.byte()) else {
            throw .invalid(position: position)
        }
        var peer: IPAddress?
        switch try reader.byte() {
        case 0: peer = nil
        case 1:
            let high = try reader.uint64()
            peer = IPAddress(high: high, low: try reader.uint64())
        default: throw .invalid(position: position + 1)
        }
        let port = try reader.uint16()
        return Origin(
            listener: listener,
            transport: transport,
            peer: peer,
            peerPort: port,
            identity: try reader.text()
        )
    }
}

extension RecordBatch {
    /// Appends the records of `other`, joining equal origins.
    mutating func merge(_ other: RecordBatch) {
        guard !rows.isEmpty || !bytes.isEmpty else {
            self = other
            return
        }
        let shift = bytes.count
        let numbers = other.origins.map { index(of: $0) }
        bytes.append(contentsOf: other.bytes)
        for var row in other.rows {
            row.start += shift
            row.origin = numbers[Int(row.origin)]
            rows.append(row)
        }
    }
}
