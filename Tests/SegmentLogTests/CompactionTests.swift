// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Digests
import EventModel
import Platform
import SimulationKit
import Testing

@testable import SegmentLog

private let key = SigningKey()

/// Segments of some blocks.
private func roomyOptions() -> LogOptions {
    var options = smallOptions()
    options.segmentSizeMaxBytes = 7_000
    return options
}

/// A stream of small blocks, sealed, with the heads that were signed on the way.
private func quietStore(_ count: UInt64) throws -> (storage: RecordingStorage, heads: [SignedHead]) {
    let storage = RecordingStorage()
    let writer = try LogWriter.open(
        storage: storage,
        path: "store",
        stream: "records",
        options: roomyOptions()
    )
    var heads: [SignedHead] = []
    while writer.nextOffset.value < count {
        var batch = sampleBatch(base: writer.nextOffset, count: 3)
        _ = try writer.append(&batch, wall: UTCTime(nanoseconds: Int64(writer.nextOffset.value) * 1_000))
        _ = try writer.sync()
        try commitBlocks(writer, force: true)
        let (size, root) = (writer.treeState.size.value, writer.treeState.root)
        heads.append(try #require(SignedHead(origin: "h/records", size: size, root: root, key: key)))
    }
    try writer.seal()
    try writer.close()
    return (storage, heads)
}

/// Everything that a reader gives of records and events, in words.
private func contents(_ storage: any LogStorage) throws -> [String] {
    let reader = try LogReader.open(storage: storage, path: "store", stream: "records")
    var lines: [String] = []
    for part in reader.parts {
        let (records, events) = try reader.stored(part)
        for (index, row) in records.rows.enumerated() {
            let origin = records.origins[Int(row.origin)]
            lines.append(
                "\(part.base.value + UInt64(index)) \(row.kind) \(row.flags.rawValue) \(origin) "
                    + "\(row.originalLength) \(row.receiveTime) \(row.logTime) \(records.payload(index))"
            )
        }
        for (index, event) in (events?.events ?? []).enumerated() {
            let fields = events?.fields(of: index).map {
                "\(events?.name(of: $0.field) ?? "") \(Array(events?.bytes[$0.range] ?? []))"
            }
            lines.append("\(event.offset) \(event.time) \(event.contentHash) \(fields ?? [])")
        }
    }
    return lines.sorted()
}

@discardableResult
private func compact(_ storage: any LogStorage) throws -> CompactionReport {
    try compactLog(storage: storage, path: "store", stream: "records", countMax: 64)
}

private func isSound(_ storage: any LogStorage, _ heads: [SignedHead]) throws -> Bool {
    let report = try verifyLog(storage: storage, path: "store", stream: "records", heads: heads)
    return report.isSound && report.heads == heads.count
}

@Suite struct CompactionTests {
    @Test func `small blocks are joined, and nothing else changes`() throws {
        let (storage, heads) = try quietStore(90)
        let before = try contents(storage)
        let report = try compact(storage)
        #expect(report.rewritten == report.segments && report.segments > 1 && report.damaged.isEmpty)
        #expect(report.after.blocks * 3 < report.before.blocks && report.after.bytes < report.before.bytes)
        #expect(try contents(storage) == before)
        #expect(try isSound(storage, heads))
        #expect(try compact(storage).rewritten == 0)
        let names = try storage.list("store/records").filter { $0.hasSuffix(FileNames.freshSuffix) }
        #expect(names.isEmpty)
    }

    @Test func `blocks of different decoders stay apart`() throws {
        let storage = RecordingStorage()
        let writer = try LogWriter.open(
            storage: storage,
            path: "store",
            stream: "records",
            options: roomyOptions()
        )
        for number in 0..<6 {
            var batch = sampleBatch(base: writer.nextOffset, count: 4)
            _ = try writer.append(&batch, wall: UTCTime(nanoseconds: Int64(number)))
            _ = try writer.sync()
            let job = try #require(writer.takeBlockJob(force: true))
            var events = sampleEvents(of: job)
            var table = FieldTable()
            // The same names have other numbers in other runs of the service.
            for name in number % 2 == 0 ? ["ext.a", "ext.b"] : ["ext.b", "ext.c"] {
                events.add(table.field(named: name), "\(name) \(number)")
            }
            events.extensionNames = table.names
            let epoch = [UInt8](repeating: UInt8(number / 4), count: 32)
            try writer.commit(try job.encode(events: [events], epoch: epoch, eventTimes: nil))
        }
        try writer.seal()
        try writer.close()
        let before = try contents(storage)
        #expect(before.contains { $0.contains("ext.c") })
        #expect(try compact(storage).after.blocks == 2)
        #expect(try contents(storage) == before)
    }

    @Test func `a damaged segment is left alone`() throws {
        let (storage, _) = try quietStore(60)
        let name = try #require(try storage.list("store/records").first { $0.hasSuffix(".seg") })
        var files = storage.files
        files["store/records/" + name]?[300] ^= 4
        let damaged = RecordingStorage(files: files)
        let report = try compact(damaged)
        #expect(report.damaged == [name] && report.rewritten == report.segments - 1)
        #expect(damaged.files["store/records/" + name] == files["store/records/" + name])
    }

    @Test(arguments: DiskFault.Kind.allCases)
    func `whichever operation fails, every record stays`(_ kind: DiskFault.Kind) throws {
        let (whole, heads) = try quietStore(80)
        let before = try contents(whole)
        var nth = 1
        while true {
            let storage = RecordingStorage(files: whole.files)
            storage.fail(DiskFault(kind, nth: nth))
            _ = try? compact(storage)
            let hasFired = storage.attempts >= nth
            storage.fail(nil)
            #expect(try contents(storage) == before, "\(kind) at \(nth)")
            #expect(try isSound(storage, heads))
            #expect(try compact(storage).damaged.isEmpty)
            #expect(try contents(storage) == before, "\(kind) at \(nth), again")
            guard hasFired else { break }
            nth += 1
        }
        #expect(nth > (kind.isForWritesOnly ? 6 : 12))
    }

    @Test(arguments: CrashModel.allCases)
    func `after a power loss at any place every record is there`(_ model: CrashModel) throws {
        let (storage, heads) = try quietStore(80)
        let before = try contents(storage)
        let start = storage.operations.count
        try compact(storage)
        let crashes = CrashStates(storage.operations, model: model)
        #expect(crashes.cutCount > start + 10)
        for cut in start..<crashes.cutCount {
            for seed in UInt64(0)..<6 {
                let state = crashes.state(cut: cut, seed: seed).storage
                #expect(try contents(state) == before, "cut \(cut) seed \(seed)")
                #expect(try isSound(state, heads), "cut \(cut) seed \(seed)")
            }
        }
    }
}
