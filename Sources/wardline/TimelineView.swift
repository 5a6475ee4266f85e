// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Correlation
import EventModel
import QueryEngine
import Timelines

/// Draws one incident as people read it: what happened, in order, on which device, cited by offset and rule.
struct TimelineView {
    let times: TimeStyle
    let palette: Palette
    /// Columns of the terminal; nil when nothing is cut.
    let width: Int?
    /// Whether context is shown.
    let showsContext: Bool
    /// Event time of the risk now; nil where that is not asked for.
    var reference: UTCTime?
    /// Whether there is a store in which one can look further.
    var hasStore = true

    /// Entries shown at most; more are counted and left to `-o jsonl`.
    static let entryCountMax = 2_000

    /// The lines of the timeline.
    func lines(_ incident: Incident) -> [String] {
        let cited = incident.entries.filter { $0.role != .context }
        let hidden = incident.entries.count - cited.count
        let all = showsContext ? incident.entries : cited
        let shown = Array(all.prefix(TimelineView.entryCountMax))
        var lines = heading(incident, shown)
        lines += entries(shown, start: incident.first)
        if shown.count < all.count {
            lines.append(
                "  \(Amount.count(Int64(all.count - shown.count))) further entries: -o jsonl shows all"
            )
        }
        if !incident.whyJoined.isEmpty {
            lines.append(palette.paint("why joined:", .strong))
            lines += incident.whyJoined.map { "  " + TerminalText.escaped($0) }
        }
        for absence in incident.absences {
            lines.append(palette.paint("not seen:", .caution) + " " + TerminalText.escaped(absence))
        }
        if hasStore { lines.append(nextStep(incident, hidden: showsContext ? 0 : hidden)) }
        return lines
    }

    private func heading(_ incident: Incident, _ shown: [TimelineEntry]) -> [String] {
        let level = incident.severity.name.uppercased()
        var title = palette.paint(TerminalText.escaped(incident.id), .strong) + "  "
        title += palette.paint(level, incident.risk >= 70 ? .danger : .caution)
        title += " risk \(incident.risk)"
        if let now = reference.map(incident.risk(at:)), now != incident.risk { title += " (now \(now))" }
        title += "   " + TerminalText.escaped(incident.title)
        if incident.isProvisional {
            title += palette.paint("  (provisional: evidence may still arrive)", .caution)
        }
        var facts: [String] = []
        if !incident.users.isEmpty { facts.append(list("user", incident.users)) }
        if !incident.devices.isEmpty { facts.append(list("device", incident.devices)) }
        let zones = zonePath(shown)
        if !zones.isEmpty { facts.append("zones " + zones.joined(separator: " > ")) }
        if incident.state != .new { facts.append(incident.state.rawValue) }
        let span = Amount.span(incident.last.nanoseconds - incident.first.nanoseconds)
        let interval = "\(times.seconds(incident.first)) to \(times.seconds(incident.last)) (\(span))"
        var lines = [title, interval]
        if !facts.isEmpty { lines.append(TerminalText.escaped(facts.joined(separator: ", "))) }
        lines += stages(incident.stages)
        if !incident.mergedIDs.isEmpty {
            lines.append("merged from " + TerminalText.escaped(incident.mergedIDs.joined(separator: ", ")))
        }
        lines += incident.closures.map { TerminalText.escaped(ActText.line($0, times)) }
        return lines + incident.remarks.map { TerminalText.escaped(ActText.line($0, times)) }
    }

    /// The stages of each matrix, on a line of its own.
    private func stages(_ stages: [IncidentStage]) -> [String] {
        AttackMatrix.allCases.compactMap { matrix in
            let own = stages.filter { $0.matrix == matrix }
            guard let version = own.first?.version else { return nil }
            let name = matrix == .ics ? "ICS" : "Enterprise"
            let text = "ATT&CK \(name) \(version): " + own.map(\.name).joined(separator: ", ")
            return TerminalText.escaped(text)
        }
    }

    private func list(_ noun: String, _ names: [String]) -> String {
        names.count <= 3
            ? "\(noun)\(names.count == 1 ? "" : "s") \(names.joined(separator: " "))"
            : "\(names.count) \(noun)s"
    }

    /// Zones in the order in which the entries reach them.
    private func zonePath(_ entries: [TimelineEntry]) -> [String] {
        var zones: [String] = []
        for entry in entries where entry.role != .context {
            for zone in entry.zonePath.split(separator: ">") {
                let name = zone.trimmed
                if !name.isEmpty, !zones.contains(name) { zones.append(name) }
            }
        }
        return zones
    }

    private func entries(_ entries: [TimelineEntry], start: UTCTime) -> [String] {
        let rows = entries.map { entry in
            (
                entry: entry, offset: Amount.fromStart(entry.time.nanoseconds - start.nanoseconds),
                device: TerminalText.escaped(entry.device.isEmpty ? "-" : entry.device), text: words(entry),
                place: "#\(entry.offset)"
            )
        }
        let offsetWidth = rows.map { $0.offset.utf8.count }.max() ?? 0
        let deviceWidth = min(24, rows.map { TerminalText.width($0.device) }.max() ?? 0)
        let placeWidth = rows.map { $0.place.utf8.count }.max() ?? 0
        let widest = min(72, rows.map { TerminalText.width($0.text) }.max() ?? 0)
        let fixed = 2 + offsetWidth + 5 + deviceWidth + 2 + 2 + placeWidth
        let textWidth = width.map { max(20, min(widest, $0 - fixed)) } ?? widest
        return rows.map { row in
            let letter = palette.paint(
                TimelineView.letter(row.entry),
                EventRenderer.style(row.entry.eventClass)
            )
            let offset = TerminalText.fitted(row.offset, offsetWidth, alignRight: true)
            var line = "  \(offset)  \(letter)  " + TerminalText.fitted(row.device, deviceWidth) + "  "
            line += width == nil ? padded(row.text, textWidth) : TerminalText.fitted(row.text, textWidth)
            line += "  " + palette.paint(TerminalText.fitted(row.place, placeWidth), .faint)
            if !row.entry.rules.isEmpty {
                line +=
                    "  "
                    + palette.paint(TerminalText.escaped(row.entry.rules.joined(separator: " ")), .danger)
            }
            if row.entry.role == .context { line += palette.paint("  (context)", .faint) }
            while line.last == " " { line.removeLast() }
            return line
        }
    }

    private func padded(_ text: String, _ width: Int) -> String {
        TerminalText.width(text) >= width ? text : TerminalText.fitted(text, width)
    }

    private func words(_ entry: TimelineEntry) -> String {
        var text = TerminalText.escaped(entry.summary)
        if !entry.zonePath.isEmpty { text += " [" + TerminalText.escaped(entry.zonePath) + "]" }
        if entry.uncertainty >= UTCTime.second { text += " (±\(Amount.skew(entry.uncertainty).dropFirst()))" }
        if entry.deviceTime.isPresent {
            let (skew, overflow) = entry.deviceTime.nanoseconds.subtractingReportingOverflow(
                entry.time.nanoseconds
            )
            if !overflow, abs(skew) >= UTCTime.second { text += " (skew \(Amount.skew(skew)))" }
        }
        return text
    }

    /// A, N, U for the class; `-` for what no decoder understood.
    static func letter(_ entry: TimelineEntry) -> String {
        switch entry.eventClass {
        case .access: "A"
        case .network: "N"
        case .update: "U"
        case .unclassified: "-"
        }
    }

    private func nextStep(_ incident: Incident, hidden: Int) -> String {
        let id = TerminalText.escaped(incident.id)
        let offset = incident.entries.first { $0.role == .trigger }?.offset ?? .zero
        let raw = "next: wardline query 'offset:\(offset)' -o verbose"
        guard hidden > 0 else { return raw }
        let noun = hidden == 1 ? "event" : "events"
        return
            "\(Amount.count(Int64(hidden))) context \(noun) hidden: wardline timeline \(id) "
            + "--context;  \(raw)"
    }
}

extension Substring {
    /// Without spaces at both ends.
    var trimmed: String {
        var text = self
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}
