// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Foundation
import Testing
import WireFormats

/// `why` and `why-not` over stores of their own.
@Suite(.enabled(if: BuiltCommand.path != nil, "the command was not built beside the tests"))
struct WhyCommandTests {
    private static let rules = """
        title: A logon failed
        name: failed
        logsource: {category: authentication}
        detection:
          acts: {action: login, outcome: failure}
          service: {user.name: backup}
          condition: acts and not service
        wardline: {base: true}
        ---
        title: A logon succeeded
        name: entered
        logsource: {category: authentication}
        detection: {acts: {action: login, outcome: success}, condition: acts}
        wardline: {base: true}
        ---
        title: Guessing of one account
        name: guessing
        level: high
        correlation:
          type: event_count
          rules: [failed]
          group-by: [wardline.asset, user.name]
          timespan: 10m
          condition: {gte: 3}
        ---
        title: Many accounts were tried
        name: spraying
        level: high
        correlation:
          type: value_count
          rules: [failed]
          group-by: [wardline.asset]
          timespan: 10m
          condition: {field: user.name, gte: 3}
        ---
        title: Guessed, then in
        name: guessed
        level: high
        correlation:
          type: temporal_ordered
          group-by: [wardline.asset, user.name]
          timespan: 1h
        wardline:
          sequence:
            steps:
              - {rule: failed, runs: 2}
              - {rule: entered, within: 5m}
        ---
        title: Guessing, then in
        name: guessing_then_in
        level: high
        correlation:
          type: temporal_ordered
          rules: [guessing, entered]
          group-by: [user.name]
          timespan: 1h
          generate: true
        ---
        title: Failed and never came in
        name: gave_up
        level: high
        correlation:
          type: temporal
          rules: [failed, entered]
          group-by: [wardline.asset, user.name]
          timespan: 30m
          condition: failed and not entered
        ---
        title: Root came in
        name: root_entered
        level: high
        logsource: {category: authentication}
        detection:
          acts: {action: login, outcome: success}
          who: {user.name: root}
          condition: acts and who
        ---
        title: A reader of a card that nobody has
        name: card_reader
        level: high
        logsource: {category: authentication}
        detection: {s: {ext.card.reader: '7'}, condition: s}

        """

    /// Failed and accepted logons at minutes after four o'clock.
    private static let attempts: [(minute: Int, user: String, isAccepted: Bool)] = [
        (0, "ann", false), (1, "ann", false), (2, "ann", false), (3, "ann", false), (4, "ann", true),
        (60, "bob", false), (61, "eve", false), (62, "bob", false), (63, "cid", false),
        (120, "dan", false), (126, "dan", false), (132, "dan", false),
        (180, "fay", false), (181, "fay", false), (190, "fay", true),
    ]

    private static func line(_ index: Int) -> String {
        let (minute, user, isAccepted) = attempts[index]
        let clock = String(format: "%02d:%02d:00", 4 + minute / 60, minute % 60)
        let word = isAccepted ? "Accepted" : "Failed"
        return "<38>Oct  5 \(clock) pump1 sshd[88]: \(word) password for \(user) from 10.9.2.4 "
            + "port 4000 ssh2\n"
    }

    /// Calls `body` with a store of these attempts, all unless named.
    private static func inStore(_ indices: [Int]? = nil, _ body: (String) throws -> Void) throws {
        let lines = (indices ?? Array(attempts.indices)).map(line).joined()
        let decoder = try String(contentsOfFile: "decoders/sshd.decoder.yaml", encoding: .utf8)
        let files = [
            "decoders/sshd.decoder.yaml": decoder, "rules/r.yml": rules, "input.log": lines,
            "site/assets.csv": "asset_id,device_type,mac,hostname,zone\nP-1,pump,02:00:00:00:00:01,pump1,w\n",
            "site/zones.json":
                #"{"zones":[{"id":"w","cidr":["10.8.1.0/24"],"medical":true}],"conduits":[]}"#,
        ]
        try RulesMatchTests.inFolder(files) { folder in
            let ingested = try BuiltCommand.run([
                "ingest", "-q", "--store", folder + "/store", "--rules", folder + "/rules",
                "--decoders", folder + "/decoders",
                "--site", folder + "/site", "--reference-time", "2026-12-01T00:00:00Z",
                folder + "/input.log",
            ])
            try #require(ingested.status == 0, "\(ingested.text) \(ingested.errors)")
            try body(folder + "/store")
        }
    }

    private static func json(_ arguments: [String], _ schema: String) throws -> JSONValue {
        let result = try BuiltCommand.run(arguments + ["-o", "json"])
        let value = try JSONValue(parsing: try #require(result.lines.first, "\(result.errors)"))
        let wanted = try RulesMatchTests.schema(schema)
        #expect(wanted.faults(value) + wanted.memberFaults(value) == [])
        return value
    }

    private static func incidents(_ store: String) throws -> [JSONValue] {
        let result = try BuiltCommand.run(["incidents", "--store", store, "-o", "jsonl"])
        return try result.lines.map { try JSONValue(parsing: $0) }
    }

    /// Rules that open incidents over these attempts.
    private static func speaking(_ indices: [Int]) throws -> Set<String> {
        var found: Set<String> = []
        try inStore(indices) { store in
            for incident in try incidents(store) {
                found.formUnion((incident["rules"]?.elements ?? []).compactMap(\.text))
            }
        }
        return found
    }

    /// The attempts by whose records the alert of a rule is shown, over all attempts.
    private static func witnesses(_ rule: String) throws -> [[Int]] {
        var found: [[Int]] = []
        try inStore { store in
            for incident in try incidents(store) {
                let id = try #require(incident["id"]?.text)
                let value = try json(["why", id, "--store", store], "why-v1.schema.json")
                for alert in value["alerts"]?.elements ?? [] where alert["rule"]?.text == rule {
                    #expect(alert["minimal"]?.bool == true, "\(alert.line)")
                    #expect(alert["fingerprint_proven"]?.bool == true, "\(alert.line)")
                    let witnesses = alert["witnesses"]?.elements ?? []
                    #expect(witnesses.allSatisfy { $0["device"]?.text == "P-1" })
                    // Control records of the import and its site come first.
                    let first = try firstOffset(store)
                    found.append(witnesses.compactMap { $0["offset"]?.integer.map { Int($0 - first) } })
                }
            }
        }
        return found
    }

    private static func firstOffset(_ store: String) throws -> Int64 {
        let result = try BuiltCommand.run(["query", "--store", store, "-o", "jsonl", "action:login"])
        var offsets: [Int64] = []
        for line in result.lines {
            if let offset = try JSONValue(parsing: line)["offset"]?.integer { offsets.append(offset) }
        }
        return try #require(offsets.min())
    }

    /// The oracle: the witness alone makes the rule speak, and no part of it does.
    private static func isMinimal(_ witness: [Int], _ rule: String) throws -> Bool {
        guard try speaking(witness).contains(rule) else { return false }
        for left in witness {
            let rest = witness.filter { $0 != left }
            if !rest.isEmpty, try speaking(rest).contains(rule) { return false }
        }
        return true
    }

    @Test(arguments: [
        ("guessing", [[0, 1, 2]]), ("spraying", [[6, 7, 8]]), ("guessed", [[2, 3, 4]]),
    ]) func `the witness of an alert is enough and none of it can be missing`(
        _ rule: String,
        _ expected: [[Int]]
    ) throws {
        let found = try Self.witnesses(rule)
        #expect(found == expected)
        for witness in found { #expect(try Self.isMinimal(witness, rule), "\(witness)") }
    }

    @Test func `the oracle refuses a witness that is too large or too small`() throws {
        #expect(try !Self.isMinimal([0, 1, 2, 3], "guessing"))
        #expect(try !Self.isMinimal([0, 1], "guessing"))
    }

    @Test func `why shows digest, fingerprint, order, coverage and the join chain, and writes nothing`()
        throws
    {
        try Self.inStore { store in
            let before = Self.listing(store)
            let incident = try #require(try Self.incidents(store).first)
            let id = try #require(incident["id"]?.text)
            let result = try BuiltCommand.run(["why", String(id.dropLast(2)), "--store", store])
            #expect(result.status == 0, "\(result.errors)")
            #expect(result.text.contains("at least 3 events within 10m"))
            #expect(result.text.contains("3 of 4 events are enough"))
            #expect(result.text.contains("(the alert's id follows from it)"))
            #expect(result.text.contains("order    certain"))
            #expect(result.text.contains("share address 10.9.2.4"))
            let value = try Self.json(["why", id, "--store", store], "why-v1.schema.json")
            let digest = try #require(
                value["alerts"]?.elements?.first?["witnesses"]?.elements?.first?["sha256"]?.text
            )
            #expect(result.text.contains("record sha256 \(digest)"))
            for merged in value["merged"]?.elements ?? [] {
                let name = try #require(merged.text)
                #expect(try Self.json(["why", name, "--store", store], "why-v1.schema.json") == value)
            }
            #expect(value["merged"]?.elements?.isEmpty == false)
            #expect(Self.listing(store) == before)
        }
    }

    @Test func `an incident that is not there ends with status 2, as everywhere`() throws {
        try Self.inStore([0]) { store in
            let result = try BuiltCommand.run(["why", "INC-nothing", "--store", store])
            #expect(result.status == 2)
            #expect(result.output.isEmpty)
            #expect(result.errors.contains("There is no incident `INC-nothing`"))
        }
    }

    /// Paths and bytes of what a store keeps for ever.
    private static func listing(_ store: String) -> [String: Data] {
        var found: [String: Data] = [:]
        let parts = ["records", "journal", "sets", "projections/wardline.sqlite"]
        for path in FileManager.default.subpaths(atPath: store) ?? []
        where parts.contains(where: path.hasPrefix) && !path.hasSuffix("-wal") && !path.hasSuffix("-shm") {
            found[path] = FileManager.default.contents(atPath: store + "/" + path) ?? Data()
        }
        return found
    }

    @Test(arguments: [
        ("guessing", 120, 140, "2 events within 10m; at least 3 is asked for: 1 short"),
        ("guessing", 120, 140, "3 come within 12m at the nearest: 2m longer than the window"),
        ("guessing", 120, 140, "user.name=dan"),
        ("guessing", 180, 195, "2 events within 10m; at least 3 is asked for: 1 short"),
        (
            "spraying", 180, 195,
            "1 different values of `user.name` within 10m; at least 3 is asked for: 2 short"
        ),
        ("guessed", 120, 140, "step 2, `entered`: did not match for this group"),
        ("guessed", 180, 195, "came 9m after the step before: 4m more than its bound of 5m"),
        ("guessed", 3, 10, "0 of 2 steps were taken"),
        ("guessing_then_in", 180, 195, "step 1, `guessing`: did not match for this group"),
        ("guessing_then_in", 180, 195, "nearest to `guessing`: 2 events within 10m; at least 3"),
        ("gave_up", 180, 195, "`entered` must not match and did"),
        ("root_entered", 0, 10, "`who` fails at `user.name` (wants root; found ann)"),
        ("root_entered", 60, 70, "`acts` fails at `outcome` (wants success; found failure)"),
        (
            "entered", 60, 70,
            "it raises no alert of its own; it feeds `guessed`, `guessing_then_in`, `gave_up`"
        ),
    ]) func `why-not names the nearest miss and by how much`(
        _ rule: String,
        _ since: Int,
        _ until: Int,
        _ expected: String
    ) throws {
        try Self.inStore { store in
            let arguments = ["why-not", rule, "--store", store] + Self.stretch(since, until)
            let result = try BuiltCommand.run(arguments)
            #expect(result.status == 0, "\(result.errors)")
            #expect(result.text.contains(expected), "\(result.text)")
            let value = try Self.json(arguments, "why-not-v1.schema.json")
            #expect(value["spoke"]?.bool == false && value["near"]?.bool == true)
        }
    }

    private static func stretch(_ since: Int, _ until: Int) -> [String] {
        func time(_ minute: Int) -> String {
            String(format: "2026-10-05T%02d:%02d:00Z", 4 + minute / 60, minute % 60)
        }
        return ["-S", time(since), "-U", time(until)]
    }

    @Test func `a rule that did speak is said to have, with the incident that the store has`() throws {
        try Self.inStore { store in
            let incident = try #require(try Self.incidents(store).first?["id"]?.text)
            let arguments = ["why-not", "guessing", "--device", "pump1", "--store", store]
            let result = try BuiltCommand.run(arguments)
            #expect(result.status == 0)
            #expect(
                result.text.contains("did speak") && result.text.contains("in \(incident)"),
                "\(result.text)"
            )
            let value = try Self.json(arguments, "why-not-v1.schema.json")
            #expect(value["alerts"]?.elements?.first?["stored_incident"]?.text == incident)
        }
    }

    @Test(arguments: [
        ("guessing", ["--device", "pump2"], "no event of pump2 lies in the stretch"),
        ("guessing", ["-S", "2026-10-06T00:00:00Z"], "no event lies in the stretch"),
        ("card_reader", [], "none has a field that it tests"),
    ]) func `where nothing came near the status is 1`(
        _ rule: String,
        _ arguments: [String],
        _ expected: String
    ) throws {
        try Self.inStore { store in
            let result = try BuiltCommand.run(["why-not", rule, "--store", store] + arguments)
            #expect(result.status == 1, "\(result.errors)")
            #expect(result.text.contains("nothing came near"), "\(result.text)")
            #expect(result.text.contains(expected), "\(result.text)")
        }
    }

    @Test func `rules that are tried replace those in force`() throws {
        let tried = Self.rules.replacing("condition: {gte: 3}", with: "condition: {gte: 2}")
        try Self.inStore { store in
            let file = store + "-tried.yml"
            try Data(tried.utf8).write(to: URL(fileURLWithPath: file))
            let arguments = ["why-not", "guessing", "--store", store] + Self.stretch(180, 195)
            #expect(try BuiltCommand.run(arguments).text.contains("did not speak"))
            let result = try BuiltCommand.run(arguments + ["--rules", file])
            #expect(result.text.contains("did speak"), "\(result.text) \(result.errors)")
            #expect(try BuiltCommand.run(["why-not", "nothing", "--store", store]).status == 2)
        }
    }
}
