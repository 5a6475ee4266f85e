// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel

/// A file to import.
public struct ImportRequest: Hashable, Sendable {
    /// Path of the file, `-` for standard input.
    public var path: String
    /// Time that resolves stamps without a year; nil takes the time of last change of the file.
    public var referenceTime: UTCTime?
    /// What the file is made of.
    public var format = ImportFormat.lines
    /// Kept bytes of one record; the rest is cut and counted.
    public var recordSizeMaxBytes = 65_536

    /// Makes a request.
    public init(path: String, referenceTime: UTCTime? = nil) {
        self.path = path
        self.referenceTime = referenceTime
    }
}

/// How a file is cut into records.
public enum ImportFormat: String, Hashable, Sendable, CaseIterable {
    /// One record a line; `*.rec.jsonl` has claims of receipt.
    case lines
    /// One record an entry of the systemd journal, as `journalctl -o export` writes them.
    case journalExport = "journal-export"
    /// The file is one record: reports in XML, JSON or CSV, up to ``documentSizeMaxBytes``.
    case document

    /// Most bytes kept of a document, 1 MiB: as much as a listener keeps of one message.
    public static let documentSizeMaxBytes = 1_048_576
}

/// What an import did.
public struct ImportReport: Hashable, Sendable {
    /// Name of the file in facts: as given.
    public var file: String
    /// SHA-256 of the bytes of the file.
    public var sha256: String
    /// Bytes of the file.
    public var bytes: Int
    /// Records appended now.
    public var added = 0
    /// Records that were in the log already.
    public var skipped = 0
    /// Records cut at the cap.
    public var truncated = 0
    /// Lines of a file of claims that are none, or have a claim that cannot be read; they are records too.
    public var malformed = 0
    /// Whether the whole file was in the log already.
    public var wasComplete = false
    /// The reference time, and `flag`, `mtime` or `now`: where it came from.
    public var referenceTime = UTCTime.absent
    /// Where the reference time came from.
    public var referenceSource = ""

    /// One sentence for people.
    public var summary: String {
        if wasComplete { return "\(file) is already in the store (\(skipped) records); nothing was added" }
        let resumed = skipped > 0 ? ", after \(skipped) that an interrupted import had brought" : ""
        let cut = truncated > 0 ? "; \(truncated) were cut at the size limit" : ""
        let odd = malformed > 0 ? "; \(malformed) have no readable claims and were kept as they are" : ""
        return "\(added) records of \(file) added\(resumed)\(cut)\(odd)"
    }

    /// One object for `-o json`.
    public var json: JSONValue {
        .object([
            .init("file", .text(file)), .init("sha256", .text(sha256)),
            .init("bytes", .integer(Int64(bytes))),
            .init("added", .integer(Int64(added))), .init("skipped", .integer(Int64(skipped))),
            .init("truncated", .integer(Int64(truncated))), .init("malformed", .integer(Int64(malformed))),
            .init("already_complete", .bool(wasComplete)),
            .init("reference_time", .text(referenceTime.isPresent ? referenceTime.description : "")),
            .init("reference_source", .text(referenceSource)),
        ])
    }
}

/// How far an import is.
public struct ImportProgress: Hashable, Sendable {
    /// Bytes of the file read for records so far.
    public var bytes: Int
    /// Bytes of the file.
    public var totalBytes: Int
    /// Records so far, those skipped too.
    public var records: Int
}
