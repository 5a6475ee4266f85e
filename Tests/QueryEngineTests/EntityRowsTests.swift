// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Inventory
import Testing

@testable import QueryEngine

/// Queries for devices read no more than the records that can be about them.
@Suite struct EntityRowsTests {
    private static let hour = 3_600 * UTCTime.second

    private static var site: Site {
        var site = Site()
        var scanner = Asset(id: "CT-01")
        (scanner.serial, scanner.manufacturer, scanner.model) = ("SN7", "Maker", "Twin 2")
        (scanner.deviceType, scanner.aeTitles) = ("ct scanner", ["CT_SCAN"])
        (scanner.macs, scanner.hostNames) = ([mac(1)].compactMap(\.self), ["ct-01"])
        scanner.certificates = ["ct-01.example.org"]
        var pump = Asset(id: "PUMP-9")
        (pump.deviceType, pump.manufacturer) = ("infusion pump", "Other")
        (pump.macs, pump.hostNames) = ([mac(2)].compactMap(\.self), ["pump9"])
        var foreign = Asset(id: "RÖ-1")
        foreign.deviceType = "infusion pump"
        site.assets = [scanner, pump, foreign]
        // One address passes from the scanner to the pump.
        let handover = Fixture.now.advanced(by: -2 * hour)
        site.bindings = [
            binding(1, "10.1.0.1", from: UTCTime(nanoseconds: 0), through: handover),
            binding(2, "10.1.0.1", from: handover, through: nil),
            binding(1, "10.1.0.2", from: handover, through: nil),
        ].compactMap(\.self)
        return site
    }

    private static func mac(_ number: Int) -> MACAddress? { MACAddress("02:00:00:00:00:0\(number)") }

    private static func binding(
        _ number: Int,
        _ address: String,
        from: UTCTime,
        through: UTCTime?
    ) -> SiteBinding? {
        guard let mac = mac(number), let address = IPAddress(address) else { return nil }
        return SiteBinding(mac: mac, address: address, from: from, through: through)
    }

    private static let queries = [
        "device:CT-01", "device:ct*", "device:sn7", "device:CT_SCAN", "entity:pump9", "entity:10.1.0.1",
        "device.class:\"infusion pump\"", "device.class:ct_scanner", "device.manufacturer:maker",
        "device.model:*", "device:rö-1", "device:unheard", "entity:10.1.0.0/24", "not device:pump9",
        "device:pump9 or user.name:ada", "device:CT-01 and class:access", "zone:none",
    ]

    /// Events that a query matches although it ruled them out, and how many it ruled out.
    private static func lost(
        _ seed: UInt64,
        _ resolver: any EntityResolver,
        _ stated: any EntityResolver
    ) throws
        -> (lost: [String], ruledOut: Int)
    {
        var random = SplitMix64(seed: seed)
        var batch = EventBatch()
        let names = [
            "ct-01", "CT-01.radiology.example.org", "pump9", "Pump9", "sn7", "rö-1", "fw", "CT_SCAN",
            "10.1.0.1", "10.1.0.2", "::FFFF:0a01:0001",
        ]
        let addresses = ["10.1.0.1", "10.1.0.2", "10.1.0.3", "::ffff:10.1.0.1"]
        for number in 0..<80 {
            let time = Fixture.now.advanced(by: -Int64(random.below(5)) * hour)
            var event = Event(offset: Offset(UInt64(number)), time: time, logTime: Fixture.now)
            event.eventClass = random.pick(EventClass.allCases)
            batch.begin(event)
            if random.below(2) == 0 { batch.add(.hostName, random.pick(names)) }
            if random.below(3) == 0 { batch.add(.deviceID, random.pick(names)) }
            if random.below(6) == 0 { batch.add(.peerIdentity, "CT-01.example.org") }
            if random.below(2) == 0 { batch.add(.sourceIP, random.pick(addresses)) }
            if random.below(3) == 0 { batch.add(.hostIP, random.pick(addresses)) }
            if random.below(3) == 0 { batch.add(.userName, random.pick(["ada", "eve"])) }
        }
        var (lost, ruledOut): ([String], Int) = ([], 0)
        for text in queries {
            let query = try Fixture.query(text)
            let predicate = QueryPredicate(query, for: batch, resolver: resolver)
            let condition = query.rowCondition(stated)
            for index in batch.events.indices {
                let fields = batch.fields(of: index).map {
                    (batch.name(of: $0.field), Array(batch.bytes[$0.range]))
                }
                if QueryPropertyTests.holds(condition, batch.events[index], fields, mutant: false) {
                    continue
                }
                ruledOut += 1
                if predicate.matches(index) { lost.append("\(text): event \(index)") }
            }
        }
        return (lost, ruledOut)
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `what a query for a device rules out is not about it`(seed: UInt64) throws {
        let resolver = SiteResolver(AssetRegister(site: EntityRowsTests.site))
        let (lost, ruledOut) = try EntityRowsTests.lost(seed, resolver, resolver)
        #expect(lost.isEmpty, "\(lost.prefix(3))")
        #expect(ruledOut > 300)
    }

    @Test func `a resolver that forgets addresses is noticed`() throws {
        // The planted mutant: it knows the names of assets alone.
        var poor = EntityRowsTests.site
        poor.bindings = []
        let resolver = SiteResolver(AssetRegister(site: EntityRowsTests.site))
        let mutant = SiteResolver(AssetRegister(site: poor))
        #expect(try !EntityRowsTests.lost(1, resolver, mutant).lost.isEmpty)
    }

    @Test func `a query for one device says what its records hold`() throws {
        let resolver = SiteResolver(AssetRegister(site: EntityRowsTests.site))
        #expect(try !Fixture.query("device:CT-01").rowCondition(resolver).isEverything)
        #expect(try Fixture.query("device:*").rowCondition(resolver).isEverything)
    }
}
