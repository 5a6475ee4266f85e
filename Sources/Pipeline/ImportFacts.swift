// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel

/// The control records around an import.
public enum ImportFacts {
    /// The beginning: what is imported, and the time that resolves stamps without a year.
    ///
    /// `resumed` records of the same file are in the log already; they are not appended again.
    public static func begin(
        file: String,
        sha256: String,
        bytes: Int,
        referenceTime: UTCTime,
        referenceSource: String,
        resumed: Int,
        at time: UTCTime
    ) -> RecordBatch {
        var members: [JSONValue.Member] = [
            .init("file", .text(file)), .init("sha256", .text(sha256)),
            .init("reference_time", .text(referenceTime.description)),
            .init("reference_source", .text(referenceSource)), .init("bytes", .integer(Int64(bytes))),
        ]
        if resumed > 0 { members.append(.init("resumed", .integer(Int64(resumed)))) }
        return Engine.control(.importBegin, .object(members), at: time)
    }

    /// The end: all records of the file are in the log.
    ///
    /// `isFollowed` says whether another file of the same call comes next: verdicts wait for the last one.
    public static func end(
        file: String,
        sha256: String,
        records: Int,
        isFollowed: Bool = false,
        at time: UTCTime
    ) -> RecordBatch {
        var members: [JSONValue.Member] = [
            .init("file", .text(file)), .init("sha256", .text(sha256)),
            .init("records", .integer(Int64(records))),
        ]
        if isFollowed { members.append(.init("more", .bool(true))) }
        return Engine.control(.importEnd, .object(members), at: time)
    }
}
