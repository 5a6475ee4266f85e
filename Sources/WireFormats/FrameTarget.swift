// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel

/// Where the records of a connection go: a batch, with what is the same for all of them.
public struct FrameTarget: Sendable {
    /// Takes the records.
    public var batch: RecordBatch
    /// Number of the connection's origin within the batch.
    public var origin: UInt32
    /// Flags that all records of the connection have.
    public var flags: FrameFlags
    /// Receive time of the bytes that are fed next; absent for a file without receive times.
    public var time: UTCTime

    /// A target for the records of one origin.
    public init(batch: RecordBatch, origin: UInt32, flags: FrameFlags, time: UTCTime) {
        self.batch = batch
        self.origin = origin
        self.flags = flags
        self.time = time
    }

    mutating func append(
        _ bytes: Span<UInt8>,
        _ range: Range<Int>,
        _ frame: FrameFlags,
        originalLength: Int? = nil
    ) {
        batch.append(
            bytes,
            range,
            kind: .device,
            flags: flags.union(frame),
            origin: origin,
            originalLength: originalLength,
            receiveTime: time
        )
    }
}
