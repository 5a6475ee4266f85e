// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Ingest
import NIOCore
import NIOPosix
import Pipeline
import Platform
import Projections
import SegmentLog
import SiteFiles
import Testing

/// A judge that decides nothing; a gate can hold it.
struct IdleJudge: RecordJudge {
    var gate: HandoverQueue<Bool>?
    var next = Offset.zero
    var deadline: UTCTime? { nil }

    init(gate: HandoverQueue<Bool>? = nil) { self.gate = gate }

    mutating func process(_ decoded: DecodedRecords) throws(WardlineError) -> EventBatch {
        if let gate { _ = gate.take() }
        gate = nil
        next = decoded.end
        return EventBatch()
    }

    mutating func takeFacts() -> [JSONValue] { [] }
    mutating func takeUpdate(through: Offset) -> ProjectionUpdate? { nil }
    mutating func settle() {}
}

/// A store in a folder of its own, its engine, and what the log holds of it.
final class StoreFixture {
    let path: String
    let engine: Engine
    private let isOwner: Bool

    convenience init(
        gate: HandoverQueue<Bool>? = nil,
        _ change: (inout Engine.Options) -> Void = { _ in }
    ) throws {
        let base = environmentValue("TMPDIR") ?? "/tmp"
        let path = base + "/wardline-ingest-\(processIdentifier())-\(UInt64.random(in: 0 ... .max))"
        try POSIXStorage().makeDirectories(path)
        try self.init(at: path, gate: gate, isOwner: true, change)
    }

    init(
        at path: String,
        gate: HandoverQueue<Bool>? = nil,
        isOwner: Bool = false,
        _ change: (inout Engine.Options) -> Void = { _ in }
    ) throws {
        self.path = path
        self.isOwner = isOwner
        var options = Engine.Options()
        options.groupDelayNanoseconds = 1_000_000
        change(&options)
        engine = Engine(
            records: try LogOwner(storage: POSIXStorage(), path: path, stream: "records", hasColumns: true),
            journal: try LogOwner(storage: POSIXStorage(), path: path, stream: "journal", hasColumns: false),
            judge: IdleJudge(gate: gate),
            options: options,
            apply: { _ in }
        )
        try engine.start()
    }

    deinit {
        guard isOwner else { return }
        try? POSIXStorage().removeTree(path)
    }

    /// Everything in the log of a kind, as text with its row.
    func stored(_ kind: RecordKind = .device) throws -> [(text: String, row: RecordBatch.Row, origin: Origin)]
    {
        let reader = try LogReader.open(storage: POSIXStorage(), path: path, stream: "records")
        var found: [(String, RecordBatch.Row, Origin)] = []
        for part in reader.parts {
            let batch = try reader.records(part)
            for (index, row) in batch.rows.enumerated() where row.kind == kind {
                found.append(
                    (
                        String(decoding: batch.payload(index), as: UTF8.self), row,
                        batch.origins[Int(row.origin)]
                    )
                )
            }
        }
        return found
    }

    func write(_ bytes: [UInt8], to name: String) throws -> String {
        try POSIXStorage().writeAtomically(bytes, to: path + "/" + name)
        return path + "/" + name
    }
}

/// Sends bytes over one TCP connection and closes it.
func sendTCP(_ chunks: [[UInt8]], to address: String) throws {
    let (host, port) = try #require(ListenerDefinition.split(address: address))
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    defer { try? group.syncShutdownGracefully() }
    let channel = try ClientBootstrap(group: group).connect(host: host, port: port).wait()
    for chunk in chunks { try channel.writeAndFlush(ByteBuffer(bytes: chunk)).wait() }
    try channel.close().wait()
}

/// Sends datagrams from one socket.
func sendUDP(_ datagrams: [[UInt8]], to address: String, from source: String? = nil) throws {
    let (host, port) = try #require(ListenerDefinition.split(address: address))
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    defer { try? group.syncShutdownGracefully() }
    let target = try NIOCore.SocketAddress(ipAddress: host, port: port)
    let channel = try DatagramBootstrap(group: group).bind(host: source ?? host, port: 0).wait()
    for datagram in datagrams {
        try channel.writeAndFlush(
            AddressedEnvelope(remoteAddress: target, data: ByteBuffer(bytes: datagram))
        ).wait()
    }
    try channel.close().wait()
}
