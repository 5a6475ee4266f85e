// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Platform
import SimulationKit
import Testing

@testable import SegmentLog

@Suite struct LogWriterTests {
    @Test func `every field of every record comes back from batches and from blocks`() throws {
        for isBlocked in [false, true] {
            let storage = RecordingStorage()
            var options = smallOptions()
            options.blockRecordCountMax = 500
            let writer = try LogWriter.open(
                storage: storage,
                path: "store",
                stream: "records",
                options: options
            )
            var batch = sampleBatch(base: .zero, count: 100)
            batch.rows[7].originalLength = .max
            batch.rows[8].receiveTime = UTCTime(nanoseconds: .max)
            #expect(try writer.append(&batch, wall: UTCTime(nanoseconds: -5)) == .zero)
            #expect(try writer.sync() == Offset(100))
            if isBlocked { try commitBlocks(writer, force: true) }
            let reader = try LogReader.open(storage: storage, path: "store", stream: "records")
            let part = try #require(reader.parts.first)
            #expect(part.isBlock == isBlocked)
            let back = try reader.records(part)
            #expect(back.rows == batch.rows)
            #expect(back.bytes == batch.bytes)
            #expect(back.origins == batch.origins)
            let events = try reader.stored(part).events
            #expect(events?.events.count == (isBlocked ? back.rows.count { $0.length > 0 } : nil))
            if let events {
                #expect(events.text(.message, in: 3) == String(decoding: payload(3), as: UTF8.self))
            }
        }
    }

    @Test func `log time never goes back, also over a restart`() throws {
        let storage = RecordingStorage()
        for wall in [100, 50, 70] as [Int64] {
            let writer = try LogWriter.open(
                storage: storage,
                path: "store",
                stream: "records",
                options: smallOptions()
            )
            var batch = sampleBatch(base: writer.nextOffset, count: 2)
            _ = try writer.append(&batch, wall: UTCTime(nanoseconds: wall))
            #expect(batch.rows[0].logTime == UTCTime(nanoseconds: 100))
            try writer.close()
        }
    }

    @Test func `segments roll and seal, and a reader beside the writer always sees a prefix`() throws {
        let storage = RecordingStorage()
        let writer = try LogWriter.open(
            storage: storage,
            path: "store",
            stream: "records",
            options: smallOptions()
        )
        var reader = try LogReader.open(storage: storage, path: "store", stream: "records")
        for _ in 0..<40 {
            var batch = sampleBatch(base: writer.nextOffset, count: 3)
            _ = try writer.append(&batch, wall: UTCTime(nanoseconds: 7))
            let parts = reader.parts
            _ = try writer.sync()
            try commitBlocks(writer)
            // Parts listed before stay readable after the writer removed their file.
            for part in parts { #expect(try reader.records(part).count == part.count) }
            try reader.refresh()
            #expect(reader.end == writer.nextOffset)
            #expect(reader.holes.isEmpty && reader.damage.isEmpty)
            #expect(reader.parts.reduce(0) { $0 + $1.count } == Int(writer.nextOffset.value))
            let report = try verifyLog(storage: storage, path: "store", stream: "records")
            #expect(report.isSound && report.tails.isEmpty && report.records == writer.nextOffset.value)
        }
        #expect(reader.statistics.segments > 2)
        #expect(try verifyLog(storage: storage, path: "store", stream: "records").sealedSegments > 1)
        for (offset, bytes) in try readAll(storage) { #expect(bytes == payload(offset)) }
    }

    @Test func `a failed synchronisation makes the writer suspect for good`() throws {
        let storage = RecordingStorage()
        let writer = try LogWriter.open(
            storage: storage,
            path: "store",
            stream: "records",
            options: smallOptions()
        )
        var batch = sampleBatch(base: .zero, count: 3)
        _ = try writer.append(&batch, wall: .init(nanoseconds: 1))
        storage.fail(DiskFault(.inputOutput, nth: 1))
        #expect(throws: LogError.self) { try writer.sync() }
        storage.fail(nil)
        #expect(throws: LogError.suspect) { try writer.sync() }
        #expect(throws: LogError.suspect) { try writer.append(&batch, wall: .init(nanoseconds: 1)) }
        #expect(writer.durableOffset == .zero)
    }

    @Test func `a full disk appends nothing and work goes on when there is space`() throws {
        let storage = RecordingStorage()
        var options = smallOptions()
        options.reserveSizeBytes = 600
        let writer = try LogWriter.open(storage: storage, path: "store", stream: "records", options: options)
        storage.limit(toBytes: storage.usedBytes + 500)
        var refused = 0
        for _ in 0..<10 {
            var batch = sampleBatch(base: writer.nextOffset, count: 3)
            let before = writer.nextOffset
            do throws(LogError) {
                _ = try writer.append(&batch, wall: .init(nanoseconds: 1))
            } catch {
                guard case .storageFull = error else { throw error }
                refused += 1
                #expect(writer.nextOffset == before)
            }
        }
        #expect(refused > 0)
        try writer.releaseReserve()
        var batch = sampleBatch(base: writer.nextOffset, count: 3)
        _ = try writer.append(&batch, wall: .init(nanoseconds: 1))
        storage.limit(toBytes: .max)
        try writer.restoreReserve()
        batch = sampleBatch(base: writer.nextOffset, count: 3)
        _ = try writer.append(&batch, wall: .init(nanoseconds: 1))
        #expect(try writer.sync() == writer.nextOffset)
        #expect(try verifyLog(storage: storage, path: "store", stream: "records").isSound)
        #expect(try readAll(storage).count == Int(writer.nextOffset.value))
    }

    @Test func `a block that meets a full disk can be committed later`() throws {
        let storage = RecordingStorage()
        let writer = try LogWriter.open(
            storage: storage,
            path: "store",
            stream: "records",
            options: smallOptions()
        )
        var batch = sampleBatch(base: .zero, count: 8)
        _ = try writer.append(&batch, wall: .init(nanoseconds: 1))
        _ = try writer.sync()
        let job = try #require(writer.takeBlockJob(force: false))
        let block = try job.encode(events: nil, epoch: [], eventTimes: nil)
        storage.limit(toBytes: storage.usedBytes + 100)
        #expect(throws: LogError.self) { try writer.commit(block) }
        storage.limit(toBytes: .max)
        try writer.commit(block)
        #expect(try verifyLog(storage: storage, path: "store", stream: "records").records == 8)
    }

    @Test func `on a real disk a store is written, reopened and verified`() throws {
        let storage = POSIXStorage()
        let name = "wardline-log-\(processIdentifier())-\(monotonicNanoseconds())"
        let path = (environmentValue("TMPDIR") ?? "/tmp") + "/" + name
        try storage.makeDirectory(path)
        for _ in 0..<3 {
            let writer = try LogWriter.open(
                storage: storage,
                path: path,
                stream: "records",
                options: smallOptions()
            )
            var batch = sampleBatch(base: writer.nextOffset, count: 8)
            _ = try writer.append(&batch, wall: SystemWallClock().now())
            _ = try writer.sync()
            try commitBlocks(writer)
            try writer.close()
        }
        let report = try verifyLog(storage: storage, path: path, stream: "records")
        #expect(report.isSound && report.records == 24)
        for file in try storage.walk(path) where !file.isDirectory {
            try storage.remove(path + "/" + file.relativePath)
        }
    }
}
