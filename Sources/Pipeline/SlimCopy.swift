// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import Correlation
import Digests
public import EventModel

/// Copies events for a correlator: the fields that rules, joins and timelines need, and the record's digest.
public struct SlimCopy: Sendable {
    /// Longest part of a message that timelines show, in bytes; rules that read messages get all of it.
    private static let messageCountMax = 160

    /// The copies.
    public var events: EventBatch
    private let kept: [Bool]
    private let messageCountMax: Int
    private var lastOffset: Offset?
    private var digest: [UInt8] = []

    /// The copies in batches of a few neighbours, in buffers of exactly their size.
    ///
    /// A correlator holds an event for hours, and by it its batch.
    public var parts: [EventBatch] { events.parts(of: CorrelationBounds.neighbourCountMax) }

    /// Copies of events of `batch` for each of `correlators`.
    public init(of batch: EventBatch, for correlators: [Correlator]) {
        events = EventBatch()
        events.extensionNames = batch.extensionNames
        events.decoders = batch.decoders
        let wishes = correlators.map { $0.keptFields(of: batch) }
        let count = wishes.first?.count ?? 0
        kept = (0..<count).map { field in wishes.contains { $0[field] } }
        messageCountMax = correlators.contains(where: \.readsMessages) ? .max : SlimCopy.messageCountMax
    }

    /// Copies event `index` of `batch`, which was decoded from `record`.
    public mutating func add(
        _ batch: EventBatch,
        _ index: Int,
        from record: Span<UInt8>
    ) {
        let event = batch.events[index]
        events.begin(event)
        for entry in batch.fields(of: index) where kept[Int(entry.field.rawValue)] {
            let range = entry.range
            let count = entry.field == .message ? min(messageCountMax, range.count) : range.count
            events.add(entry.field, batch.bytes.span, range.lowerBound..<range.lowerBound + count)
        }
        if lastOffset != event.offset {
            digest.removeAll(keepingCapacity: true)
            appendSHA256(of: record, to: &digest)
            lastOffset = event.offset
        }
        events.add(.recordDigest, digest)
    }

    /// Forgets the copies and goes on with events of the same batch.
    public mutating func removeAll() {
        let (names, decoders) = (events.extensionNames, events.decoders)
        events = EventBatch()
        events.extensionNames = names
        events.decoders = decoders
    }
}
