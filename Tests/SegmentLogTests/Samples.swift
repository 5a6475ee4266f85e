// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Platform
import SimulationKit

@testable import SegmentLog

/// Small sizes, so that a few records pass every bound.
func smallOptions() -> LogOptions {
    var options = LogOptions()
    options.blockRecordCountMax = 8
    options.headRecordCountMax = 16
    options.segmentSizeMaxBytes = 1_024
    options.walFileSizeMaxBytes = 700
    options.reserveSizeBytes = 0
    return options
}

/// The bytes of the record at an offset: lengths from 0 to 60, so that sectors are crossed.
func payload(_ offset: UInt64) -> [UInt8] {
    let text =
        Array("record \(offset) ".utf8)
        + [UInt8](repeating: UInt8(offset & 0xff), count: Int(offset * 7 % 45))
    return offset % 11 == 5 ? [] : text
}

/// Records for the offsets `base ..< base + count`.
func sampleBatch(base: Offset, count: Int) -> RecordBatch {
    var batch = RecordBatch()
    let first = batch.index(
        of: Origin(listener: "udp", transport: .udp, peer: IPAddress(v4: 0x7f00_0001), peerPort: 9)
    )
    let second = batch.index(of: Origin(listener: "wörter.log", transport: .file, identity: "cn=pump"))
    for index in 0..<count {
        let offset = base.value + UInt64(index)
        let bytes = payload(offset)
        batch.append(
            bytes,
            kind: offset % 5 == 0 ? .tick : .device,
            flags: offset % 3 == 0 ? [.truncated, .imported] : [],
            origin: offset % 2 == 0 ? first : second,
            originalLength: bytes.count + Int(offset % 3),
            receiveTime: offset % 4 == 0 ? .absent : UTCTime(nanoseconds: Int64(offset) * 1_000 - 2_000)
        )
    }
    return batch
}

/// Everything that a reader gives, by offset; damaged parts are left out.
func readAll(_ storage: any LogStorage) throws -> [UInt64: [UInt8]] {
    let reader = try LogReader.open(storage: storage, path: "store", stream: "records")
    var all: [UInt64: [UInt8]] = [:]
    for part in reader.parts {
        guard let records = try? reader.records(part) else { continue }
        for index in 0..<records.count { all[part.base.value + UInt64(index)] = records.payload(index) }
    }
    return all
}

/// Events of every record of `job` but the empty ones, with fields of all kinds.
func sampleEvents(of job: BlockJob) -> EventBatch {
    var batch = EventBatch()
    for (index, row) in job.records.rows.enumerated() where row.length > 0 {
        let offset = job.base.advanced(by: index)
        batch.begin(Event(offset: offset, time: row.logTime, logTime: row.logTime))
        batch.add(.hostName, "host")
        batch.add(.userName, "user \(offset.value % 3)")
        batch.add(.message, job.records.bytes.span, row.range)
    }
    return batch
}

/// Makes blocks of everything that is ready (or of all).
func commitBlocks(_ writer: LogWriter, force: Bool = false) throws {
    while let job = writer.takeBlockJob(force: force) {
        try writer.commit(
            try job.encode(events: [sampleEvents(of: job)], epoch: [], eventTimes: nil)
        )
    }
}

/// A store of two sealed segments, an open one and a write-ahead file.
func smallStore(records: Int = 60) throws -> RecordingStorage {
    let storage = RecordingStorage()
    let writer = try LogWriter.open(
        storage: storage,
        path: "store",
        stream: "records",
        options: smallOptions()
    )
    while writer.nextOffset.value < UInt64(records) {
        var batch = sampleBatch(base: writer.nextOffset, count: 4)
        _ = try writer.append(&batch, wall: UTCTime(nanoseconds: Int64(writer.nextOffset.value) * 1_000))
        _ = try writer.sync()
        try commitBlocks(writer)
    }
    var batch = sampleBatch(base: writer.nextOffset, count: 3)
    _ = try writer.append(&batch, wall: UTCTime(nanoseconds: 1))
    try writer.close()
    return storage
}

/// A store of a sealed segment with a block of device lines (columns, events, filters, proof), a sealed one
/// of a small block, an open one and a write-ahead file.
func columnStore() throws -> RecordingStorage {
    let storage = RecordingStorage()
    var options = LogOptions()
    options.reserveSizeBytes = 0
    options.blockRecordCountMax = 600
    let writer = try LogWriter.open(storage: storage, path: "store", stream: "records", options: options)
    var generator = SeededGenerator(seed: 5)
    func append(_ count: Int) throws {
        var lines = batch(deviceLines(count, &generator))
        _ = try writer.append(&lines, wall: UTCTime(nanoseconds: 1_790_000_100_000_000_000))
        _ = try writer.sync()
    }
    for count in [520, 9, 9] {
        try append(count)
        while let job = writer.takeBlockJob(force: true) {
            try writer.commit(try job.encode(events: [sampleEvents(of: job)], epoch: [], eventTimes: nil))
        }
        if count > 9 || writer.nextOffset.value < 535 { try writer.seal() }
    }
    try append(5)
    try writer.close()
    return storage
}
