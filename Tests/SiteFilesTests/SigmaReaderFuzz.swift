// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Correlation
import EventModel
import Foundation
import Inventory
import SiteFiles
import Testing

/// Rule files that were cut and mutated: read or refused, never a trap.
struct SigmaReaderFuzz {
    private static let seed: UInt64 = 20_261_123

    /// Every construct that the reader knows, in few lines.
    private static let samples = [
        """
        title: A
        id: 0b5a9c60-6c0f-4c4b-9a30-000000000001
        name: a
        level: high
        tags: [attack.t1078]
        logsource: {category: x, product: y}
        detection:
          one:
            f|re|i: '^(a|[b-d]\\d{2,3})+\\.x{1,}$'
            g|base64offset|contains: [secret, 'other one']
            h|windash|contains|all: [' -a', ' /b']
          two:
            - n|gte: 5.5
            - t|hour|lt: 8
            - u|expand: '%who%'
            - 'a keyword*'
          filter_x: {c|cidr: [10.0.0.0/8, '2001:db8::/32'], d|fieldref|endswith: e, m: null, k|exists: true}
          condition: [one and not 1 of filter_*, (all of two) or (one and two)]
        wardline:
          {group-by: [user.name, wardline.asset], timespan: 4h, absent: [x], placeholders: {who: [a, 'b*']}}
        """,
        """
        title: A
        name: a
        logsource: {category: x}
        detection: {s: {f: 1}, condition: s}
        ---
        title: B
        name: b
        logsource: {category: x}
        detection: {s: {f: 2}, condition: s}
        ---
        title: C
        correlation:
          type: temporal_ordered
          rules: [a, b]
          group-by: [k]
          timespan: 15m
          aliases: {k: {a: src.ip, b: dst.ip}}
          condition: a and not b
        ---
        title: D
        correlation:
          {type: value_percentile, rules: [a], timespan: 1d, condition: {field: n, gt: 5, percentile: 95}}
        wardline: {join-window: 8h, review: true}
        ---
        title: E
        logsource: {category: x}
        filter: {rules: [a], s: {user.name|startswith: adm_}, condition: not s}
        """,
    ]

    @Test func `mutated rule files are read or refused at a place, and what is read runs`() {
        var state = Self.seed
        func next(_ limit: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % UInt64(max(limit, 1)))
        }
        let words = [
            "|", "{", "}", "[", "]", "(", ")", "not ", "and ", "*", "\\", "'", "%", ":", ",", "-1",
            "99999999", "\n",
        ]
        var counts = (read: 0, refused: 0)
        for round in 0..<3_000 {
            var bytes = Array(Self.samples[round % Self.samples.count].utf8)
            for _ in 0...next(3) {
                let place = next(bytes.count)
                switch next(4) {
                case 0: bytes[place] = UInt8(next(256))
                case 1: bytes.remove(at: place)
                case 2: bytes.insert(contentsOf: words[next(words.count)].utf8, at: place)
                default: bytes.replaceSubrange(place..<min(place + next(12), bytes.count), with: [])
                }
            }
            if next(8) == 0 { bytes = Array(bytes.prefix(next(bytes.count))) }
            let outcome = SigmaReader.load([SigmaReader.File(name: "r.yml", bytes: bytes)])
            counts.read += outcome.count
            counts.refused += outcome.errors.count
            for error in outcome.errors {
                #expect(error.position.file == "r.yml")
                #expect(!error.message.isEmpty)
            }
            guard outcome.count > 0 else { continue }
            var correlator = Correlator(rules: outcome.rules, register: AssetRegister(site: Site()))
            correlator.admit(Self.events)
            correlator.advance(to: CivilTime(year: 2027, month: 1, day: 1).utc())
            _ = correlator.takeJudgements()
        }
        // Both outcomes must be common, or the mutations test nothing.
        #expect(counts.read > 1_000, "seed \(Self.seed)")
        #expect(counts.refused > 1_000, "seed \(Self.seed)")
    }

    private static let events: EventBatch = {
        var batch = EventBatch()
        var table = FieldTable()
        for number in 0..<4 {
            let time = CivilTime(year: 2026, month: 1, day: 1, minute: number).utc()
            batch.begin(Event(offset: Offset(UInt64(number)), time: time, logTime: time))
            for (name, value) in [("f", "b22.xx"), ("n", "7"), ("t", "2026-01-01T07:00"), ("h", "x -a /b")] {
                batch.add(table.field(named: "ext." + name), number % 2 == 0 ? value : String(number))
            }
            batch.add(.userName, "adm_a")
        }
        batch.extensionNames = table.names
        return batch
    }()
}
