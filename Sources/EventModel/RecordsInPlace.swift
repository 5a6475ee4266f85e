// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// The records that stored events lie beside: what stands there verbatim is not stored twice.
public struct RecordsInPlace: Sendable {
    private let records: RecordBatch
    private let base: Offset

    /// No records: everything is stored with the events.
    public init() { self.init(RecordBatch(), base: .zero) }

    /// The records from `base` on.
    public init(_ records: RecordBatch, base: Offset) {
        self.records = records
        self.base = base
    }

    /// Where the bytes of the record at `offset` lie; nil if it is none of these.
    private func range(_ offset: Offset) -> Range<Int>? {
        guard offset >= base, offset.value - base.value < UInt64(records.count) else { return nil }
        return records.rows[Int(offset.value - base.value)].range
    }

    /// The content hash of the record at `offset`: the `StableHash` of its kept bytes.
    func contentHash(_ offset: Offset) -> UInt64? {
        guard let range = range(offset) else { return nil }
        var hash = StableHash()
        hash.combine(records.bytes.span, range)
        return hash.value
    }

    /// Most bytes that may follow a message in its record: line ends.
    private static let tailMax = 3

    /// How many bytes of the record at `offset` follow `value`, if it stands at its end.
    func tail(after source: Span<UInt8>, _ value: Range<Int>, in offset: Offset) -> Int? {
        guard let record = range(offset) else { return nil }
        for tail in 0...RecordsInPlace.tailMax where record.count >= value.count + tail {
            let start = record.upperBound - tail - value.count
            var lane = 0
            // From the end, where the alternatives differ first.
            while lane < value.count,
                records.bytes[start + value.count - 1 - lane] == source[value.upperBound - 1 - lane]
            { lane += 1 }
            if lane == value.count { return tail }
        }
        return nil
    }

    /// Appends the `length` bytes that stand `tail` bytes before the end of the record at `offset`.
    ///
    /// - Returns: False if the record has no such bytes; nothing is appended then.
    func append(_ length: Int, before tail: UInt64, in offset: Offset, to bytes: inout [UInt8]) -> Bool {
        guard let record = range(offset), tail <= UInt64(record.count), length <= record.count - Int(tail)
        else { return false }
        let end = record.upperBound - Int(tail)
        bytes.append(records.bytes.span, end - length..<end)
        return true
    }
}
