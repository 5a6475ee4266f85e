// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Inventory
import QueryEngine

/// What became of one line, in words: framed, parsed, decoded, and what was odd.
struct LineExplanation {
    let events: EventBatch
    let range: Range<Int>
    let times: TimeStyle
    var resolver: SiteResolver?

    /// The lines of the explanation.
    func lines(number: UInt64, bytes: [UInt8], originalLength: Int, palette: Palette) -> [String] {
        let line = TerminalText.escaped(bytes)
        var lines = [palette.paint("line \(number)  ", .strong) + line]
        lines.append(row("framed", framed(bytes.count, originalLength)))
        for (place, index) in range.enumerated() {
            if range.count > 1 { lines.append("  event \(place + 1) of \(range.count)") }
            lines.append(row("parsed", parsed(index)))
            lines.append(row("decoded", decoded(index)))
            lines += fields(index)
            if let resolver { lines.append(row("resolved", resolved(index, resolver))) }
            lines.append(row("time", time(index)))
            let issues = events.events[index].issues.names
            if !issues.isEmpty { lines.append(row("issues", issues.joined(separator: ", "))) }
        }
        return lines
    }

    private func row(_ name: String, _ text: String) -> String {
        "  " + TerminalText.fitted(name, 8) + "  " + TerminalText.escaped(text)
    }

    private func framed(_ length: Int, _ originalLength: Int) -> String {
        let size = Amount.counted(Int64(length), "byte")
        return length == originalLength
            ? "one line of \(size)" : "one line cut to \(size) of \(Amount.count(Int64(originalLength)))"
    }

    private func parsed(_ index: Int) -> String {
        let event = events.events[index]
        var parts: [String] = []
        if Int(event.severity) < SeverityName.all.count {
            parts.append("severity \(SeverityName.all[Int(event.severity)])")
        }
        for (name, field) in [
            ("host", FieldID.hostName), ("application", .application), ("process", .processID),
        ] {
            if let value = events.text(field, in: index) { parts.append("\(name) \(value)") }
        }
        return parts.isEmpty ? "no header" : parts.joined(separator: ", ")
    }

    private func decoded(_ index: Int) -> String {
        let event = events.events[index]
        guard !event.issues.contains(.undecoded) else {
            return "by no decoder: kept whole, searchable, class unclassified"
        }
        return "by \(EventObject.decoder(events, index)): \(event.eventClass.name) \(event.action.name) "
            + event.outcome.name
    }

    private func resolved(_ index: Int, _ resolver: SiteResolver) -> String {
        let found = LineResolution.all(events, index, by: resolver)
        return found.isEmpty
            ? "to no asset and no zone of the site"
            : found.map { "\($0.name.dropFirst(5)) \($0.value)" }.joined(separator: ", ")
    }

    private func fields(_ index: Int) -> [String] {
        let shown = events.fields(of: index).filter {
            ![.hostName, .application, .processID].contains($0.field)
        }
        let names = shown.map { TerminalText.escaped(events.name(of: $0.field)) }
        let width = names.map(TerminalText.width).max() ?? 0
        return zip(names, shown).map { name, entry in
            let value = TerminalText.escaped(Array(events.bytes[entry.range]))
            return "            " + TerminalText.fitted(name, width) + "  " + value
        }
    }

    private func time(_ index: Int) -> String {
        let event = events.events[index]
        guard event.deviceTime.isPresent else { return "none in the line: the time of receipt stands in" }
        var text = times.iso(event.deviceTime)
        if event.issues.contains(.yearAssumed) { text += ", year from the reference time" }
        if event.issues.contains(.timeZoneAssumed) { text += ", zone assumed" }
        if event.uncertainty > 0 { text += ", ±\(Amount.skew(event.uncertainty).dropFirst())" }
        return text
    }
}

/// What a line is about, by the site files.
enum LineResolution {
    private static let assets: [(name: String, fields: [FieldID])] = [
        ("site.asset", [.deviceID, .hostName, .hostIP]), ("site.src.asset", [.sourceHost, .sourceIP]),
        ("site.dst.asset", [.targetHost, .targetIP]),
    ]
    private static let zones: [(name: String, field: FieldID)] = [
        ("site.zone", .hostIP), ("site.src.zone", .sourceIP), ("site.dst.zone", .targetIP),
    ]

    /// Assets and zones of the reporting host and of both ends.
    static func all(
        _ events: EventBatch,
        _ index: Int,
        by resolver: SiteResolver
    ) -> [(name: String, value: String)] {
        var found: [(name: String, value: String)] = []
        for (name, fields) in assets {
            let known = fields.lazy.compactMap { resolver.asset($0, of: index, in: events) }.first
            if let known { found.append((name, known.id)) }
        }
        for (name, field) in zones {
            let zone = events.address(field, in: index).flatMap { resolver.zone(of: $0) }
            if let zone { found.append((name, zone)) }
        }
        return found
    }
}
