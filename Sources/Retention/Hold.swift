// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Digests
public import EventModel
import SegmentLog

/// Evidence that must not be removed, whatever the policy says.
public struct Hold: Hashable, Sendable {
    /// Its name.
    public var name: String
    /// Why, in the words of whoever placed it.
    public var reason: String
    /// Who placed it.
    public var actor: String
    /// When it was placed.
    public var time: UTCTime
    /// Records that are held, by offset.
    public var offsets: [Range<UInt64>]
    /// Records of this time are held, by log time and by event time; nil for none.
    public var period: ClosedRange<UTCTime>?
    /// Incidents whose evidence the offsets are.
    public var incidents: [String]

    /// Makes a hold.
    public init(
        name: String,
        reason: String,
        actor: String,
        time: UTCTime,
        offsets: [Range<UInt64>],
        period: ClosedRange<UTCTime>?,
        incidents: [String]
    ) {
        self.name = name
        self.reason = reason
        self.actor = actor
        self.time = time
        self.offsets = offsets
        self.period = period
        self.incidents = incidents
    }

    /// Whether a name may name a hold.
    public static func isName(_ name: String) -> Bool {
        (1...64).contains(name.utf8.count) && name.utf8.allSatisfy { (0x21...0x7e).contains($0) }
    }

    private static let title = "wardline hold v1"

    /// The lines that are signed.
    var body: String {
        var lines = [Hold.title, "add \(name)", "reason \(reason)", "actor \(actor)", "time \(time)"]
        if let period { lines.append("period \(period.lowerBound) \(period.upperBound)") }
        lines += incidents.map { "incident \($0)" }
        lines += offsets.map { "offsets \($0.lowerBound) \($0.upperBound)" }
        return SignedNote.body(lines)
    }

    init?(_ note: SignedNote) {
        func value(_ name: String) -> String? { note.values(name).first }
        guard note.lines.first == Hold.title[...], let name = value("add"),
            let time = value("time").flatMap({ UTCTime(rfc3339: $0) })
        else { return nil }
        var offsets: [Range<UInt64>] = []
        for ends in note.values("offsets").map({ $0.split(separator: " ").compactMap { UInt64($0) } }) {
            guard ends.count == 2, ends[0] <= ends[1] else { return nil }
            offsets.append(ends[0]..<ends[1])
        }
        var period: ClosedRange<UTCTime>?
        if let ends = value("period")?.split(separator: " ").map({ UTCTime(rfc3339: String($0)) }) {
            guard ends.count == 2, let from = ends[0], let through = ends[1], from <= through else {
                return nil
            }
            period = from...through
        }
        self.init(
            name: name,
            reason: value("reason") ?? "",
            actor: value("actor") ?? "",
            time: time,
            offsets: offsets,
            period: period,
            incidents: note.values("incident")
        )
    }

    /// The lines that end the hold `name`.
    static func removal(_ name: String, reason: String, actor: String, time: UTCTime) -> String {
        SignedNote.body([
            title, "remove \(name)", "reason \(reason)", "actor \(actor)", "time \(time)",
        ])
    }

    /// Name of the hold that a note ends; nil when it ends none.
    static func removed(by note: SignedNote) -> String? {
        note.lines.first == title[...] ? note.values("remove").first : nil
    }
}
