// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Inventory
import WireFormats

/// A JSON object of a site file with its place, for errors.
private struct SiteObject {
    let value: JSONValue
    let file: String
    let line: Int
    /// What the object is, for messages.
    let what: String

    init(_ value: JSONValue, _ file: String, _ line: Int, _ what: String) throws(SiteFilesError) {
        self.value = value
        self.file = file
        self.line = line
        self.what = what
        guard case .object = value else { throw error("\(what) is not a JSON object", "write { ... }") }
    }

    func error(_ what: String, _ remedy: String) -> SiteFilesError {
        SiteFilesError(file: file, line: line, column: 1, what: what, remedy: remedy)
    }

    func text(_ name: String) throws(SiteFilesError) -> String {
        guard let member = value[name], member != .null else { return "" }
        guard let text = member.text else { throw error("'\(name)' of \(what) is not text", "quote it") }
        return text
    }

    func needed(_ name: String) throws(SiteFilesError) -> String {
        let found = try text(name)
        guard !found.isEmpty else { throw error("\(what) has no '\(name)'", "add it") }
        return found
    }

    func texts(_ name: String) throws(SiteFilesError) -> [String] {
        guard let member = value[name], member != .null else { return [] }
        if let text = member.text { return [text] }
        guard let elements = member.elements else {
            throw error("'\(name)' of \(what) is not a list of texts", "write [\"...\"]")
        }
        var found: [String] = []
        for element in elements {
            guard let text = element.text else {
                throw error("'\(name)' of \(what) is not a list of texts", "quote its elements")
            }
            found.append(text)
        }
        return found
    }

    func prefixes(_ name: String) throws(SiteFilesError) -> [IPPrefix] {
        var found: [IPPrefix] = []
        for text in try texts(name) {
            guard let prefix = IPPrefix(text) else {
                throw error(
                    "'\(text)' in '\(name)' of \(what) is no address or prefix",
                    "write 10.0.0.0/24 or 10.0.0.1"
                )
            }
            found.append(prefix)
        }
        return found
    }

    func time(_ name: String) throws(SiteFilesError) -> UTCTime {
        let text = try needed(name)
        guard let time = UTCTime(rfc3339: text) else {
            throw error(
                "'\(text)' in '\(name)' of \(what) is no time",
                "write RFC 3339, 2026-10-05T04:00:00Z"
            )
        }
        return time
    }
}

extension SiteReader {
    static func readZones(
        _ bytes: [UInt8],
        _ file: String,
        _ site: inout Site
    ) throws(SiteFilesError) -> [String] {
        let root = try SiteObject(try json(bytes, file, line: 1), file, 1, "the file")
        var zones: [Zone] = []
        var warnings: [String] = []
        for element in root.value["zones"]?.elements ?? [] {
            let object = try SiteObject(element, file, 1, "zone \(zones.count + 1)")
            let id = try object.needed("id")
            guard !zones.contains(where: { $0.id == id }) else {
                throw object.error("the zone '\(id)' is there twice", "join the two")
            }
            zones.append(
                Zone(
                    id: id,
                    prefixes: try object.prefixes("cidr"),
                    tier: try object.text("tier"),
                    isMedical: object.value["medical"]?.bool ?? false
                )
            )
        }
        guard !zones.isEmpty else { throw root.error("the file lists no zones", "add a list 'zones'") }
        var conduits: [Conduit] = []
        for element in root.value["conduits"]?.elements ?? [] {
            let object = try SiteObject(element, file, 1, "conduit \(conduits.count + 1)")
            let (from, to) = (try object.needed("from"), try object.needed("to"))
            for id in [from, to] where id != "*" && !zones.contains(where: { $0.id == id }) {
                warnings.append(
                    "\(file):1:1: conduit \(conduits.count + 1) names the zone '\(id)', which is not listed"
                )
            }
            var ports: [Conduit.Port] = []
            for text in try object.texts("ports") { ports.append(try port(text, object)) }
            if ports.isEmpty { ports = [Conduit.Port(transport: nil, number: nil)] }
            conduits.append(
                Conduit(
                    from: from,
                    to: to,
                    sources: try object.prefixes("src"),
                    targets: try object.prefixes("dst"),
                    ports: ports,
                    onlyIn: try object.text("only_in"),
                    why: try object.text("why")
                )
            )
        }
        site.zones = zones
        site.conduits = conduits
        return warnings
    }

    /// `tcp/443`, `udp/any`, `443` or `any`.
    private static func port(_ text: String, _ object: SiteObject) throws(SiteFilesError) -> Conduit.Port {
        let parts = text.lowercased().split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        let isAny = { (part: String) in part == "any" || part == "*" }
        if parts.count == 1, isAny(parts[0]) { return Conduit.Port(transport: nil, number: nil) }
        let number = parts[parts.count - 1]
        let transport = parts.count == 2 && !isAny(parts[0]) ? parts[0] : nil
        if parts.count <= 2, isAny(number) { return Conduit.Port(transport: transport, number: nil) }
        if parts.count == 1, Int(number) == nil { return Conduit.Port(transport: number, number: nil) }
        guard parts.count <= 2, let value = Int(number), (0...65_535).contains(value) else {
            throw object.error(
                "'\(text)' in 'ports' of \(object.what) is no port",
                "write tcp/443, udp/any or any"
            )
        }
        return Conduit.Port(transport: transport, number: value)
    }

    static func readChanges(
        _ bytes: [UInt8],
        _ file: String,
        _ site: inout Site
    ) throws(SiteFilesError) -> [String] {
        var changes: [ChangeRecord] = []
        var line = 0
        for part in bytes.split(separator: 0x0a, omittingEmptySubsequences: false) {
            line += 1
            guard part.contains(where: { $0 > 0x20 }) else { continue }
            let object = try SiteObject(
                try json(Array(part), file, line: line),
                file,
                line,
                "the change record"
            )
            let id = try object.value["change"] == nil ? object.needed("id") : object.needed("change")
            let (start, end) = (try object.time("start"), try object.time("end"))
            guard start <= end else {
                throw object.error("the change \(id) ends before it starts", "order the times")
            }
            var assets: [String] = []
            for asset in try object.texts("assets") { assets.append(asset) }
            let expected = object.value["expect"] ?? .null
            let firmware = expected["firmware"] ?? expected["software"] ?? .null
            changes.append(
                ChangeRecord(
                    id: id,
                    kind: try object.text("kind"),
                    start: start,
                    end: end,
                    assets: assets,
                    actors: try object.texts("actors"),
                    via: try object.prefixes("via"),
                    expectedVersion: firmware["to"]?.text ?? firmware["version"]?.text ?? "",
                    expectedHash: (firmware["sha256"]?.text ?? "").lowercased(),
                    expectedFlow: expected["flow"]?.text ?? ""
                )
            )
        }
        site.changes = changes
        return []
    }

    private static func json(_ bytes: [UInt8], _ file: String, line: Int) throws(SiteFilesError) -> JSONValue
    {
        let body = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? Array(bytes.dropFirst(3)) : bytes
        do throws(JSONParsingError) {
            return try JSONValue(parsing: body.span)
        } catch {
            let (offset, what) = place(error)
            var (row, column) = (line, 1)
            for byte in body.prefix(offset) {
                column += 1
                if byte == 0x0a { (row, column) = (row + 1, 1) }
            }
            throw SiteFilesError(
                file: file,
                line: row,
                column: column,
                what: what,
                remedy: "correct the JSON here"
            )
        }
    }

    private static func place(_ error: JSONParsingError) -> (Int, String) {
        switch error {
        case .truncated(let position): (position, "the text ends inside a JSON value")
        case .unexpected(let position): (position, "this byte cannot stand here in JSON")
        case .badText(let position): (position, "this JSON string is not valid text")
        case .duplicateName(let position): (position, "this JSON object has a member twice")
        case .tooDeep(let position): (position, "this JSON is nested too deep")
        }
    }
}
