// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Foundation
import Testing
import WireFormats

/// What operators decide about incidents, over stores of their own.
@Suite(.enabled(if: BuiltCommand.path != nil, "the command was not built beside the tests"))
struct IncidentActsTests {
    private static let rules = """
        title: A service account came in
        name: service_in
        level: high
        logsource: {category: authentication}
        detection:
          acts: {action: login, outcome: success, user.name: svc}
          condition: acts
        wardline: {group-by: [wardline.asset, user.name], timespan: 1h}
        ---
        title: Root came in
        name: root_in
        level: high
        logsource: {category: authentication}
        detection:
          acts: {action: login, outcome: success, user.name: root}
          condition: acts

        """

    private static func logon(_ day: Int, _ user: String, on device: String, hour: Int = 4) -> String {
        String(format: "<38>Oct %2d %02d:00:00 ", day, hour)
            + "\(device) sshd[88]: Accepted password for \(user) from 10.9.2.4 port 4000 ssh2\n"
    }

    /// A store and the folder that it lies in.
    private struct Site {
        var folder: String
        var store: String { folder + "/store" }

        func ingest(_ lines: String) throws {
            let file = folder + "/\(UUID().uuidString).log"
            try lines.write(toFile: file, atomically: true, encoding: .utf8)
            let result = try BuiltCommand.run([
                "ingest", "-q", "--store", store, "--rules", folder + "/rules", "--decoders",
                folder + "/decoders", "--site", folder + "/site", "--reference-time", "2026-12-01T00:00:00Z",
                file,
            ])
            try #require(result.status == 0, "\(result.text) \(result.errors)")
        }

        @discardableResult
        func run(_ arguments: [String], status: Int32 = 0) throws -> BuiltCommand.Result {
            let result = try BuiltCommand.run(arguments + ["--store", store])
            #expect(result.status == status, "\(arguments): \(result.text) \(result.errors)")
            return result
        }

        func incidents() throws -> [JSONValue] {
            let result = try BuiltCommand.run(["incidents", "-q", "--store", store, "-o", "jsonl"])
            return try result.lines.map { try JSONValue(parsing: $0) }
        }

        /// Rule, device and state of each incident.
        func states() throws -> [String] {
            try incidents().map { incident in
                let parts = [incident["rules"]?.elements?.first, incident["devices"]?.elements?.first]
                return (parts.map { $0?.text ?? "-" } + [incident["state"]?.text ?? "-"])
                    .joined(separator: " ")
            }
        }
    }

    private static func withSite(_ body: (Site) throws -> Void) throws {
        let decoder = try String(contentsOfFile: "decoders/sshd.decoder.yaml", encoding: .utf8)
        let files = [
            "decoders/sshd.decoder.yaml": decoder, "rules/r.yml": rules,
            "site/assets.csv":
                "asset_id,device_type,mac,hostname,zone\nP-1,pump,02:00:00:00:00:01,pump1,w\n"
                + "P-2,pump,02:00:00:00:00:02,pump2,w\n",
        ]
        try RulesMatchTests.inFolder(files) { try body(Site(folder: $0)) }
    }

    @Test func `repeats of a benign close open nothing until it ends, and nothing vanishes`() throws {
        try Self.withSite { site in
            try site.ingest(Self.logon(1, "svc", on: "pump1"))
            let id = try #require(try site.incidents().first?["id"]?.text)
            let closed = try site.run([
                "incidents", "close", id, "--benign", "--reason", "WO-5531", "--for", "7d",
            ])
            #expect(closed.errors.contains("is closed as benign; alerts of service_in"))
            #expect(try site.states() == ["service_in P-1 closed"])
            // Within the time: silent. The planted ones open: other device, other rule, after the end.
            try site.ingest(
                Self.logon(3, "svc", on: "pump1") + Self.logon(4, "svc", on: "pump1")
                    + Self.logon(3, "svc", on: "pump2", hour: 9) + Self.logon(5, "root", on: "pump1")
                    + Self.logon(20, "svc", on: "pump1")
            )
            let expected = [
                "service_in P-1 closed", "service_in P-2 new", "root_in P-1 new", "service_in P-1 new",
            ]
            #expect(try site.states() == expected)
            let shown = try site.run(["incidents", "show", id]).text
            #expect(shown.contains(": 2 so far, the last at 2026-10-04"), "\(shown)")
            #expect(try site.run(["why", id]).text.contains("WO-5531"))
            let reviews = try site.run(["query", "class:review", "-o", "jsonl"]).lines.map {
                try JSONValue(parsing: $0)
            }
            #expect(reviews.map { $0["suppressed_by"]?.text } == [id, id])
            let schema = try SchemaFiles.schema("review")
            #expect(reviews.flatMap { schema.faults($0) + schema.memberFaults($0) } == [])
            let listed = try site.run(["incidents", "suppressions", "-o", "jsonl"]).lines.map {
                try JSONValue(parsing: $0)
            }
            #expect(listed.map { $0["suppressed"]?.integer } == [2])
            let form = try SchemaFiles.schema("suppression")
            #expect(listed.flatMap { form.faults($0) + form.memberFaults($0) } == [])
            let noted = try BuiltCommand.run(["incidents", "--store", site.store])
            #expect(noted.errors.contains("2 alerts kept silent by benign closes"))
        }
    }

    @Test func `judging the records anew gives the same incidents byte for byte`() throws {
        try Self.withSite { site in
            try site.ingest(Self.logon(1, "svc", on: "pump1"))
            let id = try #require(try site.incidents().first?["id"]?.text)
            try site.run(["incidents", "close", id, "--benign", "--reason", "tests", "--scope", "device"])
            try site.ingest(Self.logon(2, "svc", on: "pump1") + Self.logon(2, "root", on: "pump2"))
            let before = try site.run(["incidents", "-q", "-o", "jsonl"]).text
            try site.run(["store", "rebuild", "-q"])
            #expect(try site.run(["incidents", "-q", "-o", "jsonl"]).text == before)
            #expect(before.contains("closures"))
            let schema = try SchemaFiles.schema("incident")
            let incidents = try site.incidents()
            #expect(incidents.flatMap { schema.faults($0) + schema.memberFaults($0) } == [])
        }
    }

    @Test func `reopening brings back the incident and what it kept silent`() throws {
        try Self.withSite { site in
            try site.ingest(Self.logon(1, "svc", on: "pump1"))
            let id = try #require(try site.incidents().first?["id"]?.text)
            try site.run(["incidents", "reopen", id, "--reason", "x"], status: 2)
            try site.run(["incidents", "close", id, "--benign", "--reason", "tests"])
            try site.ingest(Self.logon(2, "svc", on: "pump1"))
            #expect(try site.states() == ["service_in P-1 closed"])
            try site.run(["incidents", "reopen", id, "--reason", "it was not"])
            #expect(try site.states() == ["service_in P-1 new", "service_in P-1 new"])
            try site.run(["incidents", "suppressions"], status: 1)
            try site.run(["incidents", "close", id, "--reason", "dealt with"])
            #expect(try site.states() == ["service_in P-1 closed", "service_in P-1 new"])
            #expect(try site.run(["incidents", "--state", "new"]).lines.count == 2)
        }
    }

    @Test(arguments: [
        ["--reason", "x", "--scope", "device"], ["--reason", " "], [],
        ["--benign", "--reason", "x", "--scope", "moon"],
        ["--benign", "--reason", "x", "--for", "400d"], ["--benign", "--reason", "x", "--for", "soon"],
        ["--benign", "--reason", "x", "--until", "2026-09-01"],
        ["--benign", "--reason", "x", "--until", "2026-10-09", "--for", "1d"],
    ]) func `a close that says nothing sensible is refused and changes nothing`(_ arguments: [String]) throws
    {
        try Self.withSite { site in
            try site.ingest(Self.logon(1, "svc", on: "pump1"))
            let id = try #require(try site.incidents().first?["id"]?.text)
            try site.run(["incidents", "close", id] + arguments, status: 2)
            #expect(try site.states() == ["service_in P-1 new"])
        }
    }

    @Test func `who handles an incident, and what was noted, stands with it and in the record`() throws {
        try Self.withSite { site in
            try site.ingest(Self.logon(1, "svc", on: "pump1") + Self.logon(3, "svc", on: "pump2"))
            let id = try #require(try site.incidents().first?["id"]?.text)
            let told = try site.run(["incidents", "assign", id, " r.okafor ", "--reason", "night shift"])
            #expect(told.errors.contains("\(id) is assigned to r.okafor"))
            #expect(try site.states() == ["service_in P-1 new", "service_in P-2 new"])
            try site.run(["incidents", "ack", id])
            try site.run(["incidents", "note", id, "called the ward:\u{1b}[2J no work order"])
            #expect(try site.states() == ["service_in P-1 acknowledged", "service_in P-2 new"])
            // Evidence that comes later does not make it new; what was closed and came back is.
            try site.ingest(Self.logon(1, "root", on: "pump1", hour: 5))
            #expect(try site.states() == ["root_in P-1 acknowledged", "service_in P-2 new"])
            let listed = try site.run(["incidents", "--assignee", "R.Okafor"])
            #expect(listed.lines.count == 2 && listed.text.contains("ASSIGNEE"))
            try site.run(["incidents", "--assignee", "nobody"], status: 1)
            let shown = try site.run(["incidents", "show", id]).text
            #expect(shown.contains("assigned to r.okafor by "))
            #expect(shown.contains(": called the ward:\\x1b[2J no work order"), "\(shown)")
            let incidents = try site.incidents()
            #expect(incidents.map { $0["assignee"]?.text } == ["r.okafor", nil])
            let kinds = (incidents.first?["remarks"]?.elements ?? []).map { $0["kind"]?.text }
            #expect(kinds == ["assign", "acknowledge", "note"])
            let schema = try SchemaFiles.schema("incident")
            #expect(incidents.flatMap { schema.faults($0) + schema.memberFaults($0) } == [])
            let acts = try site.run(["incidents", "acts", "-o", "jsonl"]).lines.map {
                try JSONValue(parsing: $0)
            }
            let form = try SchemaFiles.schema("act")
            #expect(acts.flatMap { form.faults($0) + form.memberFaults($0) } == [])
            let before = try site.run(["incidents", "-q", "-o", "jsonl"]).text
            try site.run(["store", "rebuild", "-q"])
            #expect(try site.run(["incidents", "-q", "-o", "jsonl"]).text == before)
            try site.run(["incidents", "close", id, "--reason", "done"])
            try site.ingest(Self.logon(2, "svc", on: "pump1"))
            try site.run(["incidents", "undo", "\(acts[0]["offset"]?.integer ?? 0)", "--reason", "away"])
            #expect(try site.incidents().map { $0["assignee"]?.text } == [nil, nil, nil])
        }
    }

    @Test(arguments: [
        ["ack", "INC-nothing"], ["assign", "ID", " "], ["assign", "ID"], ["note", "ID", ""],
        ["note", "ID", String(repeating: "x", count: 1_025)],
        ["assign", "ID", String(repeating: "x", count: 129)],
    ]) func `a remark that says nothing sensible is refused and changes nothing`(
        _ arguments: [String]
    ) throws {
        try Self.withSite { site in
            try site.ingest(Self.logon(1, "svc", on: "pump1"))
            let id = try #require(try site.incidents().first?["id"]?.text)
            let refused = try BuiltCommand.run(
                ["incidents"] + arguments.map { $0 == "ID" ? id : $0 } + ["--store", site.store]
            )
            #expect(refused.status != 0 && !refused.errors.isEmpty)
            try site.run(["incidents", "acts"], status: 1)
        }
    }

    @Test func `merge and split regroup alerts, old ids find what there is, and undo takes it back`() throws {
        try Self.withSite { site in
            try site.ingest(
                Self.logon(1, "svc", on: "pump1") + Self.logon(1, "root", on: "pump1", hour: 5)
                    + Self.logon(9, "root", on: "pump2")
            )
            let before = try site.incidents()
            let ids = before.compactMap { $0["id"]?.text }
            #expect(ids.count == 2)
            try site.run(["incidents", "merge", ids[0], ids[1], "--reason", "one intruder"])
            #expect(try site.incidents().map { $0["rules"]?.elements?.count } == [2])
            #expect(try site.run(["incidents", "show", ids[1]]).text.hasPrefix(ids[0]))
            try site.run(["incidents", "merge", ids[0], ids[1], "--reason", "again"], status: 2)
            try site.run(["incidents", "split", ids[0], "root_in", "--reason", "a drill"])
            let parts = try site.incidents()
            let split = parts.map { part in
                "\(part["rules"]?.elements?.first?.text ?? "-") \(part["devices"]?.elements?.count ?? 0)"
            }
            #expect(split.sorted() == ["root_in 2", "service_in 1"])
            #expect(try site.run(["incidents", "show", ids[1]]).text.contains("Root came in"))
            try site.run(["incidents", "split", ids[0], "service_in", "--reason", "x"], status: 2)
            try site.run(["incidents", "split", ids[0], "nothing", "--reason", "x"], status: 2)
            let acts = try site.run(["incidents", "acts", "-o", "jsonl"]).lines.map {
                try JSONValue(parsing: $0)
            }
            #expect(acts.map { $0["act"]?.text } == ["merge", "split"])
            let schema = try SchemaFiles.schema("act")
            #expect(acts.flatMap { schema.faults($0) + schema.memberFaults($0) } == [])
            let rebuilt = try site.run(["incidents", "-q", "-o", "jsonl"]).text
            try site.run(["store", "rebuild", "-q"])
            #expect(try site.run(["incidents", "-q", "-o", "jsonl"]).text == rebuilt)
            for act in acts.reversed() {
                let number = try #require(act["offset"]?.integer)
                try site.run(["incidents", "undo", "\(number)", "--reason", "wrong"])
            }
            #expect(try site.incidents() == before)
            #expect(try site.run(["incidents", "acts"]).lines.count == 5)
            try site.run(["incidents", "undo", "0", "--reason", "wrong"], status: 2)
        }
    }
}
