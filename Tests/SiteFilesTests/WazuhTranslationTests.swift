// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Correlation
import EventModel
import SiteFiles
import Testing

/// Rules in the form of Wazuh 4 that become rules of ours, and what they then match.
struct WazuhTranslationTests {
    @Test func `a rule that another of its id replaces is told`() {
        let text = """
            <group name="g"><rule id="1" level="5"><match>one</match><description>d</description></rule>
            <rule id="1" level="5" overwrite="yes"><match>two</match><description>e</description>
            </rule></group>
            """
        let translation = WazuhTranslation([.init(name: "r.xml", bytes: Array(text.utf8))])
        #expect(translation.lines.map(\.line) == [1, 2])
        #expect(translation.lines.map(\.reason) == ["the rule with its id at r.xml:2 replaces it", nil])
    }

    private static let rules = #"""
        <!-- Of a gate that opens doors. -->
        <var name="MANY">3</var>
        <group name="syslog,gate,">
          <rule id="900100" level="0">
            <decoded_as>gated</decoded_as>
            <description>Messages of the gate.</description>
          </rule>
          <rule id="900101" level="5">
            <if_sid>900100</if_sid>
            <match>^refused badge|wrong pin$</match>
            <description>The gate refused</description>
            <description>a badge.</description>
            <mitre><id>T1110</id></mitre>
            <group>authentication_failed,hipaa_164.312.b,</group>
          </rule>
          <rule id="900102" level="10" frequency="$MANY" timeframe="60" ignore="90">
            <if_matched_sid>900101</if_matched_sid>
            <same_source_ip />
            <description>Many refused badges.</description>
            <group>authentication_failures,</group>
          </rule>
          <rule id="900103" level="3">
            <if_sid>900100</if_sid>
            <regex>^opened door \d+ by \S+ &amp; (ann|ben)</regex>
            <srcip>!10.0.0.0/8</srcip>
            <description>Opened from outside.</description>
          </rule>
          <rule id="900104" level="12" timeframe="120">
            <if_sid>900103</if_sid>
            <if_matched_sid>900102</if_matched_sid>
            <same_srcip />
            <description>Opened after many refusals.</description>
          </rule>
          <rule id="900105" level="8" frequency="2" timeframe="60">
            <if_matched_group>authentication_failed</if_matched_group>
            <different_user />
            <description>Refusals of several people.</description>
          </rule>
          <rule id="900106" level="4">
            <if_sid>900100</if_sid>
            <field name="gate.mode" type="pcre2">(?i)night</field>
            <match negate="yes">test *run?</match>
            <user>ann|ben</user>
            <description>Night mode &lt;on></description>
          </rule>
          <rule id="900107" level="4">
            <if_sid>900100</if_sid>
            <list field="user" lookup="match_key">etc/lists/staff</list>
            <description>On a list.</description>
          </rule>
          <rule id="900108" level="4"><if_sid>900107</if_sid><match>x</match></rule>
          <rule id="900109" level="4"><if_sid>1</if_sid><match>x</match></rule>
          <rule id="900110" level="4"><if_sid>900102</if_sid><match>x</match></rule>
          <rule id="900111" level="4" frequency="4"><if_matched_sid>900107</if_matched_sid></rule>
          <rule id="900112" level="4"><regex type="pcre2">(a)\1</regex></rule>
          <rule id="900113" level="4"><description>Nothing asked.</description></rule>
          <rule id="900114" level="4"><weekday>monday</weekday><match>x</match></rule>
        </group>
        """#

    private static let translation = translate(rules)

    private static func translate(_ text: String) -> WazuhTranslation {
        WazuhTranslation([SigmaReader.File(name: "gate/g.xml", bytes: Array(text.utf8))])
    }

    @Test func `what is written loads without an error, under the name of its file`() {
        let files = Self.translation.files
        #expect(files.map(\.name) == ["gate/g.yml"])
        let loaded = SigmaReader.load(files)
        #expect(loaded.errors == [])
        #expect(
            Set(loaded.rules.headers.map(\.name)) == [
                "wazuh_900100", "wazuh_900101", "wazuh_900102", "wazuh_900103", "wazuh_900104",
                "wazuh_900104_event", "wazuh_900105", "wazuh_900106",
            ]
        )
        let headers = loaded.rules.headers
        #expect(headers.first { $0.name == "wazuh_900101" }?.title == "The gate refused a badge.")
        #expect(headers.first { $0.name == "wazuh_900101" }?.tags.contains("attack.t1110") == true)
        #expect(headers.first { $0.name == "wazuh_900102" }?.level == .high)
        #expect(headers.first { $0.name == "wazuh_900100" }?.isBase == true)
    }

    @Test func `each rule that is not translated has a line that says why`() {
        let refused = Self.translation.lines.filter { $0.reason != nil }.map {
            "\($0.rule): \($0.reason ?? "")"
        }
        let wanted = [
            ("900107", "it has list"), ("900108", "stands on rule 900107, which is not translated"),
            ("900109", "stands on rule 1, which is in none"),
            ("900110", "stands on rule 900102, which counts"),
            ("900111", "it counts rule 900107, which is not translated"), ("900112", "regular expression"),
            ("900113", "it has no test"), ("900114", "it has weekday"),
        ]
        #expect(refused.count == wanted.count)
        for (line, (rule, reason)) in zip(refused, wanted) {
            #expect(line.hasPrefix(rule) && line.contains(reason), "\(line)")
        }
        #expect(Self.translation.lines.count == 15)
        #expect(Self.translation.lines.allSatisfy { $0.file == "gate/g.xml" && $0.line > 3 })
    }

    /// Rules that match these events, by number, and correlations.
    private static func matches(_ events: [String]) throws -> [String] {
        let loaded = SigmaReader.load(translation.files, forMatching: true)
        var matcher = RuleMatcher(rules: loaded.rules, asksLogsource: false)
        var reader = RuleEventReader()
        for (number, event) in events.enumerated() {
            let text = "{\"time\":\(number),\"ext.app\":\"gated\",\(event)}"
            try reader.read(Array(text.utf8).span, offset: UInt64(number))
        }
        let batch = reader.take()
        var found: [String] = []
        for index in batch.events.indices {
            found += try matcher.match(batch, index).map { matcher.labels[$0] + "@\(index)" }
        }
        found += matcher.takeCorrelations().map { "\($0.rule) \($0.offsets)" }
        return found.filter { !$0.hasPrefix("wazuh_900100@") && !$0.contains("_event") }.map {
            String($0.dropFirst(6))
        }
    }

    @Test(arguments: [
        (#""message":"Refused badge 7""#, ["900101@0"]), (#""message":"a wrong pin""#, ["900101@0"]),
        (#""message":"a wrong pin now""#, []), (#""message":"not refused badge 7""#, []),
        (#""message":"opened door 12 by x & ben","src.ip":"192.0.2.1""#, ["900103@0"]),
        (#""message":"opened door 12 by x & ben","src.ip":"10.1.1.1""#, []),
        (#""message":"opened door by x & ben","src.ip":"192.0.2.1""#, []),
        (#""gate.mode":"NIGHT","user.name":"ann","message":"go""#, ["900106@0"]),
        (#""gate.mode":"NIGHT","user.name":"ann","message":"a test *run? here""#, []),
        (#""gate.mode":"day","user.name":"ann","message":"go""#, []),
    ]) func `a translated detection asks what the original asked`(_ event: String, _ wanted: [String]) throws
    {
        #expect(try Self.matches([event]) == wanted)
    }

    @Test func `counts, sequences and different values are judged over their windows`() throws {
        let refused = #""message":"refused badge","src.ip":"192.0.2.1","user.name":"u""#
        let opened = #""message":"opened door 1 by x & ann","src.ip":"192.0.2.1""#
        let found = try Self.matches([refused, refused, refused, opened])
        #expect(found.contains("900102 [0, 1, 2]"))
        #expect(found.contains("900104 [0, 1, 2, 3]"))
        #expect(!found.contains { $0.hasPrefix("900105 ") })
        let others = try Self.matches([refused, refused.replacing("\"u\"", with: "\"v\"")])
        #expect(others.contains("900105 [0, 1]"))
        #expect(!others.contains { $0.hasPrefix("900102 ") })
    }

    @Test(arguments: [
        ("<group name=\"a\"><rule id=\"1\" level=\"2\"></group>", "ends nothing"),
        ("<group name=\"a\"><!-- ", "has no `-->`"), ("<group name=a></group>", "in no quotes"),
        ("<group name=\"a\"><rule id=\"x\"></rule></group>", "no id of digits"),
        ("<group name=\"a\">", "not closed"),
    ]) func `a file that is no rule file is said with its line`(_ text: String, _ reason: String) {
        let translation = Self.translate("\n" + text)
        #expect(translation.files.isEmpty)
        #expect(translation.lines.count == 1)
        #expect(translation.lines.first?.line == 2)
        #expect(translation.lines.first?.reason?.contains(reason) == true)
    }
}
