// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Correlation
import EventModel
import Projections
import Timelines

@testable import Replay

/// A stored incident with the parts that expectations look at.
func stored(
    _ id: String,
    devices: [String] = ["CT-01"],
    classes: [EventClass] = [.access, .network],
    title: String = "title"
) -> StoredIncident {
    StoredIncident(
        Incident(
            id: id,
            severity: .high,
            risk: 50,
            title: title,
            alerts: [],
            rules: ["r"],
            classes: classes,
            devices: devices,
            users: [],
            first: UTCTime(nanoseconds: 0),
            last: UTCTime(nanoseconds: 9),
            entries: [],
            absences: [],
            whyJoined: [],
            isProvisional: false
        )
    )
}

/// Files in memory.
final class MemoryFiles: ScenarioFiles {
    private(set) var contents: [String: [UInt8]]

    init(_ texts: [String: String]) { contents = texts.mapValues { Array($0.utf8) } }

    func names(in directory: String) -> [String]? {
        let inside = contents.keys.filter { $0.hasPrefix(directory + "/") }.map {
            $0.dropFirst(directory.count + 1)
        }
        return inside.isEmpty ? nil : Array(Set(inside.map { String($0.prefix { $0 != "/" }) }))
    }

    func bytes(of path: String) -> [UInt8]? { contents[path] }

    func write(_ bytes: [UInt8], to path: String) { contents[path] = bytes }

    func text(_ path: String) -> String? { contents[path].map { String(decoding: $0, as: UTF8.self) } }
}
