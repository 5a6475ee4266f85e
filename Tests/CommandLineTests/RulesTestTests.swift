// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Foundation
import SiteFiles
import Testing
import WireFormats

@Suite(.enabled(if: BuiltCommand.path != nil, "the command was not built beside the tests"))
struct RulesTestTests {
    private static let rules = """
        title: Remote logon on a device
        name: remote_logon
        level: high
        logsource: {category: authentication}
        detection:
          acts: {action: login, outcome: success, wardline.asset|exists: true}
          inside: {wardline.src.zone: ward}
          condition: acts and not inside
        ---
        title: A logon that failed
        name: failed
        logsource: {category: authentication}
        detection: {s: {action: login, outcome: failure}, condition: s}
        wardline: {base: true}
        ---
        title: Failed and never succeeded
        name: gave_up
        level: medium
        logsource: {category: authentication}
        correlation:
          type: temporal
          rules: [failed, remote_logon]
          group-by: [user.name]
          timespan: 1h
          condition: failed and not remote_logon
          generate: true

        """

    private static let site = """
        site:
          assets.csv: |
            asset_id,device_type,mac,hostname,zone
            P-1,pump,02:00:00:00:00:01,pump1,ward
          zones.json: |
            {"zones":[{"id":"ward","cidr":["10.8.1.0/24"],"medical":true}],"conduits":[]}

        """

    private static let cases =
        site
            + """
            cases:
              - name: a line from outside
                reference-time: 2026-12-01T00:00:00Z
                lines: |
                  <38>Oct  5 04:00:00 pump1 sshd[88]: Accepted password for ann from 10.9.2.4 port 4000 ssh2
                alerts: [remote_logon]
                incidents: 1
              - name: an event from inside
                events:
                  - {time: 2026-10-05T04:00:00Z, action: login, outcome: success,
                     user.name: ann, host.name: pump1,
                     src.ip: 10.8.1.7}
                alerts: []
                incidents: 0
              - name: with another site the same event comes from outside
                site:
                  zones.json: '{"zones":[{"id":"ward","cidr":["10.8.2.0/24"],"medical":true}],"conduits":[]}'
                events:
                  - {time: 2026-10-05T04:00:00Z, action: login, outcome: success,
                     user.name: ann, host.name: pump1,
                     src.ip: 10.8.1.7}
                alerts: [Remote logon on a device]
              - name: an absence falls due
                events: &none
                  - {time: 2026-10-05T04:00:00Z, action: login, outcome: failure,
                     user.name: ann, src.ip: 10.9.1.7}
                alerts: [gave_up]
              - name: an absence that is not due yet
                until: 2026-10-05T04:59:59Z
                events:
                  - {time: 2026-10-05T04:00:00Z, action: login, outcome: failure,
                     user.name: ann, src.ip: 10.9.1.7}
                alerts: []

            """.replacing("events: &none", with: "events:")

    private static func run(
        _ files: [String: String],
        _ arguments: [String] = []
    ) throws -> BuiltCommand.Result {
        var result: BuiltCommand.Result?
        try RulesMatchTests.inFolder(files) { folder in
            result = try BuiltCommand.run(["rules", "test", folder] + arguments)
        }
        return try #require(result)
    }

    @Test func `cases pass that say what comes`() throws {
        let result = try Self.run(["r.yml": Self.rules, "r.test.yml": Self.cases])
        #expect(result.status == 0, "\(result.text) \(result.errors)")
        #expect(result.output.isEmpty)
        #expect(result.errors.contains("5 cases of 1 file: 5 passed, 0 failed"))
    }

    @Test(arguments: [
        ("alerts: []\n    incidents: 0", "alerts: [remote_logon]", "an event from inside"),
        ("alerts: [remote_logon]", "alerts: []", "a line from outside"),
        ("incidents: 1", "incidents: 2", "a line from outside"),
        ("alerts: [gave_up]", "alerts: [gave_up, remote_logon]", "an absence falls due"),
    ]) func `a case fails that says anything else`(_ said: String, _ wrong: String, _ name: String) throws {
        let cases = Self.cases.replacing(said, with: wrong, maxReplacements: 1)
        #expect(cases != Self.cases)
        let result = try Self.run(["r.yml": Self.rules, "r.test.yml": cases], ["-o", "jsonl"])
        #expect(result.status == 1)
        let schema = try RulesMatchTests.schema("rule-case-v1.schema.json")
        let rows = try result.lines.map { try JSONValue(parsing: $0) }
        #expect(rows.flatMap { schema.faults($0) + schema.memberFaults($0) } == [])
        #expect(rows.count == 5)
        #expect(rows.filter { $0["passed"]?.bool == false }.map { $0["case"]?.text } == [name])
    }

    @Test func `a failure says what was expected, what came, and how near it was`() throws {
        let cases =
            Self.site + """
                cases:
                  - name: refused
                    events: [{time: 2026-10-05T04:00:00Z, action: login, outcome: failure, host.name: pump1}]
                    alerts: [remote_logon]

                """
        let result = try Self.run(["r.yml": Self.rules, "r.test.yml": cases])
        #expect(result.text.contains("r.test.yml:8: refused"), "\(result.text)")
        #expect(result.text.contains("expected  remote_logon"))
        #expect(result.text.contains("came      no alert"))
        #expect(result.text.contains("nearest is event 1: `acts` fails at `outcome`"))
    }

    @Test func `a rule file without cases is named, and cases are never read as rules`() throws {
        let files = [
            "a.yml": Self.rules, "a.test.yml": Self.cases, "b.yml": "title: B\nname: b\n" + Self.one,
        ]
        let result = try Self.run(files)
        #expect(result.status == 0)
        #expect(result.errors.contains("no cases stand beside"))
        #expect(result.errors.contains("/b.yml"))
        try RulesMatchTests.inFolder(files) { folder in
            #expect(
                try BuiltCommand.run(["rules", "check", folder]).errors.contains("rules: 4 right, 0 refused")
            )
            let alone = try BuiltCommand.run(["rules", "test", folder + "/a.yml"])
            #expect(alone.errors.contains("5 passed"))
            #expect(!alone.errors.contains("b.yml"))
            #expect(try BuiltCommand.run(["rules", "test", folder + "/a.test.yml"]).status == 2)
        }
    }

    @Test func `a field that nothing fills is a warning with the nearest, and a problem under keys of ours`()
        throws
    {
        let rule = { (field: String, ours: String) in
            "title: A\nname: a\nlogsource: {category: x}\n"
                + "detection: {s: {\(field): 1}, condition: s}\n\(ours)"
        }
        let decoder = try String(contentsOfFile: "decoders/sshd.decoder.yaml", encoding: .utf8)
        func check(_ text: String) throws -> (status: Int32, lines: [String]) {
            var answer: (status: Int32, lines: [String]) = (-1, [])
            let files = ["r/a.yml": text, "decoders/sshd.decoder.yaml": decoder]
            try RulesMatchTests.inFolder(files) { folder in
                let result = try BuiltCommand.run([
                    "check", "-q", "--rules", folder + "/r", "--decoders", folder + "/decoders",
                ])
                let lines = result.lines.map { $0.replacingOccurrences(of: folder + "/r/", with: "") }
                answer = (result.status, lines)
            }
            return answer
        }
        let missing = "no decoder fills the field"
        var found = try check(rule("user.nmae", ""))
        #expect(found.status == 0)
        #expect(found.lines == ["warning: a.yml:4:17: \(missing) `user.nmae`; did you mean 'user.name'?"])
        found = try check(rule("CommandLine", ""))
        #expect(found.status == 0 && found.lines == ["warning: a.yml:4:17: \(missing) `CommandLine`"])
        found = try check(rule("user.name", "wardline: {group-by: [src.ipp]}\n"))
        #expect(found.status == 1)
        #expect(found.lines == ["a.yml:5:23: \(missing) `src.ipp`; did you mean 'src.ip'?"])
        found = try check(rule("user.name", "wardline: {group-by: [src.ip]}\n"))
        #expect(found.status == 0 && found.lines == [])
        #expect(try check(rule("wardline.aset", "")).status == 1)
    }

    private static let one = "logsource: {category: x}\ndetection: {s: {a: 1}, condition: s}\n"

    @Test(arguments: [
        ("cases: []\n", "at least one case"), ("cases: [{name: a, alerts: []}]\n", "neither `lines` nor"),
        ("cases: [{name: a, lines: x}]\n", "needs `alerts`"),
        ("cases: [{name: a, lines: x, alerts: [], alert: b}]\n", "no key `alert`"),
        ("cases: [{name: a, lines: x, alerts: [other]}]\n", "has no rule `other`"),
        ("cases: [{name: a, events: [{action: login}], alerts: []}]\n", "has no `time`"),
        (
            "cases: [{name: a, events: [{time: 2026-10-05T04:00:00Z, action: fly}], alerts: []}]\n",
            "action `fly`"
        ),
        ("cases: [{name: a, events: [{time: 04:00}], alerts: []}]\n", "must be a time"),
        ("cases: [{name: a, lines: x, alerts: []}, {name: a, lines: x, alerts: []}]\n", "is taken"),
        ("site: {assets.doc: x}\ncases: [{name: a, lines: x, alerts: []}]\n", "named by its role"),
        ("site: {assets.csv: x}\ncases: [{name: a, lines: x, alerts: []}]\n", "asset_id"),
    ]) func `a file of cases that is wrong is refused with its place`(
        _ cases: String,
        _ reason: String
    ) throws {
        let result = try Self.run(["r.yml": Self.rules, "r.test.yml": cases])
        #expect(result.status == 1)
        #expect(result.text.contains(reason), "\(result.text)")
        #expect(result.text.contains("r.test.yml:"))
    }

    @Test func `rules are listed with what is ours and what is inactive`() throws {
        let files = [
            "r.yml": Self.rules
                + "---\ntitle: Waits\nid: w-1\nlogsource: {category: x}\n"
                + "detection: {s: {a|expand: '%list%'}, condition: s}\n"
        ]
        try RulesMatchTests.inFolder(files) { folder in
            let result = try BuiltCommand.run(["rules", "list", folder, "-o", "jsonl"])
            #expect(result.status == 0)
            let rows = try result.lines.map { try JSONValue(parsing: $0) }
            let schema = try RulesMatchTests.schema("rule-v1.schema.json")
            #expect(rows.flatMap { schema.faults($0) + schema.memberFaults($0) } == [])
            #expect(rows.map { $0["rule"]?.text } == ["remote_logon", "failed", "gave_up", "w-1"])
            #expect(rows.map { $0["standard"]?.bool } == [false, false, true, true])
            #expect(rows.map { $0["cost"]?.text } == ["action", "action", "matches", "field"])
            #expect(rows[3]["inactive"]?.text?.contains("%list%") == true)
            #expect(result.errors.contains("`w-1` is inactive"))
            #expect(try BuiltCommand.run(["rules", "ls", folder]).text.contains("gave_up"))
        }
    }

    @Test func `a rule is explained by what it reads and keeps`() throws {
        try RulesMatchTests.inFolder(["r.yml": Self.rules]) { folder in
            let result = try BuiltCommand.run(["rules", "explain", "remote_logon", "--rules", folder])
            #expect(result.status == 0)
            #expect(result.text.contains("with ours: field wardline.asset, field wardline.src.zone"))
            #expect(result.text.contains("actions         login"))
            #expect(try BuiltCommand.run(["rules", "explain", "nothing", "--rules", folder]).status == 2)
            let object = try BuiltCommand.run([
                "rules", "explain", "gave_up", "--rules", folder, "-o", "json",
            ])
            let facts = try JSONValue(parsing: try #require(object.lines.first))
            #expect(facts["builds_on"]?.elements?.count == 2)
            #expect(facts["window_s"]?.integer == 3_600)
        }
    }

    @Test func `coverage shows actions that no rule reads`() throws {
        try RulesMatchTests.inFolder(["r.yml": Self.rules]) { folder in
            let result = try BuiltCommand.run(["rules", "coverage", "--rules", folder, "-o", "jsonl"])
            #expect(result.status == 0, "\(result.errors)")
            let rows = try result.lines.map { try JSONValue(parsing: $0) }
            let schema = try RulesMatchTests.schema("rule-coverage-v1.schema.json")
            #expect(rows.flatMap { schema.faults($0) + schema.memberFaults($0) } == [])
            #expect(rows.contains { $0["decoder"]?.text == "sshd" && $0["action"]?.text == "session_stop" })
            #expect(!rows.contains { $0["action"]?.text == "login" })
            let every = try BuiltCommand.run(["rules", "coverage", "--rules", folder, "--all", "-o", "jsonl"])
            #expect(every.lines.contains { $0.contains(#""action":"login""#) && $0.contains("remote_logon") })
        }
    }
}
