// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Correlation
import EventModel
import Foundation
import Timelines

@testable import Projections

/// Seeded random numbers (splitmix64): a failing run is named by its seed.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return mixed ^ mixed >> 31
    }
}

/// A directory of its own that is removed with the value.
final class TemporaryDirectory {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "wardline-projections-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    var database: String { path + "/wardline.sqlite" }

    /// Names, and per name the bytes and the modification time.
    func snapshot() throws -> [String: String] {
        var found: [String: String] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: path) {
            let attributes = try FileManager.default.attributesOfItem(atPath: path + "/" + name)
            let bytes = FileManager.default.contents(atPath: path + "/" + name) ?? Data()
            found[name] =
                "\(attributes[.modificationDate] as? Date ?? .distantPast) \(bytes.hashValue) \(bytes.count)"
        }
        return found
    }
}

func time(_ seconds: Int64) -> UTCTime { UTCTime(nanoseconds: seconds * UTCTime.second) }

func checkpoint(_ records: UInt64, _ journal: UInt64 = 0) -> ProjectionCheckpoint {
    ProjectionCheckpoint(records: Offset(records), journal: Offset(journal))
}

/// An alert with every list filled.
func sampleAlert(_ id: String, at seconds: Int64 = 100, text: String = "x", isReview: Bool = false) -> Alert {
    var alert = Alert(
        id: id,
        rule: "rule \(text)",
        title: "title \(text)",
        level: .high,
        isReview: isReview,
        isProvisional: true,
        isLowerBound: true,
        key: ["user", text],
        first: time(seconds),
        last: time(seconds + 60),
        count: 3,
        cause: Offset(9),
        assets: ["CT-01", text],
        users: [text],
        addresses: ["10.0.0.1"],
        artefacts: [""],
        sessions: [text, "", "b"],
        joinWindow: 4 * 3_600 * UTCTime.second,
        tags: ["attack.t1210"],
        absences: [text],
        evidence: [
            Witness(
                offset: Offset(7),
                ordinal: 1,
                time: time(seconds),
                uncertainty: 5,
                eventClass: .access,
                contentHash: .max,
                assets: ["CT-01"],
                copies: [Offset(8), Offset(12)]
            ),
            Witness(
                offset: Offset(9),
                ordinal: 0,
                time: .absent,
                uncertainty: 0,
                eventClass: .network,
                contentHash: 1,
                assets: []
            ),
        ],
        attribution: Alert.Attribution(author: text, license: "DRL-1.1", references: [text])
    )
    alert.order = .possible
    alert.coverageGap = "silent " + text
    return alert
}

/// An incident with every list filled.
func sampleIncident(
    _ id: String,
    at seconds: Int64 = 100,
    text: String = "x",
    devices: [String] = ["CT-01"],
    users: [String] = ["j.moss"],
    severity: Level = .high,
    state: IncidentState = .new,
    merged: [String] = []
) -> Incident {
    Incident(
        id: id,
        mergedIDs: merged,
        state: state,
        severity: severity,
        risk: 71,
        title: "title \(text)",
        alerts: [sampleAlert("A-\(id)", at: seconds, text: text)],
        rules: ["r1", text],
        classes: [.access, .update],
        devices: devices,
        users: users,
        first: time(seconds),
        last: time(seconds + 60),
        entries: [
            TimelineEntry(
                offset: Offset(7),
                ordinal: 1,
                time: time(seconds),
                uncertainty: 2_000_000,
                deviceTime: .absent,
                eventClass: .access,
                role: .trigger,
                device: "CT-01",
                zonePath: "a > b",
                summary: text,
                rules: ["r1"]
            ),
            TimelineEntry(
                offset: Offset(8),
                ordinal: 0,
                time: time(seconds + 60),
                uncertainty: 0,
                deviceTime: time(seconds + 61),
                eventClass: .update,
                role: .context,
                device: "",
                zonePath: "",
                summary: text + text,
                rules: []
            ),
        ],
        absences: [text],
        whyJoined: ["user \(text)", ""],
        isProvisional: true
    )
}
