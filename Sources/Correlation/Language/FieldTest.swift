// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// One test of one field against values.
///
/// An object of constants: rules are walked for each event, and a reference costs one count.
final class FieldTest: Sendable {
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

    /// For a test of the envelope that one byte decides: the bytes that pass, negation included.
    let header: ByteSet?

    private init(_ field: RuleField, _ test: Test, isNegated: Bool) {
        self.field = field
        self.test = test
        self.isNegated = isNegated
        header = FieldTest.header(field, test, isNegated)
    }

    func matches(_ candidate: Candidate) -> Bool {
        if let header, case .envelope(let envelope) = field {
            return header[FieldTest.byte(envelope, candidate.event)]
        }
        return isNegated != FieldTest.holds(test, field, candidate)
    }

    /// Whether a field with this one value passes, when that does not depend on other fields.
    func accepts(_ value: String) -> Bool { isNegated != FieldTest.accepts(value, test) }

    private static func accepts(_ value: String, _ test: Test) -> Bool {
        var batch = EventBatch()
        batch.begin(Event(offset: .zero, time: .absent, logTime: .absent))
        batch.add(.message, Array(value.utf8))
        return holds(test, .known(.message), Candidate(batch: batch, index: 0))
    }

    private static func byte(_ envelope: RuleField.Envelope, _ event: Event) -> UInt8 {
        switch envelope {
        case .eventClass: event.eventClass.rawValue
        case .action: event.action.rawValue
        case .outcome: event.outcome.rawValue
        case .severity: event.severity
        case .decoder: 0
        }
    }

    /// Asks each value of a part of the envelope once; nil where other fields or names decide.
    private static func header(_ field: RuleField, _ test: Test, _ isNegated: Bool) -> ByteSet? {
        guard case .envelope(let envelope) = field, test.references.isEmpty else { return nil }
        let names: [(UInt8, String)]
        switch envelope {
        case .eventClass: names = EventClass.allCases.map { ($0.rawValue, $0.name) }
        case .action: names = Action.allCases.map { ($0.rawValue, $0.name) }
        case .outcome: names = Outcome.allCases.map { ($0.rawValue, $0.name) }
        case .severity: names = (0...255).map { (UInt8($0), $0 == 255 ? "" : String($0)) }
        case .decoder: return nil
        }
        var isAccepted = [Bool](repeating: false, count: 256)
        for (byte, name) in names { isAccepted[Int(byte)] = isNegated != accepts(name, test) }
        return ByteSet { isAccepted[Int($0)] }
    }

    private static func holds(_ test: Test, _ field: RuleField, _ candidate: Candidate) -> Bool {
        switch test {
        case .patterns(let patterns, let exact):
            return candidate.has(field) { value in
                FieldTest.isAmong(exact, value) || patterns.contains { $0.matches(value) }
            }
        case .expression(let expression): return candidate.has(field) { expression.matches($0.copied) }
        case .number(let comparison, let number):
            return candidate.has(field) { value in
                RuleNumber(value).map { comparison.holds($0, number) } ?? false
            }
        case .numbers(let numbers):
            return candidate.has(field) { RuleNumber($0).map(numbers.contains) ?? false }
        case .datePart(let part, let comparison, let number):
            return candidate.has(field) { value in
                part.number(in: value.copied).map { comparison.holds(RuleNumber($0), number) } ?? false
            }
        case .networks(let prefixes):
            return candidate.has(field) { value in
                guard let address = IPAddress(value) else { return false }
                // `::/0` is every IPv6 address, and no address of IPv4.
                return prefixes.contains { $0.isV4 == (address.v4 != nil) && $0.contains(address) }
            }
        case .reference(let other, let startsWith, let endsWith):
            let others = candidate.foldedValues(other)
            guard !others.isEmpty else { return false }
            return candidate.has(field) { value in
                let value = TextPattern.folded(value)
                return others.contains { isEqual(value, $0, startsWith, endsWith) }
            }
        case .null: return !candidate.has(field) { _ in true }
        case .exists(let wanted): return candidate.has(field) { _ in true } == wanted
        case .some(let parts): return parts.contains { holds($0, field, candidate) }
        case .every(let parts): return parts.allSatisfy { holds($0, field, candidate) }
        }
    }

    /// Whether `value`, in lower case, is one of the texts.
    private static func isAmong(_ texts: Set<[UInt8]>, _ value: Span<UInt8>) -> Bool {
        guard texts.count > 8 else {
            return texts.contains { TextPattern.isEqual(value, 0, $0) && $0.count == value.count }
        }
        return texts.contains(value.copied.map(TextPattern.folded))
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
    convenience init(
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
        let isKeyword = field == .any
        if isKeyword, values.contains(where: { $0 == .null || $0.text.isEmpty }) {
            throw RuleError(position, "a keyword is text; name a field to ask whether it is empty")
        }
        let isAnywhere = isKeyword && !modified.isAnchored
        if modified.isConjunction {
            var parts: [Test] = []
            for value in modified.values {
                parts.append(try FieldTest.test([value], isKeyword, isAnywhere, position))
            }
            self.init(field, parts.count == 1 ? parts[0] : .every(parts), isNegated: modified.isNegated)
        } else {
            let test = try FieldTest.test(modified.values, isKeyword, isAnywhere, position)
            self.init(field, test, isNegated: modified.isNegated)
        }
    }

    /// The test that any of `values` passes: texts and networks are gathered, others stand for themselves.
    ///
    /// Keywords are looked for inside the values of the event, or at the end that a modifier names; whole
    /// values are not asked for.
    private static func test(
        _ values: [SigmaValue],
        _ isKeyword: Bool,
        _ isAnywhere: Bool,
        _ position: RulePosition
    ) throws(RuleError) -> Test {
        var exact: Set<[UInt8]> = []
        var patterns: [TextPattern] = []
        var prefixes: [IPPrefix] = []
        var numbers: [RuleNumber] = []
        var others: [Test] = []
        func gather(_ text: SigmaText) {
            let pattern = TextPattern(isAnywhere ? text.wrapped(before: true, after: true) : text)
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
            guard part.canPass(comparison, number) else {
                let range = "\(Int(part.range.lowerBound)) to \(Int(part.range.upperBound))"
                throw RuleError(
                    position,
                    "`\(text)` is never met: `\(part.rawValue)` is a whole number of \(range)"
                )
            }
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
