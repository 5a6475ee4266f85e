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
        var batch: UInt32
        var index: UInt32
        var ordinal: UInt16

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
    private var batches: [UInt32: Held] = [:]
    private var nextBatch: UInt32 = 0

    /// Events that wait.
    var count: Int { heap.count }

    /// Time of the earliest one.
    var earliest: UTCTime? { heap.first?.time }

    /// Keeps `batch` until each of its events was added and taken; returns its number.
    mutating func hold(_ batch: EventBatch) -> Int {
        // Numbers come again after four thousand million batches, long after those of before have gone.
        defer { nextBatch &+= 1 }
        batches[nextBatch] = Held(batch: Candidate.Batch(batch), left: batch.events.count)
        return Int(nextBatch)
    }

    /// Adds event `index` of a held batch.
    mutating func add(_ index: Int, of number: Int) {
        guard let event = batches[UInt32(truncatingIfNeeded: number)]?.batch.events.events[index] else {
            return
        }
        heap.append(
            Key(
                time: event.time,
                hash: event.contentHash,
                offset: event.offset,
                batch: UInt32(truncatingIfNeeded: number),
                index: UInt32(index),
                ordinal: event.ordinal
            )
        )
        siftUp()
    }

    /// Takes the earliest event, with the copies that count once with it.
    mutating func next() -> (view: EventView, copies: [Offset])? {
        guard let earliest = heap.first, let view = pop() else { return nil }
        var copies: [Offset] = []
        while let first = heap.first, first.time == earliest.time, first.hash == earliest.hash,
            first.ordinal == earliest.ordinal, view.event.flags.contains(.subsecond)
        {
            guard let copy = pop() else { break }
            copies.append(copy.event.offset)
        }
        return (view, copies)
    }

    private mutating func pop() -> EventView? {
        guard let key = heap.first else { return nil }
        let last = heap.removeLast()
        if !heap.isEmpty { siftDown(last) }
        guard let place = batches.index(forKey: key.batch) else { return nil }
        let batch = batches.values[place].batch
        batches.values[place].left -= 1
        if batches.values[place].left == 0 { batches.remove(at: place) }
        return EventView(batch: batch, index: Int(key.index))
    }

    /// Moves the last key to its place; the others move by one copy each.
    private mutating func siftUp() {
        let key = heap[heap.count - 1]
        var hole = heap.count - 1
        while hole > 0 {
            let parent = (hole - 1) / 2
            guard key < heap[parent] else { break }
            heap[hole] = heap[parent]
            hole = parent
        }
        heap[hole] = key
    }

    /// Puts a key in the place of the first one and moves it down.
    private mutating func siftDown(_ key: Key) {
        var hole = 0
        while true {
            var least = 2 * hole + 1
            guard least < heap.count else { break }
            if least + 1 < heap.count, heap[least + 1] < heap[least] { least += 1 }
            guard heap[least] < key else { break }
            heap[hole] = heap[least]
            hole = least
        }
        heap[hole] = key
    }
}
