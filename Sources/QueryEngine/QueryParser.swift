// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// Reads a query by recursive descent over its bytes.
struct QueryParser {
    private var scanner: QueryScanner
    private let context: Query.Context
    private var depth = 0
    private var testCount = 0
    private(set) var warnings: [QueryWarning] = []
    private(set) var asksForReviews = false
    /// Warnings about names that reviews have and events have not.
    private var eventWarnings: [QueryWarning] = []

    init(_ text: String, _ context: Query.Context) {
        scanner = QueryScanner(text)
        self.context = context
    }

    mutating func parse() throws(QueryError) -> QueryNode {
        guard scanner.text.utf8.count <= Query.lengthMax else {
            throw scanner.error(0, "the query is longer than \(Query.lengthMax) bytes", hint: "split it")
        }
        scanner.skipSpace()
        guard !scanner.isAtEnd else { return .everything }
        let node = try disjunction()
        if !asksForReviews { warnings += eventWarnings }
        guard scanner.isAtEnd else {
            throw scanner.error(scanner.position, "`)` closes nothing", hint: "remove it, or quote it: \")\"")
        }
        return node
    }

    private mutating func disjunction() throws(QueryError) -> QueryNode {
        var nodes = [try conjunction()]
        while scanner.takeKeyword("or") { nodes.append(try conjunction()) }
        return nodes.count == 1 ? nodes[0] : .any(nodes)
    }

    private mutating func conjunction() throws(QueryError) -> QueryNode {
        var nodes = [try negation()]
        while true {
            let explicit = scanner.takeKeyword("and")
            scanner.skipSpace()
            if !explicit, scanner.isAtEnd || scanner.peek == UInt8(ascii: ")") || scanner.sees("or") { break }
            nodes.append(try negation())
        }
        return nodes.count == 1 ? nodes[0] : .all(nodes)
    }

    private mutating func negation() throws(QueryError) -> QueryNode {
        let position = scanner.position
        guard scanner.takeKeyword("not") else { return try primary() }
        try descend(position)
        defer { depth -= 1 }
        return .not(try negation())
    }

    private mutating func descend(_ position: Int) throws(QueryError) {
        depth += 1
        guard depth <= Query.depthMax else {
            throw scanner.error(
                position,
                "more than \(Query.depthMax) levels of nesting",
                hint: "simplify the query"
            )
        }
    }

    private mutating func primary() throws(QueryError) -> QueryNode {
        scanner.skipSpace()
        let start = scanner.position
        guard let byte = scanner.peek else {
            throw scanner.error(start, "a term is missing here", hint: "write a word, or field:value")
        }
        switch byte {
        case UInt8(ascii: "("):
            scanner.advance()
            try descend(start)
            defer { depth -= 1 }
            let node = try disjunction()
            try scanner.expect(UInt8(ascii: ")"), opened: start)
            return node
        case UInt8(ascii: ")"):
            throw scanner.error(start, "a term is missing before `)`", hint: "write a word, or field:value")
        case UInt8(ascii: "|"):
            throw scanner.error(
                start,
                "pipes are not part of the query language",
                hint: "use --count, --unique FIELD, --fields or -n, or pipe -o jsonl to jq"
            )
        case UInt8(ascii: "\""):
            let phrase = try scanner.quoted()
            // Names of a sender's own fields may hold blanks and signs: `"ext.Risk Factor":high`.
            if let name = phrase.literal, name.lowercased().hasPrefix("ext."), scanner.seesTest() {
                return try fieldTest(name, at: start)
            }
            return try words(phrase)
        default:
            break
        }
        for keyword in ["and", "or"] where scanner.sees(keyword) {
            throw scanner.error(
                start,
                "`\(keyword)` has nothing before it",
                hint: "to search the word, quote it: \"\(keyword)\""
            )
        }
        guard let name = scanner.fieldName() else { return try words(try scanner.word()) }
        return try fieldTest(name, at: start)
    }

    /// A bare word or phrase: anywhere in any field; an address prefix is looked for in the address fields.
    private mutating func words(_ text: QueryText) throws(QueryError) -> QueryNode {
        try countTest(text.position)
        if !text.isQuoted, let literal = text.literal, literal.contains("/"), let prefix = IPPrefix(literal) {
            return .test(.group(.ip), .within(prefix))
        }
        return text.isAnything ? .everything : .test(.any, .matches(TextPattern(text.pieces).anywhere))
    }

    private mutating func fieldTest(_ name: String, at position: Int) throws(QueryError) -> QueryNode {
        let field = resolve(name, position)
        if let comparison = try scanner.comparison() {
            scanner.skipSpace()
            if scanner.peek != UInt8(ascii: "\""), let other = scanner.bareField() {
                try countTest(position)
                return .compare(field, comparison, other)
            }
            return try ordered(field, comparison, try value(name))
        }
        scanner.advance()
        scanner.skipSpace()
        return try values(field, name)
    }

    /// What follows `field:`.
    private mutating func values(_ field: QueryField, _ name: String) throws(QueryError) -> QueryNode {
        let start = scanner.position
        switch scanner.peek {
        case UInt8(ascii: "("):
            scanner.advance()
            try descend(start)
            defer { depth -= 1 }
            let node = try valueDisjunction(field, name)
            try scanner.expect(UInt8(ascii: ")"), opened: start)
            return node
        case UInt8(ascii: "["), UInt8(ascii: "{"):
            return try range(field, name)
        default:
            if let comparison = try scanner.comparison() {
                return try ordered(field, comparison, try value(name))
            }
            return try matches(field, try value(name))
        }
    }

    private mutating func valueDisjunction(
        _ field: QueryField,
        _ name: String
    ) throws(QueryError) -> QueryNode {
        var nodes = [try valueConjunction(field, name)]
        while scanner.takeKeyword("or") { nodes.append(try valueConjunction(field, name)) }
        return nodes.count == 1 ? nodes[0] : .any(nodes)
    }

    private mutating func valueConjunction(
        _ field: QueryField,
        _ name: String
    ) throws(QueryError) -> QueryNode {
        var nodes = [try valueNegation(field, name)]
        while scanner.takeKeyword("and") { nodes.append(try valueNegation(field, name)) }
        scanner.skipSpace()
        if let byte = scanner.peek, byte != UInt8(ascii: ")"), !scanner.sees("or") {
            throw scanner.error(
                scanner.position,
                "two values of `\(name)` stand side by side",
                hint: "put `or` or `and` between them, or quote them as one value"
            )
        }
        return nodes.count == 1 ? nodes[0] : .all(nodes)
    }

    private mutating func valueNegation(_ field: QueryField, _ name: String) throws(QueryError) -> QueryNode {
        let position = scanner.position
        guard scanner.takeKeyword("not") else {
            scanner.skipSpace()
            return try values(field, name)
        }
        try descend(position)
        defer { depth -= 1 }
        return .not(try valueNegation(field, name))
    }

    private mutating func value(_ name: String) throws(QueryError) -> QueryText {
        scanner.skipSpace()
        let position = scanner.position
        if scanner.peek == UInt8(ascii: "\"") { return try scanner.quoted() }
        let text = try scanner.word()
        guard !text.pieces.isEmpty else {
            throw scanner.error(
                position,
                "the value of `\(name)` is missing",
                hint: "write \(name):* for any value"
            )
        }
        return text
    }

    private mutating func range(_ field: QueryField, _ name: String) throws(QueryError) -> QueryNode {
        let start = scanner.position
        let withLow = scanner.peek == UInt8(ascii: "[")
        scanner.advance()
        let low = try value(name)
        guard scanner.takeKeyword("to") else {
            throw scanner.error(
                scanner.position,
                "`to` is missing in the range",
                hint: "write \(name):[low to high]"
            )
        }
        let high = try value(name)
        scanner.skipSpace()
        guard let end = scanner.peek, end == UInt8(ascii: "]") || end == UInt8(ascii: "}") else {
            throw scanner.error(start, "the range is not closed", hint: "write \(name):[low to high]")
        }
        scanner.advance()
        var nodes: [QueryNode] = []
        if !low.isAnything { nodes.append(try ordered(field, withLow ? .greaterOrEqual : .greater, low)) }
        if !high.isAnything {
            nodes.append(try ordered(field, end == UInt8(ascii: "]") ? .lessOrEqual : .less, high))
        }
        try countTest(start)
        return nodes.isEmpty ? .test(field, .exists) : nodes.count == 1 ? nodes[0] : .all(nodes)
    }

    /// Names that only reviews have.
    private static let reviewNames: Set<String> = ["rule", "level"]

    private mutating func countTest(_ position: Int) throws(QueryError) {
        testCount += 1
        guard testCount <= Query.testCountMax else {
            throw scanner.error(position, "more than \(Query.testCountMax) tests", hint: "split the query")
        }
    }

    private mutating func warn(_ position: Int, _ message: String) {
        warnings.append(QueryWarning(column: scanner.error(position, "").column, message: message))
    }

    private mutating func resolve(_ name: String, _ position: Int) -> QueryField {
        if let field = QueryField(name: name) { return field }
        let nearest = NearestWord.find(name, in: QueryField.suggestions)
        let advice = nearest.map { "did you mean `\($0)`?" } ?? "`ext.\(name)` is searched instead"
        let message = "no event has a field `\(name)`; \(advice)"
        if QueryParser.reviewNames.contains(name.lowercased()) {
            eventWarnings.append(QueryWarning(column: scanner.error(position, "").column, message: message))
        } else {
            warn(position, message)
        }
        return .named("ext." + name.lowercased())
    }
}

extension QueryParser {
    private mutating func matches(_ field: QueryField, _ text: QueryText) throws(QueryError) -> QueryNode {
        try countTest(text.position)
        if text.isAnything, !text.isQuoted { return .test(field, .exists) }
        if field.isTime { return try ordered(field, .equal, text) }
        if field == .envelope(.eventClass), text.text.lowercased() == "review" { asksForReviews = true }
        if field.isAddress, let literal = text.literal, let node = try address(field, literal, text) {
            return node
        }
        if field == .envelope(.severity), let literal = text.literal,
            let number = SeverityName.number(literal)
        {
            return .test(field, .ordered(.equal, .text(Array(String(number).utf8))))
        }
        let pattern = TextPattern(text.pieces)
        checkVocabulary(field, pattern, text)
        return .test(field, .matches(field.isRunningText ? pattern.anywhere : pattern))
    }

    /// An address or prefix as a numeric test; nil when the text is neither (a host name, a part of an
    /// address).
    private func address(
        _ field: QueryField,
        _ literal: String,
        _ text: QueryText
    ) throws(QueryError) -> QueryNode? {
        if let prefix = IPPrefix(literal) { return .test(field, .within(prefix)) }
        guard literal.contains("/") else { return nil }
        throw scanner.error(
            text.position,
            "`\(literal)` is not an address prefix",
            hint: "bits after the prefix must be 0, as in 10.20.0.0/16"
        )
    }

    private mutating func checkVocabulary(_ field: QueryField, _ pattern: TextPattern, _ text: QueryText) {
        guard let words = field.vocabulary, !words.contains(where: { pattern.matches($0) }) else { return }
        let nearest = NearestWord.find(text.text, in: words)
        let advice =
            nearest.map { "did you mean `\($0)`?" } ?? "known: \(words.prefix(8).joined(separator: ", "))"
        warn(text.position, "`\(text.text)` is no value of that field; \(advice)")
    }

    private mutating func ordered(
        _ field: QueryField,
        _ comparison: Comparison,
        _ text: QueryText
    ) throws(QueryError) -> QueryNode {
        try countTest(text.position)
        if !field.isTime, comparison == .equal { return try matches(field, text) }
        if !field.isTime, comparison == .notEqual {
            let present = QueryNode.test(field, .exists)
            return .all([present, .not(try matches(field, text))])
        }
        guard let literal = text.literal, !literal.isEmpty else {
            throw scanner.error(
                text.position,
                "a wildcard cannot follow `\(comparison.rawValue)`",
                hint: "use field:\(text.text)"
            )
        }
        if field.isTime { return .test(field, .ordered(comparison, .time(try time(literal, text.position)))) }
        if field.isAddress, let address = IPAddress(literal) {
            return .test(field, .ordered(comparison, .address(address)))
        }
        if field == .envelope(.severity), let number = SeverityName.number(literal) {
            return .test(field, .ordered(comparison, .text(Array(String(number).utf8))))
        }
        let scaled = QuantityText.bytes(literal) ?? literal
        return .test(field, .ordered(comparison, .text(Array(scaled.utf8))))
    }

    private func time(_ literal: String, _ position: Int) throws(QueryError) -> UTCTime {
        do throws(QueryError) {
            return try TimeExpression.parse(literal, now: context.now, zone: context.zone)
        } catch {
            throw scanner.error(position, error.message, hint: error.hint)
        }
    }
}
