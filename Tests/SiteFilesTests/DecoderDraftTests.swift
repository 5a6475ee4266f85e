// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Normalization
import SimulationKit
import SiteFiles
import Testing

@Suite struct DecoderDraftTests {
    private func drafts(_ lines: [String]) -> [DecoderDraft] {
        var miner = ShapeMiner()
        for line in lines { miner.add(Array(line.utf8)) }
        return DecoderDraft.drafts(of: miner.groups())
    }

    private func events(_ lines: [String], by draft: DecoderDraft) -> EventBatch {
        let file = DecoderLoader.File(name: "draft", bytes: Array(draft.text.utf8))
        var normalizer = Normalizer(
            decoders: DecoderLoader.load([file]).decoders,
            siteKey: SiteKey(id: "test", secret: [1])
        )
        var records = RecordBatch()
        let origin = records.index(of: Origin(listener: "test", transport: .file))
        for line in lines {
            records.append(Array(line.utf8), kind: .device, origin: origin, receiveTime: .absent)
        }
        var events = EventBatch()
        let reference = CivilTime(year: 2026, month: 5, day: 1).utc()
        normalizer.decode(records, base: .zero, reference: reference, into: &events)
        return events
    }

    private static let header = "<34>1 2026-10-05T04:00:00Z pump7 frobd 88 - - "

    @Test("a draft loads, and decodes lines of its shapes that it has not seen")
    func unseen() throws {
        let seen = (0..<5).map { index in
            DraftLines.line(Self.header, unit: index, address: "10.1.2.\(index)", user: "u\(index)")
        }
        let draft = try #require(drafts(seen).first)
        #expect(draft.id == "draft.frobd")
        #expect(draft.ruleCount == 1)
        #expect(draft.lineCount == 5)
        #expect(draft.leftCount == 0)
        let other = DraftLines.line(Self.header, unit: 99, address: "2001:db8::1", user: "nurse.k")
        let events = events([other, Self.header + "Something else"], by: draft)
        #expect(events.decoders[Int(events.events[0].decoder)] == "draft.frobd")
        #expect(events.text(.sourceIP, in: 0) == "2001:db8::1")
        #expect(events.text(.userName, in: 0) == "nurse.k")
        #expect(!events.events[0].issues.contains(.undecoded))
        #expect(events.events[1].issues.contains(.undecoded))
    }

    @Test("text that is syntax in YAML or in a pattern comes back as itself")
    func syntax() throws {
        let line = Self.header + #"Don't {stop|go} \ # 100% "it's quoted": yes, [1, 2] & *anchor"#
        let draft = try #require(drafts([line]).first)
        let events = events([line], by: draft)
        #expect(!events.events[0].issues.contains(.undecoded))
    }

    @Test("JSON and pairs are told apart by keys")
    func keyed() throws {
        let json = #"{"frob":1,"username":"bob","ipAddress":"10.9.8.7"}"#
        let pairs = "frobstate=2 level=3 rank=4 user=joe src=10.1.1.1"
        let drafts = drafts([json, pairs, json])
        #expect(drafts.map(\.id) == ["draft.lines.json", "draft.lines.kv"])
        for (draft, line, user) in zip3(drafts, [json, pairs], ["bob", "joe"]) {
            let events = events([line], by: draft)
            #expect(!events.events[0].issues.contains(.undecoded))
            #expect(events.text(.userName, in: 0) == user)
        }
    }

    private func zip3(
        _ drafts: [DecoderDraft],
        _ lines: [String],
        _ users: [String]
    ) -> [(DecoderDraft, String, String)] {
        drafts.indices.map { (drafts[$0], lines[$0], users[$0]) }
    }

    @Test("a draft of any bytes loads, or there is none", arguments: 0..<40)
    func anyBytes(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var miner = ShapeMiner()
        let parts = [
            "<13>", "Oct 11 22:14:15 ", "h1 ", "app: ", "{", "}", "'", "\"", "=", "a=1 ", "10.0.0.1 ",
        ]
        var lineCount = 0
        for _ in 0..<30 {
            var line: [UInt8] = []
            for _ in 0..<Int.random(in: 1...12, using: &random) {
                if Bool.random(using: &random) {
                    line += Array(parts.randomElement(using: &random)!.utf8)
                } else {
                    line.append(UInt8.random(in: 0...255, using: &random))
                }
            }
            miner.add(line)
            lineCount += 1
        }
        let groups = miner.groups()
        #expect(groups.reduce(0) { $0 + $1.count } == lineCount)
        for draft in DecoderDraft.drafts(of: groups) {
            let file = DecoderLoader.File(name: "draft", bytes: Array(draft.text.utf8))
            let outcome = DecoderLoader.load([file])
            #expect(outcome.refused.isEmpty, "\(outcome.refused) in\n\(draft.text)")
            #expect(outcome.sampleCount == draft.ruleCount)
        }
    }

    @Test("words that differ become values; punctuation does not")
    func joining() throws {
        var miner = ShapeMiner()
        for name in ["alpha", "beta", "gamma"] {
            miner.add(Array((Self.header + "Valve \(name) is stuck at 12:00:03").utf8))
        }
        miner.add(Array((Self.header + "Valve (alpha) is stuck at 12:00:03").utf8))
        let groups = miner.groups()
        #expect(groups.map(\.count) == [3, 1])
        #expect(groups[0].shape == "Valve {ext.valve:word} is stuck at {ext.at:time}")
    }

    @Test("shapes beyond the bound are counted")
    func overflow() {
        var miner = ShapeMiner()
        for index in 0..<ShapeMiner.shapeCountMax + 7 {
            var name = ""
            var rest = index
            repeat {
                name.unicodeScalars.append(Unicode.Scalar(UInt8(0x61 + rest % 26)))
                rest /= 26
            } while rest > 0
            miner.add(Array((Self.header + name).utf8))
        }
        #expect(miner.overflowCount == 7)
    }
}

/// Lines of an invented device.
private enum DraftLines {
    static func line(_ header: String, unit: Int, address: String, user: String) -> String {
        header + "Frobnicated unit \(unit) from \(address) port 44\(unit) user=\(user) state=open"
    }
}
