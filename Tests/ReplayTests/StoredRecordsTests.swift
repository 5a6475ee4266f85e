// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Foundation
import Platform
import SegmentLog
import Testing

@testable import Replay

@Suite struct StoredRecordsTests {
    /// A folder of its own with a store of `count` records in batches of `batchSize`, some of them in blocks.
    private func makeStore(_ count: Int, batchSize: Int) throws -> String {
        let folder = NSTemporaryDirectory() + "wardline-replay-" + UUID().uuidString
        let storage = POSIXStorage()
        try storage.makeDirectories(folder)
        let writer = try LogWriter.open(storage: storage, path: folder, stream: "records")
        var written = 0
        while written < count {
            var batch = RecordBatch()
            let origin = batch.index(of: Origin(listener: "l", transport: .udp))
            for number in written..<min(count, written + batchSize) {
                let time = UTCTime(nanoseconds: Int64(number))
                batch.append(Array("line \(number)".utf8), kind: .device, origin: origin, receiveTime: time)
            }
            written += batch.count
            _ = try writer.append(&batch, wall: UTCTime(nanoseconds: Int64(written)))
            _ = try writer.sync()
            if written == batchSize * 2, let job = writer.takeBlockJob(force: true) {
                try writer.commit(try job.encode(events: nil, epoch: [], eventTimes: nil))
            }
        }
        try writer.close()
        return folder
    }

    @Test(arguments: [(0, 5), (1, 5), (23, 5), (23, 23)])
    func `every stored record comes once, in order`(count: Int, batchSize: Int) throws {
        let folder = try makeStore(count, batchSize: batchSize)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var source = StoredRecords(
            try LogReader.open(storage: POSIXStorage(), path: folder, stream: "records")
        )
        var texts: [String] = []
        while let (base, records) = try source.next() {
            #expect(base == Offset(UInt64(texts.count)))
            texts += (0..<records.count).map { String(decoding: records.payload($0), as: UTF8.self) }
        }
        #expect(texts == (0..<count).map { "line \($0)" })
        #expect(source.end == Offset(UInt64(count)))
    }
}
