// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// Events that wait for the watermark, taken out in one total order: event time, content hash, offset,
/// ordinal.
///
/// Arrival order and batch cuts leave no trace in that order. A binary heap over slim batches.
struct PendingEvents: Codable, Sendable {
    private struct Key: Comparable, Codable, Sendable {
        var time: UTCTime
        var hash: UInt64
        var offset: Offset
        var ordinal: UInt16
        var batch: Int
        var index: Int

        static func < (left: Key, right: Key) -> Bool {
            if left.time != right.time { return left.time < right.time }
            if left.hash != right.hash { return left.hash < right.hash }
            if left.offset != right.offset { return left.offset < right.offset }
            return left.ordinal < right.ordinal
        }
    }

    /// A batch, and how many of its events wait.
    private struct Held: Codable, Sendable {
        var batch: Candidate.Batch
        var left: Int
    }

    private var heap: [Key] = []
    private var batches: [Int: Held] = [:]
    private var nextBatch = 0

    /// Events that wait.
    var count: Int { heap.count }

    /// Time of the earliest one.
    var earliest: UTCTime? { heap.first?.time }

    /// Keeps `batch` until each of its events was added and taken; returns its number.
    mutating func hold(_ batch: EventBatch) -> Int {
        batches[nextBatch] = Held(batch: Candidate.Batch(batch), left: batch.events.count)
        nextBatch += 1
        return nextBatch - 1
    }

    /// Adds event `index` of a held batch.
    mutating func add(_ index: Int, of number: Int) {
        guard let event = batches[number]?.batch.events.events[index] else { return }
        heap.append(
            Key(
                time: event.time,
                hash: event.contentHash,
                offset: event.offset,
                ordinal: event.ordinal,
                batch: number,
                index: index
            )
        )
        siftUp(heap.count - 1)
    }

    /// Takes the earliest event, with the copies that count once with it.
    mutating func next() -> Candidate? {
        guard let candidate = pop() else { return nil }
        var copies: [Offset] = []
        while let first = heap.first, first.time == candidate.event.time,
            first.hash == candidate.event.contentHash, first.ordinal == candidate.event.ordinal,
            candidate.event.flags.contains(.subsecond)
        {
            guard let copy = pop() else { break }
            copies.append(copy.event.offset)
        }
        return copies.isEmpty ? candidate : candidate.counting(copies)
    }

    private mutating func pop() -> Candidate? {
        guard let key = heap.first else { return nil }
        let last = heap.removeLast()
        if !heap.isEmpty {
            heap[0] = last
            siftDown(0)
        }
        guard let held = batches[key.batch] else { return nil }
        if held.left == 1 {
            batches[key.batch] = nil
        } else {
            batches[key.batch]?.left = held.left - 1
        }
        return Candidate(held.batch, key.index)
    }

    private mutating func siftUp(_ start: Int) {
        var child = start
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child] < heap[parent] else { return }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    private mutating func siftDown(_ start: Int) {
        var parent = start
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < heap.count && heap[child] < heap[least] {
                least = child
            }
            guard least != parent else { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
