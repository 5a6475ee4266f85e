// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Testing

@testable import EventModel

@Suite struct EventSchemaTests {
    /// An event at offset 9 by `decoder` with the given fields.
    private static func batch(_ decoder: String, _ fields: [(String, String)]) -> EventBatch {
        var batch = EventBatch()
        batch.decoders = ["none", decoder]
        var table = FieldTable()
        let time = UTCTime(nanoseconds: 1_790_000_000 * UTCTime.second)
        for offset in [UInt64(8), 9] {
            var event = Event(offset: Offset(offset), time: time, logTime: time)
            event.decoder = 1
            event.action = .login
            event.eventClass = .access
            event.severity = 5
            event.issues = [.late]
            batch.begin(event)
            batch.add(.userName, "n.ito")
            for (name, value) in fields { batch.add(table.field(named: name), value) }
        }
        batch.extensionNames = table.names
        return batch
    }

    private static func said(_ batch: EventBatch) -> [[String]] {
        batch.events.indices.map { index in
            batch.fields(of: index).map {
                batch.name(of: $0.field) + "=" + String(decoding: batch.bytes[$0.range], as: UTF8.self)
            }
        }
    }

    private static let token = "1cb0d705636c6fdebeffb160d2d75a6e"

    @Test func `there is one upcaster between each version and the next`() {
        #expect(EventSchema.upcasters.count == EventSchema.version - 1)
    }

    /// Field of version 1, decoder, field of version 2; nil for none.
    static let pairs: [(decoder: String, old: [(String, String)], new: [String])] = [
        ("generic.json", [("ext.patient.token", "Anna")], []),
        ("generic.json", [("ext.patient.token", token)], ["ext.patient.token=\(token)"]),
        ("generic.json", [("ext.patient.token", token.uppercased())], []),
        ("generic.json", [("ext.source.kind", "vpn")], ["ext.claimed.source.kind=vpn"]),
        ("asa", [("ext.source.kind", "vpn")], ["ext.source.kind=vpn"]),
        (
            "asa", [("ext.source.kind", "firewall"), ("ext.source.kind", "vpn")],
            ["ext.source.kind=firewall", "ext.claimed.source.kind=vpn"]
        ),
        ("asa", [("ext.records", "1 3 8")], ["ext.records=1 3 8"]),
        ("asa", [("ext.records", "1 3 10")], ["ext.claimed.records=1 3 10"]),
        ("asa", [("ext.records", "all")], ["ext.claimed.records=all"]),
        ("asa", [("ext.records", "1  8")], ["ext.claimed.records=1  8"]),
        ("asa", [("ext.sequence", "4"), ("ext.x", "y")], ["ext.sequence=4", "ext.x=y"]),
    ]

    @Test(arguments: EventSchemaTests.pairs.indices)
    func `version 1 becomes version 2`(_ number: Int) {
        let pair = EventSchemaTests.pairs[number]
        var batch = EventSchemaTests.batch(pair.decoder, pair.old)
        let before = batch.events
        EventSchema.upcast(&batch, from: 1)
        let expected = ["user.name=n.ito"] + pair.new
        #expect(EventSchemaTests.said(batch) == [expected, expected])
        for (index, event) in batch.events.enumerated() {
            var header = event
            header.fieldStart = before[index].fieldStart
            header.fieldCount = before[index].fieldCount
            #expect(header == before[index])
        }
        let once = EventSchemaTests.said(batch)
        EventSchema.upcast(&batch, from: 1)
        #expect(EventSchemaTests.said(batch) == once)
    }

    @Test func `events of today's version stay as they are`() {
        var batch = EventSchemaTests.batch("generic.json", [("ext.patient.token", "Anna")])
        let before = EventSchemaTests.said(batch)
        EventSchema.upcast(&batch, from: EventSchema.version)
        #expect(EventSchemaTests.said(batch) == before)
    }
}
