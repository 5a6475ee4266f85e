// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// Keys by the time at which something of them may be due; some may be stale, none is missing.
struct DeadlineHeap: Codable, Sendable {
    private struct Item: Codable, Sendable {
        var time: UTCTime
        var key: GroupKey
    }

    private var items: [Item] = []

    /// Nothing is due before it; nil if nothing waits.
    var first: UTCTime? { items.first?.time }

    mutating func push(_ time: UTCTime, _ key: GroupKey) {
        items.append(Item(time: time, key: key))
        var child = items.count - 1
        while child > 0, items[child].time < items[(child - 1) / 2].time {
            items.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    /// Takes the keys that are due by `time`, in an order of their own.
    mutating func take(through time: UTCTime) -> [GroupKey] {
        var keys: Set<GroupKey> = []
        while let top = items.first, top.time <= time {
            keys.insert(top.key)
            let last = items.removeLast()
            guard !items.isEmpty else { break }
            items[0] = last
            sift()
        }
        return keys.sorted { $0.precedes($1) }
    }

    private mutating func sift() {
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < items.count && items[child].time < items[least].time {
                least = child
            }
            guard least != parent else { return }
            items.swapAt(parent, least)
            parent = least
        }
    }
}
