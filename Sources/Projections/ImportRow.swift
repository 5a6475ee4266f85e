// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel

/// One import of a file.
public struct ImportRow: Hashable, Codable, Sendable {
    /// How far an import came.
    public enum State: String, Codable, Sendable, CaseIterable {
        /// Its beginning is in the log and its end is not.
        case started
        /// All of it is in the log.
        case complete
    }

    /// SHA-256 of the file's bytes, lower-case hexadecimal.
    ///
    /// An import of equal bytes is the same import.
    public var sha256: String
    /// Name of the file as given.
    public var file: String
    /// How far it came.
    public var state: State
    /// Offset of its `importBegin` record.
    public var begin: Offset
    /// Records it put into the log; 0 until it is complete.
    public var records: Int64
    /// Bytes of the file.
    public var bytes: Int64
    /// Time that resolved stamps without a year; absent if none was given.
    public var referenceTime: UTCTime

    /// Makes a row.
    public init(
        sha256: String,
        file: String,
        state: State,
        begin: Offset,
        records: Int64 = 0,
        bytes: Int64 = 0,
        referenceTime: UTCTime = .absent
    ) {
        self.sha256 = sha256
        self.file = file
        self.state = state
        self.begin = begin
        self.records = records
        self.bytes = bytes
        self.referenceTime = referenceTime
    }
}
