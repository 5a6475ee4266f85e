// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel

/// What one source sent in a stretch of the log, summed up before it reaches the database.
///
/// A source is who the records claim to come from (host name or address), else the observed peer. Counting in
/// pieces and merging in offset order gives the same as counting at once.
public struct SourceCounters: Hashable, Sendable {
    /// Name of the source.
    public var name: String
    /// Listener (or file) of its newest record.
    public var listener: String
    /// Observed peer of its newest record as text; empty if none.
    public var peer: String
    /// Records.
    public var records: Int64
    /// Records that no decoder understood.
    public var undecoded: Int64
    /// Kept bytes.
    public var rawBytes: Int64
    /// Records by parse issue, indexed by its bit number.
    public var issues: [Int64]
    /// Events by decoder.
    public var decoders: [String: Int64]
    /// Earliest corrected event time; absent if none.
    public var firstEvent: UTCTime
    /// Latest corrected event time; absent if none.
    public var lastEvent: UTCTime
    /// Log time of the newest record; absent if none.
    public var lastReceived: UTCTime
    /// Newest estimate of device clock less true time, in nanoseconds; nil if none was made in the stretch.
    public var skew: Int64?

    /// Counts nothing yet.
    public init(name: String, listener: String = "", peer: String = "") {
        self.name = name
        self.listener = listener
        self.peer = peer
        records = 0
        undecoded = 0
        rawBytes = 0
        issues = Array(repeating: 0, count: ParseIssues.codes.count)
        decoders = [:]
        firstEvent = .absent
        lastEvent = .absent
        lastReceived = .absent
        skew = nil
    }

    /// Counts one record: its kept bytes, its issues, and its log time.
    public mutating func count(rawBytes: Int, issues found: ParseIssues, received: UTCTime) {
        records += 1
        self.rawBytes += Int64(rawBytes)
        if found.contains(.undecoded) { undecoded += 1 }
        var rest = found.rawValue
        while rest != 0 {
            let bit = rest.trailingZeroBitCount
            if bit < issues.count { issues[bit] += 1 }
            rest &= rest - 1
        }
        lastReceived = received
    }

    /// Counts one event of the newest record.
    public mutating func count(event time: UTCTime, decoder: String) {
        decoders[decoder, default: 0] += 1
        count(event: time)
    }

    /// Counts the time of an event; its decoder is counted apart.
    public mutating func count(event time: UTCTime) {
        guard time.isPresent else { return }
        if !firstEvent.isPresent || time < firstEvent { firstEvent = time }
        if time > lastEvent { lastEvent = time }
    }

    /// Adds what came later in the log.
    public mutating func merge(_ later: SourceCounters) {
        if later.records > 0 {
            listener = later.listener
            peer = later.peer
            lastReceived = later.lastReceived
        }
        records += later.records
        undecoded += later.undecoded
        rawBytes += later.rawBytes
        for index in issues.indices where index < later.issues.count { issues[index] += later.issues[index] }
        decoders.merge(later.decoders, uniquingKeysWith: +)
        if later.firstEvent.isPresent, !firstEvent.isPresent || later.firstEvent < firstEvent {
            firstEvent = later.firstEvent
        }
        lastEvent = max(lastEvent, later.lastEvent)
        skew = later.skew ?? skew
    }
}
