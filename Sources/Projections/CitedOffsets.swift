// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import Correlation
import EventModel
import Timelines

extension StoredIncident {
    /// Offsets of the evidence and of every line of the timeline, some more than once; only of answers with
    /// detail.
    public var citedOffsets: [UInt64] {
        entries.map(\.offset.value) + alerts.flatMap(\.citedOffsets)
    }
}

extension Alert {
    /// Offsets of the cause, the evidence and its stored copies.
    public var citedOffsets: [UInt64] {
        [cause.value] + evidence.flatMap { [$0.offset.value] + $0.copies.map(\.value) }
    }
}
