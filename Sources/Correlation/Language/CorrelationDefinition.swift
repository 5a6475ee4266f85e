// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// A correlation rule as its file states it (Sigma correlation specification 2.1, SEP 198 for `condition`
/// text).
public struct CorrelationDefinition: Hashable, Sendable {
    /// The correlation types of this version.
    public enum Kind: String, Sendable, CaseIterable {
        case eventCount = "event_count"
        case valueCount = "value_count"
        case temporal
        case temporalOrdered = "temporal_ordered"
        case valueSum = "value_sum"
        case valueAverage = "value_avg"
        case valuePercentile = "value_percentile"
        case valueMedian = "value_median"
    }

    /// A threshold: operator name and number.
    public struct Threshold: Hashable, Sendable {
        /// `gt`, `gte`, `lt`, `lte`, `eq` or `neq`.
        public var operation: String
        /// Number compared with.
        public var value: Double

        /// Makes a threshold.
        public init(operation: String, value: Double) {
            self.operation = operation
            self.value = value
        }
    }

    /// A name in `group-by` that stands for another field in each rule.
    public struct Alias: Hashable, Sendable {
        /// The field of one rule.
        public struct Field: Hashable, Sendable {
            /// Id or name of the rule.
            public var rule: RuleText
            /// Its field.
            public var field: RuleText

            /// Makes a field.
            public init(rule: RuleText, field: RuleText) {
                self.rule = rule
                self.field = field
            }
        }

        /// The name.
        public var name: RuleText
        /// Fields in file order.
        public var fields: [Field]

        /// Makes an alias.
        public init(name: RuleText, fields: [Field]) {
            self.name = name
            self.fields = fields
        }
    }

    /// Title, level, author and so on.
    public var header: RuleHeader
    /// Type.
    public var kind: Kind
    /// Ids or names of the rules it correlates; empty when only the condition names them.
    public var rules: [RuleText]
    /// Fields and aliases that group.
    public var groupBy: [RuleText]
    /// Aliases in file order.
    public var aliases: [Alias]
    /// Window, nanoseconds.
    public var timespan: Int64
    /// Thresholds, all of which must hold; empty for temporal types.
    public var thresholds: [Threshold]
    /// Field whose values are counted, added and so on; several for the distinct tuples of a value_count.
    public var countedFields: [RuleText]
    /// Rank of a value_percentile, above 0 and at most 100.
    public var percentile: Double
    /// Boolean condition over rule names; nil if none.
    public var condition: RuleText?
    /// Whether the correlated rules raise alerts of their own.
    public var generatesBase: Bool
    /// `wardline.regular`: tolerance in per cent of equal periods; nil if not asked.
    public var regularTolerance: Double?
    /// `wardline.period-min`: shortest period that counts as regular, nanoseconds.
    public var regularMinimum: Int64
    /// Further keys under `wardline:`.
    public var extras = CorrelationExtension()
    /// Where the correlation stands.
    public var position: RulePosition
    /// Part of alert identity.
    public var fingerprint: String

    /// Makes a definition.
    public init(
        header: RuleHeader,
        kind: Kind,
        rules: [RuleText],
        groupBy: [RuleText],
        aliases: [Alias],
        timespan: Int64,
        thresholds: [Threshold],
        countedFields: [RuleText],
        percentile: Double,
        condition: RuleText?,
        generatesBase: Bool,
        regularTolerance: Double?,
        regularMinimum: Int64,
        position: RulePosition,
        fingerprint: String
    ) {
        self.header = header
        self.kind = kind
        self.rules = rules
        self.groupBy = groupBy
        self.aliases = aliases
        self.timespan = timespan
        self.thresholds = thresholds
        self.countedFields = countedFields
        self.percentile = percentile
        self.condition = condition
        self.generatesBase = generatesBase
        self.regularTolerance = regularTolerance
        self.regularMinimum = regularMinimum
        self.position = position
        self.fingerprint = fingerprint
    }
}
