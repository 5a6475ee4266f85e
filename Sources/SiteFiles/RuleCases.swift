// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import Correlation
public import EventModel

/// Cases for the rules of the file beside: what goes in, and which of its rules raise an alert.
///
/// Form: `docs/rules.md`, "Cases". Unknown keys are refused, so that a slip never makes a case pass.
public struct RuleCases: Sendable {
    /// What a site says: texts of site files by name, and a folder of such files.
    public struct SiteTexts: Sendable {
        /// Names and texts of site files, with their places.
        public var files: [(name: RuleText, text: String)] = []
        /// A folder, relative to the file of cases.
        public var folder: RuleText?
    }

    /// One case.
    public struct Case: Sendable {
        /// Its name.
        public var name: RuleText
        /// Device lines, without empty ones.
        public var lines: [String] = []
        /// What resolves times without a year.
        public var referenceTime: UTCTime
        /// Events, with offsets after those of the lines.
        public var events = EventBatch()
        /// Site files of the case alone, each in place of that of the file with the same role.
        public var site = SiteTexts()
        /// Names, ids or titles of exactly the rules of the file that raise an alert.
        public var alerts: [RuleText]
        /// Number of incidents; nil if the case does not say.
        public var incidents: Int?
        /// Event time up to which it is decided; nil for all that falls due.
        public var until: UTCTime?
    }

    /// Name of the file.
    public var file: String
    /// Site files for all cases.
    public var site: SiteTexts
    /// Cases in file order, at least one.
    public var cases: [Case]

    /// What resolves times without a year where neither case nor file says: the end of 2026.
    public static let referenceTime = CivilTime(year: 2026, month: 12, day: 31).utc()

    /// Reads a file of cases.
    ///
    /// - Throws: ``SiteFilesError`` at the first fault.
    public static func read(_ bytes: [UInt8], file: String) throws(SiteFilesError) -> RuleCases {
        let documents = try StrictYAML.documents(in: bytes, file: file)
        guard documents.count == 1, let root = documents.first else {
            throw SiteFilesError(file: file, what: "a file of cases is one document with `cases`")
        }
        return try RuleCaseReader(file: file).cases(root)
    }
}

/// Reads the document of a file of cases.
private struct RuleCaseReader {
    let file: String

    func cases(_ root: YAMLNode) throws(SiteFilesError) -> RuleCases {
        try check(root, ["site", "reference-time", "cases"], "a file of cases")
        guard let node = root["cases"], let elements = node.elements, !elements.isEmpty else {
            throw error(root["cases"] ?? root, "`cases` is a list of at least one case")
        }
        let reference = try root["reference-time"].map(time) ?? RuleCases.referenceTime
        var found = RuleCases(file: file, site: try root["site"].map(site) ?? .init(), cases: [])
        for element in elements {
            let one = try self.one(element, reference)
            if found.cases.contains(where: { $0.name.text == one.name.text }) {
                throw error(element, "the name `\(one.name.text)` is taken by another case")
            }
            found.cases.append(one)
        }
        return found
    }

    private func one(_ node: YAMLNode, _ reference: UTCTime) throws(SiteFilesError) -> RuleCases.Case {
        let keys = ["name", "lines", "reference-time", "events", "site", "alerts", "incidents", "until"]
        try check(node, keys, "a case")
        guard let name = node["name"] else { throw error(node, "the case has no `name`") }
        guard let alerts = node["alerts"], let rules = alerts.elements else {
            throw error(node["alerts"] ?? node, "the case needs `alerts`, a list of rules; `[]` for none")
        }
        guard node["lines"] != nil || node["events"] != nil else {
            throw error(node, "the case has neither `lines` nor `events`")
        }
        var found = RuleCases.Case(
            name: try text(name),
            referenceTime: try node["reference-time"].map(time) ?? reference,
            alerts: []
        )
        for rule in rules { found.alerts.append(try text(rule)) }
        if let lines = node["lines"] { found.lines = try self.lines(lines) }
        if let events = node["events"] {
            guard let elements = events.elements else { throw error(events, "`events` is a list") }
            var table = FieldTable()
            for (number, element) in elements.enumerated() {
                try add(element, Offset(UInt64(found.lines.count + number)), &found.events, &table)
            }
            found.events.extensionNames = table.names
        }
        if let site = node["site"] { found.site = try self.site(site) }
        if let incidents = node["incidents"] {
            guard let count = incidents.scalar?.integer, count >= 0 else {
                throw error(incidents, "`incidents` is a number")
            }
            found.incidents = Int(count)
        }
        found.until = try node["until"].map(time)
        return found
    }

    /// A block of lines, or a list of them.
    private func lines(_ node: YAMLNode) throws(SiteFilesError) -> [String] {
        if let elements = node.elements {
            var found: [String] = []
            for element in elements { found.append(try text(element).text) }
            return found
        }
        return try text(node).text.split(separator: "\n").map(String.init)
    }

    private func site(_ node: YAMLNode) throws(SiteFilesError) -> RuleCases.SiteTexts {
        guard let members = node.members else {
            return RuleCases.SiteTexts(folder: try text(node))
        }
        var found = RuleCases.SiteTexts()
        for (key, value) in members {
            found.files.append((RuleText(key.text, position(key.mark)), try text(value).text))
        }
        return found
    }

    /// An event by the names of event v1; `time` is needed, what only a store can say is passed over.
    private func add(
        _ node: YAMLNode,
        _ offset: Offset,
        _ batch: inout EventBatch,
        _ table: inout FieldTable
    ) throws(SiteFilesError) {
        guard let members = node.members else { throw error(node, "an event is a mapping") }
        guard let timeNode = node["time"] else { throw error(node, "the event has no `time`") }
        let time = try self.time(timeNode)
        var event = Event(offset: offset, time: time, logTime: time)
        event.deviceTime = time
        for (key, value) in members where RuleCaseReader.header.contains(key.text) {
            try set(key.text, value, &event, &batch)
        }
        if node["class"] == nil { event.eventClass = event.action.defaultClass }
        batch.begin(event)
        for (key, value) in members where !RuleCaseReader.header.contains(key.text) {
            let name = key.text
            let known = FieldID.known(name) ?? FieldID.known("ext." + name)
            let field = known ?? table.field(named: name.hasPrefix("ext.") ? name : "ext." + name)
            for element in value.elements ?? [value] { batch.add(field, try text(element).text) }
        }
    }

    private static let header: Set<String> = [
        "time", "class", "action", "outcome", "severity", "decoder", "witness", "offset", "ordinal",
        "device_time", "log_time", "receive_time", "uncertainty_ms", "flags", "issues",
    ]

    private func set(
        _ name: String,
        _ node: YAMLNode,
        _ event: inout Event,
        _ batch: inout EventBatch
    ) throws(SiteFilesError) {
        switch name {
        case "class":
            guard let found = EventClass(name: try text(node).text) else {
                throw error(node, "the class is one of access, network, update, unclassified")
            }
            event.eventClass = found
        case "action":
            guard let found = Action(name: try text(node).text) else {
                throw error(
                    node,
                    "no event has the action `\(try text(node).text)`; docs/events.md lists them"
                )
            }
            event.action = found
        case "outcome":
            guard let found = Outcome(name: try text(node).text) else {
                throw error(node, "the outcome is one of success, failure, unknown")
            }
            event.outcome = found
        case "severity":
            guard let number = node.scalar?.integer, (0...7).contains(number) else {
                throw error(node, "the severity is a number from 0 to 7")
            }
            event.severity = UInt8(number)
        case "decoder":
            let decoder = try text(node).text
            if !batch.decoders.contains(decoder) { batch.decoders.append(decoder) }
            event.decoder = UInt16(batch.decoders.firstIndex(of: decoder) ?? 0)
        case "witness": if node.scalar?.bool == true { event.flags.insert(.witness) }
        case "flags":
            for flag in node.elements ?? [] where flag.scalar?.text == "witness" {
                event.flags.insert(.witness)
            }
        default: return
        }
    }

    // MARK: - Parts

    private func position(_ mark: YAMLMark) -> RulePosition {
        RulePosition(file: file, line: mark.line, column: mark.column)
    }

    private func error(_ node: YAMLNode, _ what: String) -> SiteFilesError {
        SiteFilesError(file: file, at: node.mark, what: what)
    }

    private func check(_ node: YAMLNode, _ keys: [String], _ what: String) throws(SiteFilesError) {
        guard let members = node.members else { throw error(node, "\(what) is a mapping") }
        for (key, _) in members where !keys.contains(key.text) {
            throw SiteFilesError(
                file: file,
                at: key.mark,
                what: "\(what) has no key `\(key.text)`",
                remedy: "it has " + keys.joined(separator: ", ")
            )
        }
    }

    private func text(_ node: YAMLNode) throws(SiteFilesError) -> RuleText {
        guard let scalar = node.scalar else { throw error(node, "this must be text, not a \(node.kind)") }
        return RuleText(scalar.text, position(node.mark))
    }

    private func time(_ node: YAMLNode) throws(SiteFilesError) -> UTCTime {
        guard let time = UTCTime(rfc3339: try text(node).text) else {
            throw error(node, "this must be a time with its offset, such as 2026-10-05T04:00:00Z")
        }
        return time
    }
}
