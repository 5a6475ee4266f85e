// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Platform
import Projections
import SegmentLog
import Synchronization
import Testing

@testable import Pipeline

/// A disk that is full or cannot synchronise on order.
private final class FailingDisk: LogStorage {
    struct Faults {
        var isFull = false
        /// The `errno` of synchronising; 0 for none.
        var synchroniseCode: Int32 = 0
        var refusedWrites = 0
    }

    let faults = Mutex(Faults())
    private let disk = POSIXStorage()

    func open(_ path: String, _ mode: OpenMode) throws(StorageError) -> any LogFile {
        FailingFile(try disk.open(path, mode), self)
    }

    func makeDirectory(_ path: String) throws(StorageError) { try disk.makeDirectory(path) }
    func list(_ path: String) throws(StorageError) -> [String] { try disk.list(path) }
    func rename(_ path: String, to target: String) throws(StorageError) { try disk.rename(path, to: target) }
    func remove(_ path: String) throws(StorageError) { try disk.remove(path) }
    func synchroniseDirectory(_ path: String) throws(StorageError) { try disk.synchroniseDirectory(path) }
    func size(_ path: String) throws(StorageError) -> Int? { try disk.size(path) }
}

private final class FailingFile: LogFile {
    private let file: any LogFile
    private let disk: FailingDisk

    init(_ file: any LogFile, _ disk: FailingDisk) {
        self.file = file
        self.disk = disk
    }

    var path: String { file.path }
    func size() throws(StorageError) -> Int { try file.size() }

    func writeSome(_ bytes: Span<UInt8>, at position: Int) throws(StorageError) -> Int {
        let isFull = disk.faults.withLock { faults in
            if faults.isFull { faults.refusedWrites += 1 }
            return faults.isFull
        }
        // ENOSPC on Linux.
        guard !isFull else { throw StorageError(.write, path, 28) }
        return try file.writeSome(bytes, at: position)
    }

    func read(at position: Int, count: Int) throws(StorageError) -> [UInt8] {
        try file.read(at: position, count: count)
    }

    func synchronise() throws(StorageError) {
        let code = disk.faults.withLock(\.synchroniseCode)
        guard code == 0 else { throw StorageError(.synchronise, path, code) }
        try file.synchronise()
    }

    func truncate(to length: Int) throws(StorageError) { try file.truncate(to: length) }
    func preallocate(to length: Int) throws(StorageError) { try file.preallocate(to: length) }
}

/// A judge whose read models change with every batch.
private struct UpdatingJudge: RecordJudge {
    var next = Offset.zero
    private var shown = ProjectionCheckpoint.zero
    var deadline: UTCTime? { nil }

    mutating func process(_ decoded: DecodedRecords) throws(WardlineError) -> EventBatch {
        next = decoded.end
        return EventBatch()
    }

    mutating func takeFacts() -> [JSONValue] { [] }

    mutating func takeUpdate(through: Offset) -> ProjectionUpdate? {
        let through = ProjectionCheckpoint(records: through, journal: .zero)
        defer { shown = through }
        return ProjectionUpdate(base: shown, through: through)
    }

    mutating func settle() {}
}

@Suite struct EngineDiskTests {
    private func engine(_ folder: TemporaryFolder, _ disk: FailingDisk, _ reports: Reports) throws -> Engine {
        var options = Engine.Options()
        options.fullRetryNanoseconds = 1_000_000
        options.report = { reports.add($0) }
        let records = try LogOwner(storage: disk, path: folder.path, stream: "records", hasColumns: true)
        let journal = try LogOwner(storage: disk, path: folder.path, stream: "journal", hasColumns: false)
        return Engine(
            records: records,
            journal: journal,
            judge: RecordingJudge(JudgeWitness(), MemoryLog()),
            options: options,
            apply: { _ in }
        )
    }

    @Test func `a full disk is waited for, and every record is there when there is space`() throws {
        let folder = try TemporaryFolder()
        let (disk, reports) = (FailingDisk(), Reports())
        let engine = try engine(folder, disk, reports)
        try engine.start()
        _ = try engine.synchronise()
        disk.faults.withLock { $0.isFull = true }
        for number in 0..<100 { #expect(engine.intake.put(lines(["line \(number)"]))) }
        while disk.faults.withLock({ $0.refusedWrites }) < 3 { pauseBriefly() }
        #expect(engine.status.state == .full)
        #expect(engine.status.failure != nil)
        #expect(engine.intake.isHeldUp)
        disk.faults.withLock { $0.isFull = false }
        _ = try engine.synchronise()
        // The judge may have met the full disk as well, and tries again on its own thread.
        while engine.status.state == .full { pauseBriefly() }
        #expect(engine.status.state == .ok)
        #expect(!engine.intake.isHeldUp)
        // 1 start record, 100 lines, and how long the disk was full, dense.
        #expect(engine.durableOffset == Offset(102))
        #expect(
            reports.all.contains { $0.contains("full") }
                && reports.all.contains { $0.contains("space again") }
        )
        try engine.stop()
    }

    @Test func `read models that a full disk refuses are written when there is space`() throws {
        let refusals = Mutex(3)
        let applied = Mutex<[Offset]>([])
        let reports = Reports()
        var options = Engine.Options()
        options.fullRetryNanoseconds = 1_000_000
        options.report = { text in reports.add(text) }
        let engine = Engine(
            records: MemoryLog(),
            journal: MemoryLog(),
            judge: UpdatingJudge(),
            options: options
        ) { (update) throws(WardlineError) in
            let isRefused = refusals.withLock { left in
                left -= 1
                return left >= 0
            }
            guard !isRefused else { throw WardlineError(.full, "no space") }
            applied.withLock { $0.append(update.through.records) }
        }
        try engine.start()
        #expect(engine.intake.put(lines(["kept"])))
        let end = try engine.settle()
        #expect(engine.status.state == .ok)
        #expect(applied.withLock(\.last) == end)
        #expect(reports.all.count { $0.contains("full") } == 1, "it is said once, not at each attempt")
        #expect(reports.all.count { $0.contains("space again") } == 1)
        try engine.stop()
    }

    @Test func `read models that cannot be written for another reason stop the engine`() throws {
        let engine = Engine(
            records: MemoryLog(),
            journal: MemoryLog(),
            judge: UpdatingJudge()
        ) { (_) throws(WardlineError) in throw WardlineError(.storage, "no permission") }
        try engine.start()
        _ = engine.intake.put(lines(["kept"]))
        #expect(throws: WardlineError.self) { try engine.settle() }
        #expect(engine.status.state == .suspect)
        #expect(throws: WardlineError.self) { try engine.stop() }
    }

    @Test func `a stop while the disk is full ends, with an error`() throws {
        let folder = try TemporaryFolder()
        let (disk, reports) = (FailingDisk(), Reports())
        let engine = try engine(folder, disk, reports)
        try engine.start()
        _ = try engine.synchronise()
        disk.faults.withLock { $0.isFull = true }
        #expect(engine.intake.put(lines(["lost"])))
        while disk.faults.withLock({ $0.refusedWrites }) < 1 { pauseBriefly() }
        #expect(throws: WardlineError.self) { try engine.stop() }
    }

    /// EIO, ENOSPC, EDQUOT on Linux: also for want of space a synchronisation is not to be tried again.
    @Test(arguments: [5, 28, 122] as [Int32])
    func `a failed synchronisation of a real log is never acknowledged`(_ code: Int32) throws {
        let folder = try TemporaryFolder()
        let (disk, reports) = (FailingDisk(), Reports())
        let engine = try engine(folder, disk, reports)
        try engine.start()
        // The journal of what is judged so far must not be what fails.
        let before = try engine.settle()
        disk.faults.withLock { $0.synchroniseCode = code }
        #expect(engine.intake.put(lines(["unknown"])))
        #expect(throws: WardlineError.self) { try engine.synchronise() }
        disk.faults.withLock { $0.synchroniseCode = 0 }
        #expect(engine.durableOffset == before)
        #expect(engine.status.state == .suspect)
        #expect(throws: WardlineError.self) { try engine.stop() }
    }

    @Test func `the witness notices a record that is judged before it is durable`() throws {
        let (log, witness) = (MemoryLog(), JudgeWitness())
        var batch = lines(["early"])
        _ = try log.append(&batch)
        var judge = RecordingJudge(witness, log)
        _ = try judge.process(DecodedRecords(records: batch, base: .zero))
        #expect(witness.seen.withLock { $0.prematureOffset } == Offset(1))
    }

    @Test(arguments: [(1, 1_000), (3, 1_000), (10, 1_000), (100, 10), (100, 9), (100, 1)])
    func `a batch cut into pieces has the same records in order`(countMax: Int, sizeMaxBytes: Int) {
        let batch = lines((0..<10).map { "line \($0)" })
        let pieces = batch.pieces(countMax: countMax, sizeMaxBytes: sizeMaxBytes)
        #expect(
            pieces.allSatisfy { $0.count <= countMax && ($0.bytes.count <= sizeMaxBytes || $0.count == 1) }
        )
        #expect(
            pieces.flatMap { piece in piece.rows.indices.map { piece.payload($0) } }
                == batch.rows.indices.map { batch.payload($0) }
        )
        #expect(pieces.allSatisfy { $0.origins == batch.origins })
    }

    @Test(arguments: [true, false])
    func `a block whose first records change the decoders has the events of the others`(isOne: Bool) throws {
        let folder = try TemporaryFolder()
        var options = LogOptions()
        options.blockRecordCountMax = 4
        let storage = POSIXStorage()
        let log = try LogOwner(
            storage: storage,
            path: folder.path,
            stream: "records",
            hasColumns: true,
            options: options
        )
        var batch = lines(["fact", "one", "two", "three"])
        _ = try log.append(&batch)
        try log.synchronise()
        let epochs = [1, 2, isOne ? 2 : 3].map { [UInt8](repeating: $0, count: 32) }
        log.decoded(EventBatch(), base: .zero, through: Offset(1), epoch: epochs[0])
        log.decoded(events(1..<2), base: Offset(1), through: Offset(2), epoch: epochs[1])
        log.decoded(events(2..<4), base: Offset(2), through: Offset(4), epoch: epochs[2])
        try log.close()
        let reader = try LogReader.open(storage: storage, path: folder.path, stream: "records")
        let stored = try reader.stored(try #require(reader.parts.first))
        #expect(stored.events?.events.map(\.offset.value) == (isOne ? [1, 2, 3] : nil))
    }

    private func events(_ offsets: Range<UInt64>) -> EventBatch {
        var batch = EventBatch()
        for offset in offsets {
            batch.begin(Event(offset: Offset(offset), time: .absent, logTime: .absent))
        }
        return batch
    }

    private func lines(_ lines: [String]) -> RecordBatch {
        var batch = RecordBatch()
        let origin = batch.index(of: Origin(listener: "test", transport: .tcp))
        for line in lines {
            batch.append(Array(line.utf8), kind: .device, origin: origin, receiveTime: .absent)
        }
        return batch
    }

    /// Waits for something that never comes, so that other threads run.
    private func pauseBriefly() { _ = HandoverQueue<Never>(capacity: 1).take(waitingNanoseconds: 1_000_000) }
}
