// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Ingest
import Pipeline
import Platform
import SiteFiles
import Testing
import WireFormats

@Suite(.serialized) struct ListenersTests {
    private func listener(
        _ wire: ListenerDefinition.WireProtocol, _ carrier: ListenerDefinition.Carrier, host: String = "127.0.0.1"
    ) -> ListenerDefinition {
        ListenerDefinition(name: "test", wire, carrier, host: host, port: 0)
    }

    @Test(arguments: ["127.0.0.1", "::1"])
    func `mixed framings over a connection arrive whole, in order, with their peer`(host: String) throws {
        let store = try StoreFixture()
        let listeners = try Listeners([listener(.syslog, .tcp, host: host)], intake: store.engine.intake)
        let text = Array("<1>one\n8 <2>twoww<3>three\r\n<4>cut".utf8)
        // Every byte in a segment of its own.
        try sendTCP(text.map { [$0] }, to: listeners.status[0].address)
        listeners.stop()
        let status = listeners.status[0]
        try store.engine.stop()
        let stored = try store.stored()
        #expect(stored.map(\.text) == ["<1>one", "<2>twoww", "<3>three", "<4>cut"])
        #expect(stored[1].row.flags == .counted)
        #expect(stored[3].row.flags == .partial)
        #expect(stored.allSatisfy { $0.origin.peer == IPAddress(host) && $0.origin.transport == .tcp })
        #expect(stored.allSatisfy { $0.row.receiveTime.isPresent && $0.row.logTime.isPresent })
        #expect(status.received == 4)
        #expect(status.connections == 0)
    }

    @Test func `JSON lines over a connection and in datagrams are flagged`() throws {
        let store = try StoreFixture()
        let listeners = try Listeners(
            [
                ListenerDefinition(name: "stream", .jsonLines, .tcp, host: "127.0.0.1", port: 0),
                ListenerDefinition(name: "grams", .jsonLines, .udp, host: "127.0.0.1", port: 0),
            ], intake: store.engine.intake)
        let addresses = Dictionary(uniqueKeysWithValues: listeners.status.map { ($0.name, $0.address) })
        try sendTCP([Array("{\"a\":1}\n{\"a\":2}\n".utf8)], to: try #require(addresses["stream"]))
        try sendUDP([Array("{\"b\":1}\n{\"b\":2}\n".utf8)], to: try #require(addresses["grams"]))
        listeners.stop()
        try store.engine.stop()
        let stored = try store.stored()
        #expect(Set(stored.map(\.text)) == ["{\"a\":1}", "{\"a\":2}", "{\"b\":1}", "{\"b\":2}"])
        #expect(stored.allSatisfy { $0.row.flags == .jsonLines })
    }

    @Test func `datagrams received and dropped add up to those sent, and drops are facts`() throws {
        let store = try StoreFixture(gate: nil)
        var limits = Configuration.Limits()
        limits.receiveBufferBytes = 4_096
        let listeners = try Listeners([listener(.syslog, .udp)], limits: limits, intake: store.engine.intake)
        let sent = 20_000
        try sendUDP(
            (0..<sent).map { Array("<13>datagram \($0) ".utf8) + [UInt8](repeating: 0x78, count: 200) },
            to: listeners.status[0].address)
        listeners.stop()
        let status = listeners.status[0]
        try store.engine.stop()
        #expect(status.received + status.kernelDrops == UInt64(sent))
        #expect(try store.stored().count == Int(status.received))
        let facts = try store.stored(.loss).compactMap { try? JSONValue(parsing: $0.text) }
        #expect(facts.reduce(0) { $0 + ($1["count"]?.integer ?? 0) } == Int64(status.kernelDrops))
        #expect(status.receiveBufferBytes > 0)
    }

    @Test func `trailing ends of datagrams go, embedded ones stay, empty ones are counted`() throws {
        let store = try StoreFixture()
        let listeners = try Listeners([listener(.syslog, .udp)], intake: store.engine.intake)
        try sendUDP([Array("<1>a\nb\n".utf8), Array("<2>c\0".utf8), [0x0a]], to: listeners.status[0].address)
        listeners.stop()
        try store.engine.stop()
        #expect(try store.stored().map(\.text) == ["<1>a\nb", "<2>c"])
        #expect(listeners.status[0].received == 3)
    }

    @Test func `a blocked judge makes connections wait, and nothing is lost`() throws {
        let gate = HandoverQueue<Bool>(capacity: 1)
        let store = try StoreFixture(gate: gate) { options in
            options.judgeQueueMaxBytes = 262_144
            options.groupSizeMaxBytes = 262_144
        }
        let listeners = try Listeners([listener(.syslog, .tcp)], intake: store.engine.intake)
        let address = listeners.status[0].address
        // More than intake, judge queue and socket buffers hold together.
        let line = Array(("<13>" + String(repeating: "y", count: 4_000) + "\n").utf8)
        let count = 12_000
        let done = HandoverQueue<Bool>(capacity: 1)
        let sender = try WorkerThread("test-sender") {
            let chunk = [UInt8]((0..<100).map { _ in line }.joined())
            _ = done.tryPut((try? sendTCP([[UInt8]](repeating: chunk, count: count / 100), to: address)) != nil, weight: 1)
        }
        // The sender cannot end while the judge is held: it has to wait for us.
        #expect(done.take(waitingNanoseconds: 1_500_000_000) == nil)
        #expect(store.engine.status.intakeBytes <= IntakeQueue.sizeMaxBytes)
        _ = gate.tryPut(true, weight: 1)
        #expect(done.take() == true)
        sender.join()
        listeners.stop()
        try store.engine.stop()
        #expect(try store.stored().count == count)
    }

    @Test func `an address that is taken is refused by name and nothing stays open`() throws {
        let store = try StoreFixture()
        let first = try Listeners([listener(.syslog, .tcp)], intake: store.engine.intake)
        let port = try #require(ListenerDefinition.split(address: first.status[0].address)).port
        let taken = ListenerDefinition(name: "second", .syslog, .tcp, host: "127.0.0.1", port: port)
        let error = try #require(throws: WardlineError.self) {
            try Listeners([listener(.syslog, .udp), taken], intake: store.engine.intake)
        }
        #expect(error.code == .busy)
        #expect(error.location == "second")
        first.stop()
        try store.engine.stop()
    }

    @Test func `connections beyond the limit are refused and counted`() throws {
        let store = try StoreFixture()
        var limits = Configuration.Limits()
        limits.connectionCountMax = 0
        let listeners = try Listeners([listener(.syslog, .tcp)], limits: limits, intake: store.engine.intake)
        // The refusal may come before or after the write: only the count and the empty log are certain.
        try? sendTCP([Array("<1>x\n".utf8)], to: listeners.status[0].address)
        listeners.stop()
        try store.engine.stop()
        #expect(listeners.status[0].refused == 1)
        #expect(try store.stored().isEmpty)
    }
}
