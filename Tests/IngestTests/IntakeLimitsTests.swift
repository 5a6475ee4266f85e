// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Ingest
import Pipeline
import Platform
import SiteFiles
import Testing
import WireFormats

/// What one sender can do to a listener and to the others.
@Suite(.serialized) struct IntakeLimitsTests {
    private let store: StoreFixture

    init() throws { store = try StoreFixture() }

    private func listeners(
        _ carrier: ListenerDefinition.Carrier = .tcp,
        inventory: InventoryAddresses = InventoryAddresses(),
        process: Configuration.Limits = Configuration.Limits(),
        _ change: (inout IntakeLimits) -> Void = { _ in }
    ) throws -> Listeners {
        var listener = ListenerDefinition(name: "test", .syslog, carrier, host: "127.0.0.1", port: 0)
        change(&listener.limits)
        return try Listeners([listener], limits: process, intake: store.engine.intake, inventory: inventory)
    }

    /// Waits until a listener has counted something.
    private func wait(_ listeners: Listeners, until holds: (ListenerStatus) -> Bool) {
        let pause = HandoverQueue<Never>(capacity: 1)
        for _ in 0..<4_000 where !holds(listeners.status[0]) { _ = pause.take(waitingNanoseconds: 5_000_000) }
    }

    /// Reasons of the facts of a kind, each as often as it has facts.
    private func reasons(_ kind: RecordKind = .fault) throws -> [String] {
        try store.stored(kind).compactMap { try JSONValue(parsing: $0.text)["reason"]?.text }
    }

    private func finish(_ listeners: Listeners) throws -> ListenerStatus {
        listeners.stop()
        try store.engine.stop()
        return listeners.status[0]
    }

    @Test(arguments: [ListenerDefinition.Carrier.tcp, .udp])
    func `only allowed addresses are taken, others are counted and one fact`(
        carrier: ListenerDefinition.Carrier
    ) throws {
        let prefix = try #require(IPPrefix("127.0.0.2"))
        let listeners = try listeners(carrier) { $0.allowed = .prefixes([prefix]) }
        let address = listeners.status[0].address
        for _ in 0..<3 {
            if carrier == .udp {
                try sendUDP([Array("<13>stranger".utf8)], to: address)
            } else {
                try? sendTCP([Array("<13>stranger\n".utf8)], to: address)
            }
        }
        wait(listeners) { $0.refused == 3 }
        if carrier == .udp {
            try sendUDP([Array("<13>friend".utf8)], to: address, from: "127.0.0.2")
        } else {
            let friend = try TestConnection(to: address, from: "127.0.0.2")
            friend.send("<13>friend\n")
            friend.close()
        }
        wait(listeners) { $0.received == 1 }
        let status = try finish(listeners)
        #expect(try store.stored().map(\.text) == ["<13>friend"])
        #expect(status.faults == ["address not allowed": 3])
        let facts = try store.stored(.fault).map { try JSONValue(parsing: $0.text) }
        #expect(facts.reduce(0) { $0 + ($1["count"]?.integer ?? 0) } == 3)
        #expect(facts.allSatisfy { $0["peer"]?.text == "127.0.0.1" })
    }

    @Test func `addresses of the inventory are let in as soon as it is known`() throws {
        let inventory = InventoryAddresses()
        let listeners = try listeners(inventory: inventory) { $0.allowed = .inventory }
        try? sendTCP([Array("<13>early\n".utf8)], to: listeners.status[0].address)
        wait(listeners) { $0.refused == 1 }
        inventory.replace([try #require(IPAddress("127.0.0.1"))])
        try sendTCP([Array("<13>known\n".utf8)], to: listeners.status[0].address)
        wait(listeners) { $0.received == 1 }
        _ = try finish(listeners)
        #expect(try store.stored().map(\.text) == ["<13>known"])
    }

    @Test func `a peer's connections are bounded, another's are not`() throws {
        let listeners = try listeners { $0.connectionsPerPeerMax = 2 }
        let address = listeners.status[0].address
        let kept = try (0..<2).map { _ in try TestConnection(to: address) }
        wait(listeners) { $0.connections == 2 }
        let third = try TestConnection(to: address)
        _ = third.hearEnd()
        let other = try TestConnection(to: address, from: "127.0.0.2")
        other.send("<13>other\n")
        wait(listeners) { $0.received == 1 }
        #expect(listeners.status[0].connections == 3)
        for connection in kept { connection.close() }
        wait(listeners) { $0.connections == 1 }
        let again = try TestConnection(to: address)
        again.send("<13>again\n")
        wait(listeners) { $0.received == 2 }
        let status = try finish(listeners)
        #expect(status.faults == ["too many connections of one peer": 1])
    }

    @Test func `a connection on which nothing comes is closed, one that speaks is not`() throws {
        let listeners = try listeners { $0.idleNanoseconds = 1_000_000_000 }
        let silent = try TestConnection(to: listeners.status[0].address)
        silent.send("<13>begun")
        #expect(silent.hearEnd().isEmpty)
        let status = try finish(listeners)
        #expect(try store.stored().map(\.text) == ["<13>begun"])
        #expect(status.faults == ["idle timeout": 1])
        #expect(try reasons() == ["idle timeout"])
    }

    @Test(arguments: [
        (ListenerDefinition.Carrier.tcp, nil, 1_048_576), (.udp, nil, 65_507), (.tcp, 4_096, 4_096),
        (.udp, 4_096, 4_096), (.relp, 4_096, 4_096),
    ])
    func `a record at the cap is whole, one byte more is cut and its length kept`(
        carrier: ListenerDefinition.Carrier,
        given: Int?,
        cap: Int
    ) throws {
        let listeners = try listeners(carrier) { $0.messageSizeMaxBytes = given }
        // No datagram is longer than 65,507 bytes.
        let lengths = carrier == .udp && given == nil ? [cap] : [cap, cap + 1]
        for length in lengths {
            let text = Array("<13>".utf8) + [UInt8](repeating: 0x61, count: length - 4)
            switch carrier {
            case .udp: try sendUDP([text], to: listeners.status[0].address)
            case .relp:
                let relp = try TestConnection(to: listeners.status[0].address)
                relp.send("1 open 14 relp_version=0\n2 syslog \(length) ")
                relp.send(text + [0x0a])
                _ = relp.hear(through: "2 rsp 6 200 OK\n")
            default: try sendTCP([text + [0x0a]], to: listeners.status[0].address)
            }
        }
        wait(listeners) { $0.received == lengths.count }
        let status = try finish(listeners)
        let stored = try store.stored().map(\.row).sorted { $0.originalLength < $1.originalLength }
        #expect(stored.map(\.originalLength) == lengths)
        #expect(stored.map(\.length) == lengths.map { min($0, cap) })
        #expect(stored.map { $0.flags.contains(.truncated) } == lengths.map { $0 > cap })
        #expect(status.truncated == lengths.filter { $0 > cap }.count)
    }

    @Test func `a flood of datagrams over the rate is dropped and told, another sender is not touched`()
        throws
    {
        let listeners = try listeners(.udp) { $0.recordsPerSecondMax = 100 }
        let address = listeners.status[0].address
        try sendUDP((0..<2_000).map { Array("<13>flood \($0)".utf8) }, to: address)
        try sendUDP((0..<50).map { Array("<13>calm \($0)".utf8) }, to: address, from: "127.0.0.2")
        wait(listeners) { status in
            status.received + status.kernelDrops + (status.faults["rate limit: datagrams dropped"] ?? 0)
                == 2_050
        }
        let status = try finish(listeners)
        let stored = try store.stored()
        #expect(stored.count { $0.text.hasPrefix("<13>calm") } == 50)
        #expect(status.rateDrops > 0)
        #expect(status.received + status.kernelDrops + status.rateDrops == 2_050)
        let facts = try store.stored(.loss).map { try JSONValue(parsing: $0.text) }
        let told = facts.filter { $0["peer"]?.text == "127.0.0.1" }
        #expect(told.reduce(0) { $0 + ($1["count"]?.integer ?? 0) } == Int64(status.rateDrops))
        #expect(facts.allSatisfy { $0["peer"]?.text != "127.0.0.2" })
    }

    @Test func `a connection over the rate is held back, nothing of it is lost, another goes on`() throws {
        let listeners = try listeners { $0.recordsPerSecondMax = 2_000 }
        let address = listeners.status[0].address
        let flood = try TestConnection(to: address)
        let lines = (0..<5_000).map { "<13>flood \($0) \(String(repeating: "x", count: 200))\n" }.joined()
        flood.send(lines)
        wait(listeners) { $0.held > 0 }
        let calm = try TestConnection(to: address, from: "127.0.0.2")
        calm.send("<13>calm\n")
        wait(listeners) { $0.received >= 5_001 }
        let status = try finish(listeners)
        #expect(status.held > 0)
        let stored = try store.stored()
        #expect(stored.count == 5_001)
        let place = stored.firstIndex { $0.text == "<13>calm" }
        #expect(try #require(place) < 5_000, "the calm sender did not wait for the end of the flood")
        #expect(try store.stored(.loss).isEmpty)
    }

    @Test func `an active sender is served beside thousands of idle connections and a slow drip`() throws {
        raiseDescriptorLimit()
        let listeners = try listeners()
        let address = listeners.status[0].address
        // Both ends are in this process: fewer than 10,100 descriptors fail here, in the words of the system.
        let idle = try IdleConnections(5_000, to: address)
        wait(listeners) { $0.connections == 5_000 }
        let drip = try TestConnection(to: address)
        let active = try TestConnection(to: address)
        for index in 0..<200 {
            drip.send([0x61])
            active.send("<13>active \(index)\n")
        }
        wait(listeners) { $0.received >= 200 }
        #expect(listeners.status[0].connections == 5_002)
        idle.close()
        drip.close()
        active.close()
        let status = try finish(listeners)
        #expect(try store.stored().count == 201)
        #expect(status.connections == 0)
        #expect(status.faults.isEmpty)
    }

    @Test(arguments: [
        ("20 <13>short", "connection ended inside a counted frame"),
        ("3 <13>long\n<13>next\n", "octet count wrong"),
        ("999999999 <13>never", "connection ended inside a counted frame"),
        ("8 <13>text<13>line\n8 <13>text<13>line\n", "counted and delimited frames on one connection"),
    ])
    func `framing that lies costs one fact, and every byte stays`(bytes: String, reason: String) throws {
        let listeners = try listeners()
        try sendTCP([Array(bytes.utf8)], to: listeners.status[0].address)
        wait(listeners) { $0.received >= 1 && $0.connections == 0 }
        _ = try finish(listeners)
        #expect(try reasons() == [reason])
        #expect(try store.stored().allSatisfy { $0.text.contains("<13>") || !$0.row.flags.isEmpty })
    }

    @Test(arguments: [
        (UInt8(0x61), 1, "record longer than the cap"), (0, 0, "flood of NUL or blanks between frames"),
    ])
    func `64 MiB of one byte take bounded memory and are one fact`(
        byte: UInt8,
        records: Int,
        reason: String
    ) throws {
        let listeners = try listeners()
        let chunk = [UInt8](repeating: byte, count: 1_048_576)
        // Other tests take memory of the same process meanwhile: what a flood takes, it takes each time.
        var least = Int.max
        var rounds = 0
        while rounds < 5, least >= 48 * 1_048_576 {
            rounds += 1
            let before = processResources().residentBytes
            try sendTCP([[UInt8]](repeating: chunk, count: 64), to: listeners.status[0].address)
            wait(listeners) { $0.connections == 0 && $0.faults[reason] == UInt64(rounds) }
            least = min(least, processResources().residentBytes - before)
        }
        #expect(least < 48 * 1_048_576)
        _ = try finish(listeners)
        let stored = try store.stored()
        #expect(stored.count == records * rounds)
        #expect(stored.allSatisfy { $0.row.length == 1_048_576 && $0.row.originalLength == 64 * 1_048_576 })
        #expect(try reasons() == Array(repeating: reason, count: rounds))
    }
}
