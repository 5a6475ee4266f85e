// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel

/// When the hosts of many events were heard, gathered before a correlator is told.
///
/// Most events only prolong the newest stretch of their host: that costs one look into a flat table here, and
/// what is told are stretches, which are few.
public struct Hearing: Sendable {
    struct Stretch: Sendable {
        var source: UInt64
        var from: UTCTime
        var through: UTCTime
    }

    /// Gaps that join no matter, in nanoseconds.
    private let resolution: Int64
    /// For each slot of an open table the newest stretch of a source, one more than its place; 0 for none.
    private var slots: [Int32]
    private(set) var stretches: [Stretch] = []
    private var sourceCount = 0

    /// Prepares to gather for `correlators`; nil if none of them asks when hosts were heard.
    public init?(for correlators: [Correlator]) {
        guard let least = correlators.compactMap(\.coverage.resolution).min() else { return nil }
        self.init(resolution: least)
    }

    init(resolution: Int64) {
        self.resolution = resolution
        slots = [Int32](repeating: 0, count: 1_024)
    }

    /// Notes that a host was heard.
    public mutating func note(host: Span<UInt8>, at time: UTCTime) {
        let source = Coverage.source(host: host)
        let slot = slot(of: source)
        let place = Int(slots[slot]) - 1
        if place < 0 {
            sourceCount += 1
        } else {
            let (from, through) = (stretches[place].from, stretches[place].through)
            if time >= from.advanced(by: -resolution), time <= through.advanced(by: resolution) {
                if time > through { stretches[place].through = time }
                if time < from { stretches[place].from = time }
                return
            }
        }
        stretches.append(Stretch(source: source, from: time, through: time))
        slots[slot] = Int32(truncatingIfNeeded: stretches.count)
        if sourceCount * 2 > slots.count { grow() }
    }

    /// Forgets what was gathered; memory stays.
    public mutating func removeAll() {
        for index in slots.indices { slots[index] = 0 }
        stretches.removeAll(keepingCapacity: true)
        sourceCount = 0
    }

    /// The slot of a source, or the free one where it belongs.
    private func slot(of source: UInt64) -> Int {
        var slot = Int(truncatingIfNeeded: source) & (slots.count - 1)
        while slots[slot] > 0, stretches[Int(slots[slot]) - 1].source != source {
            slot = (slot + 1) & (slots.count - 1)
        }
        return slot
    }

    private mutating func grow() {
        let places = slots.filter { $0 > 0 }
        slots = [Int32](repeating: 0, count: slots.count * 2)
        for place in places { slots[slot(of: stretches[Int(place) - 1].source)] = place }
    }
}
