// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Correlation
import EventModel
import Foundation
import Timelines

/// What an incident rests on, as it is printed.
struct WhyReport {
    let incident: Incident
    let alerts: [AlertReasons]
    let context: CommandContext

    /// Alerts shown to people at most; `-o json` has all.
    static let alertCountMax = 100
    /// Events of one alert shown to people at most where none could be left out.
    static let eventCountMax = 16

    // MARK: - For people

    var lines: [String] {
        let palette = context.palette
        var lines = [
            palette.paint(TerminalText.escaped(incident.id), .strong) + "  "
                + palette.paint(incident.severity.name.uppercased(), .caution)
                + " risk \(incident.risk)   " + TerminalText.escaped(incident.title)
        ]
        lines += incident.closures.map { TerminalText.escaped(ActText.line($0, context.times)) }
        for reasons in alerts.prefix(WhyReport.alertCountMax) { lines += self.lines(reasons) }
        if alerts.count > WhyReport.alertCountMax {
            let rest = Int64(alerts.count - WhyReport.alertCountMax)
            lines.append("\(Amount.counted(rest, "further alert")): -o json shows all")
        }
        if incident.whyJoined.isEmpty {
            lines.append(palette.paint("why joined:", .strong) + " one alert, nothing to join")
        } else {
            lines.append(palette.paint("why joined:", .strong))
            lines += incident.whyJoined.map { "  " + TerminalText.escaped($0) }
        }
        return lines
    }

    private func lines(_ reasons: AlertReasons) -> [String] {
        let alert = reasons.alert
        var lines = [
            context.palette.paint(TerminalText.escaped("\(alert.id)  \(alert.title)"), .strong)
                + TerminalText.escaped("  [\(alert.rule)] \(alert.level.name)")
        ]
        func add(_ label: String, _ text: String) {
            let padded = label.padding(toLength: 9, withPad: " ", startingAt: 0)
            lines.append("  " + padded + TerminalText.escaped(text))
        }
        if let minimal = reasons.minimal {
            let proof = minimal.isProven ? "the alert's id follows from it" : "not the version that raised it"
            add("rule", "\(minimal.kind) \(minimal.fingerprint) (\(proof))")
            add("asks", minimal.condition)
        } else {
            add("rule", "no rule of this name is known to the store")
        }
        if !alert.key.isEmpty { add("group", alert.key.joined(separator: ", ")) }
        add("witness", headline(reasons))
        for part in parts(reasons).prefix(WhyReport.eventCountMax) { lines += event(part, reasons) }
        let hidden = parts(reasons).count - WhyReport.eventCountMax
        if hidden > 0 {
            lines.append("    \(Amount.counted(Int64(hidden), "further event")): -o json shows all")
        }
        add("order", order(alert))
        add("coverage", coverage(reasons))
        if !alert.absences.isEmpty { add("not seen", alert.absences.joined(separator: "; ")) }
        if alert.isLowerBound { add("bound", "state was capped: counts are lower bounds") }
        if alert.isProvisional { add("state", "provisional: evidence may still arrive") }
        return lines
    }

    private func parts(_ reasons: AlertReasons) -> [MinimalWitness.Part] {
        reasons.minimal?.parts ?? reasons.alert.evidence.map { MinimalWitness.Part(witness: $0, matches: []) }
    }

    private func headline(_ reasons: AlertReasons) -> String {
        let count = Amount.counted(Int64(reasons.alert.count), "event")
        guard let minimal = reasons.minimal, minimal.isMinimal else {
            let note = reasons.minimal?.note ?? ""
            return "all of its \(Amount.counted(Int64(parts(reasons).count), "event"))"
                + (note.isEmpty ? "" : ": \(note)")
        }
        guard reasons.alert.count > 1 else { return "its only event" }
        guard minimal.parts.count > 1 else { return "one of \(count) is enough" }
        return "\(minimal.parts.count) of \(count) are enough, and none of them can be missing"
    }

    private func event(_ part: MinimalWitness.Part, _ reasons: AlertReasons) -> [String] {
        let witness = part.witness
        let digest = reasons.digest(witness)
        var head = "    #\(witness.offset)  \(context.times.iso(witness.time))"
        head += "  ±\(Amount.skew(witness.uncertainty).dropFirst())"
        head += "  " + TerminalText.escaped(device(witness, digest))
        if !part.matches.isEmpty {
            head += "  " + TerminalText.escaped("[" + part.matches.joined(separator: " ") + "]")
        }
        if let digest { head += "  " + TerminalText.escaped(digest.summary) }
        var lines = [head]
        let sum = witness.digest.isEmpty ? "cannot be read" : "sha256 " + hexadecimal(witness.digest)
        let copies = witness.copies.map { "#\($0)" }.joined(separator: ", ")
        lines.append("      record " + sum + (copies.isEmpty ? "" : ", copies \(copies) count once with it"))
        return lines
    }

    private func device(_ witness: Witness, _ digest: EventDigest?) -> String {
        let name = digest?.device ?? witness.assets.first ?? ""
        return name.isEmpty ? "-" : name
    }

    private func hexadecimal(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    private func order(_ alert: Alert) -> String {
        switch alert.order {
        case .certain: "certain: no other order is possible within the clocks' uncertainty"
        case .possible: "possible: stamps are equal or nearer than the clocks' uncertainty"
        case nil: "not asked for by the rule"
        }
    }

    private func coverage(_ reasons: AlertReasons) -> String {
        if !reasons.alert.coverageGap.isEmpty { return "unknown: " + reasons.alert.coverageGap }
        guard reasons.minimal?.asksAbsence ?? false else {
            return "the rule asks for nothing that must not come"
        }
        return "known: what must not come did not, and its source was heard until the deadline"
    }

    // MARK: - For programs

    /// The object of `schemas/output/why-v1.schema.json`.
    var object: JSONValue {
        .object([
            .init("id", .text(incident.id)), .init("merged", .texts(incident.mergedIDs)),
            .init("severity", .text(incident.severity.name)), .init("risk", .integer(Int64(incident.risk))),
            .init("title", .text(incident.title)), .init("alerts", .array(alerts.map(object))),
            .init("why_joined", .texts(incident.whyJoined)),
            .init("closures", .array(incident.closures.map(\.json))),
        ])
    }

    private func object(_ reasons: AlertReasons) -> JSONValue {
        let alert = reasons.alert
        let minimal = reasons.minimal
        return .object([
            .init("id", .text(alert.id)), .init("rule", .text(alert.rule)),
            .init("title", .text(alert.title)), .init("level", .text(alert.level.name)),
            .init("kind", minimal.map { .text($0.kind) } ?? .null),
            .init("fingerprint", minimal.map { .text($0.fingerprint) } ?? .null),
            .init("fingerprint_proven", .bool(minimal?.isProven ?? false)),
            .init("condition", minimal.map { .text($0.condition) } ?? .null),
            .init("key", .texts(alert.key)), .init("first", .text(alert.first.description)),
            .init("last", .text(alert.last.description)), .init("count", .integer(Int64(alert.count))),
            .init("minimal", .bool(minimal?.isMinimal ?? false)), .init("note", .text(minimal?.note ?? "")),
            .init("order", alert.order.map { .text($0.name) } ?? .null),
            .init("asks_absence", .bool(minimal?.asksAbsence ?? false)),
            .init("unknown", .text(alert.coverageGap)), .init("absences", .texts(alert.absences)),
            .init("attack", .array(IncidentTechnique.all(in: alert.tags).map(\.json))),
            .init("lower_bound", .bool(alert.isLowerBound)), .init("provisional", .bool(alert.isProvisional)),
            .init("witnesses", .array(parts(reasons).map { object($0, reasons) })),
        ])
    }

    private func object(_ part: MinimalWitness.Part, _ reasons: AlertReasons) -> JSONValue {
        let witness = part.witness
        let digest = reasons.digest(witness)
        return .object([
            .init("offset", .integer(Int64(clamping: witness.offset.value))),
            .init("ordinal", .integer(Int64(witness.ordinal))),
            .init("sha256", witness.digest.isEmpty ? .null : .text(hexadecimal(witness.digest))),
            .init("time", .text(witness.time.description)),
            .init("uncertainty_ms", .integer(witness.uncertainty / 1_000_000)),
            .init("class", .text(witness.eventClass.name)), .init("assets", .texts(witness.assets)),
            .init("device", .text(digest?.device ?? witness.assets.first ?? "")),
            .init("summary", digest.map { .text($0.summary) } ?? .null),
            .init("matches", .texts(part.matches)),
            .init("copies", .array(witness.copies.map { .integer(Int64(clamping: $0.value)) })),
        ])
    }
}
