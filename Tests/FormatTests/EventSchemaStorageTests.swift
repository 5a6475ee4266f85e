// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Platform
import SimulationKit
import Testing

@testable import SegmentLog

/// Blocks of several versions of the event schema in one log.
@Suite struct EventSchemaStorageTests {
    private static let token = "1cb0d705636c6fdebeffb160d2d75a6e"

    /// Events that each claim a kind of source; the tenth has clear text as token.
    private static func events(of job: BlockJob) -> EventBatch {
        var events = EventBatch()
        events.decoders = ["none", "generic.json"]
        for (index, row) in job.records.rows.enumerated() {
            var event = Event(offset: job.base.advanced(by: index), time: row.logTime, logTime: row.logTime)
            event.decoder = 1
            event.action = .login
            event.eventClass = .access
            var hash = StableHash()
            hash.combine(job.records.bytes.span, row.range)
            event.contentHash = hash.value
            events.begin(event)
            events.add(.userName, "user \(index % 7)")
            events.add(.sourceKind, index % 2 == 0 ? "firewall" : "vpn")
            events.add(.patientToken, index == 10 ? "Anna" : token)
            events.add(.message, job.records.bytes.span, row.range)
        }
        return events
    }

    /// A log with a block of `counts[n]` records in version `schemas[n]`, all in one open segment.
    private static func write(
        _ schemas: [Int],
        counts: [Int],
        _ storage: any LogStorage
    ) throws(LogError) {
        var options = LogOptions()
        options.reserveSizeBytes = 0
        let writer = try LogWriter.open(storage: storage, path: "store", stream: "records", options: options)
        for (schema, count) in zip(schemas, counts) {
            var batch = GoldenStores.lines(writer.nextOffset.value * 50, count)
            _ = try writer.append(&batch, wall: UTCTime(nanoseconds: 1_790_000_000_000_000_000))
            _ = try writer.sync()
            while let job = writer.takeBlockJob(force: true) {
                let block = try job.encode(
                    events: [events(of: job)],
                    epoch: [UInt8](repeating: 7, count: 32),
                    eventTimes: nil,
                    schema: schema
                )
                try writer.commit(block)
            }
        }
        try writer.close()
    }

    private static func seal(_ storage: any LogStorage) throws(LogError) {
        let writer = try LogWriter.open(storage: storage, path: "store", stream: "records")
        try writer.seal()
        try writer.close()
    }

    private static func reader(_ storage: any LogStorage) throws(LogError) -> LogReader {
        try LogReader.open(storage: storage, path: "store", stream: "records")
    }

    private static func kinds(_ events: EventBatch?) -> Set<String> {
        guard let events else { return [] }
        return Set(events.entries.map { events.name(of: $0.field) }).filter { $0.hasSuffix("source.kind") }
    }

    /// Row by row, companion and columns with filters: the encodings that events have.
    private static let counts = [5, 90, 600]

    @Test(arguments: EventSchemaStorageTests.counts)
    func `a block says its version, and is read in today's`(_ count: Int) throws {
        let storage = RecordingStorage()
        try Self.write([1, 2], counts: [count, count], storage)
        let reader = try Self.reader(storage)
        #expect(reader.parts.map { reader.eventSchema($0) } == [1, 2])
        #expect(reader.parts.map { $0.header?.chunks.map(\.schema).max() } == [0, 2])
        let old = try reader.stored(reader.parts[0]).events
        let new = try reader.stored(reader.parts[1]).events
        #expect(Self.kinds(old) == ["ext.claimed.source.kind"])
        #expect(Self.kinds(new) == ["ext.source.kind"])
        #expect(old?.entries.count { $0.field == .patientToken } == count - (count > 10 ? 1 : 0))
        #expect(new?.entries.count { $0.field == .patientToken } == count)
    }

    /// What a search that reads only what can match finds, against what reading all finds.
    @Test(arguments: EventSchemaStorageTests.counts)
    func `a search sees fields of today in an old block`(_ count: Int) throws {
        let storage = RecordingStorage()
        try Self.write([1, 2], counts: [count, count], storage)
        let reader = try Self.reader(storage)
        for text in ["firewall", "Anna", "user 3"] {
            let condition = RowCondition.text(Array(text.lowercased().utf8))
            for part in reader.parts {
                let all = try #require(try reader.stored(part).events)
                let rows = try reader.rows(part, where: condition)
                let found = try #require(rows.events)
                for (index, event) in all.events.enumerated() {
                    let holds = all.fields(of: index).contains {
                        String(decoding: all.bytes[$0.range], as: UTF8.self).contains(text)
                    }
                    guard holds else { continue }
                    let place = try #require(found.events.firstIndex { $0.offset == event.offset })
                    #expect(
                        found.fields(of: place).map { found.name(of: $0.field) }
                            == all.fields(of: index).map { all.name(of: $0.field) }
                    )
                }
            }
        }
        var buffers = RecordBuffers()
        #expect(
            try reader.values(
                reader.parts[0],
                EventValues.Wish(.sourceKind),
                reusing: EventValues(),
                &buffers
            ) == nil
        )
    }

    @Test(arguments: EventSchemaStorageTests.counts)
    func `events of a newer version are refused by name, their records are read`(_ count: Int) throws {
        let storage = RecordingStorage()
        let newer = EventSchema.version + 1
        try Self.write([EventSchema.version, newer], counts: [count, count], storage)
        let reader = try Self.reader(storage)
        let part = reader.parts[1]
        let error = LogError.newerEvents(
            file: FileNames.segment(.zero),
            position: part.places[0].lowerBound,
            schema: newer
        )
        #expect(throws: error) { try reader.stored(part) }
        #expect(throws: error) { try reader.rows(part, where: .everything) }
        #expect(throws: error) {
            try reader.rows(part, where: .text(Array("user".utf8)))
        }
        var buffers = RecordBuffers()
        #expect(throws: error) {
            try reader.values(part, EventValues.Wish(.userName), reusing: EventValues(), &buffers)
        }
        #expect(try reader.records(part).count == count)
        #expect(try reader.stored(reader.parts[0]).events?.events.count == count)
        #expect(try verifyLog(storage: storage, path: "store", stream: "records").isSound)
    }

    @Test func `joined blocks are of today's version, and newer ones are not joined`() throws {
        let storage = RecordingStorage()
        try Self.write([1, 2, 1], counts: [40, 50, 60], storage)
        try Self.seal(storage)
        #expect(try Self.reader(storage).parts.count == 3)
        _ = try compactLog(storage: storage, path: "store", stream: "records") { _, _ in }
        let reader = try Self.reader(storage)
        #expect(reader.parts.map { reader.eventSchema($0) } == [2])
        let events = try #require(try reader.stored(reader.parts[0]).events)
        #expect(Self.kinds(events) == ["ext.claimed.source.kind", "ext.source.kind"])
        #expect(try verifyLog(storage: storage, path: "store", stream: "records").isSound)

        let other = RecordingStorage()
        try Self.write([2, EventSchema.version + 1], counts: [40, 50], other)
        try Self.seal(other)
        #expect(throws: LogError.self) {
            try compactLog(storage: other, path: "store", stream: "records") { _, _ in }
        }
        #expect(try Self.reader(other).parts.count == 2)
    }
}
