// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel
import Timelines

/// The control record of what an operator decided, checked before it is stored: what is stored stays.
public enum ActRecord {
    /// Longest record, in bytes: 1 MiB, far above what an incident of a thousand alerts needs.
    public static let sizeMaxBytes = 1_048_576

    /// The record of `object`, as `schemas/disk/act-v1.schema.json` has it.
    ///
    /// - Throws: `usage` for anything else, or when it is too large.
    public static func batch(_ object: JSONValue, at time: UTCTime) throws(WardlineError) -> RecordBatch {
        guard let act = IncidentAct(object, at: .zero), act.json == object else {
            throw WardlineError(.usage, "The act is not of the form of schemas/disk/act-v1.schema.json.")
        }
        guard act.reason.utf8.count <= IncidentAct.reasonSizeMaxBytes else {
            throw WardlineError(
                .usage,
                "A reason has \(IncidentAct.reasonSizeMaxBytes) bytes at most, not \(act.reason.utf8.count)."
            )
        }
        guard act.assignee.utf8.count <= IncidentAct.assigneeSizeMaxBytes else {
            throw WardlineError(
                .usage,
                "An assignee has \(IncidentAct.assigneeSizeMaxBytes) bytes at most, not "
                    + "\(act.assignee.utf8.count)."
            )
        }
        let size = object.line.utf8.count
        guard size <= sizeMaxBytes else {
            throw WardlineError(.usage, "The act names too much: \(size) bytes, at most \(sizeMaxBytes).")
        }
        return Engine.control(.act, object, at: time)
    }
}
