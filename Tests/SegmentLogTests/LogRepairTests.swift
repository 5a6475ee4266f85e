// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Platform
import SimulationKit
import Testing

@testable import SegmentLog

@Suite struct LogRepairTests {
    private func repair(_ storage: RecordingStorage, isTrial: Bool = false) throws -> RepairReport {
        try repairLog(storage: storage, path: "store", stream: "records", isTrial: isTrial)
    }

    /// What is wrong with repairing these files; nil if nothing is.
    private func breach(_ files: [String: [UInt8]]) throws -> String? {
        let storage = RecordingStorage(files: files, directories: ["store/records/wal"])
        let before = try readAll(storage)
        let planned = try repair(storage, isTrial: true)
        guard storage.files == files else { return "a trial changes files" }
        let done = try repair(storage)
        guard planned.steps == done.steps else { return "a trial tells something else" }
        if let lost = missingBytes(of: files, in: storage.files) { return lost }
        let after = try readAll(storage)
        guard after == before else { return "it serves \(after.count) records, and \(before.count) before" }
        let repaired = storage.files
        let again = try repair(storage)
        guard again.steps.isEmpty, storage.files == repaired else {
            return "a second run does \(again.steps)"
        }
        let writer = try LogWriter.open(storage: storage, path: "store", stream: "records")
        var batch = sampleBatch(base: writer.nextOffset, count: 1)
        let offset = try writer.append(&batch, wall: UTCTime(nanoseconds: 99_000_000))
        try writer.close()
        return try readAll(storage)[offset.value] == payload(offset.value) ? nil : "it takes no record"
    }

    @Test func `a store with any byte flipped is repaired once, without loss`() throws {
        let files = try smallStore().files
        for (path, bytes) in files.sorted(by: { $0.key < $1.key }) {
            for position in bytes.indices where position % 17 == 0 {
                var changed = files
                changed[path]?[position] ^= UInt8(1 << (position % 8))
                let breach = try breach(changed)
                #expect(breach == nil, "\(path) at \(position)")
            }
        }
    }

    @Test func `a store with any file cut short is repaired once, without loss`() throws {
        let files = try smallStore().files
        for (path, bytes) in files.sorted(by: { $0.key < $1.key }) {
            for length in bytes.indices where length % 17 == 0 {
                var changed = files
                changed[path]?.removeLast(bytes.count - length)
                let breach = try breach(changed)
                #expect(breach == nil, "\(path) cut to \(length)")
            }
        }
    }

    @Test func `a whole store needs no repair and is left as it is`() throws {
        let storage = try smallStore()
        let files = storage.files
        let report = try repair(storage)
        #expect(report.steps.isEmpty && report.remaining.isEmpty && storage.files == files)
        #expect(report.records == 63 && report.end == Offset(63))
    }

    @Test func `a segment in the middle that lost its footer gets one, and verifies`() throws {
        let store = try smallStore()
        var files = store.files
        let path = try #require(files.keys.filter { $0.hasSuffix(".seg") }.min())
        let whole = try #require(files[path])
        files[path]?.removeLast(40)
        let storage = RecordingStorage(files: files)
        #expect(try !verifyLog(storage: storage, path: "store", stream: "records").isSound)
        let report = try repair(storage)
        #expect(report.steps.map(\.act) == [.seal])
        #expect(report.remaining.isEmpty)
        #expect(storage.files[path] == whole)
        #expect(try verifyLog(storage: storage, path: "store", stream: "records").isSound)
        #expect(storage.files.contains { $0.key.hasPrefix(path) && $0.key.hasSuffix(".damaged") })
    }

    @Test func `a crash during a repair leaves a store that the next repair finishes`() throws {
        var files = try smallStore().files
        for path in files.keys.filter({ $0.hasSuffix(".seg") }).sorted().prefix(1) {
            files[path]?.removeLast(40)
        }
        for path in files.keys where path.hasSuffix(".wal") { files[path]?.append(contentsOf: [1, 2, 3]) }
        let before = try readAll(RecordingStorage(files: files))
        var nth = 1
        while true {
            let storage = RecordingStorage(files: files)
            storage.fail(DiskFault(.inputOutput, nth: nth, isLasting: true))
            let isDone = (try? repair(storage)) != nil
            storage.fail(nil)
            _ = try repair(storage)
            #expect(try readAll(storage) == before, "\(nth)")
            #expect(missingBytes(of: files, in: storage.files) == nil, "\(nth)")
            #expect(try repair(storage).steps.isEmpty, "\(nth)")
            guard !isDone else { break }
            nth += 1
        }
        #expect(nth > 10)
    }
}
