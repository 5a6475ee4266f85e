// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Foundation
import Platform
import SegmentLog
import Testing

@testable import QueryEngine

/// A stream on disk of `count` blocks of five records.
private func makeStore(_ count: Int) throws -> String {
    let path = FileManager.default.temporaryDirectory.path + "/wardline-ahead-" + UUID().uuidString
    let writer = try LogWriter.open(storage: POSIXStorage(), path: path, stream: "records")
    for number in 0..<count {
        var batch = RecordBatch()
        let origin = batch.index(of: Origin(listener: "t", transport: .file))
        for line in 0..<5 {
            batch.append(
                Array("block \(number) line \(line)".utf8),
                kind: .device,
                origin: origin,
                receiveTime: .absent
            )
        }
        _ = try writer.append(&batch, wall: UTCTime(nanoseconds: Int64(number)))
        _ = try writer.sync()
        let job = try #require(writer.takeBlockJob(force: true))
        try writer.commit(try job.encode(events: nil, epoch: [], eventTimes: nil))
    }
    try writer.close()
    return path
}

@Suite struct ReadAheadTests {
    @Test(arguments: [1, 2, 3, 70, 200])
    func `each part gives what it gives alone, in every order and with parts left out`(_ count: Int) throws {
        let path = try makeStore(count)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let reader = try LogReader.open(storage: POSIXStorage(), path: path, stream: "records")
        for (stride, parts) in [(1, reader.parts), (1, reader.parts.reversed()), (3, reader.parts)] {
            let ahead = ReadAhead(parts, reader, .everything)
            for (number, part) in parts.enumerated() where number % stride == 0 {
                let rows = try ahead.rows(part)?.get() ?? reader.rows(part, where: .everything)
                #expect(rows.records.payload(2) == Array("block \(part.base.value / 5) line 2".utf8))
                #expect(rows.records.count == 5)
            }
        }
    }

    @Test func `what was not announced, or comes again, is left to the caller`() throws {
        let path = try makeStore(6)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let reader = try LogReader.open(storage: POSIXStorage(), path: path, stream: "records")
        let ahead = ReadAhead(Array(reader.parts[1...4]), reader, .everything)
        #expect(ahead.rows(reader.parts[0]) == nil)
        let again = ReadAhead(reader.parts, reader, .everything)
        _ = again.rows(reader.parts[2])
        #expect(again.rows(reader.parts[2]) == nil && again.rows(reader.parts[1]) == nil)
    }

    @Test func `a reader that is let go early stops its threads`() throws {
        let path = try makeStore(100)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let reader = try LogReader.open(storage: POSIXStorage(), path: path, stream: "records")
        for _ in 0..<50 {
            let ahead = ReadAhead(reader.parts, reader, .everything)
            #expect(try (ahead.rows(reader.parts[0])?.get().records.count ?? 5) == 5)
        }
    }
}
