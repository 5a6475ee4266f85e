// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel

/// Events made up from a detection so that they may match it: each a JSON object with the rule's own names.
///
/// Candidates only: whoever asks lets the engine judge them (``RuleMatcher``).
public struct SampleEvents: Sendable {
    /// Most candidates of one rule: 64.
    public static let countMax = 64

    private struct Literal {
        var name: String
        var modifiers: [String]
        var values: [RuleValue]
        var isWanted: Bool
    }

    /// Texts of one field, and whether it must be there or must not.
    private struct Field {
        var texts: [String] = []
        var mustExist = false
        var mustLack = false
    }

    private let definition: DetectionDefinition

    /// Makes events for `definition`.
    public init(_ definition: DetectionDefinition) { self.definition = definition }

    /// Events that may match (or, with `false`, may fail to), the most likely first.
    public func candidates(matching isWanted: Bool = true) -> [JSONValue] {
        let names = definition.searches.map(\.name)
        var found: [JSONValue] = []
        for text in definition.conditions {
            guard let condition = try? ConditionParser.parse(text.text, names: names, at: text.position)
            else { continue }
            for literals in ways(condition, isWanted) {
                // The second list of each entry's values, where the first contradicts another entry.
                for choice in 0..<2 {
                    let fields = fields(literals, choice)
                    for isJoined in [true, false] {
                        let event = SampleEvents.event(fields, isJoined: isJoined)
                        if !found.contains(event) { found.append(event) }
                    }
                }
            }
        }
        return Array(found.prefix(SampleEvents.countMax))
    }

    // MARK: - Ways

    private func ways(_ condition: Condition, _ isWanted: Bool) -> [[Literal]] {
        switch condition {
        case .name(let name):
            guard let search = definition.searches.first(where: { $0.name == name }) else { return [] }
            return ways(search.definition, isWanted)
        case .not(let inner): return ways(inner, !isWanted)
        case .and(let parts): return joined(parts.map { ways($0, isWanted) }, isProduct: isWanted)
        case .or(let parts): return joined(parts.map { ways($0, isWanted) }, isProduct: !isWanted)
        }
    }

    private func ways(_ search: SearchDefinition, _ isWanted: Bool) -> [[Literal]] {
        switch search {
        case .all(let parts): return joined(parts.map { ways($0, isWanted) }, isProduct: isWanted)
        case .any(let parts): return joined(parts.map { ways($0, isWanted) }, isProduct: !isWanted)
        case .field(let name, let modifiers, let values, _):
            let isNegated = modifiers.contains("neq")
            return [
                [
                    Literal(
                        name: name,
                        modifiers: modifiers.filter { $0 != "neq" },
                        values: values,
                        isWanted: isWanted != isNegated
                    )
                ]
            ]
        }
    }

    private func joined(_ parts: [[[Literal]]], isProduct: Bool) -> [[Literal]] {
        guard isProduct else {
            // One of each first, so that no part is lost at the limit.
            var found: [[Literal]] = []
            for round in 0..<(parts.map(\.count).max() ?? 0) {
                for part in parts where round < part.count { found.append(part[round]) }
            }
            return Array(found.prefix(16))
        }
        var found: [[Literal]] = [[]]
        for part in parts {
            found = Array(found.flatMap { left in part.map { left + $0 } }.prefix(16))
        }
        return found
    }

    // MARK: - Fields

    private func fields(_ literals: [Literal], _ choice: Int) -> [(name: String, field: Field)] {
        var found: [(name: String, field: Field)] = []
        func change(_ name: String, _ body: (inout Field) -> Void) {
            let name = name.isEmpty ? "message" : name
            if let index = found.firstIndex(where: { $0.name == name }) {
                body(&found[index].field)
            } else {
                var field = Field()
                body(&field)
                found.append((name, field))
            }
        }
        for literal in literals {
            guard let values = values(literal) else { continue }
            let isAll = literal.modifiers.contains("all")
            let chosen = isAll ? values : values.isEmpty ? [] : [values[min(choice, values.count - 1)]]
            for value in chosen {
                switch value {
                case .null:
                    change(literal.name) { literal.isWanted ? ($0.mustLack = true) : ($0.mustExist = true) }
                case .exists(let exists):
                    change(literal.name) {
                        exists == literal.isWanted ? ($0.mustExist = true) : ($0.mustLack = true)
                    }
                case .field(let other, _, _):
                    guard literal.isWanted else { continue }
                    change(literal.name) { $0.texts.append("same") }
                    change(other) { $0.texts.append("same") }
                default:
                    guard literal.isWanted, let text = SampleEvents.text(value, choice) else { continue }
                    change(literal.name) { $0.texts.append(text) }
                }
            }
        }
        return found
    }

    private func values(_ literal: Literal) -> [SigmaValue]? {
        guard
            var field = try? ModifiedField(
                name: literal.name,
                modifiers: literal.modifiers,
                scalars: literal.values.map(\.scalar),
                position: definition.header.position
            )
        else { return nil }
        var placeholders = definition.placeholders
        for name in definition.emptyPlaceholders { placeholders[name] = ["value-of-\(name)"] }
        guard (try? field.resolve(placeholders)) != nil else { return nil }
        return field.values
    }

    private static func event(_ fields: [(name: String, field: Field)], isJoined: Bool) -> JSONValue {
        var members: [JSONValue.Member] = []
        for (name, field) in fields where !field.mustLack {
            let texts = field.texts
            if texts.isEmpty {
                // Values that nothing is asked of differ, since some rules want them so.
                let number = members.isEmpty ? "" : String(members.count + 1)
                if field.mustExist { members.append(.init(name, .text("x" + number))) }
            } else if texts.count == 1 {
                members.append(.init(name, .text(texts[0])))
            } else {
                let distinct = texts.enumerated().filter { !texts[..<$0.offset].contains($0.element) }
                members.append(
                    .init(
                        name,
                        isJoined
                            ? .text(distinct.map(\.element).joined()) : .texts(distinct.map(\.element))
                    )
                )
            }
        }
        return .object(members)
    }

    // MARK: - Values

    /// A text that satisfies a value; `choice` tells between several forms.
    private static func text(_ value: SigmaValue, _ choice: Int) -> String? {
        switch value {
        case .null, .exists, .field: return nil
        case .bool(let flag): return flag ? "true" : "false"
        case .number(_, let text): return text
        case .text(let text):
            let bytes = text.parts.flatMap { part -> [UInt8] in
                switch part {
                case .literal(let bytes): bytes
                case .one: [0x78]
                case .run, .placeholder: []
                }
            }
            return String(decoding: bytes, as: UTF8.self)
        case .expression(let source, let options, _):
            var parser = RegularExpressionParser(source, options)
            return (try? parser.parse()).map { text($0, any: choice == 0 ? "x" : " ") }
        case .network(let text): return text.split(separator: "/").first.map(String.init)
        case .comparison(let comparison, let number, _): return decimal(comparison.example(number))
        case .datePart(let part, let comparison, let number, _):
            return time(part, Int(comparison.example(number).rounded()))
        case .alternatives(let parts): return parts.first.flatMap { text($0, choice) }
        }
    }

    private static func decimal(_ number: Double) -> String {
        Int64(exactly: number).map(String.init) ?? "\(number)"
    }

    private static func time(_ part: DatePart, _ number: Int) -> String? {
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        switch part {
        case .minute: return "2026-01-05T00:\(two(number)):00Z"
        case .hour: return "2026-01-05T\(two(number)):00:00Z"
        case .day: return "2026-01-\(two(number))T00:00:00Z"
        case .month: return "2026-\(two(number))-05T00:00:00Z"
        case .year: return "\(number)-01-05T00:00:00Z"
        case .week:
            let day = UTCTime(nanoseconds: CivilTime(year: 2026, month: 1, day: 5).utc().nanoseconds)
            return day.advanced(by: Int64(number - 2) * 7 * 86_400 * UTCTime.second).description
        }
    }

    /// A short text that a regular expression matches, as far as that can be told from its form.
    ///
    /// - Parameters:
    ///   - node: The expression.
    ///   - any: What stands where several characters may.
    /// - Returns: The text.
    private static func text(_ node: RegularExpressionNode, any: String) -> String {
        switch node {
        case .character(let set): return String(character(set, any))
        case .assertion: return ""
        case .sequence(let parts): return parts.map { text($0, any: any) }.joined()
        case .choice(let parts): return parts.first.map { text($0, any: any) } ?? ""
        case .repeated(let inner, let least, _):
            return String(repeating: text(inner, any: any), count: min(least, 256))
        }
    }

    private static func character(_ set: RegularExpression.CharacterSet, _ any: String) -> Character {
        for candidate in any + "xa0 _-./\\" {
            if let scalar = candidate.unicodeScalars.first, set.contains(scalar.value) { return candidate }
        }
        guard !set.isNegated, let first = set.ranges.first, let scalar = Unicode.Scalar(first.lowerBound)
        else {
            return "x"
        }
        return Character(scalar)
    }
}

extension Comparison {
    /// A number that passes.
    fileprivate func example(_ number: Double) -> Double {
        switch self {
        case .lessThan: number - 1
        case .greaterThan, .notEqual: number + 1
        case .lessOrEqual, .greaterOrEqual, .equal: number
        }
    }
}
