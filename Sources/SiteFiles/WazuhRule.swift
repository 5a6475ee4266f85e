// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// A rule of a Wazuh 4 file, sorted by what becomes of its parts.
struct WazuhRule {
    /// One search of the detection that it becomes: alternatives of entries, negated or not.
    struct Search {
        /// Any of these mappings of field and values.
        var alternatives: [[(key: String, values: [String])]]
        var isNegated = false
    }

    var id: String
    var level: Int
    var file: String
    var line: Int
    var title: String
    var groups: [String]
    var attack: [String]
    var frequency: Int?
    var timeframe: Int
    var ignore: Int?
    var isSilent: Bool
    var searches: [Search] = []
    /// Ids of rules of which one must match the same event.
    var parents: [String] = []
    /// Groups of rules of which one must match the same event.
    var parentGroups: [String] = []
    /// Id of the rule, or group of the rules, that is counted.
    var counted: String?
    var countedGroup: String?
    /// Fields that must be the same, and that must differ.
    var same: [String] = []
    var different: [String] = []
    /// Parts that have no counterpart here.
    var unknown: [String] = []
    /// What is lost without making it wrong.
    var notes: [String] = []

    /// Names of their fields as ours.
    private static let fields: [String: String] = [
        "srcip": "src.ip", "source_ip": "src.ip", "dstip": "dst.ip", "srcport": "src.port",
        "src_port": "src.port", "dstport": "dst.port", "dst_port": "dst.port", "user": "user.name",
        "srcuser": "user.name", "dstuser": "user.target", "program_name": "ext.app", "hostname": "host.name",
        "location": "host.name", "protocol": "network.protocol", "id": "vendor.code", "url": "ext.url",
        "data": "ext.data", "extra_data": "ext.extra_data", "status": "ext.status", "action": "ext.action",
        "system_name": "ext.system_name", "srcgeoip": "ext.srcgeoip", "dstgeoip": "ext.dstgeoip",
    ]

    /// Our decoders for what theirs with another name decode.
    private static let decoders: [String: [String]] = [
        "windows": ["windows.eventlog", "windows.text"],
        "windows_eventchannel": ["windows.eventlog", "windows.text"],
        "windows_eventlog": ["windows.eventlog", "windows.text"], "named": ["bind"], "dhcpd": ["dhcp"],
        "pix": ["cisco.asa"], "cisco-ios": ["cisco.ios"], "vsftpd": ["vsftpd"], "sudo": ["sudo"],
        "paloalto": ["paloalto"], "fortigate-firewall-v5": ["fortigate"],
    ]

    /// The name of a dynamic field as ours: `win.eventdata.targetUserName` is Sigma's `TargetUserName`.
    private static func field(_ name: String) -> String {
        if let known = fields[name] { return known }
        for prefix in ["win.eventdata.", "win.system."] where name.hasPrefix(prefix) {
            let rest = name.dropFirst(prefix.count)
            return rest.prefix(1).uppercased() + rest.dropFirst()
        }
        return name
    }

    private static let texts: Set<String> = [
        "match", "regex", "user", "program_name", "hostname", "url", "data", "extra_data", "status", "action",
        "id", "protocol", "system_name", "srcport", "dstport", "srcgeoip", "dstgeoip", "field",
    ]

    /// What is for people, or about mail and such.
    private static let passedOver: Set<String> = ["description", "info", "options", "group", "mitre"]

    /// Reads `element`; nil if it has no id.
    init?(_ element: WazuhMarkup.Element, file: String, groups: [String], variables: [String: String]) {
        guard let id = element.attributes["id"], !id.isEmpty, id.allSatisfy(\.isNumber) else { return nil }
        func number(_ name: String) -> Int? {
            element.attributes[name].flatMap { Int(WazuhRule.replaced($0, variables)) }
        }
        self.id = id
        self.file = file
        line = element.line
        level = number("level") ?? 0
        frequency = number("frequency")
        timeframe = number("timeframe") ?? 360
        ignore = number("ignore")
        isSilent = level == 0 || element.attributes["noalert"] == "1"
        let words = element.texts("description").joined(separator: " ")
            .split(whereSeparator: \.isWhitespace).joined(separator: " ")
        title = words.isEmpty ? "Wazuh rule \(id)" : String(words.prefix(200))
        self.groups = groups + element.texts("group").flatMap(WazuhRule.list)
        attack = element.children.filter { $0.name == "mitre" }.flatMap { $0.texts("id") }
            .map { $0.filter { !$0.isWhitespace } }
        take(element, variables)
    }

    static func list(_ text: String) -> [String] {
        text.split(whereSeparator: { $0 == "," || $0.isWhitespace }).map(String.init)
    }

    private static func replaced(_ text: String, _ variables: [String: String]) -> String {
        var text = text
        for (name, value) in variables.sorted(by: { $0.key.count > $1.key.count })
        where text.contains("$" + name) {
            text = text.replacing("$" + name, with: value)
        }
        return text
    }

    private mutating func take(_ element: WazuhMarkup.Element, _ variables: [String: String]) {
        var done: Set<String> = []
        for part in element.children {
            // Several elements of one name are one text.
            let key = part.name + (part.attributes["name"] ?? "")
            let isJoined = part.name == "match" || part.name == "regex"
            guard !isJoined || done.insert(key).inserted else { continue }
            if part.name == "category", !element.texts("decoded_as").isEmpty { continue }
            let text = isJoined ? element.texts(part.name).joined() : part.text
            take(part, WazuhRule.replaced(text, variables))
        }
    }

    private mutating func take(_ part: WazuhMarkup.Element, _ text: String) {
        let words = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        switch part.name {
        case let name where WazuhRule.passedOver.contains(name): return
        case let name where WazuhRule.texts.contains(name): takeText(part, text)
        case "srcip", "dstip":
            let isNegated = (part.attributes["negate"] == "yes") != words.hasPrefix("!")
            let networks = WazuhRule.list(words.hasPrefix("!") ? String(words.dropFirst()) : words)
            let key = (WazuhRule.fields[part.name] ?? part.name) + "|cidr"
            searches.append(Search(alternatives: [[(key, networks)]], isNegated: isNegated))
        case "decoded_as":
            let decoders = WazuhRule.decoders[words] ?? [words]
            searches.append(Search(alternatives: [[("decoder", decoders)], [("ext.app", [words])]]))
        case "category": takeCategory(words)
        case "if_sid": parents += WazuhRule.list(words)
        case "if_group": parentGroups += WazuhRule.list(words)
        case "if_matched_sid": counted = words
        case "if_matched_group": countedGroup = words
        case "same_field": same.append(WazuhRule.field(words))
        case "different_field", "not_same_field": different.append(WazuhRule.field(words))
        case let name where name.hasPrefix("same_"): add(String(name.dropFirst(5)), name, to: \.same)
        case let name where name.hasPrefix("different_"):
            add(String(name.dropFirst(10)), name, to: \.different)
        case let name where name.hasPrefix("not_same_"):
            add(String(name.dropFirst(9)), name, to: \.different)
        default: unknown.append(part.name)
        }
    }

    private mutating func add(
        _ name: String,
        _ element: String,
        to fields: WritableKeyPath<WazuhRule, [String]>
    ) {
        if let field = WazuhRule.fields[name] {
            self[keyPath: fields].append(field)
        } else {
            unknown.append(element)
        }
    }

    private mutating func takeText(_ part: WazuhMarkup.Element, _ text: String) {
        var field = WazuhRule.fields[part.name] ?? "message"
        if part.name == "field" { field = WazuhRule.field(part.attributes["name"] ?? "") }
        let usual = part.name == "match" || part.name == "program_name" ? "osmatch" : "osregex"
        let type = part.attributes["type"] ?? usual
        let pattern = WazuhPattern(text, type: type, isNegated: part.attributes["negate"] == "yes")
        guard let pattern, !pattern.entries.isEmpty, !field.isEmpty else {
            unknown.append("\(part.name) of type \(type)")
            return
        }
        var alternatives: [[(key: String, values: [String])]] = []
        var lists: [[String]: [String]] = [:]
        for entry in pattern.entries { lists[entry.modifiers, default: []].append(entry.value) }
        for modifiers in pattern.entries.map(\.modifiers).uniqued {
            alternatives.append([(([field] + modifiers).joined(separator: "|"), lists[modifiers] ?? [])])
        }
        searches.append(Search(alternatives: alternatives, isNegated: pattern.isNegated))
    }

    private mutating func takeCategory(_ name: String) {
        switch name {
        case "syslog": return
        case "windows":
            searches.append(Search(alternatives: [[("decoder", WazuhRule.decoders["windows"] ?? [])]]))
        case "firewall", "ids": searches.append(Search(alternatives: [[("ext.source.kind", [name])]]))
        default: unknown.append("category \(name)")
        }
    }
}

extension [[String]] {
    /// Each once, in order.
    fileprivate var uniqued: [[String]] {
        var found: [[String]] = []
        for element in self where !found.contains(element) { found.append(element) }
        return found
    }
}
