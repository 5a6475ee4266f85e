// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Ingest
import Pipeline
import Platform
import SegmentLog
import SiteFiles
import Testing
import WireFormats

@Suite(.serialized) struct RelpListenerTests {
    private func listener() -> ListenerDefinition {
        ListenerDefinition(name: "relp", .syslog, .relp, host: "127.0.0.1", port: 0)
    }

    @Test func `a record is answered once it is durable, not before`() throws {
        let store = try StoreFixture()
        // Nobody takes from this queue until the second engine starts.
        let queue = IntakeQueue()
        let listeners = try Listeners([listener()], intake: queue)
        let connection = try TestConnection(to: listeners.status[0].address)
        connection.send("1 open 14 relp_version=0\n2 syslog 7 <13>one\n3 syslog 7 <13>two\n")
        let opened = connection.hear(through: "commands=syslog\n")
        #expect(opened.hasPrefix("1 rsp 60 200 OK\nrelp_version=0\n"))
        let pause = HandoverQueue<Never>(capacity: 1)
        while queue.bytes == 0 { _ = pause.take(waitingNanoseconds: 1_000_000) }
        // A later command is answered in its order: after the records.
        connection.send("4 nonsense 0\n")
        #expect(connection.heardSoFar == opened)
        let path = store.path + "/second"
        try POSIXStorage().makeDirectories(path)
        let engine = Engine(
            records: try LogOwner(storage: POSIXStorage(), path: path, stream: "records", hasColumns: true),
            journal: try LogOwner(storage: POSIXStorage(), path: path, stream: "journal", hasColumns: false),
            judge: IdleJudge(),
            intake: queue,
            apply: { _ in }
        )
        try engine.start()
        let answers = connection.hear(through: "known here\n").dropFirst(opened.count)
        #expect(answers == "2 rsp 6 200 OK\n3 rsp 6 200 OK\n4 rsp 26 500 command not known here\n")
        #expect(engine.durableOffset >= Offset(2))
        connection.close()
        listeners.stop()
        try engine.stop()
        try store.engine.stop()
    }

    @Test func `a session ends in order: answers, close, hint`() throws {
        let store = try StoreFixture()
        let listeners = try Listeners([listener()], intake: store.engine.intake)
        let connection = try TestConnection(to: listeners.status[0].address)
        connection.send("1 open 14 relp_version=1\n2 syslog 7 <13>one\n3 close 0\n")
        let heard = connection.hearEnd()
        #expect(heard.hasSuffix("2 rsp 6 200 OK\n3 rsp 0\n0 serverclose 0\n"), "\(heard)")
        #expect(heard.contains("relp_version=1\n"))
        listeners.stop()
        try store.engine.stop()
        let stored = try store.stored()
        #expect(stored.map(\.text) == ["<13>one"])
        #expect(stored.map(\.origin.transport) == [.relp])
    }

    @Test func `a frame that is none ends the session with one fact; what came before is answered`() throws {
        let store = try StoreFixture()
        let listeners = try Listeners([listener()], intake: store.engine.intake)
        let connection = try TestConnection(to: listeners.status[0].address)
        connection.send("1 open 14 relp_version=0\n2 syslog 7 <13>one\n")
        _ = connection.hear(through: "2 rsp 6 200 OK\n")
        connection.send("3 syslog 7 <13>two!4 syslog 1 x\n")
        #expect(connection.hearEnd().hasSuffix("2 rsp 6 200 OK\n"))
        listeners.stop()
        try store.engine.stop()
        #expect(try store.stored().map(\.text) == ["<13>one"])
        #expect(
            try store.stored(.fault).map { try JSONValue(parsing: $0.text)["reason"]?.text } == [
                "RELP protocol error"
            ]
        )
    }

    @Test func `a closed log answers nothing and ends the connection`() throws {
        let store = try StoreFixture()
        let listeners = try Listeners([listener()], intake: store.engine.intake)
        let connection = try TestConnection(to: listeners.status[0].address)
        connection.send("1 open 14 relp_version=0\n")
        let opened = connection.hear(through: "commands=syslog\n")
        try store.engine.stop()
        connection.send("2 syslog 7 <13>one\n")
        listeners.stop()
        #expect(connection.hearEnd() == opened + "0 serverclose 0\n")
    }
}
