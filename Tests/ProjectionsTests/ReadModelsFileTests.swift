// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Foundation
import Testing

@testable import Projections

@Suite struct ReadModelsFileTests {
    private func makeFile(_ directory: TemporaryDirectory) throws {
        let writer = try ReadModels(path: directory.database, mode: .readWrite)
        var change = ProjectionUpdate(base: .zero, through: checkpoint(4))
        change.incidents = [sampleIncident("INC-1")]
        try writer.apply(change)
        try writer.close()
    }

    @Test(arguments: [ReadModels.Mode.readOnly, .immutable])
    func `reading a closed file writes nothing and leaves no side files`(mode: ReadModels.Mode) throws {
        let directory = try TemporaryDirectory()
        try makeFile(directory)
        let before = try directory.snapshot()
        #expect(before.keys.sorted() == ["wardline.sqlite"])
        let reader = try ReadModels(path: directory.database, mode: mode)
        #expect(try reader.incidents().count == 1)
        _ = try reader.orderedDump()
        #expect(try directory.snapshot() == before)
        try reader.close()
        #expect(try directory.snapshot() == before)
    }

    @Test func `reading a live file sees what was committed and writes to neither file nor log`() throws {
        let directory = try TemporaryDirectory()
        let writer = try ReadModels(path: directory.database, mode: .readWrite)
        var change = ProjectionUpdate(base: .zero, through: checkpoint(4))
        change.incidents = [sampleIncident("INC-1")]
        try writer.apply(change)
        var before = try directory.snapshot()
        let reader = try ReadModels(path: directory.database, mode: .readOnly)
        #expect(reader.mode == .readOnly)
        #expect(try reader.incidents().map(\.id) == ["INC-1"])
        var after = try directory.snapshot()
        // The shared-memory file is how processes tell each other what they read; it holds no data.
        before["wardline.sqlite-shm"] = nil
        after["wardline.sqlite-shm"] = nil
        #expect(after == before)
        var next = ProjectionUpdate(base: checkpoint(4), through: checkpoint(5))
        next.incidents = [sampleIncident("INC-2", at: 200)]
        try writer.apply(next)
        #expect(try reader.incidents().map(\.id) == ["INC-1", "INC-2"])
    }

    @Test(arguments: [ReadModels.Mode.readOnly, .immutable])
    func `a reader refuses to write`(mode: ReadModels.Mode) throws {
        let directory = try TemporaryDirectory()
        try makeFile(directory)
        let reader = try ReadModels(path: directory.database, mode: mode)
        #expect(throws: WardlineError.self) { try reader.removeAll() }
        // Below our own check, the connection itself is for reading only.
        #expect(throws: WardlineError.self) { try reader.commit { try ReadModels.dropTables($0) } }
        #expect(try reader.incidents().count == 1)
    }

    @Test func `another format is emptied by a writer and refused by a reader`() throws {
        let directory = try TemporaryDirectory()
        try makeFile(directory)
        // Bytes 60...63 of the header hold user_version, big-endian (SQLite file format, section 1.3).
        let handle = try #require(FileHandle(forUpdatingAtPath: directory.database))
        try handle.seek(toOffset: 60)
        try handle.write(contentsOf: Data([0, 0, 0, 99]))
        try handle.close()
        let refusal = #expect(throws: WardlineError.self) {
            _ = try ReadModels(path: directory.database, mode: .readOnly)
        }
        #expect(refusal?.code == .input)
        #expect(refusal?.message.contains("99") == true)
        let writer = try ReadModels(path: directory.database, mode: .readWrite)
        guard case .emptied = writer.condition else {
            Issue.record("expected an emptied file, got \(writer.condition)")
            return
        }
        #expect(try writer.checkpoint() == .zero)
        #expect(try writer.orderedDump() == ReadModels().orderedDump())
    }

    @Test(arguments: [0, 100, 5_000], [ReadModels.Mode.readOnly, .readWrite])
    func `a damaged file is said to be damaged, and can be built anew without it`(
        from start: Int,
        mode: ReadModels.Mode
    ) throws {
        let directory = try TemporaryDirectory()
        try makeFile(directory)
        var bytes = try #require(FileManager.default.contents(atPath: directory.database))
        for index in start..<bytes.count { bytes[index] = UInt8(truncatingIfNeeded: index &* 37) | 1 }
        try bytes.write(to: URL(fileURLWithPath: directory.database))
        let error = #expect(throws: WardlineError.self) {
            let models = try ReadModels(path: directory.database, mode: mode)
            _ = try models.orderedDump()
        }
        #expect(error?.code == .integrity)
        for file in ReadModels.files(at: directory.database) {
            try? FileManager.default.removeItem(atPath: file)
        }
        let writer = try ReadModels(path: directory.database, mode: .readWrite)
        #expect(writer.condition == .created)
    }

    @Test func `a path with signs of an address is only a path`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/a b?mode=memory&c%41#d.sqlite"
        let writer = try ReadModels(path: path, mode: .readWrite)
        try writer.close()
        #expect(try directory.snapshot().keys.sorted() == ["a b?mode=memory&c%41#d.sqlite"])
        #expect(try ReadModels(path: path, mode: .immutable).checkpoint() == .zero)
    }

    @Test func `a missing file is an error of storage for readers`() throws {
        let directory = try TemporaryDirectory()
        let error = #expect(throws: WardlineError.self) {
            _ = try ReadModels(path: directory.database, mode: .readOnly)
        }
        #expect(error?.code == .storage)
        #expect(try directory.snapshot().isEmpty)
    }
}
