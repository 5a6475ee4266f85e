// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Ingest
import Pipeline
import Platform
import SiteFiles
import Testing
import WireFormats

/// A folder of log files and a store that follows them.
private final class Followed {
    let store: StoreFixture
    let folder: String
    var definition: FollowDefinition
    var follower: FileFollower?

    init(_ pattern: String = "app.log") throws {
        store = try StoreFixture()
        folder = store.path + "/logs"
        try POSIXStorage().makeDirectories(folder)
        definition = FollowDefinition(name: "followed", path: folder + "/" + pattern)
    }

    func start() throws {
        follower = try FileFollower(
            [definition],
            limits: Configuration.Limits(),
            intake: store.engine.intake,
            storePath: store.path
        )
    }

    func stop() {
        follower?.stop()
        follower = nil
    }

    /// One start with one look.
    func look() throws {
        try start()
        stop()
    }

    /// Waits until that many records came since the start; a look is a quarter of a second.
    func wait(for count: UInt64) throws {
        let pause = HandoverQueue<Never>(capacity: 1)
        for _ in 0..<400 {
            if let status = follower?.status.first, status.received >= count { return }
            _ = pause.take(waitingNanoseconds: 50_000_000)
        }
        Issue.record("\(count) records did not come")
    }

    func append(_ text: String, to name: String = "app.log") throws {
        let path = folder + "/" + name
        let size = try POSIXStorage().size(path)
        let file = try POSIXStorage().open(path, size == nil ? .create : .update)
        try file.write(Array(text.utf8).span, at: size ?? 0)
    }

    func rename(_ name: String, to target: String) throws {
        try POSIXStorage().rename(folder + "/" + name, to: folder + "/" + target)
    }

    func copy(_ name: String, to target: String) throws {
        let bytes = try POSIXStorage().readFile(folder + "/" + name)
        try append(String(decoding: bytes, as: UTF8.self), to: target)
    }

    func cutOff(_ name: String = "app.log") throws {
        try POSIXStorage().open(folder + "/" + name, .update).truncate(to: 0)
    }

    func lines() throws -> [String] { try store.stored().map(\.text) }

    func losses() throws -> [String] {
        try store.stored(.loss).compactMap { try? JSONValue(parsing: $0.text)["reason"]?.text }
    }

    /// Ends the engine so that everything can be read.
    func finish() throws {
        stop()
        try store.engine.stop()
    }
}

@Suite(.serialized) struct FileFollowerTests {
    private func numbered(_ range: Range<Int>) -> String { range.map { "line \($0)\n" }.joined() }

    @Test func `lines are taken once over many starts, and one without an end waits for it`() throws {
        let followed = try Followed()
        try followed.append("one\r\ntwo\n\nthr")
        try followed.look()
        try followed.look()
        try followed.append("ee\nfour")
        try followed.look()
        try followed.finish()
        #expect(try followed.lines() == ["one", "two", "three"])
        let stored = try followed.store.stored()
        #expect(stored.allSatisfy { $0.origin.transport == .followed && $0.origin.listener == "followed" })
        // They were there before anybody looked: no time of receipt is claimed.
        #expect(stored.allSatisfy { !$0.row.receiveTime.isPresent })
    }

    @Test func `what is written while it is watched has a time of receipt, and a file may come later`() throws
    {
        let followed = try Followed()
        try followed.start()
        try followed.append("first\n")
        try followed.wait(for: 1)
        try followed.append("second\n")
        try followed.wait(for: 2)
        try followed.finish()
        let stored = try followed.store.stored()
        #expect(stored.map(\.text) == ["first", "second"])
        #expect(stored.last?.row.receiveTime.isPresent == true)
    }

    @Test(arguments: [true, false])
    func `a renamed file is read to its end, its successor from the beginning`(
        isRunning: Bool
    ) throws {
        let followed = try Followed()
        try followed.append(numbered(0..<3))
        try followed.start()
        try followed.wait(for: 3)
        if !isRunning { followed.stop() }
        try followed.rename("app.log", to: "app.log.1")
        try followed.append(numbered(3..<5), to: "app.log.1")
        try followed.append(numbered(5..<7))
        if isRunning { try followed.wait(for: 7) } else { try followed.look() }
        try followed.finish()
        #expect(try Set(followed.lines()) == Set((0..<7).map { "line \($0)" }))
        #expect(try followed.lines().count == 7)
        #expect(try followed.losses().isEmpty)
    }

    @Test(arguments: [true, false], ["app.log", "app*"])
    func `a file that is copied and cut off loses nothing and doubles nothing`(
        isRunning: Bool,
        pattern: String
    ) throws {
        let followed = try Followed(pattern)
        try followed.append(numbered(0..<3))
        try followed.start()
        try followed.wait(for: 3)
        if !isRunning { followed.stop() }
        // The copy's name sorts before: it is met first.
        try followed.append(numbered(3..<5))
        try followed.copy("app.log", to: "app-old.log")
        try followed.cutOff()
        try followed.append(numbered(5..<7))
        if isRunning {
            try followed.wait(for: 7)
        } else {
            try followed.look()
            try followed.look()
        }
        try followed.finish()
        #expect(try followed.lines() == (0..<7).map { "line \($0)" })
        #expect(try followed.losses().isEmpty)
    }

    @Test func `a file that is cut off without a copy is a fact and is read anew`() throws {
        let followed = try Followed()
        try followed.append(numbered(0..<3))
        try followed.look()
        try followed.cutOff()
        try followed.append("new\n")
        try followed.look()
        try followed.finish()
        #expect(try followed.lines() == ["line 0", "line 1", "line 2", "new"])
        #expect(try followed.losses().count == 1)
        #expect(try followed.losses().first?.contains("may be lost") == true)
    }

    @Test func `the rest of a file that was compressed meanwhile is taken from what it became`() throws {
        let followed = try Followed("app.log*")
        try followed.append(numbered(0..<500))
        try followed.look()
        try followed.append(numbered(500..<900))
        let bytes = try POSIXStorage().readFile(followed.folder + "/app.log")
        try POSIXStorage().writeAtomically(gzip(bytes), to: followed.folder + "/app.log.1.gz")
        try POSIXStorage().remove(followed.folder + "/app.log")
        try followed.append(numbered(900..<905))
        try followed.look()
        try followed.start()
        try followed.append("last\n")
        try followed.wait(for: 1)
        try followed.finish()
        #expect(try followed.lines() == (0..<905).map { "line \($0)" } + ["last"])
        #expect(try followed.losses().isEmpty)
    }

    @Test func `a damaged compressed file is one fact, however often it is looked at`() throws {
        let followed = try Followed("*")
        let whole = gzip(Array(numbered(0..<100).utf8))
        try POSIXStorage().writeAtomically(Array(whole.dropLast(9)), to: followed.folder + "/old.gz")
        try followed.start()
        try followed.append("alive\n")
        try followed.wait(for: 1)
        let pause = HandoverQueue<Never>(capacity: 1)
        for _ in 0..<200 where followed.follower?.status.first?.malformed == 0 {
            _ = pause.take(waitingNanoseconds: 50_000_000)
        }
        #expect(followed.follower?.status.first?.malformed == 1)
        #expect(followed.follower?.status.first?.fault.contains("old.gz") == true)
        try followed.finish()
        #expect(try followed.losses().count == 1)
        #expect(try followed.lines() == ["alive"])
    }

    @Test func `two files that begin alike are two files`() throws {
        let followed = try Followed("*.log")
        try followed.append("# header\n", to: "a.log")
        try followed.append("# header\n", to: "b.log")
        try followed.look()
        try followed.append("of b\n", to: "b.log")
        try followed.append("of a\n", to: "a.log")
        try followed.look()
        try followed.finish()
        #expect(try Set(followed.lines()) == ["# header", "of a", "of b"])
    }

    @Test func `from the end means what comes after the first start`() throws {
        let followed = try Followed()
        followed.definition.start = .end
        try followed.append("old\n")
        try followed.look()
        try followed.append("new\n")
        try followed.look()
        try followed.finish()
        #expect(try followed.lines() == ["new"])
    }

    @Test func `a long line is cut at the cap and keeps its length`() throws {
        let followed = try Followed()
        try followed.append(String(repeating: "x", count: 300_000) + "\nshort\n")
        try followed.look()
        try followed.finish()
        let stored = try followed.store.stored()
        #expect(stored.map(\.row.originalLength) == [300_000, 5])
        #expect(stored.first?.row.flags == .truncated)
    }

    /// Every state that a crash can leave: the log cut at each batch, then followed again.
    @Test func `positions come from the log alone when their copy is gone or stale`() throws {
        let followed = try Followed()
        try followed.append(numbered(0..<10))
        try followed.look()
        let copy = try POSIXStorage().readFile(followed.store.path + "/projections/follow.json")
        try followed.append(numbered(10..<20))
        try followed.look()
        try POSIXStorage().writeAtomically(copy, to: followed.store.path + "/projections/follow.json")
        try followed.append(numbered(20..<30))
        try followed.look()
        try POSIXStorage().remove(followed.store.path + "/projections/follow.json")
        try followed.append(numbered(30..<40))
        try followed.look()
        try POSIXStorage().writeAtomically(
            Array("{".utf8),
            to: followed.store.path + "/projections/follow.json"
        )
        try followed.look()
        try followed.finish()
        #expect(try followed.lines() == (0..<40).map { "line \($0)" })
    }
}
