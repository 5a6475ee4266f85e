// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// A Sigma condition as a tree (specification 2.1, "Condition"; precedence or < and < not < x-of).
indirect enum Condition: Hashable, Sendable {
    case name(String)
    case not(Condition)
    case and([Condition])
    case or([Condition])

    /// Names that it uses.
    var names: Set<String> {
        switch self {
        case .name(let name): [name]
        case .not(let inner): inner.names
        case .and(let parts), .or(let parts): parts.reduce(into: []) { $0.formUnion($1.names) }
        }
    }
}

/// Parses a condition over known names; keywords are whole lower-case words.
struct ConditionParser {
    private let tokens: [String]
    private var index = 0
    private let names: [String]
    private let takesSelectors: Bool
    private let position: RulePosition

    /// Deepest nesting of parentheses and `not`: guards the stack against a hostile file.
    static let depthMax = 64

    /// Parses `text`; `selectors` says whether `1 of x*` and the like are part of the language.
    ///
    /// - Throws: ``RuleError`` for grammar errors, unknown names, and selectors that select nothing.
    static func parse(
        _ text: String,
        names: [String],
        selectors: Bool = true,
        at position: RulePosition
    ) throws(RuleError) -> Condition {
        guard !text.contains("|") else {
            throw RuleError(
                position,
                "`|` aggregation is gone from Sigma; write a correlation rule instead"
            )
        }
        var parser = ConditionParser(
            tokens: tokens(of: text),
            names: names,
            takesSelectors: selectors,
            position: position
        )
        let loud = parser.tokens.first {
            !names.contains($0) && !keywords.contains($0) && keywords.contains($0.lowercased())
        }
        if let loud {
            throw RuleError(position, "write `\(loud.lowercased())` in lower case in the condition")
        }
        let condition = try parser.expression(depth: 0)
        guard parser.index == parser.tokens.count else {
            throw RuleError(position, "unexpected `\(parser.tokens[parser.index])` in the condition")
        }
        return condition
    }

    /// Words that are part of the grammar, and cannot name a search.
    static let keywords: Set<String> = ["and", "or", "not", "of", "them"]

    /// Names in `text` in order, each once; nothing is checked.
    static func names(in text: String) -> [String] {
        var found: [String] = []
        for token in tokens(of: text)
        where token != "(" && token != ")" && !keywords.contains(token) && !found.contains(token) {
            found.append(token)
        }
        return found
    }

    private init(tokens: [String], names: [String], takesSelectors: Bool, position: RulePosition) {
        self.tokens = tokens
        self.names = names
        self.takesSelectors = takesSelectors
        self.position = position
    }

    private static func tokens(of text: String) -> [String] {
        var tokens: [String] = []
        var word = ""
        for character in text {
            if character.isWhitespace || character == "(" || character == ")" {
                if !word.isEmpty { tokens.append(word) }
                word = ""
                if !character.isWhitespace { tokens.append(String(character)) }
            } else {
                word.append(character)
            }
        }
        if !word.isEmpty { tokens.append(word) }
        return tokens
    }

    private var next: String? { index < tokens.count ? tokens[index] : nil }

    private mutating func expression(depth: Int) throws(RuleError) -> Condition {
        guard depth < ConditionParser.depthMax else {
            throw RuleError(position, "the condition nests too deeply")
        }
        var parts = [try conjunction(depth: depth)]
        while next == "or" {
            index += 1
            parts.append(try conjunction(depth: depth))
        }
        return parts.count == 1 ? parts[0] : .or(parts)
    }

    private mutating func conjunction(depth: Int) throws(RuleError) -> Condition {
        var parts = [try unary(depth: depth)]
        while next == "and" {
            index += 1
            parts.append(try unary(depth: depth))
        }
        return parts.count == 1 ? parts[0] : .and(parts)
    }

    private mutating func unary(depth: Int) throws(RuleError) -> Condition {
        guard depth < ConditionParser.depthMax else {
            throw RuleError(position, "the condition nests too deeply")
        }
        guard next == "not" else { return try primary(depth: depth) }
        index += 1
        return .not(try unary(depth: depth + 1))
    }

    private mutating func primary(depth: Int) throws(RuleError) -> Condition {
        guard let token = next else { throw RuleError(position, "the condition ends too early") }
        index += 1
        if token == "(" {
            let inner = try expression(depth: depth + 1)
            guard next == ")" else { throw RuleError(position, "a `)` is missing in the condition") }
            index += 1
            return inner
        }
        if next == "of", ["1", "any", "all"].contains(token) {
            guard takesSelectors else {
                throw RuleError(
                    position,
                    "`\(token) of` is for detections; name the rules with `and` and `or`"
                )
            }
            index += 1
            return try selector(all: token == "all")
        }
        guard names.contains(token) else {
            guard !["AND", "OR", "NOT", "OF", "ANY", "ALL"].contains(token.uppercased()) else {
                throw RuleError(
                    position,
                    "`\(token)` stands at a wrong place or is not in lower case; write `and`, `or`, `not`, "
                        + "`1 of`, `all of`"
                )
            }
            throw RuleError(position, "the condition names `\(token)`, which the rule does not define")
        }
        return .name(token)
    }

    private mutating func selector(all: Bool) throws(RuleError) -> Condition {
        guard let pattern = next else { throw RuleError(position, "`of` needs `them` or a pattern") }
        index += 1
        guard
            pattern.utf8.allSatisfy({ RegularExpression.isWord(UInt32($0)) || $0 == UInt8(ascii: "*") })
        else {
            throw RuleError(position, "`\(pattern)` is no pattern: use letters, digits, `_` and `*`")
        }
        let glob = TextPattern(pattern, cased: true)
        let selected = names.filter { name in
            if pattern == "them" { return !name.hasPrefix("_") }
            return glob.matches(Array(name.utf8)) && (pattern.hasPrefix("_") || !name.hasPrefix("_"))
        }
        guard !selected.isEmpty else {
            throw RuleError(position, "`\(pattern)` selects no search of the rule")
        }
        // In the order of the file, so that the tree is the author's.
        let parts = selected.map(Condition.name)
        return parts.count == 1 ? parts[0] : all ? .and(parts) : .or(parts)
    }
}
