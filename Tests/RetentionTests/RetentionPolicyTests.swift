// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import QueryEngine
import SiteFiles
import Testing

@testable import Retention

/// Knows the zone of one address.
private final class OneZone: EntityResolver {
    func participants(of index: Int, in batch: EventBatch) -> [EntityFacts] { [] }

    func identifiers(where accepts: (EntityFacts) -> Bool) -> EntityIdentifiers { EntityIdentifiers() }
    func zone(of address: IPAddress) -> String? { address == IPAddress("10.0.0.7") ? "icu" : "else" }
}

private func policy(_ text: String) throws -> RetentionPolicy {
    let configuration = try Configuration(parsing: Array(text.utf8), file: "c.yaml")
    return RetentionPolicy(configuration.retention)
}

/// Which rule takes a record with events of these classes and source addresses.
private func rule(_ policy: RetentionPolicy, _ events: [(EventClass, String)]) -> Int? {
    var batch = EventBatch()
    for (eventClass, address) in events {
        var event = Event(offset: .zero, time: .absent, logTime: .absent)
        event.eventClass = eventClass
        batch.begin(event)
        batch.add(.sourceIP, address)
    }
    return policy.rule(for: 0..<events.count, in: batch, OneZone())
}

@Suite struct RetentionPolicyTests {
    private static let text = """
        retention:
          - { class: network, zone: icu, keep: forever }
          - { class: network, keep: 90d }
          - { class: access, keep: 6y }
          - { class: unclassified, keep: 30d }
        """

    @Test func `the first rule that fits counts, by class and zone`() throws {
        let policy = try policy(Self.text)
        #expect(rule(policy, [(.network, "10.0.0.8")]) == 1)
        #expect(rule(policy, [(.network, "10.0.0.7")]) == nil)
        #expect(rule(policy, [(.access, "10.0.0.7")]) == 2)
        #expect(rule(policy, []) == 3)
        #expect(policy.shortest == 30 * 86_400 * UTCTime.second)
    }

    @Test func `what no rule fits is kept for ever`() throws {
        #expect(rule(try policy(Self.text), [(.update, "10.0.0.8")]) == nil)
        #expect(rule(try policy("node: a"), [(.network, "10.0.0.8")]) == nil)
        #expect(try policy("retention: [{ keep: forever }]").shortest == nil)
    }

    @Test func `a record is kept for as long as the longest of its events wants`() throws {
        let policy = try policy(Self.text)
        #expect(rule(policy, [(.network, "10.0.0.8"), (.access, "10.0.0.8")]) == 2)
        #expect(rule(policy, [(.access, "10.0.0.8"), (.network, "10.0.0.8")]) == 2)
        #expect(rule(policy, [(.access, "10.0.0.8"), (.network, "10.0.0.7")]) == nil)
    }
}

@Suite struct HoldTests {
    private static func hold(_ offsets: [Range<UInt64>], _ period: ClosedRange<UTCTime>? = nil) -> Hold {
        Hold(
            name: "case-7",
            reason: "court order\n2026-4",
            actor: "root (uid 0)",
            time: UTCTime(nanoseconds: 1_790_000_000_000_000_000),
            offsets: offsets,
            period: period,
            incidents: ["INC-a"]
        )
    }

    @Test func `offsets and times are held, ends included, and nothing else`() {
        let from = UTCTime(nanoseconds: 100)
        let through = UTCTime(nanoseconds: 200)
        let hold = Self.hold([3..<5, 9..<10], from...through)
        let none = UTCTime(nanoseconds: 99)
        for (offset, isHeld) in [(2, false), (3, true), (4, true), (5, false), (9, true), (10, false)] {
            #expect(hold.covers(Offset(UInt64(offset)), [none]) == isHeld)
        }
        for (time, isHeld) in [(99, false), (100, true), (200, true), (201, false)] {
            #expect(hold.covers(Offset(70), [UTCTime.absent, UTCTime(nanoseconds: Int64(time))]) == isHeld)
        }
        #expect(!hold.covers(Offset(70), [.absent]))
    }

    @Test(arguments: [
        ("case-7", true), ("2026/4#1", true), ("", false), ("a b", false), ("a\nb", false), ("\u{e9}", false),
    ])
    func `a hold's name is printable ASCII without blanks`(name: String, isName: Bool) {
        #expect(Hold.isName(name) == isName)
        #expect(
            Hold.isName(String(repeating: "a", count: 64)) && !Hold.isName(String(repeating: "a", count: 65))
        )
    }
}
