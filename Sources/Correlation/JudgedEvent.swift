// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel

/// An event that was judged: what timelines draw from.
public struct JudgedEvent: Sendable {
    /// Batch that holds its fields.
    public let batch: EventBatch
    /// Index in the batch.
    public let index: Int

    /// Names an event of a batch.
    public init(batch: EventBatch, index: Int) {
        self.batch = batch
        self.index = index
    }

    /// Header, with the corrected time.
    public var event: Event { batch.events[index] }
}
