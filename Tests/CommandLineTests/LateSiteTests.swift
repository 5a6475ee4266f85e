// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Foundation
import Testing
import WireFormats

/// Site files that come after the events that they concern.
@Suite(.enabled(if: BuiltCommand.path != nil, "the command was not built beside the tests"))
struct LateSiteTests {
    private static let rules = """
        title: Somebody came in
        name: came_in
        level: high
        logsource: {category: authentication}
        detection:
          acts: {action: login, outcome: success, wardline.asset|exists: true}
          covered: {wardline.change|exists: true}
          condition: acts and not covered
        wardline: {group-by: [wardline.asset, user.name], timespan: 1h}
        ---
        title: Somebody came in from a device
        name: from_device
        level: high
        logsource: {category: authentication}
        detection:
          acts: {action: login, outcome: success, wardline.src.asset|exists: true}
          condition: acts
        wardline: {group-by: [wardline.src.asset], timespan: 1h}

        """
    private static let assets = """
        asset_id,device_type,mac,hostname,zone
        P-1,pump,02:00:00:00:00:01,pump1,w
        P-2,pump,02:00:00:00:00:02,pump2,w

        """
    private static let bindings = "mac,ip,from,to\n02:00:00:00:00:02,10.9.2.4,2026-10-01T00:00:00Z,\n"
    private static let change = """
        {"change":"WO-1","kind":"service","start":"2026-10-05T03:00:00Z","end":"2026-10-05T05:00:00Z",\
        "assets":["P-1"],"actors":["ann"]}

        """
    private static func line(_ minute: Int, _ host: String, _ user: String) -> String {
        String(format: "<38>Oct  5 04:%02d:00 ", minute)
            + "\(host) sshd[88]: Accepted password for \(user) from 10.9.2.4 port 4000 ssh2\n"
    }

    /// A store that gets parts in this order: `lines`, or a role of a site file.
    private static func incidents(_ order: [String]) throws -> [JSONValue] {
        let decoder = try String(contentsOfFile: "decoders/sshd.decoder.yaml", encoding: .utf8)
        var files = ["decoders/sshd.decoder.yaml": decoder, "rules/r.yml": rules]
        files["lines.log"] = line(0, "pump1", "ann") + line(10, "pump1", "bob") + line(20, "pump2", "ann")
        for (name, text) in site { files["site/" + name] = text }
        var found: [JSONValue] = []
        try RulesMatchTests.inFolder(files) { folder in
            let store = ["--store", folder + "/store"]
            func run(_ arguments: [String]) throws -> BuiltCommand.Result {
                let result = try BuiltCommand.run(arguments + store)
                try #require(result.status == 0, "\(arguments) \(result.text) \(result.errors)")
                return result
            }
            for part in order {
                guard part == "lines" else {
                    let name = try #require(site.keys.first { $0.hasPrefix(part) })
                    let role = name.hasSuffix(".csv") && part != "bindings" ? "assets" : part
                    _ = try run(["import", role, folder + "/site/" + name, "-q"])
                    continue
                }
                _ = try run([
                    "ingest", "-q", "--rules", folder + "/rules", "--decoders", folder + "/decoders",
                    "--reference-time", "2026-12-01T00:00:00Z", folder + "/lines.log",
                ])
            }
            let list = { try BuiltCommand.run(["incidents", "-q", "-o", "jsonl"] + store).text }
            let before = try list()
            _ = try run(["store", "rebuild", "-q"])
            #expect(try list() == before)
            found = try before.split(separator: "\n").map { try JSONValue(parsing: String($0)) }
        }
        return found
    }

    /// What incidents say, but for where records lie in the log.
    private static func told(_ incidents: [JSONValue]) -> [String] {
        incidents.map { incident in
            let entries = (incident["evidence"]?.elements ?? []).map { entry in
                ["time", "role", "device", "summary"].map { entry[$0]?.text ?? "" }.joined(separator: " ")
            }
            let parts = ["id", "rules", "devices", "users", "first", "last"].map { incident[$0]?.line ?? "" }
            return (parts + entries).joined(separator: " | ")
        }
    }

    private static let site = [
        "assets.csv": assets, "bindings.csv": bindings, "changes.jsonl": change,
        // An older list, which lacks a device; and one in which a name went to another device.
        "fewer.csv": assets.split(separator: "\n").dropLast().joined(separator: "\n") + "\n",
        "moved.csv": assets.replacingOccurrences(of: "P-1,", with: "P-9,"),
    ]

    @Test(arguments: [
        ["fewer", "lines", "assets"], ["assets", "lines", "bindings"], ["assets", "lines", "changes"],
        ["fewer", "lines", "assets", "bindings", "changes"],
        ["changes", "fewer", "lines", "bindings", "assets"], ["bindings", "assets", "lines", "changes"],
    ]) func `a device, binding or change record that comes late gives what it gives when it comes first`(
        order: [String]
    ) throws {
        let late = try Self.incidents(order)
        let early = try Self.incidents(order.filter { $0 != "lines" } + ["lines"])
        #expect(Self.told(late) == Self.told(early))
        #expect(!early.isEmpty)
    }

    @Test func `what comes late decides something`() throws {
        let orders = [
            ["lines"], ["fewer", "lines"], ["assets", "lines"], ["assets", "lines", "changes"],
            ["assets", "lines", "bindings"],
        ]
        let told = try orders.map { Self.told(try Self.incidents($0)) }
        #expect(Set(told).count == orders.count)
    }

    @Test func `a list in which a name belongs to another device says nothing of the past`() throws {
        let before = try Self.incidents(["assets", "lines"])
        let after = try Self.incidents(["assets", "lines", "moved"])
        #expect(Self.told(after) == Self.told(before))
        let first = try Self.incidents(["moved", "lines"])
        #expect(Self.told(first) != Self.told(before))
    }
}
