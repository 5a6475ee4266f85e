// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Correlation
import EventModel
import Foundation
import Testing
import Timelines

@testable import Projections

@Suite struct ReadModelsTests {
    private func update(_ base: UInt64, _ through: UInt64) -> ProjectionUpdate {
        ProjectionUpdate(base: checkpoint(base), through: checkpoint(through, through))
    }

    @Test func `a new file is created and a second opening keeps it`() throws {
        let directory = try TemporaryDirectory()
        let first = try ReadModels(path: directory.database, mode: .readWrite)
        #expect(first.condition == .created)
        try first.apply(update(0, 5))
        try first.close()
        let second = try ReadModels(path: directory.database, mode: .readWrite)
        #expect(second.condition == .kept)
        #expect(try second.checkpoint() == checkpoint(5, 5))
    }

    @Test func `rows and checkpoint come back as they were given`() throws {
        let models = try ReadModels()
        var change = update(0, 10)
        let incident = sampleIncident("INC-1", merged: ["INC-0"])
        change.incidents = [incident]
        change.reviews = [sampleAlert("R-1", isReview: true)]
        change.imports = [
            ImportRow(sha256: "ab", file: "a.log", state: .complete, begin: Offset(3), records: 4, bytes: 99)
        ]
        change.losses = [
            LossRow(
                offset: Offset(4),
                listener: "udp",
                count: 12,
                from: time(1),
                through: .absent,
                reason: "kernel"
            )
        ]
        change.totals = ProjectionTotals(records: 1, undecoded: 2, events: 3, rawBytes: 4)
        #expect(try models.apply(change))
        let stored = try #require(try models.incidents().first)
        #expect(stored.incident == incident)
        #expect(stored == StoredIncident(incident))
        #expect(stored.json == incident.json.line)
        var cited: [Citation] = []
        for entry in incident.entries where !entry.rules.isEmpty {
            cited.append(Citation(offset: entry.offset, ordinal: entry.ordinal, rules: entry.rules))
        }
        #expect(!cited.isEmpty)
        let citations = try models.citations()
        #expect(Set(citations.filter { !$0.rules.isEmpty }) == Set(cited))
        #expect(try models.reviews() == change.reviews)
        #expect(try models.imports() == change.imports)
        #expect(try models.losses() == change.losses)
        #expect(try models.totals() == change.totals)
        #expect(try models.checkpoint() == change.through)
    }

    @Test(arguments: [
        "'; DROP TABLE incident; --", "\" OR 1=1", "%", "_", "\\", "a\u{0}b", "\u{1A}\u{1F}\u{0}", "",
        "\u{202E}é😀",
        "?1", ":name", "file:x?mode=rw", "{\"a\":[1]}", "\r\n\t", "\u{1A}0",
    ])
    func `text that means something to SQL or C is only text`(text: String) throws {
        let models = try ReadModels()
        var change = update(0, 1)
        let incident = sampleIncident(
            "INC-" + text,
            text: text,
            devices: [text],
            users: [text],
            merged: [text]
        )
        let other = sampleIncident("INC-other", devices: ["other"], users: ["other"])
        change.incidents = [incident, other]
        change.reviews = [sampleAlert(text, text: text, isReview: true)]
        var source = SourceCounters(name: text, listener: text, peer: text)
        source.count(rawBytes: 3, issues: .badUTF8, received: time(4))
        source.count(event: time(3), decoder: text)
        change.sources = [source]
        change.inventory = [DeviceDefinition(asset: text, hostName: text)]
        try models.apply(change)
        #expect(try models.incidents(IncidentFilter(device: text)).map(\.incident) == [incident])
        #expect(try models.incidents(IncidentFilter(user: text)).map(\.incident) == [incident])
        #expect(
            try models.incidents(IncidentFilter(idPrefix: "INC-" + text)).map(\.incident).contains(incident)
        )
        #expect(try models.reviews() == change.reviews)
        #expect(try models.sources().map(\.name) == [text])
        #expect(try models.devices().map(\.definition) == change.inventory)
        #expect(try models.incidents().count == 2)
        #expect(try models.sources().first?.decoders == [StoredSource.Count(name: text, count: 1)])
    }

    @Test func `a percent sign in a prefix is not a wildcard`() throws {
        let models = try ReadModels()
        var change = update(0, 1)
        change.incidents = [sampleIncident("INC-1"), sampleIncident("I%C-2")]
        try models.apply(change)
        #expect(try models.incidents(IncidentFilter(idPrefix: "I%")).map(\.id) == ["I%C-2"])
        #expect(try models.incidents(IncidentFilter(idPrefix: "I_C")).isEmpty)
    }

    @Test func `an update that fails half way changes neither rows nor checkpoint`() throws {
        let models = try ReadModels()
        var first = update(0, 4)
        first.incidents = [sampleIncident("INC-1")]
        first.totals = ProjectionTotals(records: 4)
        try models.apply(first)
        let before = try models.orderedDump()
        var broken = update(4, 8)
        broken.totals = ProjectionTotals(records: 4)
        broken.removedIncidents = ["INC-1"]
        var twin = sampleIncident("INC-2")
        // Two alerts of one id break the primary key after other rows were written.
        twin.alerts = [sampleAlert("A"), sampleAlert("A")]
        broken.incidents = [sampleIncident("INC-3"), twin]
        #expect(throws: WardlineError.self) { try models.apply(broken) }
        #expect(try models.orderedDump() == before)
        #expect(try models.checkpoint() == first.through)
        broken.incidents = [sampleIncident("INC-3")]
        #expect(try models.apply(broken))
        #expect(try models.orderedDump() != before)
    }

    @Test func `the file of a writer that died is whole and goes on`() throws {
        let directory = try TemporaryDirectory()
        let other = try TemporaryDirectory()
        let writer = try ReadModels(path: directory.database, mode: .readWrite)
        var change = update(0, 4)
        change.incidents = [sampleIncident("INC-1")]
        try writer.apply(change)
        // What a killed process leaves: the file and its WAL, never closed.
        for suffix in ["", "-wal"] {
            try FileManager.default.copyItem(
                atPath: directory.database + suffix,
                toPath: other.database + suffix
            )
        }
        let survivor = try ReadModels(path: other.database, mode: .readWrite)
        #expect(survivor.condition == .kept)
        #expect(try survivor.orderedDump() == writer.orderedDump())
        #expect(try survivor.apply(update(4, 5)))
    }

    @Test func `an update that was applied before is skipped, and a gap or an overlap is refused`() throws {
        let models = try ReadModels()
        for base in [0, 4] as [UInt64] {
            var change = update(base, base + 4)
            change.totals = ProjectionTotals(records: 4)
            #expect(try models.apply(change))
        }
        var again = update(4, 8)
        again.totals = ProjectionTotals(records: 4)
        #expect(try models.apply(again) == false)
        #expect(try models.totals().records == 8)
        #expect(throws: WardlineError.self) { try models.apply(update(9, 10)) }
        #expect(throws: WardlineError.self) { try models.apply(update(6, 10)) }
        #expect(try models.apply(update(8, 8)))
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `an incident written over another equals one written at once`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        func random() -> Incident {
            var incident = sampleIncident("INC-1")
            let texts = ["a", "b", "c", "d"].shuffled(using: &generator)
            incident.alerts = texts.prefix(Int.random(in: 0...4, using: &generator)).map { text in
                var alert = sampleAlert(text)
                alert.evidence.removeLast(Int.random(in: 0...2, using: &generator))
                alert.count = Int.random(in: 0...1, using: &generator)
                return alert
            }
            incident.entries = (0..<Int.random(in: 0...5, using: &generator)).map { index in
                var entry = sampleIncident("x").entries[index % 2]
                entry.summary = Bool.random(using: &generator) ? "a" : "b"
                return entry
            }
            return incident
        }
        let grown = try ReadModels()
        var last = random()
        for offset in 0..<6 as Range<UInt64> {
            last = random()
            var change = update(offset, offset + 1)
            change.incidents = [last]
            try grown.apply(change)
        }
        let fresh = try ReadModels()
        var whole = ProjectionUpdate(base: .zero, through: checkpoint(6, 6))
        whole.incidents = [last]
        try fresh.apply(whole)
        #expect(try grown.orderedDump() == fresh.orderedDump())
    }

    @Test func `removing all gives the dump of an empty file and checkpoint zero`() throws {
        let models = try ReadModels()
        let empty = try models.orderedDump()
        var change = update(0, 4)
        change.incidents = [sampleIncident("INC-1")]
        try models.apply(change)
        #expect(try models.orderedDump() != empty)
        try models.removeAll()
        #expect(try models.orderedDump() == empty)
        #expect(try models.checkpoint() == .zero)
    }

    @Test func `a copy in memory is equal and its changes stay its own`() throws {
        let models = try ReadModels()
        var change = update(0, 4)
        change.incidents = [sampleIncident("INC-1")]
        try models.apply(change)
        let copy = try models.copy()
        #expect(try copy.orderedDump() == models.orderedDump())
        try copy.apply(update(4, 9))
        #expect(try models.checkpoint() == checkpoint(4, 4))
    }
}
