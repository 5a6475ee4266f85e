// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel

/// Memory that serves from part to part while records are read.
///
/// A reader that goes through many parts keeps one and hands the batches back when it is done with them. Not
/// thread-safe: owned by one reader.
public struct RecordBuffers: Sendable {
    /// Pages of columns, of records and of events.
    var raw: [UInt8] = []
    var eventRaw: [UInt8] = []
    /// Time of each record of a block.
    var references: [Int64] = []
    var columns = ColumnMemory()
    /// The batch of a part that was read before.
    var batch = RecordBatch()
    /// Kinds, flags, origins, cuts, log times, shifts.
    var metadata = [[Int64]](repeating: [], count: 6)
    /// Of each record of a block.
    var starts: [Int] = []
    var lengths: [Int] = []

    /// Nothing yet.
    public init() {}

    /// Takes a batch back, so that the next one needs no memory.
    public mutating func recycle(_ batch: consuming RecordBatch) { self.batch = batch }
}
