// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Correlation
import Digests
import EventModel
import Inventory
import SiteFiles
import Testing

@testable import Pipeline

struct SlimCopyTests {
    /// Length of the message in a copy for rules that search `field`.
    private func messageLength(_ field: String) -> Int {
        let text = "title: t\nlogsource: {category: x}\ndetection: {s: {\(field): needle}, condition: s}\n"
        let rules = SigmaReader.load([.init(name: "r.yml", bytes: Array(text.utf8))]).rules
        var batch = EventBatch()
        batch.begin(Event(offset: .zero, time: .absent, logTime: .absent))
        batch.add(.message, Array(repeating: 0x61, count: 1_000))
        batch.add(.userName, "root")
        let correlator = Correlator(rules: rules, register: AssetRegister(site: Site()))
        var slim = SlimCopy(of: batch, for: [correlator])
        slim.add(batch, 0, from: ([1, 2, 3] as [UInt8]).span)
        return slim.events.range(of: .message, in: 0)?.count ?? 0
    }

    @Test func `a message is whole where a rule reads it, and cut for timelines elsewhere`() {
        #expect(messageLength("message|contains") == 1_000)
        #expect(messageLength("'|all'") == 1_000)
        #expect(messageLength("user.name") < 1_000)
    }

    @Test func `copies in parts of a few neighbours say the same, each with the digest of its record`() {
        var batch = EventBatch()
        for number in 0..<20 {
            batch.begin(Event(offset: Offset(UInt64(number)), time: .absent, logTime: .absent))
            batch.add(.userName, "user-\(number)")
            if number % 3 == 0 { batch.add(.hostName, "") }
        }
        let rules = SigmaReader.load([]).rules
        var slim = SlimCopy(of: batch, for: [Correlator(rules: rules, register: AssetRegister(site: Site()))])
        for number in 0..<20 { slim.add(batch, number, from: [UInt8(number)].span) }
        let parts = slim.parts
        #expect(parts.map(\.events.count) == [8, 8, 4])
        var number = 0
        for part in parts {
            for index in part.events.indices {
                #expect(part.events[index].offset.value == UInt64(number))
                #expect(part.text(.userName, in: index) == "user-\(number)")
                #expect((part.text(.hostName, in: index) != nil) == (number % 3 == 0))
                let digest = part.range(of: .recordDigest, in: index).map { Array(part.bytes[$0]) }
                #expect(digest == sha256([UInt8(number)]).bytes)
                number += 1
            }
        }
    }
}
