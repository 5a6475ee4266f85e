// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// A query as a tree.
indirect enum QueryNode: Hashable, Sendable {
    /// Every event.
    case everything
    /// All of them.
    case all([QueryNode])
    /// At least one of them.
    case any([QueryNode])
    /// Not that.
    case not(QueryNode)
    /// A test of one field.
    case test(QueryField, QueryCondition)
    /// Two fields of the same event compared; false when either is absent.
    case compare(QueryField, Comparison, QueryField)
}

/// An order or equality between two values.
enum Comparison: String, Hashable, Sendable, CaseIterable {
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case equal = "="
    case notEqual = "!="

    /// Whether `sign` (negative, zero, positive: left against right) satisfies it.
    func holds(_ sign: Int) -> Bool {
        switch self {
        case .less: sign < 0
        case .lessOrEqual: sign <= 0
        case .greater: sign > 0
        case .greaterOrEqual: sign >= 0
        case .equal: sign == 0
        case .notEqual: sign != 0
        }
    }
}

/// What a value must satisfy.
///
/// A field with several values satisfies it when one of them does.
enum QueryCondition: Hashable, Sendable {
    /// There is a value.
    case exists
    /// The value matches, whole (or anywhere in running text).
    case matches(TextPattern)
    /// The value is an address in this prefix.
    case within(IPPrefix)
    /// The value stands in this order to a fixed one.
    case ordered(Comparison, QueryOperand)
}

/// The fixed side of an ordered comparison.
enum QueryOperand: Hashable, Sendable {
    /// Text in natural order: runs of digits by their number, so `8.10` comes after `8.9`.
    case text([UInt8])
    /// An address.
    case address(IPAddress)
    /// A point in time, for header times.
    case time(UTCTime)
}
