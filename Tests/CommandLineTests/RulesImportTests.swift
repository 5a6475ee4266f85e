// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Foundation
import Testing
import WireFormats

@Suite(.enabled(if: BuiltCommand.path != nil, "the command was not built beside the tests"))
struct RulesImportTests {
    private static let good = """
        title: A
        name: a
        logsource: {category: x}
        detection: {s: {k: a}, condition: s}

        """
    private static let gate = """
        <group name="gate,">
          <rule id="900101" level="5"><match>refused badge</match><description>Refused.</description></rule>
          <rule id="900102" level="10" frequency="3" timeframe="60">
            <if_matched_sid>900101</if_matched_sid>
            <description>Refused often.</description>
          </rule>
          <rule id="900103" level="5"><list>etc/lists/x</list><description>Listed.</description></rule>
        </group>

        """

    private static func rows(_ result: BuiltCommand.Result, _ schema: String) throws -> [JSONValue] {
        let schema = try RulesMatchTests.schema(schema)
        let rows = try result.lines.map { try JSONValue(parsing: $0) }
        #expect(rows.flatMap { schema.faults($0) + schema.memberFaults($0) } == [])
        return rows
    }

    @Test func `translated rules are written, load, and each that is not has its reason`() throws {
        try RulesMatchTests.inFolder(["in/gate/g.xml": Self.gate]) { folder in
            let arguments = [
                "rules", "import", "wazuh", folder + "/in", "--to", folder + "/out", "-o", "jsonl",
            ]
            let result = try BuiltCommand.run(arguments)
            #expect(result.status == 0, "\(result.errors)")
            let rows = try Self.rows(result, "rule-import-v1.schema.json")
            #expect(rows.map { $0["taken"]?.bool } == [true, true, false])
            #expect(rows.last?["place"]?.text == "gate/g.xml:7")
            #expect(result.errors.contains("2 of 3 rules taken, 1 file written"))
            let check = try BuiltCommand.run(["rules", "check", folder + "/out"])
            #expect(check.status == 0)
            #expect(check.errors.contains("rules: 2 right, 0 refused"))
            #expect(try BuiltCommand.run(arguments).status == 2, "a folder with files is never written to")
        }
    }

    @Test func `files of a tree are copied byte for byte when one of their documents loads`() throws {
        let files = [
            "in/a.yml": Self.good, "in/deep/b.yml": "title: B\n",
            "in/deep/c.yaml": "# C\r\n" + Self.good.replacing("a", with: "c"),
            "in/a.test.yml": "cases: []\n",
        ]
        try RulesMatchTests.inFolder(files) { folder in
            let result = try BuiltCommand.run([
                "rules", "import", "sigma", folder + "/in", "--to", folder + "/out", "-o", "jsonl",
            ])
            #expect(result.status == 0, "\(result.errors)")
            let rows = try Self.rows(result, "rule-import-v1.schema.json")
            let written = try FileManager.default.subpathsOfDirectory(atPath: folder + "/out").sorted()
            for name in written where name.hasSuffix("l") {
                let bytes = FileManager.default.contents(atPath: folder + "/out/" + name)
                #expect(bytes == files["in/" + name].map { Data($0.utf8) }, "\(name)")
            }
            #expect(written.contains("a.yml"))
            #expect(!written.contains { $0.hasSuffix("b.yml") || $0.hasSuffix(".test.yml") })
            #expect(
                rows.contains {
                    $0["taken"]?.bool == false && $0["place"]?.text?.hasPrefix("deep/b.yml") == true
                }
            )
        }
    }

    @Test func `what nothing can be taken from ends with status 1`() throws {
        try RulesMatchTests.inFolder(["in/g.xml": "<group name=\"a\">"]) { folder in
            let result = try BuiltCommand.run([
                "rules", "import", "wazuh", folder + "/in", "--to", folder + "/out",
            ])
            #expect(result.status == 1)
            #expect(result.text.contains("refused g.xml:1"))
            #expect(!FileManager.default.fileExists(atPath: folder + "/out/g.yml"))
        }
    }

    @Test func `events are made from rules, and fields that nothing fills are named`() throws {
        let rules =
            Self.good + "---\ntitle: D\nname: d\nlogsource: {category: x}\n"
            + "detection: {s: {action: login, user.name: ann}, condition: s}\n"
        try RulesMatchTests.inFolder(["r.yml": rules]) { folder in
            let result = try BuiltCommand.run(["rules", "test", "--generate", folder, "-o", "jsonl"])
            #expect(result.status == 1, "a rule reads a field that nothing fills")
            let rows = try Self.rows(result, "rule-sample-v1.schema.json")
            #expect(rows.map { $0["rule"]?.text } == ["a", "d"])
            #expect(rows.map { $0["unfilled"]?.elements?.count } == [1, 0])
            let event = try #require(rows[1]["matching"]?.elements?.first)
            let matched = try BuiltCommand.run(
                ["rules", "match", "--rules", folder, "--events", "-"],
                input: event.line + "\n" + (rows[1]["missing"]?.elements?.first?.line ?? "") + "\n"
            )
            #expect(matched.lines == [#"{"rule":"d","event":0}"#])
        }
    }
}
