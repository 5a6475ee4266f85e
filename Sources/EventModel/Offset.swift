// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// Position of a record in a stream: dense from 0, never reused.
public struct Offset: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Zero-based position.
    public var value: UInt64

    /// Wraps a position.
    public init(_ value: UInt64) {
        self.value = value
    }

    /// The first offset of every stream.
    public static let zero = Offset(0)

    /// Orders by position.
    public static func < (left: Offset, right: Offset) -> Bool { left.value < right.value }

    /// The offset `count` records later.
    public func advanced(by count: Int) -> Offset { Offset(value + UInt64(count)) }

    /// The position in decimal.
    public var description: String { String(value) }
}
