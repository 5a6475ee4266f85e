// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// A field as queries name it.
enum QueryField: Hashable, Sendable {
    /// A part of the event's header.
    case envelope(Envelope)
    /// A field with a fixed number.
    case known(FieldID)
    /// A field under `ext.*`, numbered per batch.
    case named(String)
    /// Several fields under one word: any of them.
    case group(Group)
    /// Zone of one end: what the line says, else where the address lies by the site's zones.
    case zone(End)
    /// A fact about the assets that take part, at the event's time.
    case entity(EntityFact)
    /// Every field, the action, and the message.
    case any

    /// Header parts.
    enum Envelope: String, CaseIterable, Sendable {
        case eventClass = "class"
        case action
        case outcome
        case severity
        case decoder
        case issue
        case flag
        case offset
        case time = "@time"
        case deviceTime = "@device_time"
        case logTime = "@log_time"
        case receiveTime = "@receive_time"
    }

    /// Words that stand for several fields.
    enum Group: String, CaseIterable, Sendable {
        case user
        case ip
        case port
        case mac
        case host
        case version
    }

    /// An end of a flow.
    enum End: String, CaseIterable, Sendable {
        case source = "src.zone"
        case target = "dst.zone"
    }

    /// What can be asked of an asset that takes part.
    enum EntityFact: String, CaseIterable, Sendable {
        case entity
        case device
        case zone
        case type = "device.class"
        case manufacturer = "device.manufacturer"
        case model = "device.model"
    }

    /// The field with that name or alias, case ignored; nil for a name that no event can have.
    init?(name: String) {
        let name = name.lowercased()
        let canonical = QueryField.aliases[name] ?? name
        if let envelope = Envelope(rawValue: canonical) {
            self = .envelope(envelope)
        } else if let group = Group(rawValue: canonical) {
            self = .group(group)
        } else if let end = End(rawValue: canonical) {
            self = .zone(end)
        } else if let fact = EntityFact(rawValue: canonical) {
            self = .entity(fact)
        } else if let known = FieldID.known(canonical) ?? FieldID.known("ext." + canonical) {
            self = .known(known)
        } else if name.hasPrefix("ext."), name.utf8.count > 4 {
            self = .named(name)
        } else {
            return nil
        }
    }

    /// Other people's names for our fields: ECS, OCSF, Sigma and shorter forms.
    static let aliases: [String: String] = [
        "event.class": "class", "event.category": "class", "event.action": "action",
        "event.outcome": "outcome",
        "event.severity": "severity", "log.level": "severity", "priority": "severity", "issues": "issue",
        "flags": "flag", "time": "@time", "@timestamp": "@time", "event.time": "@time",
        "device.time": "@device_time", "device_time": "@device_time", "log.time": "@log_time",
        "log_time": "@log_time", "receive_time": "@receive_time", "source.ip": "src.ip", "src": "src.ip",
        "source.port": "src.port", "source.mac": "src.mac", "source.host": "src.host",
        "source.domain": "src.host",
        "source.zone": "src.zone", "destination.ip": "dst.ip", "dst": "dst.ip", "target.ip": "dst.ip",
        "destination.port": "dst.port", "target.port": "dst.port", "destination.mac": "dst.mac",
        "destination.host": "dst.host", "destination.domain": "dst.host", "destination.zone": "dst.zone",
        "target.zone": "dst.zone", "hostname": "host.name", "app": "ext.app", "application": "ext.app",
        "process.name": "ext.app", "process.pid": "ext.pid", "pid": "ext.pid", "username": "user.name",
        "user.target.name": "user.target", "mfa": "auth.mfa", "session": "session.id",
        "bytes": "network.bytes",
        "transport": "network.transport", "protocol": "network.protocol", "event.code": "vendor.code",
        "vendor": "vendor.product", "code": "vendor.code", "product": "vendor.product", "msg": "message",
        "policy": "policy.name", "change": "change.id", "workorder.id": "change.id", "device.id": "device",
        "device.name": "device", "device.zone": "zone", "device.type": "device.class",
        "device.vendor": "device.manufacturer", "asset": "entity", "asset.id": "entity",
        "patient": "ext.patient.token", "file.hash.sha256": "ext.software.hash", "reason": "ext.reason",
    ]

    /// Names to suggest, in a fixed order.
    static let suggestions: [String] =
        Envelope.allCases.map(\.rawValue) + Group.allCases.map(\.rawValue) + End.allCases.map(\.rawValue)
        + EntityFact.allCases.map(\.rawValue) + FieldID.knownNames + aliases.keys.sorted()

    /// Whether values are addresses, so that CIDR and numeric equality apply.
    var isAddress: Bool {
        switch self {
        case .known(let field): FieldID.addresses.contains(field)
        case .group(let group): group == .ip
        default: false
        }
    }

    /// Whether values are running text, where a value is looked for anywhere.
    var isRunningText: Bool {
        switch self {
        case .known(let field): FieldID.runningTexts.contains(field)
        case .any: true
        default: false
        }
    }

    /// Whether values are points in time.
    var isTime: Bool {
        guard case .envelope(let envelope) = self else { return false }
        return [.time, .deviceTime, .logTime, .receiveTime].contains(envelope)
    }

    /// The closed vocabulary of its values; nil where any text may stand.
    var vocabulary: [String]? {
        guard case .envelope(let envelope) = self else { return nil }
        switch envelope {
        case .eventClass: return EventClass.allCases.map(\.name) + ["review"]
        case .action: return Action.allCases.map(\.name)
        case .outcome: return Outcome.allCases.map(\.name)
        case .issue: return ParseIssues.codes
        case .flag: return QueryField.flagNames
        case .severity: return SeverityName.all
        default: return nil
        }
    }

    /// Names of the event flags, in bit order.
    static let flagNames = ["witness", "subsecond", "timeless", "imported", "received"]
}

/// Syslog severities by name (RFC 5424 table 2, short forms as journalctl prints them).
public enum SeverityName {
    /// Names of 0...7.
    public static let all = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"]

    private static let longer = [
        "panic": 0, "emergency": 0, "critical": 2, "error": 3, "warn": 4, "informational": 6,
        "information": 6,
    ]

    /// The number of a name or of a digit 0...7, case ignored.
    public static func number(_ text: String) -> Int? {
        let text = text.lowercased()
        if let number = Int(text), all.indices.contains(number) { return number }
        return all.firstIndex(of: text) ?? longer[text]
    }
}

/// Names of fields as output uses them.
public enum FieldNames {
    /// The names under which a field (or an alias or group of fields) stands in output; the name itself
    /// otherwise.
    public static func outputNames(of name: String) -> [String] {
        guard let field = QueryField(name: name) else { return [name] }
        switch field {
        case .envelope(.issue): return ["issues"]
        case .envelope(.flag): return ["flags"]
        case .envelope(let envelope): return [String(envelope.rawValue.drop { $0 == "@" })]
        case .known(let field): return [FieldID.knownNames[Int(field.rawValue)]]
        case .named(let name): return [name]
        case .group(let group):
            return BoundNode.fields(of: group).map { FieldID.knownNames[Int($0.rawValue)] }
        case .zone(let end): return [end.rawValue]
        case .entity: return ["device"]
        case .any: return [name]
        }
    }

    /// Whether an event can have a field of that name.
    public static func isKnown(_ name: String) -> Bool { QueryField(name: name) != nil }

    /// The nearest known field name.
    public static func nearest(to name: String) -> String? {
        NearestWord.find(name, in: QueryField.suggestions)
    }
}
