// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// One test of one field against values.
struct FieldTest: Sendable {
    /// What a field's values are tested for.
    ///
    /// A field that is missing passes none but `null` and `exists: false`.
    indirect enum Test: Sendable {
        /// Any pattern, or any exact value (in lower case).
        case patterns([TextPattern], exact: Set<[UInt8]>)
        case expression(RegularExpression)
        case number(Comparison, RuleNumber)
        /// Equal to any of these.
        case numbers([RuleNumber])
        case datePart(DatePart, Comparison, RuleNumber)
        case networks([IPPrefix])
        case reference(RuleField, startsWith: Bool, endsWith: Bool)
        case null
        case exists(Bool)
        case some([Test])
        case every([Test])

        /// Other fields that it reads.
        var references: [RuleField] {
            switch self {
            case .reference(let other, _, _): [other]
            case .some(let parts), .every(let parts): parts.flatMap(\.references)
            default: []
            }
        }
    }

    let field: RuleField
    let test: Test
    let isNegated: Bool

    func matches(_ candidate: Candidate) -> Bool {
        isNegated != FieldTest.holds(test, candidate.values(field), candidate.values)
    }

    /// Whether a field with this one value passes, when that does not depend on other fields.
    func accepts(_ value: String) -> Bool {
        isNegated != FieldTest.holds(test, [Array(value.utf8)]) { _ in [] }
    }

    private static func holds(
        _ test: Test,
        _ values: [[UInt8]],
        _ others: (RuleField) -> [[UInt8]]
    ) -> Bool {
        switch test {
        case .patterns(let patterns, let exact):
            return values.contains { value in
                !exact.isEmpty && exact.contains(value.map(TextPattern.folded))
                    || patterns.contains { $0.matches(value) }
            }
        case .expression(let expression): return values.contains(where: expression.matches)
        case .number(let comparison, let number):
            return values.contains { value in
                RuleNumber(value).map { comparison.holds($0, number) } ?? false
            }
        case .numbers(let numbers):
            return values.contains { value in RuleNumber(value).map(numbers.contains) ?? false }
        case .datePart(let part, let comparison, let number):
            return values.contains { value in
                part.number(in: value).map { comparison.holds(RuleNumber($0), number) } ?? false
            }
        case .networks(let prefixes):
            return values.contains { value in
                guard let address = IPAddress(value.span) else { return false }
                return prefixes.contains { $0.contains(address) }
            }
        case .reference(let other, let startsWith, let endsWith):
            let others = others(other).map { $0.map(TextPattern.folded) }
            return values.contains { value in
                let value = value.map(TextPattern.folded)
                return others.contains { isEqual(value, $0, startsWith, endsWith) }
            }
        case .null: return values.isEmpty
        case .exists(let wanted): return values.isEmpty != wanted
        case .some(let parts): return parts.contains { holds($0, values, others) }
        case .every(let parts): return parts.allSatisfy { holds($0, values, others) }
        }
    }

    /// Whether `value` is `other`, or starts with it, ends with it, or holds it somewhere (both flags).
    private static func isEqual(
        _ value: [UInt8],
        _ other: [UInt8],
        _ startsWith: Bool,
        _ endsWith: Bool
    ) -> Bool {
        switch (startsWith, endsWith) {
        case (false, false): value == other
        case (true, false): value.starts(with: other)
        case (false, true): value.reversed().starts(with: other.reversed())
        case (true, true):
            value.count >= other.count
                && (0...(value.count - other.count)).contains { value[$0...].starts(with: other) }
        }
    }
}

extension FieldTest {
    /// Compiles a search entry.
    ///
    /// - Throws: ``RuleError`` for what Sigma forbids and for placeholders without values.
    init(
        name: String,
        modifiers: [String],
        values: [RuleScalar],
        placeholders: [String: [String]] = [:],
        position: RulePosition
    ) throws(RuleError) {
        guard let field = RuleField(name: name) else { throw RuleError(position, RuleField.unknown(name)) }
        var modified = try ModifiedField(
            name: name,
            modifiers: modifiers,
            scalars: values,
            position: position
        )
        try modified.resolve(placeholders)
        self.field = field
        isNegated = modified.isNegated
        let isKeyword = field == .any
        if modified.isConjunction {
            var parts: [Test] = []
            for value in modified.values { parts.append(try FieldTest.test([value], isKeyword, position)) }
            test = parts.count == 1 ? parts[0] : .every(parts)
        } else {
            test = try FieldTest.test(modified.values, isKeyword, position)
        }
    }

    /// The test that any of `values` passes: texts and networks are gathered, others stand for themselves.
    ///
    /// Keywords are looked for inside the values of the event, whole values are not asked for.
    private static func test(
        _ values: [SigmaValue],
        _ isKeyword: Bool,
        _ position: RulePosition
    ) throws(RuleError) -> Test {
        var exact: Set<[UInt8]> = []
        var patterns: [TextPattern] = []
        var prefixes: [IPPrefix] = []
        var numbers: [RuleNumber] = []
        var others: [Test] = []
        func gather(_ text: SigmaText) {
            let pattern = TextPattern(isKeyword ? text.wrapped(before: true, after: true) : text)
            if let literal = pattern.exact { exact.insert(literal) } else { patterns.append(pattern) }
        }
        for value in flattened(values) {
            switch value {
            case .text(let text): gather(text)
            case .bool(let flag): gather(SigmaText(literal: Array((flag ? "true" : "false").utf8)))
            case .number(let number, let text):
                gather(SigmaText(literal: Array(text.utf8)))
                if !isKeyword { numbers.append(RuleNumber(number, text)) }
            case .network(let text):
                guard let prefix = IPPrefix(text) else {
                    throw RuleError(
                        position,
                        "`\(text)` is no network: write ADDRESS/BITS without host bits, 10.0.0.0/8"
                    )
                }
                prefixes.append(prefix)
            default: others.append(try single(value, position))
            }
        }
        if !exact.isEmpty || !patterns.isEmpty { others.append(.patterns(patterns, exact: exact)) }
        if !numbers.isEmpty { others.append(.numbers(numbers)) }
        if !prefixes.isEmpty { others.append(.networks(prefixes)) }
        return others.count == 1 ? others[0] : .some(others)
    }

    private static func flattened(_ values: [SigmaValue]) -> [SigmaValue] {
        values.flatMap { value -> [SigmaValue] in
            guard case .alternatives(let parts) = value else { return [value] }
            return flattened(parts)
        }
    }

    private static func single(_ value: SigmaValue, _ position: RulePosition) throws(RuleError) -> Test {
        switch value {
        case .exists(let wanted): return .exists(wanted)
        case .comparison(let comparison, let number, let text):
            return .number(comparison, RuleNumber(number, text))
        case .datePart(let part, let comparison, let number, let text):
            return .datePart(part, comparison, RuleNumber(number, text))
        case .field(let name, let startsWith, let endsWith):
            guard let other = RuleField(name: name), other != .any else {
                throw RuleError(position, RuleField.unknown(name))
            }
            return .reference(other, startsWith: startsWith, endsWith: endsWith)
        case .expression(let source, let options, _):
            do throws(RegularExpressionError) {
                return .expression(try RegularExpression(source, options: options))
            } catch {
                throw RuleError(position, "the regular expression `\(source)` is refused: \(error.message)")
            }
        default: return .null
        }
    }
}
