// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// A value of a rule on its way through modifiers.
indirect enum SigmaValue: Hashable, Sendable {
    case null
    case bool(Bool)
    case number(Double, String)
    case text(SigmaText)
    /// A regular expression; `isExpanded` when `%NAME%` in it stands for a list.
    case expression(String, RegularExpression.Options, isExpanded: Bool)
    case network(String)
    case exists(Bool)
    case field(String, startsWith: Bool, endsWith: Bool)
    case comparison(Comparison, Double, String)
    case datePart(DatePart, Comparison, Double, String)
    /// What one value of the file became: any of them may match, also under `all`.
    case alternatives([SigmaValue])
}

/// A field of a search after its modifiers: what its values mean and how they are linked.
///
/// Modifiers apply from left to right (Sigma 2.1, modifiers appendix). What Sigma forbids is refused.
struct ModifiedField: Sendable {
    let name: String
    private(set) var values: [SigmaValue]
    /// `all`: every value must match, not any.
    private(set) var isConjunction = false
    /// `neq`: the whole is negated.
    private(set) var isNegated = false

    /// Whether the texts stand at one end of the value.
    var isAnchored: Bool { applied.contains("startswith") || applied.contains("endswith") }

    private var applied: [String] = []
    private let position: RulePosition

    /// Applies `modifiers` to `scalars`.
    ///
    /// - Throws: ``RuleError`` for an unknown modifier, a wrong order and a value that it does not fit.
    init(
        name: String,
        modifiers: [String],
        scalars: [RuleScalar],
        position: RulePosition
    ) throws(RuleError) {
        self.name = name
        self.position = position
        values = scalars.map { scalar in
            switch scalar {
            case .null: .null
            case .bool(let flag): .bool(flag)
            case .number(let number, let text): .number(number, text)
            case .text(let text): .text(SigmaText(parsing: text))
            }
        }
        let source = scalars
        for modifier in modifiers {
            try apply(modifier, source)
            applied.append(modifier)
        }
    }

    private func error(_ message: String) -> RuleError { RuleError(position, message) }

    private mutating func apply(_ modifier: String, _ scalars: [RuleScalar]) throws(RuleError) {
        guard applied.last != "exists" || modifier == "neq" else {
            throw error("nothing but `neq` may follow `exists`")
        }
        switch modifier {
        case "all": isConjunction = true
        case "neq": isNegated = true
        case "re", "cidr", "exists":
            guard applied.isEmpty else { throw error("`\(modifier)` must be the first modifier") }
            guard modifier != "re" else {
                values = try expressions(scalars)
                return
            }
            guard modifier != "exists" else {
                values = [try existence()]
                return
            }
            try change(modifier, "an address or network as text", network)
        case "i", "ignorecase": try flag(modifier, .ignoreCase)
        case "m", "multiline": try flag(modifier, .multiline)
        case "s", "dotall": try flag(modifier, .dotAll)
        case "contains": try wrap(modifier, before: true, after: true)
        case "startswith": try wrap(modifier, before: false, after: true)
        case "endswith": try wrap(modifier, before: true, after: false)
        case "cased":
            try change(modifier, "text") { value in
                guard case .text(var text) = value else { return nil }
                text.isCased = true
                return .text(text)
            }
        case "fieldref":
            guard !applied.contains("cased") else { throw error("`fieldref` compares without case") }
            try change(modifier, "the name of a field, without wildcards", reference)
        case "expand": try change(modifier, "text", expanded)
        case "lt", "lte", "gt", "gte":
            guard let comparison = Comparison(rawValue: modifier) else { return }
            try change(modifier, "numbers") { ModifiedField.compared($0, comparison) }
        default:
            if let part = DatePart(rawValue: modifier) {
                return try change(modifier, "numbers") { value in
                    guard case .number(let number, let text) = value else { return nil }
                    return .datePart(part, .equal, number, text)
                }
            }
            guard let encoding = TextEncoding(rawValue: modifier) else {
                throw error("`\(modifier)` is no Sigma modifier")
            }
            try encode(encoding)
        }
    }

    /// Replaces each value, also inside alternatives; `body` gives nil where the modifier does not fit.
    private mutating func change(
        _ modifier: String,
        _ wanted: String,
        _ body: (SigmaValue) -> SigmaValue?
    ) throws(RuleError) {
        func changed(_ value: SigmaValue) -> SigmaValue? {
            guard case .alternatives(let parts) = value else { return body(value) }
            let found = parts.compactMap(changed)
            return found.count == parts.count ? .alternatives(found) : nil
        }
        let found = values.compactMap(changed)
        guard found.count == values.count else { throw error("`\(modifier)` takes \(wanted)") }
        values = found
    }

    // MARK: - Text and references

    private mutating func wrap(_ modifier: String, before: Bool, after: Bool) throws(RuleError) {
        try change(modifier, "text, not numbers, truth values or null") { value in
            switch value {
            case .text(let text): return .text(text.wrapped(before: before, after: after))
            case .expression(let source, let options, let isExpanded):
                let head = before && !source.hasPrefix(".*") && !source.hasPrefix("^") ? ".*" : ""
                let tail = after && !source.hasSuffix(".*") && !source.hasSuffix("$") ? ".*" : ""
                return .expression(head + source + tail, options, isExpanded: isExpanded)
            case .field(let name, let starts, let ends):
                return .field(name, startsWith: starts || after, endsWith: ends || before)
            default: return nil
            }
        }
    }

    private func reference(_ value: SigmaValue) -> SigmaValue? {
        guard case .text(let text) = value, let name = text.literal, !name.isEmpty else { return nil }
        return .field(String(decoding: name, as: UTF8.self), startsWith: false, endsWith: false)
    }

    private func network(_ value: SigmaValue) -> SigmaValue? {
        guard case .text(let text) = value, let written = text.literal else { return nil }
        return .network(String(decoding: written, as: UTF8.self))
    }

    private func existence() throws(RuleError) -> SigmaValue {
        guard !name.isEmpty else { throw error("`exists` needs a field") }
        guard values.count == 1, case .bool(let wanted) = values[0] else {
            throw error("`exists` takes true or false")
        }
        return .exists(wanted)
    }

    private static func compared(_ value: SigmaValue, _ comparison: Comparison) -> SigmaValue? {
        switch value {
        case .number(let number, let text): .comparison(comparison, number, text)
        case .datePart(let part, .equal, let number, let text): .datePart(part, comparison, number, text)
        default: nil
        }
    }

    // MARK: - Regular expressions

    /// The values as they stand in the file: escapes belong to the expression, not to Sigma.
    private func expressions(_ scalars: [RuleScalar]) throws(RuleError) -> [SigmaValue] {
        var found: [SigmaValue] = []
        for scalar in scalars {
            guard case .text(let source) = scalar else { throw error("`re` takes text; put it into quotes") }
            found.append(.expression(source, [], isExpanded: false))
        }
        return found
    }

    private mutating func flag(
        _ modifier: String,
        _ option: RegularExpression.Options
    ) throws(RuleError) {
        try change(modifier, "a regular expression; write it after `re`") { value in
            guard case .expression(let source, let options, let isExpanded) = value else { return nil }
            return .expression(source, options.union(option), isExpanded: isExpanded)
        }
    }

    // MARK: - Encodings

    private mutating func encode(_ encoding: TextEncoding) throws(RuleError) {
        var found: [SigmaValue] = []
        for value in values { found.append(try encoded(value, encoding)) }
        values = found
    }

    private func encoded(_ value: SigmaValue, _ encoding: TextEncoding) throws(RuleError) -> SigmaValue {
        if case .alternatives(let parts) = value {
            var found: [SigmaValue] = []
            for part in parts { found.append(try encoded(part, encoding)) }
            return .alternatives(found)
        }
        guard case .text(let text) = value else { throw error("`\(encoding.rawValue)` takes text") }
        do throws(TextEncoding.Refusal) {
            let texts = try encoding.applied(to: text)
            return encoding.givesAlternatives ? .alternatives(texts.map(SigmaValue.text)) : .text(texts[0])
        } catch {
            throw self.error("`\(encoding.rawValue)` \(error.reason)")
        }
    }

    // MARK: - Placeholders

    private func expanded(_ value: SigmaValue) -> SigmaValue? {
        switch value {
        case .text(let text): .text(text.replacingLiterals(Placeholders.parts))
        case .expression(let source, let options, _): .expression(source, options, isExpanded: true)
        default: nil
        }
    }

    /// Replaces placeholders by the values of `lists`.
    ///
    /// - Throws: ``RuleError`` for a name without a list: the specification wants such a rule rejected.
    mutating func resolve(_ lists: [String: [String]]) throws(RuleError) {
        var found: [SigmaValue] = []
        for value in values { found.append(try resolved(value, lists)) }
        values = found
    }

    private func resolved(_ value: SigmaValue, _ lists: [String: [String]]) throws(RuleError) -> SigmaValue {
        switch value {
        case .alternatives(let parts):
            var found: [SigmaValue] = []
            for part in parts { found.append(try resolved(part, lists)) }
            return .alternatives(found)
        case .text(let text):
            guard !text.placeholders.isEmpty else { return value }
            var texts = [text]
            for name in text.placeholders {
                let list = try list(name, lists)
                guard texts.count * list.count <= Placeholders.expansionCountMax else {
                    throw error("the placeholders make more than \(Placeholders.expansionCountMax) values")
                }
                texts = texts.flatMap { text in
                    list.map { text.replacingFirstPlaceholder(by: SigmaText(parsing: $0)) }
                }
            }
            return .alternatives(texts.map(SigmaValue.text))
        case .expression(var source, let options, true):
            for name in Placeholders.names(in: source) {
                source = Placeholders.replace(name, in: source, by: try list(name, lists))
            }
            return .expression(source, options, isExpanded: false)
        default: return value
        }
    }

    private func list(_ name: String, _ lists: [String: [String]]) throws(RuleError) -> [String] {
        guard let list = lists[name], !list.isEmpty else {
            var missing = error(
                "the placeholder `%\(name)%` has no values; list them under `wardline: {placeholders: "
                    + "{\(name): [...]}}`"
            )
            missing.leavesInactive = true
            throw missing
        }
        return list
    }
}
