// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Inventory
import Testing

@testable import Correlation

struct SituationSnapshotTests {
    /// Every part set to something that is not its default.
    private static var whole: Situation {
        var found = Situation()
        var asset = Asset(id: "pump-7")
        asset.hostNames = ["pump-7.ward.example"]
        found.subject = asset
        found.source = Asset(id: "server")
        found.target = asset
        found.subjectName = "a name of more than fifteen bytes"
        found.claimedHost = "pump-7"
        found.user = "root"
        found.sourceAddress = IPAddress("10.1.2.3")
        found.targetAddress = IPAddress("2001:db8::1")
        found.targetPort = 443
        found.sourceZone = Zone(id: "ward", prefixes: [], tier: "critical", isMedical: true)
        found.sourceIsInternet = true
        found.targetIsInternet = true
        found.subjectAddress = IPAddress("10.1.2.4")
        found.subjectZone = Zone(id: "ward", prefixes: [], tier: "support", isMedical: true)
        found.exposure = Exposure.allCases.last
        found.targetZone = Zone(id: "transit", prefixes: [], tier: "transit", isMedical: false)
        found.verdict = FlowVerdict.allCases.last
        found.isNewPeer = true
        found.peer = "10.1.2.3>10.1.2.4"
        found.isVendor = true
        found.conduit = .off
        found.change = ChangeRecord(
            id: "CHG-1",
            kind: "change-window",
            start: .absent,
            end: .absent,
            assets: ["*"],
            actors: [],
            via: []
        )
        found.bracket = .remote
        found.isApproved = false
        found.hashDiffers = true
        found.sourceIsScanner = true
        found.sourceReachedBy = "x"
        found.assetReachedBy = "y"
        found.isInteractive = true
        found.targetWasTouched = true
        found.carriedAssets = ["pump-7", "server"]
        return found
    }

    private static func again(_ situations: [Situation]) throws -> [Situation] {
        let encoder = SnapshotEncoder()
        for situation in situations { try situation.write(to: encoder) }
        let decoder = SnapshotDecoder(encoder.bytes)
        let found = try situations.map { _ in try Situation.read(from: decoder) }
        #expect(decoder.isAtEnd)
        return found
    }

    private static func text(_ situation: Situation) -> String {
        var text = ""
        dump(situation, to: &text)
        return text.replacing(/0x[0-9a-f]+|#[0-9]+/, with: "")
    }

    @Test func `every part comes back, and so does none`() throws {
        let empty = Situation()
        var approved = Situation()
        approved.isApproved = true
        let all = [Self.whole, empty, approved, Self.whole]
        #expect(try Self.again(all).map(Self.text) == all.map(Self.text))
        #expect(Self.text(Self.whole) != Self.text(empty))
    }

    @Test func `no stored property is forgotten`() {
        let empty = Mirror(reflecting: Situation()).children.map { "\($0.value)" }
        let whole = Mirror(reflecting: Self.whole).children.map { "\($0.value)" }
        #expect(empty.count == Situation.writtenCount)
        for (number, pair) in zip(empty, whole).enumerated() { #expect(pair.0 != pair.1, "part \(number)") }
    }
}
