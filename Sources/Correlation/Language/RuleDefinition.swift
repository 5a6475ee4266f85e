// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// A place in a rule file.
public struct RulePosition: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// File name as it was given.
    public var file: String
    /// One-based line.
    public var line: Int
    /// One-based column.
    public var column: Int

    /// Makes a position.
    public init(file: String, line: Int, column: Int) {
        self.file = file
        self.line = line
        self.column = column
    }

    /// `FILE:LINE:COLUMN`.
    public var description: String { "\(file):\(line):\(column)" }

    /// Orders by file, line and column.
    public static func < (left: RulePosition, right: RulePosition) -> Bool {
        (left.file, left.line, left.column) < (right.file, right.line, right.column)
    }
}

/// Why a rule was refused.
public struct RuleError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Where.
    public var position: RulePosition
    /// What is wrong and what to do.
    public var message: String
    /// Whether nothing is wrong but that a placeholder has no values: the rule is inactive, not refused.
    public var leavesInactive: Bool

    /// Makes an error.
    public init(_ position: RulePosition, _ message: String, leavesInactive: Bool = false) {
        self.position = position
        self.message = message
        self.leavesInactive = leavesInactive
    }

    /// `FILE:LINE:COLUMN: MESSAGE`.
    public var description: String { "\(position): \(message)" }
}

/// A name or text of a rule file, with its place.
public struct RuleText: Hashable, Sendable {
    /// The text.
    public var text: String
    /// Where it stands.
    public var position: RulePosition

    /// Makes a text.
    public init(_ text: String, _ position: RulePosition) {
        self.text = text
        self.position = position
    }
}

/// A scalar as YAML gives it, its type kept.
public enum RuleScalar: Hashable, Sendable {
    /// `null` or nothing.
    case null
    /// `true` or `false`.
    case bool(Bool)
    /// A number, with its text.
    case number(Double, String)
    /// Text.
    case text(String)

    /// How the scalar reads as text; `null` is empty.
    public var text: String {
        switch self {
        case .null: ""
        case .bool(let value): value ? "true" : "false"
        case .number(_, let text): text
        case .text(let text): text
        }
    }
}

/// A value of a search, with its place.
public struct RuleValue: Hashable, Sendable {
    /// The value.
    public var scalar: RuleScalar
    /// Where it stands.
    public var position: RulePosition

    /// Makes a value.
    public init(_ scalar: RuleScalar, _ position: RulePosition) {
        self.scalar = scalar
        self.position = position
    }
}

/// A search of a Sigma detection (specification 2.1, "Detection"): maps are AND, lists are OR.
public indirect enum SearchDefinition: Hashable, Sendable {
    /// Every part must hold.
    case all([SearchDefinition])
    /// Any part must hold.
    case any([SearchDefinition])
    /// A field with modifiers against values; an empty field searches every field.
    case field(name: String, modifiers: [String], values: [RuleValue], position: RulePosition)
}

/// What every rule document states about itself.
public struct RuleHeader: Hashable, Sendable {
    /// Title, required.
    public var title: String
    /// Identifier; empty if not given.
    public var id: String
    /// Name for references; empty if not given.
    public var name: String
    /// Level.
    public var level: Level
    /// Tags as written.
    public var tags: [String]
    /// Author as written.
    public var author: String
    /// SPDX licence.
    public var license: String
    /// References.
    public var references: [String]
    /// `stable`, `test`, `experimental`, `deprecated` or `unsupported`; empty if not given.
    public var status: String
    /// What the rule looks for, in words; empty if not given.
    public var description: String
    /// Known false positives.
    public var falsePositives: [String]
    /// Keys under `wardline:`, in file order: what is ours and not Sigma's.
    public var extensionKeys: [String]
    /// Where the document starts.
    public var position: RulePosition
    /// `wardline.review`: findings are for people to look at, never incidents.
    public var isReview: Bool
    /// `wardline.base`: the rule only feeds correlations and never raises an alert of its own.
    public var isBase: Bool
    /// `wardline.join-window` in nanoseconds; four hours unless given.
    public var joinWindow: Int64
    /// `wardline.absent`: what the alert says was looked for and not there.
    public var absences: [String]
    /// `wardline.clauses`: what the rule serves, such as `45 CFR 164.312(b)`; as written.
    public var clauses: [String] = []

    /// Four hours, the usual join window (DESIGN 3.6).
    public static let joinWindowDefault: Int64 = 4 * 3_600 * 1_000_000_000

    /// A header with a title.
    public init(title: String, position: RulePosition) {
        self.title = title
        self.position = position
        id = ""
        name = ""
        level = .medium
        tags = []
        author = ""
        license = ""
        references = []
        status = ""
        description = ""
        falsePositives = []
        extensionKeys = []
        isReview = false
        isBase = false
        joinWindow = RuleHeader.joinWindowDefault
        absences = []
    }

    /// The name, else the id, else the title: what evidence cites, for people to read.
    public var reference: String { !name.isEmpty ? name : !id.isEmpty ? id : title }
}

/// A detection rule as its file states it.
public struct DetectionDefinition: Hashable, Sendable {
    /// One search identifier with its search.
    public struct Search: Hashable, Sendable {
        /// Identifier.
        public var name: String
        /// What it looks for.
        public var definition: SearchDefinition

        /// Makes a search.
        public init(name: String, definition: SearchDefinition) {
            self.name = name
            self.definition = definition
        }
    }

    /// Title, level, author and so on.
    public var header: RuleHeader
    /// `logsource` entries, name and value.
    public var logsource: [String: String]
    /// Searches in file order.
    public var searches: [Search]
    /// Conditions, at least one; any of them may hold.
    public var conditions: [RuleText]
    /// `wardline.placeholders`: values of `%NAME%` under the modifier `expand`.
    public var placeholders: [String: [String]]
    /// `wardline.group-by`: fields that make one episode; empty for the default.
    public var groupBy: [RuleText]
    /// `wardline.timespan`: how long an episode stays open, nanoseconds.
    public var episodeNanoseconds: Int64
    /// SHA-256 or other stable text of the file's bytes and the document's number; part of alert identity.
    public var fingerprint: String

    /// Makes a definition.
    public init(
        header: RuleHeader,
        logsource: [String: String],
        searches: [Search],
        conditions: [RuleText],
        placeholders: [String: [String]],
        groupBy: [RuleText],
        episodeNanoseconds: Int64,
        fingerprint: String
    ) {
        self.header = header
        self.logsource = logsource
        self.searches = searches
        self.conditions = conditions
        self.placeholders = placeholders
        self.groupBy = groupBy
        self.episodeNanoseconds = episodeNanoseconds
        self.fingerprint = fingerprint
    }
}

/// A filter as its file states it (Sigma filters specification 2.1): what must hold besides.
public struct FilterDefinition: Hashable, Sendable {
    /// Ids or names of the rules that it narrows; empty for every detection that its log source covers.
    public var rules: [RuleText]
    /// Header, log source, searches and conditions.
    public var detection: DetectionDefinition

    /// Makes a definition.
    public init(rules: [RuleText], detection: DetectionDefinition) {
        self.rules = rules
        self.detection = detection
    }
}

/// A rule document of any kind.
public enum RuleDefinition: Hashable, Sendable {
    /// Matches single events.
    case detection(DetectionDefinition)
    /// Matches matches.
    case correlation(CorrelationDefinition)
    /// Narrows detections.
    case filter(FilterDefinition)

    /// Title, level, author and so on.
    public var header: RuleHeader {
        switch self {
        case .detection(let definition): definition.header
        case .correlation(let definition): definition.header
        case .filter(let definition): definition.detection.header
        }
    }
}
