// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Inventory
import Testing

struct ExposureTests {
    private static let noon = UTCTime(nanoseconds: 1_780_000_000 * UTCTime.second)

    private static func conduit(_ from: String, onlyIn: String = "", to: String = "pumps") -> Conduit {
        Conduit(from: from, to: to, sources: [], targets: [], ports: [], onlyIn: onlyIn, why: "")
    }

    private static func exposure(_ conduits: [Conduit], at time: UTCTime = noon) -> Exposure {
        var site = Site()
        var pump = Asset(id: "PUMP-7")
        pump.zone = "pumps"
        site.assets = [pump]
        site.zones = [
            ("pumps", "critical"), ("ward", "support"), ("vendors", "transit"), ("guests", "untrusted"),
        ]
        .map { Zone(id: $0.0, prefixes: [], tier: $0.1, isMedical: false) }
        site.conduits = conduits
        site.changes = [
            ChangeRecord(
                id: "C-1",
                kind: "maintenance",
                start: noon.advanced(by: -UTCTime.second),
                end: noon.advanced(by: UTCTime.second),
                assets: ["PUMP-7"],
                actors: [],
                via: []
            )
        ]
        return AssetRegister(site: site).exposure(of: pump, at: time)
    }

    @Test func `the widest conduit that leads to the zone counts`() {
        #expect(Self.exposure([]) == .none)
        #expect(Self.exposure([Self.conduit("pumps"), Self.conduit("vendors", to: "ward")]) == .none)
        #expect(Self.exposure([Self.conduit("ward")]) == .internal)
        #expect(Self.exposure([Self.conduit("vendors"), Self.conduit("ward")]) == .vendor)
        for from in ["guests", "internet", "*"] {
            #expect(Self.exposure([Self.conduit("ward"), Self.conduit(from)]) == .internet, "\(from)")
        }
    }

    @Test func `a conduit that is open in a change record only counts while one covers the asset`() {
        let conduits = [Self.conduit("vendors", onlyIn: "maintenance")]
        #expect(Self.exposure(conduits) == .vendor)
        #expect(Self.exposure(conduits, at: Self.noon.advanced(by: 2 * UTCTime.second)) == .none)
        #expect(Self.exposure([Self.conduit("vendors", onlyIn: "migration")]) == .none)
    }

    @Test(arguments: [
        (["k.vendor"], "K.Vendor", true), (["k.vendor"], "eve", false), ([], "eve", true),
        (["*"], "eve", true), (["k.vendor", "*"], "eve", true),
    ]) func `a change record covers the accounts that it names, and with an asterisk any`(
        actors: [String],
        actor: String,
        isCovered: Bool
    ) {
        var site = Site()
        site.changes = [
            ChangeRecord(
                id: "C-1",
                kind: "maintenance",
                start: Self.noon,
                end: Self.noon,
                assets: ["*"],
                actors: actors,
                via: []
            )
        ]
        let act = AssetRegister.Act(
            asset: "PUMP-7",
            actor: actor,
            source: nil,
            version: "",
            hash: "",
            time: Self.noon,
            uncertainty: 0
        )
        #expect((AssetRegister(site: site).change(covering: act) != nil) == isCovered)
    }
}
