// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel

/// A filter over events as people type it: `class:access and not user.name:svc_*`.
///
/// Grammar (keywords in any case; neighbours without a keyword are joined by `and`):
/// ```
/// or      = and { "or" and }
/// and     = not { ["and"] not }
/// not     = ["not"] primary
/// primary = "(" or ")" | field ":" values | field operator value | field operator field | word | "phrase"
/// values  = value | operator value | "(" values joined by and, or, not ")" | "[" value "to" value "]"
/// ```
/// `{` and `}` instead of `[` and `]` leave the end out; `*` as an end leaves it open. A backslash takes the
/// next character literally.
public struct Query: Hashable, Sendable {
    /// Most bytes of a query: 64 KiB, more than any person types; a longer one is refused.
    public static let lengthMax = 65_536
    /// Deepest nesting of parentheses and `not`: keeps evaluation within the stack; a deeper one is refused.
    public static let depthMax = 64
    /// Most tests in one query: 4,096, so that one query costs at most that many comparisons per event.
    public static let testCountMax = 4_096

    /// The text as it was written.
    public let text: String
    /// What is odd in it, though it runs.
    public let warnings: [QueryWarning]
    /// Whether it asks for reviews (`class:review`), which are findings and not events.
    public let asksForReviews: Bool
    let root: QueryNode

    /// What values in the text may refer to: the time now and the zone of times without one.
    public struct Context: Sendable {
        /// The time that `now` and `-5m` refer to.
        public var now: UTCTime
        /// The zone of times that name none.
        public var zone: TimeZoneRules

        /// Makes a context.
        public init(now: UTCTime, zone: TimeZoneRules = .utc) {
            self.now = now
            self.zone = zone
        }
    }

    /// Reads a query; an empty text matches every event.
    ///
    /// - Throws: ``QueryError`` with the column and, where there is one, a suggestion.
    public init(_ text: String, context: Context) throws(QueryError) {
        var parser = QueryParser(text, context)
        let root = try parser.parse()
        self.text = text
        self.root = root
        warnings = parser.warnings
        asksForReviews = parser.asksForReviews
    }

    private init(text: String, root: QueryNode, warnings: [QueryWarning], asksForReviews: Bool) {
        self.text = text
        self.root = root
        self.warnings = warnings
        self.asksForReviews = asksForReviews
    }

    /// The query that both match.
    public func and(_ other: Query) -> Query {
        Query(
            text: text.isEmpty ? other.text : other.text.isEmpty ? text : "(\(text)) and (\(other.text))",
            root: .all([root, other.root]),
            warnings: warnings + other.warnings,
            asksForReviews: asksForReviews || other.asksForReviews
        )
    }

    /// Whether it can find nothing but reviews: `class:review`, alone or joined with `and`.
    public var findsOnlyReviews: Bool { Query.findsOnlyReviews(root) }

    private static func findsOnlyReviews(_ node: QueryNode) -> Bool {
        switch node {
        case .all(let nodes): nodes.contains(where: findsOnlyReviews)
        case .test(.envelope(.eventClass), .matches(let pattern)): pattern.matches("review")
        case .everything, .any, .not, .test, .compare: false
        }
    }

    /// Whether any test asks for assets or zones, so that a resolver is worth its cost.
    public var needsResolver: Bool { Query.needsResolver(root) }

    private static func needsResolver(_ node: QueryNode) -> Bool {
        func isResolved(_ field: QueryField) -> Bool {
            switch field {
            case .zone, .entity: true
            default: false
            }
        }
        switch node {
        case .everything: return false
        case .all(let nodes), .any(let nodes): return nodes.contains(where: needsResolver)
        case .not(let node): return needsResolver(node)
        case .test(let field, _): return isResolved(field)
        case .compare(let left, _, let right): return isResolved(left) || isResolved(right)
        }
    }
}
