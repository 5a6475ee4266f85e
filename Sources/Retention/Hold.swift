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
        return lines.map { $0.filter { $0 != "\n" } + "\n" }.joined()
    }

    init?(_ note: SignedNote) {
        let lines = NoteLines(note)
        guard lines.title == Hold.title, let name = lines.value("add"),
            let time = lines.value("time").flatMap({ UTCTime(rfc3339: $0) })
        else { return nil }
        var offsets: [Range<UInt64>] = []
        for ends in lines.values("offsets").map({ $0.split(separator: " ").compactMap { UInt64($0) } }) {
            guard ends.count == 2, ends[0] <= ends[1] else { return nil }
            offsets.append(ends[0]..<ends[1])
        }
        var period: ClosedRange<UTCTime>?
        if let ends = lines.value("period")?.split(separator: " ").map({ UTCTime(rfc3339: String($0)) }) {
            guard ends.count == 2, let from = ends[0], let through = ends[1], from <= through else {
                return nil
            }
            period = from...through
        }
        self.init(
            name: name,
            reason: lines.value("reason") ?? "",
            actor: lines.value("actor") ?? "",
            time: time,
            offsets: offsets,
            period: period,
            incidents: lines.values("incident")
        )
    }

    /// The lines that end the hold `name`.
    static func removal(_ name: String, reason: String, actor: String, time: UTCTime) -> String {
        [title, "remove \(name)", "reason \(reason)", "actor \(actor)", "time \(time)"]
            .map { $0.filter { $0 != "\n" } + "\n" }.joined()
    }

    /// Name of the hold that a note ends; nil when it ends none.
    static func removed(by note: SignedNote) -> String? {
        let lines = NoteLines(note)
        return lines.title == title ? lines.value("remove") : nil
    }
}

/// The lines of a note as names and values.
private struct NoteLines {
    let title: String
    private let lines: [(name: String, value: String)]

    init(_ note: SignedNote) {
        let all = note.lines
        title = all.first.map(String.init) ?? ""
        lines = all.dropFirst().map { line in
            let parts = line.split(separator: " ", maxSplits: 1)
            return (String(parts.first ?? ""), parts.count > 1 ? String(parts[1]) : "")
        }
    }

    func values(_ name: String) -> [String] { lines.filter { $0.name == name }.map(\.value) }

    func value(_ name: String) -> String? { values(name).first }
}
