// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Digests
import EventModel
import SegmentLog

/// The file of holds as somebody reads it who has to say what is wrong with it.
///
/// ``HoldFile`` refuses a file of which anything is.
///
/// - Source: `schemas/disk/leaf-v1.md`, section 6.
struct HoldNotes {
    /// A hold from when it was placed until it was ended.
    struct Placed {
        var hold: Hold
        /// Nil while it is in force.
        var end: UTCTime?
    }

    /// All holds that there were, oldest first.
    private(set) var placed: [Placed] = []
    /// What each note does, `add NAME` or `remove NAME`, by the length of the file up to its end.
    private(set) var deeds: [Int: String] = [:]
    /// What is wrong, in words.
    private(set) var faults: [String] = []
    /// Places in `placed` of the holds in force.
    private var open: [String: Int] = [:]

    /// Reads the bytes of the file; notes count that one of `keys` signed.
    init(_ bytes: [UInt8], keys: [NoteKey]) {
        var position = 0
        for (index, text) in NoteFile.notes(in: bytes).enumerated() {
            let own = Array((text + "\n").utf8)
            guard bytes[position...].starts(with: own) else { break }
            position += own.count
            add(text, number: index + 1, end: position, keys)
        }
        if position < bytes.count {
            faults.append("the file does not consist of notes from byte \(position) on")
        }
    }

    private mutating func add(_ text: String, number: Int, end: Int, _ keys: [NoteKey]) {
        guard let note = SignedNote(text), keys.contains(where: { note.isSigned(by: $0) }) else {
            faults.append("note \(number) is not signed by the store's key")
            return
        }
        if let hold = Hold(note) {
            finish(hold.name, hold.time)
            open[hold.name] = placed.count
            placed.append(Placed(hold: hold, end: nil))
            deeds[end] = "add \(hold.name)"
            return
        }
        guard let name = Hold.removed(by: note),
            let time = note.values("time").first.flatMap({ UTCTime(rfc3339: $0) })
        else {
            faults.append("note \(number) is no hold")
            return
        }
        if !finish(name, time) { faults.append("note \(number) ends a hold that there is not") }
        deeds[end] = "remove \(name)"
    }

    /// Ends the hold of that name; false when there is none in force.
    @discardableResult
    private mutating func finish(_ name: String, _ time: UTCTime) -> Bool {
        guard let place = open.removeValue(forKey: name) else { return false }
        placed[place].end = time
        return true
    }
}

/// A hold, and how many of the records that it covers are gone.
struct WatchedHold {
    let hold: Hold
    /// Its offsets, rising and apart.
    private let ranges: [Range<UInt64>]
    /// Records that it certainly covers and that are gone, by segment.
    private(set) var gone: [String: UInt64] = [:]

    init(_ hold: Hold) {
        self.hold = hold
        var ranges: [Range<UInt64>] = []
        for range in hold.offsets.sorted(by: { $0.lowerBound < $1.lowerBound }) where !range.isEmpty {
            if let last = ranges.last, range.lowerBound <= last.upperBound {
                ranges[ranges.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
            } else {
                ranges.append(range)
            }
        }
        self.ranges = ranges
    }

    /// Counts in removed records.
    mutating func add(_ span: RemovedSpan) {
        let covered = count(of: span)
        if covered > 0 { gone[span.segment, default: 0] += covered }
    }

    private func count(of span: RemovedSpan) -> UInt64 {
        if let period = hold.period, let earliest = span.earliest, let latest = span.latest,
            period.contains(earliest), period.contains(latest)
        {
            return span.offsets.upperBound - span.offsets.lowerBound
        }
        // The first range that ends behind the beginning of the span.
        var (low, high) = (0, ranges.count)
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound > span.offsets.lowerBound { high = middle } else { low = middle + 1 }
        }
        var count: UInt64 = 0
        while low < ranges.count, ranges[low].lowerBound < span.offsets.upperBound {
            let begin = max(ranges[low].lowerBound, span.offsets.lowerBound)
            count += min(ranges[low].upperBound, span.offsets.upperBound) - begin
            low += 1
        }
        return count
    }
}
