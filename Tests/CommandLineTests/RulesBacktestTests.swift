// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Foundation
import Testing
import WireFormats

/// Rules tried on stored history.
@Suite(.enabled(if: BuiltCommand.path != nil, "the command was not built beside the tests"))
struct RulesBacktestTests {
    /// A burst of refused logons and a success, on each of `hosts`.
    private static func lines(_ hosts: [String]) -> String {
        var lines: [String] = []
        for (number, host) in hosts.enumerated() {
            // Nothing that joins incidents is shared.
            let who = "infusion\(number) from 192.0.2.\(44 + number)"
            for second in 10..<16 {
                lines.append(
                    "<38>1 2026-10-05T04:00:\(second).000Z \(host) sshd 77 - - "
                        + "Failed password for \(who) port 50\(second) ssh2"
                )
            }
            lines.append(
                "<38>1 2026-10-05T04:00:20.000Z \(host) sshd 77 - - "
                    + "Accepted password for \(who) port 5099 ssh2"
            )
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func rules(atLeast count: Int, level: String = "high") -> String {
        """
        title: A logon was refused
        name: refused
        logsource: {category: authentication}
        detection: {s: {action: login, outcome: failure}, condition: s}
        wardline: {base: true}
        ---
        title: Many logons were refused
        name: many
        level: \(level)
        correlation:
          type: event_count
          rules: [refused]
          group-by: [wardline.subject]
          timespan: 1m
          condition: {gte: \(count)}

        """
    }

    /// Runs `body` with a folder that has a store and sets of rules in which `many` asks for 5 and for `few`.
    private static func inStore(few: Int, _ body: (String) throws -> Void) throws {
        let files = [
            "log.txt": lines(["pump1", "pump2"]), "old/many.yml": rules(atLeast: 5),
            "new/many.yml": rules(atLeast: few), "lower/many.yml": rules(atLeast: 5, level: "critical"),
            "wrong/many.yml": "title: x\n",
        ]
        try RulesMatchTests.inFolder(files) { folder in
            let ingest = try BuiltCommand.run([
                "ingest", "--store", folder + "/store", "--rules", folder + "/old", folder + "/log.txt",
            ])
            #expect(ingest.status == 0, "\(ingest.errors)")
            try body(folder)
        }
    }

    private static func objects(_ result: BuiltCommand.Result) throws -> [JSONValue] {
        try text(result).split(separator: "\n").map { try JSONValue(parsing: String($0)) }
    }

    private static func text(_ result: BuiltCommand.Result) -> String {
        String(decoding: result.output, as: UTF8.self)
    }

    @Test func `equal rules lose and gain nothing, and the result has one name`() throws {
        try Self.inStore(few: 5) { folder in
            let arguments = ["rules", "diff", folder + "/old", folder + "/new", "--store", folder + "/store"]
            let first = try BuiltCommand.run(arguments + ["-o", "json"])
            #expect(first.status == 0, "\(first.errors)")
            let summary = try JSONValue(parsing: Self.text(first))
            #expect(summary["same"]?.integer == 2)
            #expect(summary["lost"]?.integer == 0 && summary["gained"]?.integer == 0)
            #expect(try BuiltCommand.run(arguments + ["-o", "json"]).output == first.output)
        }
    }

    @Test func `a rule that asks for more loses incidents, with the rule and the event, and status 1`() throws
    {
        try Self.inStore(few: 7) { folder in
            let result = try BuiltCommand.run([
                "rules", "backtest", folder + "/new/many.yml", "--store", folder + "/store", "-o", "jsonl",
            ])
            #expect(result.status == 1, "\(result.errors)")
            let found = try Self.objects(result)
            #expect(found.dropLast().map { $0["change"]?.text } == ["lost", "lost"])
            #expect(found.last?["lost"]?.integer == 2)
            let cause = found[0]["causes"]?.elements?.first
            #expect(cause?["rule"]?.text == "many" && cause?["side"]?.text == "old")
            #expect(cause?["time"]?.text?.hasPrefix("2026-10-05T04:00:1") == true)
            // The other way about they are gained, which is no loss.
            let back = try BuiltCommand.run([
                "rules", "diff", folder + "/new", folder + "/old", "--store", folder + "/store",
            ])
            #expect(back.status == 0 && Self.text(back).contains("0 lost, 2 gained, 0 changed"))
        }
    }

    @Test func `an edited rule changes its incidents and does not replace them`() throws {
        try Self.inStore(few: 5) { folder in
            let result = try BuiltCommand.run([
                "rules", "diff", folder + "/old", folder + "/lower", "--store", folder + "/store",
            ])
            #expect(result.status == 0 && Self.text(result).contains("0 lost, 0 gained, 2 changed"))
        }
    }

    @Test func `a stretch without the events finds nothing, and a wrong rule is refused with its place`()
        throws
    {
        try Self.inStore(few: 7) { folder in
            let store = ["--store", folder + "/store"]
            let late = try BuiltCommand.run(
                ["rules", "backtest", folder + "/new", "-S", "2026-10-06"] + store
            )
            #expect(late.status == 0 && Self.text(late).contains("0 incidents by the old rules"))
            let wrong = try BuiltCommand.run(["rules", "backtest", folder + "/wrong"] + store)
            #expect(wrong.status == 2 && wrong.errors.contains("many.yml:1:1"), "\(wrong.errors)")
        }
    }
}
