// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Projections
import Testing

@testable import Replay

@Suite struct ScenarioExpectationTests {
    struct Row: CustomTestStringConvertible {
        var name: String
        var expectation: ScenarioExpectation
        var incidents: [StoredIncident]
        /// The beginning of each difference.
        var differences: [String]
        var testDescription: String { name }
    }

    private static let quiet = ScenarioExpectation()
    private static let attack = ScenarioExpectation(
        hasIncident: true,
        devices: ["INJ-03", "CT-01"],
        classes: [.access, .network, .update],
        incidentCountMax: 2,
        extraDeviceCountMax: 1
    )

    @Test(arguments: [
        Row(name: "quiet and none", expectation: quiet, incidents: [], differences: []),
        Row(
            name: "quiet and one",
            expectation: quiet,
            incidents: [stored("I1")],
            differences: ["expected no incident"]
        ),
        Row(
            name: "attack and none",
            expectation: attack,
            incidents: [],
            differences: ["expected an incident"]
        ),
        Row(
            name: "one with all devices",
            expectation: attack,
            incidents: [stored("I1", devices: ["CT-01", "INJ-03"])],
            differences: []
        ),
        Row(
            name: "two that share the devices",
            expectation: attack,
            incidents: [stored("I1", devices: ["CT-01"]), stored("I2", devices: ["INJ-03"])],
            differences: []
        ),
        Row(
            name: "one too many",
            expectation: attack,
            incidents: [stored("I1", devices: ["CT-01", "INJ-03"]), stored("I2"), stored("I3")],
            differences: ["expected at most 2 incidents, found 3: I1, I2, I3"]
        ),
        Row(
            name: "a device is missing",
            expectation: attack,
            incidents: [stored("I1", devices: ["CT-01"])],
            differences: ["no incident names INJ-03"]
        ),
        Row(
            name: "one other device is allowed",
            expectation: attack,
            incidents: [stored("I1", devices: ["CT-01", "INJ-03", "X"])],
            differences: []
        ),
        Row(
            name: "two other devices are not",
            expectation: attack,
            incidents: [stored("I1", devices: ["CT-01", "INJ-03", "X"]), stored("I2", devices: ["Y"])],
            differences: ["expected at most 1 other devices, found 2: X, Y"]
        ),
        Row(
            name: "classes in two incidents do not add up",
            expectation: attack,
            incidents: [
                stored("I1", devices: ["CT-01", "INJ-03"], classes: [.access]),
                stored("I2", classes: [.network]),
            ],
            differences: [
                "no incident has evidence of 2 of the classes access, network, update; the best has 1"
            ]
        ),
        Row(
            name: "a class that nobody asked for does not count",
            expectation: ScenarioExpectation(
                hasIncident: true,
                classes: [.access, .update],
                extraDeviceCountMax: 1
            ),
            incidents: [stored("I1", classes: [.network, .update])],
            differences: ["no incident has evidence of 2"]
        ),
        Row(
            name: "one class is enough where one is named",
            expectation: ScenarioExpectation(hasIncident: true, classes: [.update], extraDeviceCountMax: 1),
            incidents: [stored("I1", classes: [.update])],
            differences: []
        ),
        Row(
            name: "everything wrong at once",
            expectation: attack,
            incidents: [
                stored("I1", devices: ["X"], classes: []), stored("I2", devices: ["Y"], classes: []),
                stored("I3", devices: [], classes: []),
            ],
            differences: [
                "expected at most 2", "no incident names INJ-03, CT-01", "expected at most 1 other",
                "no incident has",
            ]
        ),
    ])
    func `incidents are compared with what was expected`(row: Row) {
        let found = row.expectation.differences(from: row.incidents)
        #expect(found.count == row.differences.count)
        for (difference, beginning) in zip(found, row.differences) {
            #expect(difference.hasPrefix(beginning))
        }
    }

    @Test func `an expectation is read with its limits and reference time`() throws {
        let text = """
            {"incident": true, "devices": ["A"], "classes": ["update"], "incidents_max": 3,
             "extra_devices_max": 2,
             "reference_time": "2026-10-12T00:00:00Z", "title": "x", "events": [{"offset_s": -7200}]}
            """
        let found = try ScenarioExpectation(parsing: Array(text.utf8), location: "f")
        #expect(
            found
                == ScenarioExpectation(
                    hasIncident: true,
                    devices: ["A"],
                    classes: [.update],
                    incidentCountMax: 3,
                    extraDeviceCountMax: 2,
                    referenceTime: CivilTime(year: 2026, month: 10, day: 12).utc()
                )
        )
    }

    @Test(arguments: [
        "", "[]", "{}", #"{"incident":1}"#, #"{"incident":true,"devices":"A"}"#,
        #"{"incident":true,"devices":[1]}"#,
        #"{"incident":true,"classes":["acces"]}"#, #"{"incident":true,"incidents_max":-1}"#,
        #"{"incident":true,"incidents_max":"2"}"#, #"{"incident":true,"reference_time":7}"#,
        #"{"incident":true,"reference_time":"soon"}"#,
    ])
    func `an expectation that would check nothing is refused`(text: String) {
        let error = #expect(throws: WardlineError.self) {
            try ScenarioExpectation(parsing: Array(text.utf8), location: "f.json")
        }
        #expect(error?.code == .input)
        #expect(error?.location == "f.json")
    }
}
