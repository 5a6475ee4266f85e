// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Correlation
import EventModel
import Foundation
import Projections
import QueryEngine
import Timelines

@testable import wardline

/// An incident with everything that a view can show, hostile text included.
enum SampleIncident {
    static let start = UTCTime(nanoseconds: 1_773_454_061 * UTCTime.second)

    private static func entry(
        _ offset: UInt64,
        _ seconds: Int64,
        _ eventClass: EventClass,
        _ role: EntryRole,
        _ device: String,
        _ summary: String,
        rules: [String] = [],
        zones: String = "",
        uncertainty: Int64 = 0,
        skew: Int64? = nil
    ) -> TimelineEntry {
        let time = start.advanced(by: seconds * UTCTime.second)
        return TimelineEntry(
            offset: Offset(offset),
            ordinal: 0,
            time: time,
            uncertainty: uncertainty * UTCTime.second,
            deviceTime: skew.map { time.advanced(by: $0 * UTCTime.second) } ?? .absent,
            eventClass: eventClass,
            role: role,
            device: device,
            zonePath: zones,
            summary: summary,
            rules: rules
        )
    }

    static var incident: Incident {
        Incident(
            id: "INC-7K2M9Q4XTB",
            mergedIDs: ["INC-0000000001"],
            severity: .high,
            risk: 92,
            title: "Remote access to pump firmware downgrade",
            alerts: [],
            rules: ["WL-ACC-014", "WL-UPD-003"],
            classes: [.access, .network, .update],
            devices: ["infpump-3w-112", "pacs-ws-07"],
            users: ["jsmith-ad"],
            first: start,
            last: start.advanced(by: 140 * UTCTime.second),
            entries: [
                entry(
                    1_800,
                    0,
                    .access,
                    .trigger,
                    "vpn-gw-1",
                    "login jsmith-ad",
                    rules: ["WL-ACC-014"],
                    zones: "remote"
                ),
                entry(1_801, 20, .access, .context, "pacs-ws-07", "logout other"),
                entry(
                    1_803,
                    71,
                    .network,
                    .support,
                    "fw-core",
                    "connect",
                    zones: "imaging > infusion",
                    uncertainty: 3
                ),
                entry(
                    1_805,
                    95,
                    .update,
                    .trigger,
                    "infpump-3w-112",
                    "firmware 8.4.2 -> 8.3.9 \u{1b}[2J\u{202e}evil",
                    rules: ["WL-UPD-003"],
                    zones: "infusion",
                    skew: 41
                ),
            ],
            absences: ["no change record for infpump-3w-112"],
            whyJoined: ["session 88f1 -> 10.99.4.18", "10.99.4.18 -> pacs-ws-07"],
            isProvisional: false
        )
    }

    /// A store folder that holds read models with this incident, a source and a device.
    static func makeStore() throws -> String {
        let folder = FileManager.default.temporaryDirectory.path + "/wardline-cli-" + UUID().uuidString
        try FileManager.default.createDirectory(
            atPath: folder + "/projections",
            withIntermediateDirectories: true
        )
        // Every store has a log.
        try FileManager.default.createDirectory(
            atPath: folder + "/records",
            withIntermediateDirectories: true
        )
        let models = try ReadModels(path: folder + "/projections/wardline.sqlite", mode: .readWrite)
        var update = ProjectionUpdate(
            base: .zero,
            through: ProjectionCheckpoint(records: Offset(2_000), journal: Offset(3))
        )
        update.incidents = [incident]
        var source = SourceCounters(name: "fw\u{1b}]52;c;AAAA\u{7}-core", listener: "udp", peer: "10.0.0.1")
        source.count(rawBytes: 300, issues: [.badUTF8], received: start)
        source.count(event: start, decoder: "cisco.asa")
        update.sources = [source]
        update.inventory = [
            DeviceDefinition(
                asset: "infpump-3w-112",
                hostName: "pump\u{202e}112",
                model: "P",
                deviceType: "infusion pump",
                zone: "infusion",
                version: "8.4.2",
                isLifeCritical: true
            ),
            DeviceDefinition(asset: "mon-icu-04", deviceType: "monitor", zone: "icu"),
        ]
        var seen = DeviceCounters(asset: "infpump-3w-112")
        seen.count(event: start)
        seen.note(DeviceCounters.Version(text: "8.3.9", time: start, offset: Offset(1_805)))
        update.devices = [seen]
        _ = try models.apply(update)
        try models.close()
        return folder
    }
}
