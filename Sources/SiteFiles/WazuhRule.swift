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
    /// Whether it changes a rule of its id that came before.
    var isOverwriting: Bool

    /// Names of their fields as ours.
    private static let fields: [String: String] = [
        "srcip": "src.ip", "source_ip": "src.ip", "dstip": "dst.ip", "srcport": "src.port",
        "src_port": "src.port", "dstport": "dst.port", "dst_port": "dst.port", "user": "user.name",
        "srcuser": "user.name", "dstuser": "user.target", "program_name": "ext.app", "hostname": "host.name",
        "location": "host.name", "protocol": "network.protocol", "id": "vendor.code", "url": "ext.url",
        "data": "ext.data", "extra_data": "ext.extra_data", "status": "ext.status", "action": "ext.action",
        "system_name": "ext.system_name", "srcgeoip": "ext.srcgeoip", "dstgeoip": "ext.dstgeoip",
    ]

    /// Names of their dynamic fields that ours have a field for.
    private static let dynamicFields: [String: String] = [
        "win.system.eventID": "EventID", "win.system.providerName": "ext.provider",
        "win.system.channel": "ext.channel", "win.system.computer": "host.name",
        "win.system.message": "message", "audit.type": "vendor.code", "cisco.severity": "severity",
        "event.severity": "severity",
    ]

    /// The names that a dynamic field may have here: `win.eventdata.targetUserName` is Sigma's
    /// `TargetUserName`, and stands as it is in what an agent of theirs wrote.
    private static func names(of name: String) -> [String] {
        if let known = fields[name] ?? dynamicFields[name] { return [known] }
        for prefix in ["win.eventdata.", "win.system."] where name.hasPrefix(prefix) {
            let rest = name.dropFirst(prefix.count)
            return [rest.prefix(1).uppercased() + rest.dropFirst(), "ext." + name]
        }
        // What auditd says stands under its own names.
        if name.hasPrefix("audit.") { return [String(name.dropFirst(6)), "ext." + name] }
        return name.isEmpty ? [] : [name]
    }

    private static func field(_ name: String) -> String { names(of: name).first ?? name }

    private static let texts: Set<String> = [
        "match", "regex", "user", "program_name", "hostname", "url", "data", "extra_data", "status", "action",
        "id", "protocol", "system_name", "srcport", "dstport", "srcgeoip", "dstgeoip", "field",
    ]

    /// What is for people, or about mail and such.
    private static let passedOver: Set<String> = [
        "description", "info", "options", "group", "mitre", "global_frequency",
    ]

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
        isOverwriting = element.attributes["overwrite"] == "yes"
        if element.attributes["maxsize"] != nil { unknown.append("maxsize") }
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
            // Several elements of one name are one text; those of addresses are a list.
            let isList = part.name == "srcip" || part.name == "dstip"
            let isJoined = isList || WazuhRule.texts.contains(part.name) && part.name != "field"
            guard !isJoined || done.insert(part.name).inserted else { continue }
            if part.name == "category", !element.texts("decoded_as").isEmpty { continue }
            let text =
                isJoined ? element.texts(part.name).joined(separator: isList ? "," : "") : part.text
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
            add(
                Search(alternatives: [[(key, networks)]], isNegated: isNegated),
                about: [WazuhRule.fields[part.name] ?? part.name]
            )
        case "decoded_as": takeDecoder(words)
        case "category": takeCategory(words)
        case "if_sid": parents += WazuhRule.list(words)
        case "if_group": parentGroups += WazuhRule.list(words)
        case "if_matched_sid": counted = words
        case "if_matched_group": countedGroup = words
        case "same_field": same.append(WazuhRule.field(words))
        case "different_field", "not_same_field": different.append(WazuhRule.field(words))
        case "same_location", "same_agent": same.append("host.name")
        case let name where name.hasPrefix("same_"): add(String(name.dropFirst(5)), name, to: \.same)
        case let name where name.hasPrefix("different_"):
            add(String(name.dropFirst(10)), name, to: \.different)
        case let name where name.hasPrefix("not_same_"):
            add(String(name.dropFirst(9)), name, to: \.different)
        default: unknown.append(part.name)
        }
    }

    private mutating func takeDecoder(_ name: String) {
        guard !WazuhDecoders.forms.contains(name) else { return }
        let ours = WazuhDecoders.ours(name)
        if ours == nil {
            notes.append(
                "no decoder here is known to be their `\(name)`: only lines of a program of that name match"
            )
        }
        searches.append(Search(alternatives: [[("decoder", ours ?? [name])], [("ext.app", [name])]]))
    }

    /// What a field must not have it must have otherwise: a test of theirs fails where the field is missing.
    private mutating func add(_ search: Search, about fields: [String]) {
        if search.isNegated, fields != ["message"] {
            searches.append(Search(alternatives: fields.map { [($0 + "|exists", ["true"])] }))
        }
        searches.append(search)
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
        let isOfAll = part.name == "match" || part.name == "regex"
        let names =
            part.name == "field"
            ? WazuhRule.names(of: part.attributes["name"] ?? "") : [WazuhRule.fields[part.name] ?? "message"]
        let isNegated = part.attributes["negate"] == "yes"
        if part.name == "action", part.attributes["type"] == nil {
            return takeAction(text, isNegated: isNegated)
        }
        let usual = part.name == "regex" || part.name == "field" ? "osregex" : "osmatch"
        let type = part.attributes["type"] ?? usual
        let written = part.name == "id" ? WazuhRule.withoutSeverity(text) : text
        let pattern = WazuhPattern(written, type: type, isNegated: isNegated)
        guard let pattern, !pattern.entries.isEmpty, !names.isEmpty else {
            unknown.append("\(part.name) of type \(type)")
            return
        }
        var alternatives: [[(key: String, values: [String])]] = []
        var lists: [[String]: [String]] = [:]
        for entry in pattern.entries { lists[entry.modifiers, default: []].append(entry.value) }
        for name in names {
            for modifiers in pattern.entries.map(\.modifiers).uniqued {
                alternatives.append([(([name] + modifiers).joined(separator: "|"), lists[modifiers] ?? [])])
            }
        }
        // Theirs are asked of the whole line; of a line of pairs or JSON our message is a part.
        for modifiers in isOfAll ? pattern.entries.map(\.modifiers).uniqued : []
        where modifiers == ["contains"] || modifiers.first == "re" {
            alternatives.append([(([""] + modifiers).joined(separator: "|"), lists[modifiers] ?? [])])
        }
        add(Search(alternatives: alternatives, isNegated: pattern.isNegated), about: names)
    }

    /// What a firewall did, by its own word or as the action of our event.
    private mutating func takeAction(_ text: String, isNegated: Bool) {
        let word = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        var alternatives: [[(key: String, values: [String])]] = [
            [("ext.action", [WazuhPattern.escaped(word)])]
        ]
        switch word.lowercased() {
        case "drop", "deny", "denied", "block", "blocked", "reject", "close":
            alternatives.append([("action", ["deny"])])
        case "pass", "allow", "allowed", "accept", "permit", "permitted":
            alternatives.append([("action", ["connect"])])
        default: break
        }
        add(Search(alternatives: alternatives, isNegated: isNegated), about: ["ext.action"])
    }

    /// Ids of Cisco are `SEVERITY-NUMBER` there and `NUMBER` here.
    private static func withoutSeverity(_ text: String) -> String {
        let parts = text.split(separator: "|", omittingEmptySubsequences: false).map { part -> String? in
            let start = part.hasPrefix("^") ? part.dropFirst() : part[...]
            let level = start.prefix(2)
            guard level.count == 2, level.first?.isNumber == true, level.last == "-",
                start.dropFirst(2).prefix(3).count(where: \.isNumber) == 3
            else { return nil }
            return (part.hasPrefix("^") ? "^" : "") + start.dropFirst(2)
        }
        let known = parts.compactMap { $0 }
        return known.count == parts.count ? known.joined(separator: "|") : text
    }

    private mutating func takeCategory(_ name: String) {
        switch name {
        case "syslog": return
        case "windows":
            searches.append(Search(alternatives: [[("decoder", WazuhDecoders.windows)]]))
        case "web-log": searches.append(Search(alternatives: [[("decoder", WazuhDecoders.web)]]))
        case "squid": searches.append(Search(alternatives: [[("decoder", ["squid"])]]))
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
