// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Ingest
import Pipeline
import Platform
import SiteFiles
import Testing
import WireFormats

@Suite(.serialized) struct GELFListenerTests {
    private let message = Array("{\"version\":\"1.1\",\"host\":\"h\",\"short_message\":\"text\"}".utf8)

    /// What a listener makes of datagrams, and its counters.
    private func receive(
        _ datagrams: [[UInt8]],
        recordSizeMaxBytes: Int = 65_536
    ) throws -> (store: StoreFixture, status: ListenerStatus) {
        let store = try StoreFixture()
        var limits = Configuration.Limits()
        limits.messageSizeMaxBytes = recordSizeMaxBytes
        let listeners = try Listeners(
            [ListenerDefinition(name: "gelf", .gelf, .udp, host: "127.0.0.1", port: 0)],
            limits: limits,
            intake: store.engine.intake
        )
        try sendUDP(datagrams, to: listeners.status[0].address)
        listeners.stop()
        let status = listeners.status[0]
        try store.engine.stop()
        return (store, status)
    }

    private func chunks(_ payload: [UInt8], of size: Int, name: UInt8 = 1) -> [[UInt8]] {
        let count = (payload.count + size - 1) / size
        return (0..<count).map { number in
            let header: [UInt8] = [0x1e, 0x0f, 0, 0, 0, 0, 0, 0, 0, name, UInt8(number), UInt8(count)]
            return header + payload[(number * size)..<min(payload.count, (number + 1) * size)]
        }
    }

    @Test func `plain, compressed and chunked messages give the same record`() throws {
        let (store, status) = try receive(
            [message, message + [0], gzip(message), zlib(message)] + chunks(message, of: 20).reversed()
                + chunks(gzip(message), of: 9, name: 2)
        )
        let stored = try store.stored()
        let text = String(decoding: message, as: UTF8.self)
        #expect(stored.map(\.text) == [String](repeating: text, count: 6))
        #expect(
            stored.map(\.row.flags) == [[], [], .inflated, .inflated, .chunked, [.chunked, .inflated]]
        )
        #expect(status.received == 6 && status.malformed == 0 && status.lost == 0)
        #expect(try store.stored(.loss).isEmpty)
    }

    @Test func `chunks of a message that stays incomplete are kept as received, and one fact tells it`()
        throws
    {
        let datagrams = Array(chunks(message, of: 20).dropFirst())
        let (store, status) = try receive(datagrams)
        let stored = try store.stored()
        #expect(
            stored.map { Array($0.text.utf8) }
                == datagrams.map { Array(String(decoding: $0, as: UTF8.self).utf8) }
        )
        #expect(stored.allSatisfy { $0.row.flags == [.chunked, .partial] })
        #expect(
            stored.allSatisfy { $0.origin.peer == IPAddress("127.0.0.1") && $0.origin.listener == "gelf" }
        )
        #expect(status.lost == 1)
        let facts = try store.stored(.loss).compactMap { try? JSONValue(parsing: $0.text) }
        #expect(facts.map { $0["count"]?.integer } == [1])
    }

    @Test func `what cannot be inflated is kept as received`() throws {
        let cut = Array(gzip(message).dropLast(4))
        var wrong = gzip(message)
        wrong[wrong.count - 6] ^= 1
        let (store, status) = try receive([cut, wrong, zlib(message) + [1]])
        let stored = try store.stored()
        #expect(stored.map(\.row.length) == [cut.count, wrong.count, zlib(message).count + 1])
        #expect(stored.allSatisfy { $0.row.flags == .unreadableCoding })
        #expect(status.malformed == 3)
        let facts = try store.stored(.loss).compactMap { try? JSONValue(parsing: $0.text) }
        #expect(facts.reduce(0) { $0 + ($1["count"]?.integer ?? 0) } == 3)
    }

    @Test func `a bomb is kept as received, and a large message is cut at the cap with its length`() throws {
        let bomb = gzipBomb(9 * 1_048_576)
        let large = gzip(
            Array("{\"a\":\"".utf8) + [UInt8](repeating: 0x78, count: 100_000) + Array("\"}".utf8)
        )
        #expect(bomb.count < 65_000)
        let (store, status) = try receive([bomb, large], recordSizeMaxBytes: 4_096)
        let stored = try store.stored()
        #expect(stored.map(\.row.flags) == [[.unreadableCoding, .truncated], [.inflated, .truncated]])
        #expect(stored.map(\.row.originalLength) == [bomb.count, 100_008])
        #expect(stored.map(\.row.length) == [4_096, 4_096])
        #expect(status.malformed == 1)
    }

    @Test func `a connection carries messages that end at NUL and may have line ends`() throws {
        let store = try StoreFixture()
        let listeners = try Listeners(
            [ListenerDefinition(name: "gelf", .gelf, .tcp, host: "127.0.0.1", port: 0)],
            intake: store.engine.intake
        )
        let text = Array("{\n\"a\":1\n}\0".utf8) + message + [0] + Array("{\"cut".utf8)
        try sendTCP(text.map { [$0] }, to: listeners.status[0].address)
        listeners.stop()
        try store.engine.stop()
        let stored = try store.stored()
        #expect(stored.map(\.text) == ["{\n\"a\":1\n}", String(decoding: message, as: UTF8.self), "{\"cut"])
        #expect(stored.map(\.row.flags) == [.nulDelimited, .nulDelimited, .partial])
    }
}
