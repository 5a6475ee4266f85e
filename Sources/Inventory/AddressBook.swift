// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel

/// Who had an address when: half-open intervals of event time from site files and from DHCP, NAC and RADIUS
/// events.
///
/// Bounded: `intervalCountMax` intervals per address; the oldest goes first, which is counted.
public struct AddressBook: Codable, Sendable {
    /// One holder of an address for a time.
    public struct Interval: Hashable, Codable, Sendable {
        /// Hardware address of the holder, if known.
        public var mac: MACAddress?
        /// Host name of the holder as it was claimed, lower case; empty if not known.
        public var host: String
        /// Start, inclusive.
        public var from: UTCTime
        /// End, exclusive; nil while it lasts.
        public var through: UTCTime?
        /// Whether the start was extended backward from the first sighting.
        public var isInferred: Bool
    }

    /// Most intervals kept for one address: a lease a day for two months.
    public static let intervalCountMax = 64

    /// Most addresses kept: 262,144 (a /14), some 64 MiB at one interval each.
    public static let addressCountMax = 262_144

    /// How far a first sighting extends backward, as *inferred*: 24 h.
    public static let inferredNanoseconds: Int64 = 86_400 * UTCTime.second

    /// Intervals dropped at the bounds.
    public private(set) var evictionCount = 0

    private var intervals: [IPAddress: [Interval]] = [:]
    private var hosts: [String: [IPAddress]] = [:]

    /// An empty book.
    public init() {}

    /// Records a site's statement.
    public mutating func add(_ binding: SiteBinding) {
        insert(
            Interval(
                mac: binding.mac,
                host: "",
                from: binding.from,
                through: binding.through,
                isInferred: false
            ),
            at: binding.address
        )
    }

    /// Records that `mac` (with `host`, if said) was seen to hold `address` at `time`.
    ///
    /// A different holder's interval ends there; the same holder's goes on.
    public mutating func observe(_ address: IPAddress, mac: MACAddress?, host: String, at time: UTCTime) {
        if !host.isEmpty {
            var known = hosts[host] ?? []
            if !known.contains(address), known.count < AddressBook.intervalCountMax {
                known.append(address)
                hosts[host] = known
            }
        }
        var list = intervals[address] ?? []
        if let index = list.lastIndex(where: { AddressBook.covers($0, time) }) {
            let sameHolder = list[index].mac == mac && (host.isEmpty || list[index].host == host)
            if sameHolder { return }
            if list[index].mac == mac, mac != nil, list[index].host.isEmpty {
                list[index].host = host
                intervals[address] = list
                return
            }
            let following = list[index].through
            list[index].through = time
            intervals[address] = list
            insert(
                Interval(mac: mac, host: host, from: time, through: following, isInferred: false),
                at: address
            )
            return
        }
        let previousEnd = list.compactMap(\.through).filter { $0 <= time }.max()
        let earliest = time.advanced(by: -AddressBook.inferredNanoseconds)
        let from = max(previousEnd ?? earliest, earliest)
        insert(Interval(mac: mac, host: host, from: from, through: nil, isInferred: from < time), at: address)
    }

    /// Records that `mac` gave `address` up at `time` (release, expiry, disconnect).
    public mutating func release(_ address: IPAddress, mac: MACAddress?, at time: UTCTime) {
        guard var list = intervals[address] else { return }
        for index in list.indices where AddressBook.covers(list[index], time) {
            if mac == nil || list[index].mac == mac { list[index].through = time }
        }
        intervals[address] = list
    }

    /// The holder of `address` at `time`: of the intervals that cover it, the one that began last.
    public func holder(of address: IPAddress, at time: UTCTime) -> Interval? {
        intervals[address]?.last { AddressBook.covers($0, time) }
    }

    /// Addresses that ever were leased to `host` (lower case), in the order they were seen.
    public func addresses(of host: String) -> [IPAddress] { hosts[host] ?? [] }

    private static func covers(_ interval: Interval, _ time: UTCTime) -> Bool {
        interval.from <= time && (interval.through.map { time < $0 } ?? true)
    }

    private mutating func insert(_ interval: Interval, at address: IPAddress) {
        guard intervals[address] != nil || intervals.count < AddressBook.addressCountMax else {
            evictionCount += 1
            return
        }
        var list = intervals[address] ?? []
        let position = list.firstIndex { $0.from > interval.from } ?? list.count
        list.insert(interval, at: position)
        if list.count > AddressBook.intervalCountMax {
            list.removeFirst()
            evictionCount += 1
        }
        intervals[address] = list
    }
}
