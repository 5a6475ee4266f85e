// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel

/// How far the read models have followed the log: they hold exactly what the records before `records` say.
///
/// Stored in the same transaction as the rows derived from those records.
public struct ProjectionCheckpoint: Hashable, Codable, Sendable, CustomStringConvertible {
    /// First offset of the `records` stream that is not applied yet.
    public var records: Offset
    /// First offset of the `journal` stream that is not applied yet.
    public var journal: Offset

    /// Makes a checkpoint.
    public init(records: Offset, journal: Offset) {
        self.records = records
        self.journal = journal
    }

    /// Nothing applied.
    public static let zero = ProjectionCheckpoint(records: .zero, journal: .zero)

    /// `records 12, journal 3`.
    public var description: String { "records \(records), journal \(journal)" }
}
