// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// The records of the Linux audit log that share a serial, as far as they have come.
struct AuditGroup: Sendable {
    /// Hash of the serial.
    let key: UInt64
    /// Count of records at its first one.
    let first: UInt64
    /// Whether the record of the system call came.
    var hasCall = false
    /// That record, header and all.
    var call: [UInt8] = []
    /// What the other records say, in their order.
    var parts: [UInt8] = []
    /// Whether one of them holds the words of a command.
    var hasCommand = false
    /// Whether an event of the call or of a follower told what happened.
    var hasFact = false
    /// Whether the event of the whole has been given.
    var isTold = false
    var isTruncated = false
    var offsets: [Offset] = []

    init(key: UInt64, first: UInt64) {
        self.key = key
        self.first = first
    }

    /// Whether there is a whole to tell of.
    var isWaiting: Bool { hasCall && !isTold && offsets.count > 1 }

    /// Notes what a record says.
    mutating func add(_ record: AuditRecord, _ text: Range<Int>, _ bytes: [UInt8], at offset: Offset) {
        if offsets.count < RecordAssembler.pieceCountMax {
            offsets.append(offset)
        } else {
            isTruncated = true
        }
        let isCall = record.part == .call && !hasCall
        if isCall { hasCall = true }
        let range = isCall ? text : record.fields
        guard call.count + parts.count + range.count <= RecordAssembler.groupSizeMaxBytes else {
            isTruncated = true
            return
        }
        if record.part == .command { hasCommand = true }
        if isCall {
            call.append(contentsOf: bytes[range])
        } else {
            parts.append(0x20)
            parts.append(contentsOf: bytes[range])
        }
    }

    /// The whole as one record of a system call.
    ///
    /// `a0` to `a3` of the call are addresses, and make room for the words of the command.
    var joined: [UInt8] {
        guard hasCommand else { return call + parts }
        var text: [UInt8] = []
        for word in call.split(separator: 0x20, omittingEmptySubsequences: false) {
            let isArgument =
                word.count > 3 && word[word.startIndex] == 0x61
                && (0x30...0x33).contains(word[word.startIndex + 1]) && word[word.startIndex + 2] == 0x3d
            if isArgument { continue }
            if !text.isEmpty { text.append(0x20) }
            text.append(contentsOf: word)
        }
        return text + parts
    }
}

/// The newest serials of each source.
///
/// A kernel writes the records of two calls in turns at most, so a few serials are open at a time.
struct AuditGroups: Sendable {
    /// Serials of one source that are open at a time: 4; the oldest is told as it is when another begins.
    static let openCountMax = 4

    private var sources: [UInt64: [AuditGroup]] = [:]

    /// Adds a record to those of its serial; a follower of none that is known begins nothing.
    ///
    /// - Returns: Whether the record belongs to a call now, and the group that made room for it.
    mutating func add(
        _ record: AuditRecord,
        _ text: Range<Int>,
        _ bytes: [UInt8],
        key: UInt64,
        at place: RecordAssembler.Place,
        _ count: UInt64
    ) -> (isJoined: Bool, evicted: AuditGroup?) {
        var open = sources.removeValue(forKey: place.source) ?? []
        open.removeAll { !RecordAssembler.isWithinReach($0.first, count) }
        var evicted: AuditGroup?
        if !open.contains(where: { $0.key == key }), record.part == .call || record.part == .lead {
            if open.count >= AuditGroups.openCountMax { evicted = open.removeFirst() }
            open.append(AuditGroup(key: key, first: count))
        }
        var isJoined = false
        if let index = open.firstIndex(where: { $0.key == key }) {
            open[index].add(record, text, bytes, at: place.offset)
            isJoined = open[index].hasCall
        }
        if !open.isEmpty { sources[place.source] = open }
        if sources.count > 2 * RecordAssembler.lookBackCountMax {
            // Only what no serial within reach can hold is given up.
            sources = sources.filter { entry in
                entry.value.contains { RecordAssembler.isWithinReach($0.first, count) }
            }
        }
        return (isJoined, evicted.flatMap { $0.isWaiting ? $0 : nil })
    }

    /// The group of a serial.
    func group(_ source: UInt64, _ key: UInt64) -> AuditGroup? {
        sources[source]?.first { $0.key == key }
    }

    /// Notes that a fact of the group has been told.
    mutating func noteFact(_ source: UInt64, _ key: UInt64) {
        if let index = sources[source]?.firstIndex(where: { $0.key == key }) {
            sources[source]?[index].hasFact = true
        }
    }

    /// Takes the group for telling of it; nil if there is no whole.
    mutating func take(_ source: UInt64, _ key: UInt64) -> AuditGroup? {
        guard let index = sources[source]?.firstIndex(where: { $0.key == key }),
            let group = sources[source]?[index], group.isWaiting
        else { return nil }
        sources[source]?[index].isTold = true
        sources[source]?[index].call.removeAll()
        sources[source]?[index].parts.removeAll()
        return group
    }
}
