// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Digests
import EventModel
import Pipeline
import Platform
import Projections
import SegmentLog
import Synchronization
import Testing

/// A clock that goes on when it is told to.
private final class StepClock: WallClock {
    private let time = Mutex(CivilTime(year: 2026, month: 11, day: 1, hour: 10).utc())

    func now() -> UTCTime { time.withLock { $0 } }

    func advance(to later: UTCTime) { time.withLock { $0 = max($0, later) } }
}

/// A line with the time at which it comes.
private struct TimedLine {
    var time: UTCTime
    var text: String
}

/// A store whose engine is stopped and started between pieces of its log, with or without snapshots.
private struct RestartedStore {
    let folder: TemporaryFolder
    let clock = StepClock()
    var keepsSnapshots = true
    var notes: [String] = []
    /// Where judgement went on at each start.
    var starts: [Offset] = []

    init() throws { folder = try TemporaryFolder() }

    var store: StorePaths { StorePaths(folder.path) }

    static let build = "test build"

    static func mark(at offset: Offset, _ path: String) -> UInt64? {
        guard
            let log = try? LogReader.open(storage: POSIXStorage(), path: path, stream: "records"),
            let part = log.part(holding: offset), let records = try? log.records(part)
        else { return nil }
        return JudgeSnapshot.mark(records, Int(offset.value - part.base.value))
    }

    /// Starts, takes `batches`, settles, stops.
    mutating func run(_ batches: [RecordBatch]) throws {
        let storage = POSIXStorage()
        try storage.makeDirectories(parentPath(store.readModels))
        let models = try ReadModels(path: store.readModels, mode: .readWrite)
        var notes: [String] = []
        let root = folder.path
        let mark = { RestartedStore.mark(at: $0, root) }
        let judge: Judge
        if keepsSnapshots {
            let found = try Judge.resumed(
                store,
                storage: storage,
                build: RestartedStore.build,
                mark: mark,
                note: { notes.append($0) }
            )
            judge = found.judge
            if let kept = found.readModels { try models.resume(from: kept) }
        } else {
            judge = try Judge(store: store, storage: storage)
        }
        self.notes += notes
        starts.append(judge.next)
        let files = SnapshotFiles(store, storage: storage, build: RestartedStore.build)
        let keep: @Sendable (JudgeSnapshot) throws(WardlineError) -> Void = {
            (snapshot) throws(WardlineError) in
            try files.keep(snapshot) { (path) throws(WardlineError) in try models.copy(to: path) }
        }
        var options = Engine.Options()
        options.snapshotCountAtStop = 1
        options.clock = clock
        let engine = Engine(
            records: try LogOwner(
                storage: storage,
                path: folder.path,
                stream: "records",
                hasColumns: true,
                clock: clock
            ),
            journal: try LogOwner(
                storage: storage,
                path: folder.path,
                stream: "journal",
                hasColumns: false,
                clock: clock
            ),
            judge: judge,
            options: options,
            apply: { (update) throws(WardlineError) in _ = try models.apply(update) },
            keep: keepsSnapshots ? keep : nil
        )
        try engine.start()
        for batch in batches { #expect(engine.intake.put(batch)) }
        _ = try engine.settle()
        try engine.stop()
        try models.close()
    }

    /// What the journal says: every fact, in order.
    func journal() throws -> [String] {
        let log = try LogReader.open(storage: POSIXStorage(), path: folder.path, stream: "journal")
        return try log.parts.flatMap { part in
            let records = try log.records(part)
            return records.rows.indices.map { String(decoding: records.payload($0), as: UTF8.self) }
        }
    }

    /// Every row of the read models.
    func rows() throws -> [String] {
        let models = try ReadModels(path: store.readModels, mode: .readOnly)
        return try models.orderedDump()
    }

    /// A fact that brings files of the project into force; their bytes go to the store's sets.
    func activation(_ role: String, _ directory: String, _ prefix: String) throws -> RecordBatch {
        let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let storage = POSIXStorage()
        try storage.makeDirectories(store.sets)
        let path = "/" + root + "/" + directory
        let names = try storage.list(path).filter { $0.hasPrefix(prefix) && !$0.contains(".test.") }
        let files = try names.sorted().map { name in
            let bytes = try storage.readFile(path + "/" + name)
            let digest = sha256(bytes).hexadecimal
            try storage.writeAtomically(bytes, to: store.set(digest))
            return JSONValue.object([.init("name", .text(name)), .init("sha256", .text(digest))])
        }
        let fact = JSONValue.object([.init("role", .text(role)), .init("files", .array(files))])
        return Engine.control(.activation, fact, at: clock.now())
    }
}

struct SnapshotFilesTests {
    /// Logons of three hosts over an hour, some of which a brute-force rule joins; some lines come late.
    private static func story(_ seed: Int) -> [TimedLine] {
        var lines: [TimedLine] = []
        for minute in 0..<50 {
            for step in 0..<12 {
                let host = ["ct-1", "pump-7", "gate-3"][(minute + step * seed) % 3]
                let isGood = (minute * 12 + step) % 17 == 16
                let second = (step * 5 + (minute % 7 == 3 && step == 4 ? 55 : 0)) % 60
                let address = "10.4.\(minute % 4).\(10 + step % 2)"
                let stamp = "\(minute < 10 ? "0" : "")\(minute):\(second < 10 ? "0" : "")\(second)"
                let said = isGood ? "Accepted" : "Failed"
                let time = CivilTime(year: 2026, month: 11, day: 1, hour: 11, minute: minute, second: second)
                let text =
                    "<86>Nov  1 11:\(stamp) \(host) sshd[\(100 + minute)]: \(said) password for "
                    + "root from \(address) port \(4_000 + step) ssh2"
                lines.append(TimedLine(time: time.utc(), text: text))
            }
        }
        return lines
    }

    private static func batch(_ lines: ArraySlice<TimedLine>, _ clock: StepClock) -> RecordBatch {
        if let last = lines.map(\.time).max() { clock.advance(to: last.advanced(by: UTCTime.second)) }
        var batch = RecordBatch()
        let origin = batch.index(of: Origin(listener: "syslog", transport: .udp))
        for line in lines {
            let received = line.time.advanced(by: UTCTime.second)
            batch.append(Array(line.text.utf8), kind: .device, origin: origin, receiveTime: received)
        }
        return batch
    }

    /// Every snapshot that can be read, the newest first.
    private static func all(_ files: SnapshotFiles, _ note: (String) -> Void) -> [SnapshotFiles.Found] {
        var found: [SnapshotFiles.Found] = []
        files.visit(note) { snapshot in
            found.append(snapshot)
            return false
        }
        return found
    }

    private static func withoutOpening(_ fact: String) -> String {
        fact.replacing("incident.opened", with: "incident.extended")
    }

    /// The same log, cut by restarts at the same places.
    private static func run(
        _ store: inout RestartedStore,
        pieces: Int,
        between: (inout RestartedStore, Int) throws -> Void = { _, _ in }
    ) throws {
        try store.run([
            store.activation("decoders", "decoders", "sshd."),
            store.activation("rules", "rules", "r13-"),
        ])
        let lines = story(3)
        let size = (lines.count + pieces - 1) / pieces
        for piece in 0..<pieces {
            try between(&store, piece)
            try store.run([batch(lines[min(piece * size, lines.count)...].prefix(size), store.clock)])
        }
    }

    @Test func `restarts from snapshots give the journal and the read models of restarts without`() throws {
        var whole = try RestartedStore()
        whole.keepsSnapshots = false
        try Self.run(&whole, pieces: 5)
        var resumed = try RestartedStore()
        try Self.run(&resumed, pieces: 5)
        #expect(resumed.notes == [])
        #expect(whole.starts.allSatisfy { $0 == .zero })
        #expect(resumed.starts.dropFirst().allSatisfy { $0 > .zero }, "\(resumed.starts)")
        let facts = try whole.journal()
        #expect(facts.contains { $0.contains("incident.opened") })
        #expect(!facts.contains { $0.contains("determinism") })
        // A judge that begins again opens an incident again that the journal knows; nothing else differs.
        let told = try resumed.journal()
        #expect(told.map(Self.withoutOpening) == facts.map(Self.withoutOpening))
        #expect(told.count { $0.contains("incident.opened") } == 1)
        #expect(try resumed.rows() == whole.rows())
        // Two are kept.
        let kept = try POSIXStorage().list(resumed.store.snapshots)
        #expect(kept.count == 4 && kept.count { $0.hasSuffix(".snapshot") } == 2, "\(kept)")
    }

    @Test func `a missing or damaged snapshot costs time and no verdict`() throws {
        var whole = try RestartedStore()
        whole.keepsSnapshots = false
        try Self.run(&whole, pieces: 4)
        var damaged = try RestartedStore()
        let storage = POSIXStorage()
        try Self.run(&damaged, pieces: 4) { store, piece in
            let folder = store.store.snapshots
            let names = try storage.list(folder).filter { $0.hasSuffix(".snapshot") }.sorted()
            guard let newest = names.last else { return }
            switch piece {
            case 1:
                var bytes = try storage.readFile(folder + "/" + newest)
                bytes[bytes.count / 2] ^= 1
                try storage.writeAtomically(bytes, to: folder + "/" + newest)
            case 2: for name in names { try storage.remove(folder + "/" + name) }
            case 3:
                // The read models of another place.
                let models = folder + "/" + newest.replacing(".snapshot", with: ".sqlite")
                try storage.writeAtomically(try storage.readFile(models) + [0], to: models)
            default: return
            }
        }
        #expect(damaged.notes.count == 2, "\(damaged.notes)")
        #expect(
            try damaged.journal().map(Self.withoutOpening) == whole.journal().map(Self.withoutOpening)
        )
        #expect(try damaged.rows() == whole.rows())
    }

    @Test func `a file begins as its specification says`() throws {
        let folder = try TemporaryFolder()
        let files = SnapshotFiles(StorePaths(folder.path), storage: POSIXStorage(), build: "12-3.4")
        let snapshot = JudgeSnapshot(offset: Offset(258), mark: 7, pieces: [SnapshotPiece([1, 2, 3])])
        try files.keep(snapshot) { (path) throws(WardlineError) in
            try ReadModels(path: path, mode: .readWrite).close()
        }
        let path = folder.path + "/correlation/00000000000000000258.snapshot"
        let bytes = try POSIXStorage().readFile(path)
        let wanted = "574c534e4150310a0631322d332e340201000000000000"
        #expect(Hexadecimal.text(bytes.prefix(23)) == wanted)
        let found = Self.all(files) { Issue.record("\($0)") }
        #expect(found.map(\.snapshot.mark) == [7])
        #expect(try found.map { try $0.snapshot.pieces.map { try $0.unpacked() } } == [[[1, 2, 3]]])
    }

    /// The planted mutant: a state that was made elsewhere, under the name of another place.
    @Test func `a snapshot of another place or another log is refused`() throws {
        var store = try RestartedStore()
        try Self.run(&store, pieces: 2)
        let files = SnapshotFiles(store.store, storage: POSIXStorage(), build: RestartedStore.build)
        let found = Self.all(files) { Issue.record("\($0)") }
        #expect(found.count == 2)
        var visitCount = 0
        files.visit(
            { Issue.record("\($0)") },
            until: { _ in
                visitCount += 1
                return true
            }
        )
        #expect(visitCount == 1)
        var moved = found[0].snapshot
        moved.pieces = found[1].snapshot.pieces
        let models = found[0].readModels
        let bytes = try POSIXStorage().readFile(models)
        try files.keep(moved) { (path) throws(WardlineError) in
            do {
                try POSIXStorage().writeAtomically(bytes, to: path)
            } catch {
                throw WardlineError(.storage, "\(error)")
            }
        }
        var notes: [String] = []
        let opened = try Judge.resumed(
            store.store,
            storage: POSIXStorage(),
            build: RestartedStore.build,
            mark: { RestartedStore.mark(at: $0, store.folder.path) },
            note: { notes.append($0) }
        )
        #expect(opened.judge.next == found[1].snapshot.offset && notes.count == 1, "\(notes)")
        let foreign = try Judge.resumed(
            store.store,
            storage: POSIXStorage(),
            build: RestartedStore.build,
            mark: { _ in 1 },
            note: { notes.append($0) }
        )
        #expect(foreign.judge.next == .zero && foreign.readModels == nil)
        let other = SnapshotFiles(store.store, storage: POSIXStorage(), build: "another build")
        #expect(Self.all(other) { notes.append($0) }.isEmpty)
        #expect(notes.last?.contains("another build of the program made it") ?? false)
    }
}
