// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel

/// What was seen of one device in a stretch of the log.
///
/// Merging pieces in offset order equals counting at once.
public struct DeviceCounters: Hashable, Sendable {
    /// A software version as an event reported it.
    public struct Version: Hashable, Sendable {
        /// The version as written.
        public var text: String
        /// Corrected time of the event.
        public var time: UTCTime
        /// Record that says so.
        public var offset: Offset

        /// Makes a report.
        public init(text: String, time: UTCTime, offset: Offset) {
            self.text = text
            self.time = time
            self.offset = offset
        }

        /// Whether `other` replaces this: later in event time, then in the log.
        func isOlder(than other: Version) -> Bool { (time, offset) < (other.time, other.offset) }
    }

    /// Asset id.
    public var asset: String
    /// Records about the device.
    public var records: Int64
    /// Earliest corrected event time; absent if none.
    public var firstSeen: UTCTime
    /// Latest corrected event time; absent if none.
    public var lastSeen: UTCTime
    /// The version reported last in event time; nil if none was reported.
    public var version: Version?
    /// Newest estimate of device clock less true time, in nanoseconds; nil if none was made in the stretch.
    public var skew: Int64?

    /// Counts nothing yet.
    public init(asset: String) {
        self.asset = asset
        records = 0
        firstSeen = .absent
        lastSeen = .absent
        version = nil
        skew = nil
    }

    /// Counts one event about the device.
    public mutating func count(event time: UTCTime) {
        records += 1
        guard time.isPresent else { return }
        if !firstSeen.isPresent || time < firstSeen { firstSeen = time }
        if time > lastSeen { lastSeen = time }
    }

    /// Notes a reported version; the latest in event time stays.
    public mutating func note(_ reported: Version) {
        guard let known = version, !known.isOlder(than: reported) else {
            version = reported
            return
        }
    }

    /// Adds what came later in the log.
    public mutating func merge(_ later: DeviceCounters) {
        records += later.records
        if later.firstSeen.isPresent, !firstSeen.isPresent || later.firstSeen < firstSeen {
            firstSeen = later.firstSeen
        }
        lastSeen = max(lastSeen, later.lastSeen)
        if let reported = later.version { note(reported) }
        skew = later.skew ?? skew
    }
}
