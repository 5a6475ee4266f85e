// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Correlation
import EventModel
import Testing
import Timelines

@testable import Projections

@Suite struct IncidentFilterTests {
    /// Three incidents: 100...160 s, 200...260 s, 300...360 s.
    private func models() throws -> ReadModels {
        let models = try ReadModels()
        var change = ProjectionUpdate(base: .zero, through: checkpoint(1))
        change.incidents = [
            sampleIncident("INC-AAA1", at: 100, devices: ["CT-01"], users: ["ann"], severity: .medium),
            sampleIncident(
                "INC-AAB2",
                at: 200,
                devices: ["CT-01", "PUMP-1"],
                users: ["Bob"],
                severity: .high,
                state: .acknowledged,
                merged: ["INC-OLD7"]
            ),
            sampleIncident(
                "INC-BBB3",
                at: 300,
                devices: ["PUMP-1"],
                users: [],
                severity: .critical,
                state: .closed
            ),
        ]
        try models.apply(change)
        return models
    }

    struct Row: CustomTestStringConvertible {
        var filter: IncidentFilter
        var ids: [String]
        var testDescription: String { "\(ids)" }
    }

    @Test(arguments: [
        Row(filter: IncidentFilter(), ids: ["INC-AAA1", "INC-AAB2", "INC-BBB3"]),
        Row(filter: IncidentFilter(since: time(160)), ids: ["INC-AAA1", "INC-AAB2", "INC-BBB3"]),
        Row(filter: IncidentFilter(since: time(161)), ids: ["INC-AAB2", "INC-BBB3"]),
        Row(filter: IncidentFilter(until: time(200)), ids: ["INC-AAA1"]),
        Row(filter: IncidentFilter(until: time(201)), ids: ["INC-AAA1", "INC-AAB2"]),
        Row(filter: IncidentFilter(since: time(200), until: time(300)), ids: ["INC-AAB2"]),
        Row(filter: IncidentFilter(severity: .high), ids: ["INC-AAB2", "INC-BBB3"]),
        Row(filter: IncidentFilter(states: [.closed]), ids: ["INC-BBB3"]),
        Row(filter: IncidentFilter(states: [.new, .closed]), ids: ["INC-AAA1", "INC-BBB3"]),
        Row(filter: IncidentFilter(device: "pump-1"), ids: ["INC-AAB2", "INC-BBB3"]),
        Row(filter: IncidentFilter(device: "PUMP"), ids: []),
        Row(filter: IncidentFilter(user: "bob"), ids: ["INC-AAB2"]),
        Row(filter: IncidentFilter(idPrefix: "INC-AA"), ids: ["INC-AAA1", "INC-AAB2"]),
        Row(filter: IncidentFilter(idPrefix: "INC-OLD"), ids: ["INC-AAB2"]),
        Row(filter: IncidentFilter(limit: 2), ids: ["INC-AAB2", "INC-BBB3"]),
        Row(filter: IncidentFilter(limit: 0), ids: []),
        Row(filter: IncidentFilter(severity: .high, device: "CT-01", user: "Bob"), ids: ["INC-AAB2"]),
        Row(filter: IncidentFilter(device: "CT-01", user: "nobody"), ids: []),
    ])
    func `a filter takes what fits every condition`(row: Row) throws {
        #expect(try models().incidents(row.filter).map(\.id) == row.ids)
    }

    @Test func `without detail the lists of alerts and entries are empty`() throws {
        let found = try models().incidents(IncidentFilter(hasDetail: false))
        #expect(found.allSatisfy { $0.alerts.isEmpty && $0.entries.isEmpty && !$0.json.isEmpty })
        #expect(try models().incidents().allSatisfy { !$0.alerts.isEmpty && !$0.entries.isEmpty })
    }

    @Test(arguments: [
        ("INC-AAA1", "INC-AAA1"), ("inc-aaa1", "INC-AAA1"), ("INC-AAA", "INC-AAA1"), ("INC-OLD7", "INC-AAB2"),
        ("INC-OL", "INC-AAB2"), ("inc-b", "INC-BBB3"),
    ])
    func `an id, a merged id or a prefix that fits one finds it`(asked: String, id: String) throws {
        guard case .found(let found) = try models().incident(asked) else {
            Issue.record("\(asked) was not found")
            return
        }
        #expect(found.id == id)
        #expect(found.entries.count == 2)
    }

    @Test func `a prefix that fits several names them, and nothing finds nothing`() throws {
        #expect(try models().incident("INC-A") == .ambiguous(["INC-AAA1", "INC-AAB2"]))
        #expect(try models().incident("INC-X") == .missing)
        #expect(try models().incident("") == .missing)
        #expect(try models().incident("INC-A%") == .missing)
    }
}
