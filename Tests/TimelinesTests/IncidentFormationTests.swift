// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Correlation
import EventModel
import Testing
import Timelines

struct IncidentFormationTests {
    private static let hour = 3_600 * UTCTime.second
    private static let noon = UTCTime(nanoseconds: 1_780_000_000 * UTCTime.second)

    private func alert(
        _ id: String,
        hours: Int64,
        level: Level = .high,
        assets: [String] = [],
        users: [String] = [],
        eventClass: EventClass = .access,
        isReview: Bool = false
    ) -> Alert {
        let time = IncidentFormationTests.noon.advanced(by: hours * IncidentFormationTests.hour)
        let witness = Witness(
            offset: Offset(UInt64(hours)),
            ordinal: 0,
            time: time,
            uncertainty: 0,
            eventClass: eventClass,
            contentHash: 1,
            assets: assets
        )
        return Alert(
            id: "AL-" + id,
            rule: "rule-" + id,
            title: id,
            level: level,
            isReview: isReview,
            key: [],
            first: time,
            last: time,
            count: 1,
            cause: Offset(UInt64(hours)),
            assets: assets,
            users: users,
            addresses: [],
            joinWindow: 4 * IncidentFormationTests.hour,
            evidence: [witness],
            attribution: Alert.Attribution(author: "", license: "", references: [])
        )
    }

    @Test func `alerts on one asset within the join window are one incident`() {
        let cores = IncidentFormation.form([
            alert("A", hours: 0, assets: ["PUMP-1"]), alert("B", hours: 4, assets: ["PUMP-1"]),
        ])
        #expect(cores.count == 1)
        #expect(cores.first?.id == "INC-A")
        #expect(cores.first?.whyJoined == ["rule-A and rule-B share asset PUMP-1"])
    }

    @Test func `an absence that is not known joins an incident and opens none`() {
        var unknown = alert("A", hours: 0, assets: ["PUMP-1"])
        unknown.coverageGap = "pump-1 was silent"
        #expect(IncidentFormation.form([unknown]).isEmpty)
        var other = alert("B", hours: 1, level: .medium, assets: ["PUMP-1"], eventClass: .update)
        #expect(IncidentFormation.form([unknown, other]).isEmpty)
        other.level = .high
        let cores = IncidentFormation.form([unknown, other])
        #expect(cores.map { $0.alerts.count } == [2])
        let absences = cores.flatMap { $0.alerts.flatMap(\.statedAbsences) }
        #expect(absences == ["whether it did not come is unknown: pump-1 was silent"])
    }

    @Test func `beyond the join window they are two`() {
        let cores = IncidentFormation.form([
            alert("A", hours: 0, assets: ["PUMP-1"]), alert("B", hours: 5, assets: ["PUMP-1"]),
        ])
        #expect(cores.map(\.id) == ["INC-A", "INC-B"])
    }

    @Test func `the order in which alerts come changes nothing`() {
        let alerts = [
            alert("A", hours: 0, assets: ["PUMP-1"], users: ["eve"]), alert("B", hours: 1, users: ["Eve"]),
            alert("C", hours: 2, assets: ["CT-1"], users: ["eve"]), alert("D", hours: 30, assets: ["MR-1"]),
        ]
        let forward = IncidentFormation.form(alerts)
        #expect(forward == IncidentFormation.form(alerts.reversed()))
        #expect(forward.map(\.devices) == [["CT-1", "PUMP-1"], ["MR-1"]])
    }

    @Test func `a review never forms or joins an incident`() {
        let review = alert("R", hours: 0, assets: ["PUMP-1"], isReview: true)
        #expect(IncidentFormation.form([review]).isEmpty)
        #expect(
            IncidentFormation.form([review, alert("A", hours: 1, assets: ["PUMP-1"])]).first?.alerts.count
                == 1
        )
    }

    @Test func `medium alerts open only when two classes meet on an asset`() {
        let login = alert("A", hours: 0, level: .medium, assets: ["PUMP-1"])
        let flow = alert("B", hours: 1, level: .low, assets: ["PUMP-1"], eventClass: .network)
        #expect(IncidentFormation.form([login]).isEmpty)
        #expect(IncidentFormation.form([login, flow]).count == 1)
    }

    @Test func `a user whom too many assets share joins nothing`() {
        let shared = (0...IncidentFormation.degreeMax).map { number in
            alert("\(number)", hours: 0, assets: ["PUMP-\(number)"], users: ["scanner"])
        }
        #expect(IncidentFormation.form(shared).count == shared.count)
        #expect(IncidentFormation.form(Array(shared.dropLast())).count == 1)
    }
}
