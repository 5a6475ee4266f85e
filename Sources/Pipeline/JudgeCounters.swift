// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Inventory
import Projections

/// Counts what each source and device sent, between two updates of the read models.
struct JudgeCounters: Sendable {
    private(set) var totals = ProjectionTotals()
    private var sources: [SourceCounters] = []
    private var sourceNumbers: [UInt64: Int] = [:]
    /// Events of each source by decoder, in the order of `decoderNames`.
    private var tallies: [[Int64]] = []
    private var decoderNames: [String] = []
    /// Number in `decoderNames` of each decoder of the batch that is being counted.
    private var batchDecoders: [Int] = []
    /// Text of the peer of each origin of that batch.
    private var batchPeers: [String] = []
    private var devices: [String: DeviceCounters] = [:]
    /// Asset of each claimed host, by the hash of its name; empty where it names none.
    private var hostAssets: [UInt64: String] = [:]

    /// Claimed hosts remembered: 65,536 of some 50 bytes; beyond it they are looked up anew.
    static let hostCountMax = 65_536

    /// Forgets to which assets names belong, because the site changed.
    mutating func siteChanged() { hostAssets.removeAll() }

    /// Prepares for the events of a batch: names are looked up once, not for each event.
    mutating func begin(_ events: EventBatch, _ origins: [Origin]) {
        batchDecoders = events.decoders.map { name in
            if let known = decoderNames.firstIndex(of: name) { return known }
            decoderNames.append(name)
            return decoderNames.count - 1
        }
        batchPeers = origins.map { $0.peer?.description ?? "" }
    }

    /// Counts the first event of a record, and with it the record.
    mutating func countRecord(
        _ row: RecordBatch.Row,
        _ origin: Origin,
        _ events: EventBatch,
        _ index: Int,
        source: UInt64,
        skew: Int64?
    ) {
        let event = events.events[index]
        totals.records += 1
        totals.rawBytes += Int64(row.length)
        if event.issues.contains(.undecoded) { totals.undecoded += 1 }
        let number = number(of: source, origin, batchPeers[Int(row.origin)], events, index)
        sources[number].count(rawBytes: row.length, issues: event.issues, received: event.logTime)
        if let skew { sources[number].skew = skew }
    }

    /// Counts an event.
    mutating func countEvent(
        _ events: EventBatch,
        _ index: Int,
        source: UInt64,
        register: AssetRegister,
        skew: Int64?
    ) {
        let event = events.events[index]
        totals.events += 1
        if let number = sourceNumbers[source] {
            sources[number].count(event: event.time)
            let decoder = batchDecoders[Int(event.decoder)]
            while tallies[number].count <= decoder { tallies[number].append(0) }
            tallies[number][decoder] += 1
        }
        guard !register.isEmpty else { return }
        let asset = asset(events, index, register)
        guard !asset.isEmpty else { return }
        devices[asset, default: DeviceCounters(asset: asset)].count(event: event.time)
        if let skew { devices[asset]?.skew = skew }
        guard event.eventClass == .update, event.outcome != .failure,
            let version = events.text(.softwareTo, in: index), !version.isEmpty
        else { return }
        devices[asset]?.note(DeviceCounters.Version(text: version, time: event.time, offset: event.offset))
    }

    private mutating func number(
        of source: UInt64,
        _ origin: Origin,
        _ peer: String,
        _ events: EventBatch,
        _ index: Int
    ) -> Int {
        if let known = sourceNumbers[source] {
            if sources[known].listener != origin.listener { sources[known].listener = origin.listener }
            if sources[known].peer != peer { sources[known].peer = peer }
            return known
        }
        let host = events.text(.hostName, in: index) ?? ""
        let name = !host.isEmpty ? host : !peer.isEmpty ? peer : origin.listener
        sourceNumbers[source] = sources.count
        sources.append(SourceCounters(name: name, listener: origin.listener, peer: peer))
        tallies.append([])
        return sources.count - 1
    }

    private mutating func asset(_ events: EventBatch, _ index: Int, _ register: AssetRegister) -> String {
        guard !events.events[index].flags.contains(.witness) else { return "" }
        guard let range = events.range(of: .deviceID, in: index) ?? events.range(of: .hostName, in: index)
        else {
            let bound = events.address(.hostIP, in: index)
                .flatMap { register.asset(of: $0, at: events.events[index].time) }
            return
                (bound
                ?? events.text(.peerIdentity, in: index)
                .flatMap { register.asset(ofCertificate: $0) })?.id ?? ""
        }
        var hash = StableHash()
        hash.combine(events.bytes.span, range)
        let certificate = events.range(of: .peerIdentity, in: index)
        if let certificate { hash.combine(events.bytes.span, certificate) }
        if let known = hostAssets[hash.value] { return known }
        let name = String(decoding: events.bytes[range], as: UTF8.self)
        if IPAddress(name) != nil, let asset = register.asset(host: name, at: events.events[index].time) {
            // Whose address it is changes.
            return asset.id
        }
        let named = register.asset(named: name)
        let found =
            (named
            ?? certificate.flatMap {
                register.asset(ofCertificate: String(decoding: events.bytes[$0], as: UTF8.self))
            })?.id ?? ""
        if hostAssets.count >= JudgeCounters.hostCountMax { hostAssets.removeAll() }
        hostAssets[hash.value] = found
        return found
    }

    /// Moves what was counted into `update`.
    mutating func move(into update: inout ProjectionUpdate) {
        update.totals = totals
        for number in sources.indices {
            for (decoder, count) in tallies[number].enumerated() where count > 0 {
                sources[number].decoders[decoderNames[decoder]] = count
            }
        }
        update.sources = merged()
        tallies.removeAll(keepingCapacity: true)
        update.devices = devices.values.sorted { $0.asset < $1.asset }
        totals = ProjectionTotals()
        sources.removeAll(keepingCapacity: true)
        sourceNumbers.removeAll(keepingCapacity: true)
        devices.removeAll(keepingCapacity: true)
    }

    /// Sources in order of name; those that share a name (a host whose spelling differs in case) stay apart.
    private func merged() -> [SourceCounters] {
        var byName: [String: SourceCounters] = [:]
        for source in sources {
            if byName[source.name] == nil {
                byName[source.name] = source
            } else {
                byName[source.name]?.merge(source)
            }
        }
        return byName.values.sorted { $0.name < $1.name }
    }
}
