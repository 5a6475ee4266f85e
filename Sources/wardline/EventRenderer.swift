// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import QueryEngine

/// One event ready to be written: its batch, its place in it, and what else is known of it.
struct EventView {
    var batch: EventBatch
    var index: Int
    /// Rules whose alerts cite the event, sorted.
    var rules: [String] = []
    /// Device clock less true time of its source, in nanoseconds; nil if not measured or none.
    var skew: Int64?
    /// Bytes of its record, when they were asked for.
    var raw: [UInt8]?

    var event: Event { batch.events[index] }
}

/// Writes events in one output mode.
///
/// Device text leaves it only escaped, in every mode but `cat --raw`.
struct EventRenderer {
    let mode: OutputMode
    let fields: [String]
    let times: TimeStyle
    let palette: Palette
    /// Columns of the terminal; nil when nothing is cut.
    let width: Int?
    /// Says what the site's files know, where a field asks for it.
    var resolver: (any EntityResolver)?

    /// Fields of `table` and `csv` when none are named.
    static let defaultFields = [
        "@time", "class", "device", "action", "outcome", "user.name", "src.ip", "dst.ip",
    ]

    private var columns: [String] { fields.isEmpty ? EventRenderer.defaultFields : fields }

    /// The lines before the first event.
    var heading: [String] {
        mode == .csv ? [columns.map(CommaSeparated.quoted).joined(separator: ",")] : []
    }

    /// The lines of one event; `table` and `json` are written whole by ``table(_:)`` and ``array(_:)``.
    func lines(_ view: EventView) -> [String] {
        switch mode {
        case .short: [line(view, time: times.short(view.event.time))]
        case .shortISO: [line(view, time: times.iso(view.event.time))]
        case .wide: [wide(view)]
        case .verbose: verbose(view)
        case .jsonl, .json: [object(view)]
        case .ocsf: [TerminalText.escapedJSON(OCSFObject.json(view.batch, view.index, raw: view.raw).line)]
        case .ecs: [TerminalText.escapedJSON(ECSObject.json(view.batch, view.index, raw: view.raw).line)]
        case .csv: [columns.map { CommaSeparated.quoted(value($0, view)) }.joined(separator: ",")]
        case .cat: [TerminalText.escaped(view.raw ?? [])]
        case .table: [columns.map { TerminalText.escaped(value($0, view)) }.joined(separator: "  ")]
        }
    }

    /// All events as a table.
    func table(_ views: [EventView]) -> [String] {
        var table = TextTable(columns.map { TextTable.Column(title: $0.uppercased(), isElastic: true) })
        for view in views { table.add(columns.map { value($0, view) }) }
        return table.lines(width: width, palette: palette)
    }

    private func line(_ view: EventView, time: String) -> String {
        let event = view.event
        let name = event.eventClass == .unclassified ? "-" : event.eventClass.name
        let device = TerminalText.escaped(EventSummary.device(view.batch, view.index))
        var text =
            time + "  " + palette.paint(TerminalText.fitted(name, 7), EventRenderer.style(event.eventClass))
        text +=
            "  "
            + TerminalText.fitted(device.isEmpty ? "-" : device, max(16, min(24, TerminalText.width(device))))
        text += "  " + TerminalText.escaped(EventSummary.text(view.batch, view.index))
        if let skew = view.skew { text += " (skew \(Amount.skew(skew)))" }
        if !view.rules.isEmpty {
            text +=
                "  "
                + palette.paint("[" + TerminalText.escaped(view.rules.joined(separator: " ")) + "]", .danger)
        }
        return text
    }

    private func wide(_ view: EventView) -> String {
        let event = view.event
        var extra = ["#\(event.offset)", EventObject.decoder(view.batch, view.index)]
        if event.uncertainty > 0 { extra.append("±\(Amount.skew(event.uncertainty).dropFirst())") }
        if Int(event.severity) < SeverityName.all.count {
            extra.append(SeverityName.all[Int(event.severity)])
        }
        if !event.issues.isEmpty { extra.append("issues=" + event.issues.names.joined(separator: ",")) }
        let tail = TerminalText.escaped(extra.joined(separator: "  "))
        return line(view, time: times.short(event.time)) + "  " + palette.paint(tail, .faint)
    }

    private func verbose(_ view: EventView) -> [String] {
        let members = EventObject.members(view.batch, view.index)
        let width = members.map { TerminalText.width(TerminalText.escaped($0.name)) }.max() ?? 0
        var lines = [palette.paint("\(times.iso(view.event.time))  #\(view.event.offset)", .strong)]
        for member in members where member.name != "offset" {
            let name = TerminalText.fitted(TerminalText.escaped(member.name), width, alignRight: true)
            lines.append("    \(name): " + TerminalText.escaped(EventRenderer.text(member.value)))
        }
        if !view.rules.isEmpty {
            lines.append(
                "    " + TerminalText.fitted("rules", width, alignRight: true) + ": "
                    + TerminalText.escaped(view.rules.joined(separator: ", "))
            )
        }
        if let raw = view.raw {
            lines.append(
                "    " + TerminalText.fitted("raw", width, alignRight: true) + ": "
                    + TerminalText.escaped(raw)
            )
        }
        return lines
    }

    private func object(_ view: EventView) -> String {
        var members = EventObject.members(view.batch, view.index)
        if !view.rules.isEmpty { members.append(.init("rules", .texts(view.rules))) }
        if let raw = view.raw { members.append(RawText.member(raw)) }
        if !fields.isEmpty {
            let wanted = fields
            members = wanted.compactMap { name in
                let value = value(name, view, in: members)
                return value.map { JSONValue.Member(name, $0) }
            }
        }
        return TerminalText.escapedJSON(JSONValue.object(members).line)
    }

    /// The value of a field by its name or an alias of it.
    private func value(_ name: String, _ view: EventView, in members: [JSONValue.Member]) -> JSONValue? {
        if let exact = members.first(where: { $0.name == name }) { return exact.value }
        if let resolver, SiteValues.isOfSite(name) {
            let values = SiteValues.values(of: name, view.index, in: view.batch, resolver)
            return values.count > 1 ? .texts(values) : values.first.map { .text($0) }
        }
        let names = FieldNames.outputNames(of: name)
        if names == ["device"] {
            let device = EventSummary.device(view.batch, view.index)
            return device.isEmpty ? nil : .text(device)
        }
        return members.first { names.contains($0.name) }?.value
    }

    private func value(_ name: String, _ view: EventView) -> String {
        var members = EventObject.members(view.batch, view.index)
        if !view.rules.isEmpty { members.append(.init("rules", .texts(view.rules))) }
        if let raw = view.raw { members.append(RawText.member(raw)) }
        if name == "summary" { return EventSummary.text(view.batch, view.index) }
        if mode == .table, FieldNames.outputNames(of: name) == ["time"] {
            return times.short(view.event.time)
        }
        return value(name, view, in: members).map(EventRenderer.text) ?? ""
    }

    /// A JSON value as plain text; arrays with commas.
    static func text(_ value: JSONValue) -> String {
        switch value {
        case .null: ""
        case .bool(let flag): flag ? "true" : "false"
        case .integer(let number): String(number)
        case .text(let text): text
        case .array(let values): values.map(text).joined(separator: ",")
        case .object: value.line
        }
    }

    /// The colour of a class.
    static func style(_ eventClass: EventClass) -> Palette.Style {
        switch eventClass {
        case .access: .access
        case .network: .network
        case .update: .update
        case .unclassified: .faint
        }
    }
}

/// Bytes of a record in JSON: text where they are UTF-8, otherwise hexadecimal digits under another name.
enum RawText {
    static func member(_ bytes: [UInt8]) -> JSONValue.Member {
        if let text = String(validating: bytes, as: UTF8.self) { return JSONValue.Member("raw", .text(text)) }
        let digits = Array("0123456789abcdef")
        return JSONValue.Member(
            "raw_hex",
            .text(String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }))
        )
    }
}

/// Values of comma-separated files (RFC 4180).
///
/// Control characters are escaped, so that a line is a row; a leading `=`, `+`, `-` or `@` gets an
/// apostrophe, so that no spreadsheet runs device text as a formula.
enum CommaSeparated {
    static func quoted(_ text: String) -> String {
        var safe = TerminalText.escaped(text)
        if let first = safe.first, "=+@".contains(first) || first == "-" && Int64(safe) == nil {
            safe = "'" + safe
        }
        guard safe.contains(where: { $0 == "," || $0 == "\"" }) || safe.hasPrefix(" ") || safe.hasSuffix(" ")
        else {
            return safe
        }
        return "\"" + safe.replacing("\"", with: "\"\"") + "\""
    }
}
