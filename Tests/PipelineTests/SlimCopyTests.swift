// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Correlation
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
        slim.add(batch, 0, from: [1, 2, 3])
        return slim.events.range(of: .message, in: 0)?.count ?? 0
    }

    @Test func `a message is whole where a rule reads it, and cut for timelines elsewhere`() {
        #expect(messageLength("message|contains") == 1_000)
        #expect(messageLength("'|all'") == 1_000)
        #expect(messageLength("user.name") < 1_000)
    }
}
