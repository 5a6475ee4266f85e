// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Foundation
import Testing

@testable import QueryEngine

/// What OCSF 1.8.0 asks of the classes that events become; facts of the published schema.
private struct OCSFRequirements {
    /// Attributes of a class beyond those of every event.
    static let required: [Int: [String]] = [
        2002: ["finding_info", "vulnerabilities"], 2004: ["finding_info"], 3001: ["user"], 3002: ["user"],
        3003: ["user"], 3005: ["user", "privileges"], 4009: ["direction_id", "email"], 5001: ["device"],
        5019: ["device"], 5020: ["device"], 6002: ["app"], 6003: ["actor", "api", "src_endpoint"],
    ]
    static let everywhere = [
        "activity_id", "category_uid", "class_uid", "metadata", "severity_id", "time", "type_uid",
    ]
    /// Of each list at least one must be there.
    static let anyOf: [Int: [String]] = [
        1008: ["log_file", "log_name", "log_provider", "log_type", "log_type_id"],
        3002: ["service", "dst_endpoint"], 4001: ["dst_endpoint", "src_endpoint"],
        4003: ["dst_endpoint", "src_endpoint"], 4004: ["dst_endpoint", "src_endpoint"],
    ]
    /// Highest `activity_id` of a class; 0 and 99 are always allowed.
    static let activityMax: [Int: Int] = [
        0: 0, 1008: 10, 2002: 3, 2004: 3, 3001: 12, 3002: 7, 3003: 2, 3005: 2, 4001: 7, 4003: 6, 4004: 9,
        4009: 5, 5001: 2, 5019: 2, 5020: 2, 6002: 8, 6003: 4,
    ]
    /// Attributes of objects; of the second list one is enough.
    static let objects: [String: (all: [String], any: [String])] = [
        "user": ([], ["account", "name", "uid"]),
        "src_endpoint": ([], ["ip", "uid", "name", "hostname", "interface_name", "domain"]),
        "dst_endpoint": ([], ["ip", "uid", "name", "hostname", "interface_name", "domain"]),
        "service": ([], ["name", "uid"]), "app": ([], ["name", "uid"]), "policy": ([], ["name", "uid"]),
        "product": ([], ["name", "uid"]), "finding_info": (["uid"], []), "device": (["type_id"], []),
        "metadata": (["product", "version"], []), "connection_info": (["direction_id"], []),
        "api": (["operation"], []), "email": ([], ["from", "to"]), "package": (["name", "version"], []),
        "actor": ([], ["process", "user", "session", "app_name", "app_uid"]),
    ]

    /// What is wrong with an object, in words.
    static func faults(_ object: JSONValue) -> [String] {
        guard case .object(let members) = object else { return ["no object"] }
        let names = Set(members.map(\.name))
        var faults = everywhere.filter { !names.contains($0) }
        guard let number = object["class_uid"]?.integer, let activity = object["activity_id"]?.integer else {
            return faults
        }
        faults += (required[Int(number)] ?? []).filter { !names.contains($0) }
        if let list = anyOf[Int(number)], names.isDisjoint(with: list) { faults.append("none of \(list)") }
        guard let most = activityMax[Int(number)] else { return faults + ["class \(number)"] }
        if activity > most, activity != 99 { faults.append("activity \(activity) of \(number)") }
        if object["type_uid"]?.integer != number * 100 + activity { faults.append("type_uid") }
        if object["category_uid"]?.integer != number / 1_000 { faults.append("category_uid") }
        return faults + members.flatMap { nested($0.name, $0.value) }
    }

    private static func nested(_ name: String, _ value: JSONValue) -> [String] {
        if let elements = value.elements { return elements.flatMap { nested(name, $0) } }
        guard case .object(let members) = value, name != "unmapped" else { return [] }
        let names = Set(members.map(\.name))
        var faults = members.flatMap { nested($0.name, $0.value) }
        if let rule = objects[name] {
            faults += rule.all.filter { !names.contains($0) }.map { name + "." + $0 }
            if !rule.any.isEmpty, names.isDisjoint(with: rule.any) { faults.append(name + " is anonymous") }
        }
        if name == "vulnerabilities", names.intersection(["advisory", "cve", "cwe"]).count != 1 {
            faults.append("vulnerability is not one of advisory, cve, cwe")
        }
        return faults
    }
}

@Suite struct ExportTests {
    /// One event of each action and outcome: bare, and with every field.
    private static func batch(_ action: Action, _ outcome: Outcome, isFull: Bool) -> EventBatch {
        var batch = EventBatch()
        batch.decoders = ["none", "test"]
        batch.extensionNames = ["ext.cve", "ext.query", "ext.sender", "ext.group", "ext.odd"]
        var event = Event(offset: Offset(7), time: Fixture.now, logTime: Fixture.now)
        event.action = action
        event.eventClass = action.defaultClass
        event.outcome = outcome
        event.decoder = 1
        batch.begin(event)
        guard isFull else { return batch }
        for number in FieldID.knownNames.indices {
            let field = FieldID(rawValue: UInt16(number))
            let isPort = field == .sourcePort || field == .targetPort || field == .processID
            batch.add(field, isPort ? "4\(number)" : "value-\(number)-end")
        }
        for number in batch.extensionNames.indices {
            batch.add(FieldID(rawValue: FieldID.firstExtension + UInt16(number)), "extra-\(number)-end")
        }
        batch.add(.userName, "second-user-end")
        return batch
    }

    private static let cases: [(Action, Outcome)] = Action.allCases.flatMap { action in
        Outcome.allCases.map { (action, $0) }
    }

    @Test("every action gives the attributes that its OCSF class asks for, with and without fields")
    func required() {
        for (action, outcome) in Self.cases {
            for isFull in [false, true] {
                let object = OCSFObject.json(Self.batch(action, outcome, isFull: isFull), 0)
                #expect(OCSFRequirements.faults(object) == [], "\(action) \(outcome) \(isFull)")
            }
        }
    }

    @Test("the check finds what is missing")
    func mutant() {
        let object = OCSFObject.json(Self.batch(.login, .success, isFull: true), 0)
        guard case .object(let members) = object else { return }
        for name in ["user", "metadata", "time", "type_uid"] {
            let cut = JSONValue.object(members.filter { $0.name != name })
            #expect(!OCSFRequirements.faults(cut).isEmpty, "\(name)")
        }
        let anonymous = JSONValue.object(
            members.map { $0.name == "user" ? .init("user", .object([.init("type_id", .integer(0))])) : $0 }
        )
        #expect(OCSFRequirements.faults(anonymous) == ["user is anonymous"])
    }

    @Test("no value is lost in either export")
    func complete() {
        for (action, outcome) in Self.cases {
            let batch = Self.batch(action, outcome, isFull: true)
            for text in [OCSFObject.json(batch, 0).line, ECSObject.json(batch, 0).line] {
                for entry in batch.fields(of: 0) where entry.field != .sourceMAC && entry.field != .targetMAC
                {
                    let value = String(decoding: batch.bytes[entry.range], as: UTF8.self)
                    #expect(text.contains(value), "\(action): \(batch.name(of: entry.field))")
                }
                // Hardware addresses change their spelling in ECS.
                #expect(text.lowercased().contains("value-12-end"))
                #expect(text.lowercased().contains("value-17-end"))
            }
        }
    }

    @Test("ECS names only categories and types of the schema")
    func categories() {
        let categories: Set = [
            "api", "authentication", "configuration", "database", "driver", "email", "file", "host", "iam",
            "intrusion_detection", "library", "malware", "network", "package", "process", "registry",
            "session",
            "threat", "vulnerability", "web",
        ]
        let types: Set = [
            "access", "admin", "allowed", "change", "connection", "creation", "deletion", "denied", "device",
            "end", "error", "group", "indicator", "info", "installation", "protocol", "start", "user",
        ]
        for action in Action.allCases {
            let row = ECSCategory.of(action)
            #expect(categories.isSuperset(of: row.categories), "\(action)")
            #expect(types.isSuperset(of: row.types), "\(action)")
            #expect(["alert", "event", "state"].contains(row.kind), "\(action)")
        }
    }

    @Test("a login, a denied flow and an update as both schemas write them")
    func examples() throws {
        let login = OCSFObject.json(Fixture.batch, 0)
        #expect(login["class_uid"]?.integer == 3002)
        #expect(login["type_uid"]?.integer == 300_201)
        #expect(login["user"]?["name"]?.text == "jsmith-ad")
        #expect(login["src_endpoint"]?["ip"]?.text == "10.99.4.18")
        #expect(login["status_id"]?.integer == 1)
        #expect(login["severity_id"]?.integer == 1)
        let deny = OCSFObject.json(Fixture.batch, 1)
        #expect(deny["type_uid"]?.integer == 400_105)
        #expect(deny["disposition_id"]?.integer == 2)
        #expect(deny["dst_endpoint"]?["port"]?.integer == 443)
        #expect(deny["traffic"]?["bytes"]?.integer == 1_500_000)
        #expect(deny["unmapped"]?["ext.flow_id"]?.text == "88f1")
        let update = OCSFObject.json(Fixture.batch, 2)
        #expect(update["type_uid"]?.integer == 600_208)
        #expect(update["app"]?["version"]?.text == "8.9.0")
        #expect(update["unmapped"]?["software.from"]?.text == "8.10.0")
        #expect(OCSFObject.json(Fixture.batch, 3)["type_uid"]?.integer == 0)

        let document = ECSObject.json(Fixture.batch, 1)
        #expect(document["event"]?["category"] == .texts(["network"]))
        #expect(document["event"]?["type"] == .texts(["connection", "denied"]))
        #expect(document["observer"]?["name"]?.text == "fw-core")
        #expect(document["host"] == nil)
        #expect(document["destination"]?["port"]?.integer == 443)
        let raw = ECSObject.json(Fixture.batch, 0, raw: Array("as sent".utf8))
        #expect(raw["event"]?["original"]?.text == "as sent")
        #expect(raw["host"]?["name"]?.text == "pacs-ws-07")
    }

    /// The published table, made from the code.
    private static var manifest: String {
        var lines = [
            "{", #"  "ocsf": "\#(OCSFClass.version)","#, #"  "ecs": "\#(ECSObject.version)","#,
            #"  "actions": {"#,
        ]
        let rows = Action.allCases.map { action in
            let usual = OCSFActivity.of(action, .success)
            let failed = OCSFActivity.of(action, .failure)
            let row = ECSCategory.of(action)
            var members: [JSONValue.Member] = [
                .init("class_uid", .integer(Int64(usual.ocsfClass.rawValue))),
                .init("activity_id", .integer(Int64(usual.activity))),
                .init("type_uid", .integer(Int64(usual.type))),
            ]
            if failed != usual { members.append(.init("type_uid_failure", .integer(Int64(failed.type)))) }
            members += [
                .init("kind", .text(row.kind)), .init("category", .texts(row.categories)),
                .init("type", .texts(row.types)),
            ]
            return #"    "\#(action.name)": "# + JSONValue.object(members).line
        }
        lines.append(rows.joined(separator: ",\n"))
        return (lines + ["  }", "}"]).joined(separator: "\n") + "\n"
    }

    @Test("the published table is that of the code")
    func table() throws {
        let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let path = "/" + root + "/docs/exports-v1.json"
        let published = String(
            decoding: try #require(FileManager.default.contents(atPath: path)),
            as: UTF8.self
        )
        let isEqual = published == Self.manifest
        #expect(isEqual, "\(path) says something else than the code:\n\(Self.manifest)")
    }
}
