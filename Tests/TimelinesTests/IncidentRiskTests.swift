// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Correlation
import EventModel
import Inventory
import Testing

@testable import Timelines

/// What weighs in a risk, and how it decays.
struct IncidentRiskTests {
    private static let noon = UTCTime(nanoseconds: 1_780_000_000 * UTCTime.second)
    private static let week = IncidentRisk.halfLifeNanoseconds

    private static func alert(
        _ level: Level,
        rule: String = "r",
        assets: [String] = ["A"],
        weeksAgo: Int64 = 0
    ) -> Alert {
        let time = noon.advanced(by: -weeksAgo * week)
        return Alert(
            id: "AL-" + rule,
            rule: rule,
            title: "t",
            level: level,
            key: [],
            first: time,
            last: time,
            count: 1,
            cause: .zero,
            assets: assets,
            users: [],
            addresses: [],
            joinWindow: 1,
            evidence: [],
            attribution: Alert.Attribution(author: "", license: "", references: [])
        )
    }

    private static func standing(
        _ name: String,
        _ exposure: Exposure = .internal
    ) -> AssetStanding? {
        name == "-"
            ? nil
            : AssetStanding(
                isLifeCritical: name == "PUMP",
                holdsHealthInformation: name != "A",
                exposure: exposure
            )
    }

    private static func risk(_ alerts: [Alert], _ exposure: Exposure = .internal) -> Int {
        IncidentRisk.risk(of: alerts) { standing($0, exposure) }
    }

    @Test func `level, criticality and exposure multiply, and patients weigh most`() {
        #expect(Level.allCases.map { Self.risk([Self.alert($0)]) } == [4, 12, 28, 48, 64])
        let assets = ["-", "A", "PACS", "PUMP"].map { Self.risk([Self.alert(.high, assets: [$0])]) }
        #expect(assets == [38, 48, 53, 62])
        let pump = Self.alert(.high, assets: ["A", "PUMP"])
        #expect(
            [Exposure.none, .internal, .vendor, .internet].map { Self.risk([pump], $0) } == [59, 62, 67, 72]
        )
        #expect(Self.risk([Self.alert(.critical, assets: ["PUMP"])], .internet) == 96)
        #expect(Self.risk([]) == 0)
    }

    @Test func `every other rule adds a twentieth, and what is older than the last evidence weighs less`() {
        let new = Self.alert(.high)
        #expect(Self.risk([new, Self.alert(.high)]) == 48)
        #expect(Self.risk([new, Self.alert(.high, rule: "s")]) == 50)
        #expect(Self.risk([new, Self.alert(.high, rule: "s", weeksAgo: 1)]) == 49)
        #expect(Self.risk([Self.alert(.medium), Self.alert(.critical, rule: "s", weeksAgo: 2)]) == 29)
        #expect(Self.risk([Self.alert(.high, weeksAgo: 9)]) == 48)
    }

    @Test func `a risk halves in a week of event time, never grows, and is whole before`() {
        func decayed(_ weeks: Int64) -> Int {
            IncidentRisk.decayed(80, from: Self.noon, to: Self.noon.advanced(by: weeks * Self.week))
        }
        #expect((-1...4).map(decayed) == [80, 80, 40, 20, 10, 5])
        #expect(decayed(100) == 0)
        #expect(IncidentRisk.decayed(80, from: Self.noon, to: UTCTime(nanoseconds: .max)) == 0)
        let days = (0...30).map { day in
            IncidentRisk.decayed(100, from: Self.noon, to: Self.noon.advanced(by: Int64(day) * Self.week / 7))
        }
        #expect(days == days.sorted(by: >))
        #expect(days[1] == 91 && days[3] == 75 && days[7] == 50)
    }
}
