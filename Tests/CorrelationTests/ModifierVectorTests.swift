// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Testing

@testable import Correlation

/// Fields with modifiers and the values that another implementation makes of them.
@Suite(.enabled(if: SigmaVectors.folder != nil, "the conformance folder is absent"))
struct ModifierVectorTests {
    /// Where we differ, by key and value, and why.
    private static let deviations: [String: String] = [
        "f|base64offset a": "one byte leaves a variant that matches everything: refused below three bytes",
        "f|utf16le cmd": "the specification has `utf16le`; the other reader does not",
        "f|utf16 cmd": "the byte order mark is FF FE as the specification says, not its UTF-8 form",
        "f|utf16|base64 ping": "the same",
        "f|utf16|base64offset|contains Param": "the same",
        "f|wide \u{fc}": "letters beyond ASCII have UTF-16 too",
        "f|hour|gte 8": "the hour is compared; the other reader forgets the hour and compares the date",
    ]

    private static func scalar(_ value: VectorValue) -> RuleScalar {
        switch value {
        case .bool(let flag): .bool(flag)
        case .integer(let number): .number(Double(number), String(number))
        case .double(let number): .number(number, String(number))
        case .text(let text): .text(text)
        case .null, .list, .object: .null
        }
    }

    /// The vectors' notation for one of our values.
    private static func notation(_ value: SigmaValue) -> VectorValue {
        switch value {
        case .null: return .object(["null": .bool(true)])
        case .bool(let flag): return .object(["bool": .bool(flag)])
        case .number(let number, _): return .object(["num": self.number(number)])
        case .text(let text):
            return .object([text.isCased ? "cstr" : "str": .list(text.parts.map(notation))])
        case .expression(let source, let options, _):
            var flags: [String] = []
            if options.contains(.dotAll) { flags.append("DOTALL") }
            if options.contains(.ignoreCase) { flags.append("IGNORECASE") }
            if options.contains(.multiline) { flags.append("MULTILINE") }
            return .object(["re": .text(source), "flags": .list(flags.map(VectorValue.text))])
        case .network(let text):
            return .object(["cidr": .text(text.contains("/") ? text : text + "/32")])
        case .exists(let wanted): return .object(["exists": .bool(wanted)])
        case .field(let name, let starts, let ends):
            return .object(["fieldref": .text(name), "starts": .bool(starts), "ends": .bool(ends)])
        case .comparison(let comparison, let number, _):
            return .object(["cmp": .text(comparison.rawValue.uppercased()), "n": self.number(number)])
        case .datePart(let part, .equal, let number, _):
            return .object(["timepart": .text(part.rawValue.uppercased()), "n": self.number(number)])
        case .datePart(let part, let comparison, let number, _):
            return .object([
                "timepart": .text(part.rawValue.uppercased()),
                "cmp": .text(comparison.rawValue.uppercased()), "n": self.number(number),
            ])
        case .alternatives(let parts): return .object(["OR": .list(parts.map(notation))])
        }
    }

    private static func number(_ number: Double) -> VectorValue {
        Int64(exactly: number).map(VectorValue.integer) ?? .double(number)
    }

    private static func notation(_ part: SigmaText.Part) -> VectorValue {
        switch part {
        case .literal(let bytes): .text(String(decoding: bytes, as: UTF8.self))
        case .one: .object(["?": .integer(1)])
        case .run: .object(["*": .integer(1)])
        case .placeholder(let name): .object(["placeholder": .text(name)])
        }
    }

    /// What we make of a key and value, in the vectors' notation; nil when it is refused.
    private static func outcome(_ key: String, _ value: VectorValue) -> VectorValue? {
        var parts = key.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
        let name = parts.removeFirst()
        let position = RulePosition(file: "vector", line: 1, column: 1)
        var scalars = [scalar(value)]
        if case .list(let elements) = value { scalars = elements.map(scalar) }
        do throws(RuleError) {
            let field = try ModifiedField(
                name: name,
                modifiers: parts,
                scalars: scalars,
                position: position
            )
            // A regular expression or network is malformed only where it is compiled.
            var complete = field
            try complete.resolve(["a": ["1"], "b": ["2"], "name": ["3"]])
            _ = try FieldTest(
                name: name,
                modifiers: parts,
                values: scalars,
                placeholders: ["a": ["1"], "b": ["2"], "name": ["3"]],
                position: position
            )
            return .object([
                "key": .text(key), "value": value, "field": name.isEmpty ? .null : .text(name),
                "linking": .text(field.isConjunction ? "AND" : "OR"), "negated": .bool(field.isNegated),
                "values": .list(field.values.map(notation)),
            ])
        } catch {
            return nil
        }
    }

    private static func label(_ one: VectorValue) -> String {
        let value: String
        switch one["value"] {
        case .text(let text)?: value = text
        case .integer(let number)?: value = String(number)
        default: value = ""
        }
        return (one["key"]?.text ?? "") + " " + value
    }

    /// Cases on which we differ; `key` may plant a fault.
    private static func differences(
        _ cases: [VectorValue],
        _ key: (String) -> String = { $0 }
    ) -> Set<String> {
        var found: Set<String> = []
        for one in cases {
            let ours = outcome(key(one["key"]?.text ?? ""), one["value"] ?? .null)
            let isSame = one["error"] == nil ? ours == one : ours == nil
            if !isSame { found.insert(label(one)) }
        }
        return found
    }

    @Test func `121 keys with values come out as in the vectors, but for seven`() throws {
        let cases = try #require(try SigmaVectors.value("vectors/modifiers.json")["cases"]).elements
        #expect(cases.count == 121)
        #expect(Self.differences(cases) == Set(Self.deviations.keys))
    }

    @Test func `each deviation is what we say it is`() {
        #expect(Self.outcome("f|base64offset", .text("a")) == nil)
        #expect(
            Self.outcome("f|utf16le", .text("cmd"))?["values"]
                == Self.outcome("f|wide", .text("cmd"))?["values"]
        )
        #expect(
            Self.outcome("f|utf16|base64", .text("ping"))?["values"]
                == .list([.object(["str": .list([.text("//5wAGkAbgBnAA==")])])])
        )
        #expect(Self.outcome("f|wide", .text("\u{fc}")) != nil)
        #expect(
            Self.outcome("f|hour|gte", .integer(8))?["values"]
                == .list([.object(["timepart": .text("HOUR"), "cmp": .text("GTE"), "n": .integer(8)])])
        )
    }

    /// The planted mutant: a reader that takes `endswith` for `startswith` differs.
    @Test func `a reader that confuses two modifiers differs more`() throws {
        let cases = try #require(try SigmaVectors.value("vectors/modifiers.json")["cases"]).elements
        let differences = Self.differences(cases) { $0.replacing("startswith", with: "endswith") }
        #expect(differences.count > Self.deviations.count)
    }
}
