// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Correlation
import EventModel
import Foundation
import SiteFiles
import Testing
import WireFormats

/// Rule documents against the schema of rules, and the schema against the reader.
@Suite struct RuleSchemaTests {
    private static func schema() throws -> JSONValue {
        try JSONValue(parsing: String(contentsOfFile: "schemas/rule-v1.schema.json", encoding: .utf8))
    }

    private static func json(_ node: YAMLNode) -> JSONValue {
        switch node {
        case .sequence(let elements, _): return .array(elements.map(json))
        case .mapping(let members, _):
            return .object(members.map { JSONValue.Member($0.key.text, json($0.value)) })
        case .scalar(let scalar):
            switch scalar.tag {
            case .null: return .null
            case .bool: return .bool(scalar.bool ?? false)
            case .integer: return scalar.integer.map(JSONValue.integer) ?? .text(scalar.text)
            case .float, .text: return .text(scalar.text)
            }
        }
    }

    private static func faults(_ text: String) throws -> [[String]] {
        let schema = OutputSchema(try schema())
        return try StrictYAML.documents(in: Array(text.utf8), file: "rule.yml").map { document in
            let value = json(document)
            return schema.faults(value) + schema.memberFaults(value)
        }
    }

    @Test func `every shipped rule fits the schema`() throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: "rules").filter(
            SigmaReader.isRuleFile
        )
        var count = 0
        for name in names.sorted() {
            let documents = try Self.faults(String(contentsOfFile: "rules/" + name, encoding: .utf8))
            count += documents.count
            #expect(documents.flatMap { $0 } == [], "\(name)")
        }
        #expect(count >= 30)
    }

    private static let head = "title: A\nlogsource: {category: x}\n"

    @Test(arguments: [
        "logsource: {category: x}\ndetection: {s: {f: 1}, condition: s}\n",
        "title: A\n",
        "title: ''\nlogsource: {}\ndetection: {s: {f: 1}, condition: s}\n",
        "title: A\nlogsource: x\ndetection: {s: {f: 1}, condition: s}\n",
        head + "detection: {s: {f: 1}}\n", head + "detection: {condition: s}\n",
        head + "detection: {s: {f: 1}, condition: []}\n", head + "detection: {s: [], condition: s}\n",
        head + "detection: {s: {}, condition: s}\n", head + "detection: {s: {f|near: 1}, condition: s}\n",
        head + "detection: {s: {f: []}, condition: s}\n",
        head + "detection: {s: {f: [1, null]}, condition: s}\n",
        head + "level: enormous\ndetection: {s: {f: 1}, condition: s}\n",
        head + "wardline: {colour: red}\ndetection: {s: {f: 1}, condition: s}\n",
        head + "wardline: {timespan: 4}\ndetection: {s: {f: 1}, condition: s}\n",
        "title: A\ncorrelation: {type: sum, rules: [a], timespan: 1m}\n",
        "title: A\ncorrelation: {type: temporal, rules: [a, a], timespan: 1m}\n",
        "title: A\ncorrelation: {type: temporal, rules: [a, b], timespan: 0m}\n",
        "title: A\ncorrelation: {type: temporal, timespan: 1m}\n",
        "title: A\ncorrelation: {type: temporal, rules: [a], timespan: 1m, gap: 1m}\n",
        "title: A\ncorrelation: {type: event_count, rules: [a], timespan: 1m, condition: {over: 1}}\n",
        "title: A\ncorrelation: {type: temporal, rules: [a], timespan: 1m, aliases: {k: f}}\n",
    ])
    func `what the schema refuses the reader refuses too`(text: String) throws {
        #expect(try Self.faults(text).contains { !$0.isEmpty })
        let file = SigmaReader.File(name: "rule.yml", bytes: Array(text.utf8))
        #expect(SigmaReader.load([file]).count == 0)
    }

    private static func words(_ path: [String]) throws -> [String] {
        var value: JSONValue? = try schema()
        for name in path { value = value?[name] }
        if case .object(let members)? = value { return members.map(\.name) }
        return (value?.elements ?? []).compactMap(\.text)
    }

    /// The keys that the reader lists when it meets one that it does not know.
    private static func keys(_ text: String) -> Set<String> {
        let file = SigmaReader.File(name: "rule.yml", bytes: Array(text.utf8))
        let message = SigmaReader.load([file]).errors.first?.message ?? ""
        let list = message.split(separator: "it has ").last ?? ""
        return Set(list.split(separator: ", ").map(String.init))
    }

    @Test func `the schema lists the words that the reader knows`() throws {
        #expect(
            try Self.words(["$defs", "correlation", "properties", "type", "enum"]).sorted()
                == CorrelationDefinition.Kind.allCases.map(\.rawValue).sorted()
        )
        #expect(try Self.words(["properties", "level", "enum"]) == Level.allCases.map(\.name))
        #expect(
            try Set(Self.words(["$defs", "wardline", "properties"]))
                == Self.keys(Self.head + "wardline: {x: 1}\ndetection: {s: {f: 1}, condition: s}\n")
        )
        #expect(
            try Set(Self.words(["$defs", "correlation", "properties"]))
                == Self.keys("title: A\ncorrelation: {x: 1}\n")
        )
    }

    @Test func `the reader knows every modifier of the schema`() throws {
        let pattern = try #require(try Self.words(["$defs", "search", "patternProperties"]).first)
        let list = try #require(pattern.split(separator: "(").last?.split(separator: ")").first)
        let modifiers = list.split(separator: "|")
        #expect(modifiers.count == 34)
        for modifier in modifiers {
            let text = Self.head + "detection: {s: {f|\(modifier): x}, condition: s}\n"
            let file = SigmaReader.File(name: "rule.yml", bytes: Array(text.utf8))
            let unknown = SigmaReader.load([file]).errors.filter { $0.message.contains("no Sigma modifier") }
            #expect(unknown == [])
        }
    }
}
