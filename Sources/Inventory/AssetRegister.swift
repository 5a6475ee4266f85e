// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel

/// Facts about now that judgement joins with: which asset an address was, which zone, which work was
/// approved.
///
/// Pure: folded from site files and from events in event-time order. `asset(of:at:)` is the only way from an
/// address to a device.
public struct AssetRegister: SnapshotResumed, Sendable {
    /// What the site's files say.
    public private(set) var site: Site
    /// Who had an address when.
    public private(set) var addresses: AddressBook
    private var zoneTable: ZoneTable
    private var zoneNumbers: [String: Int] = [:]
    private var byMAC: [MACAddress: Int] = [:]
    private var byName: [String: Int] = [:]
    private var byCertificate: [String: Int] = [:]
    private var vendorAccounts: Set<String> = []
    private var observed: [Observation] = []

    private struct Observation: Codable, Sendable {
        var address: IPAddress
        var mac: MACAddress?
        var host: String
        var time: UTCTime
        var isRelease: Bool
    }

    /// Most observed bindings kept to be folded again when a site file is replaced: 65,536 of 64 bytes.
    public static let observationCountMax = 65_536

    /// A register over a site.
    public init(site: Site = Site()) {
        self.site = site
        addresses = AddressBook()
        zoneTable = ZoneTable(site.zones)
        index()
    }

    /// Takes a changed site; observed bindings are folded again over it.
    public mutating func replace(_ site: Site) {
        self.site = site
        zoneTable = ZoneTable(site.zones)
        addresses = AddressBook()
        index()
        for item in observed {
            if item.isRelease {
                addresses.release(item.address, mac: item.mac, at: item.time)
            } else {
                addresses.observe(item.address, mac: item.mac, host: item.host, at: item.time)
            }
        }
    }

    private mutating func index() {
        byMAC.removeAll()
        byName.removeAll()
        byCertificate.removeAll()
        vendorAccounts.removeAll()
        zoneNumbers.removeAll()
        for (number, zone) in site.zones.enumerated() { zoneNumbers[zone.id] = number }
        for (number, asset) in site.assets.enumerated() {
            for mac in asset.macs { byMAC[mac] = number }
            for name in [asset.id, asset.serial] + asset.hostNames + asset.aeTitles where !name.isEmpty {
                let folded = name.lowercased()
                if byName[folded] == nil { byName[folded] = number }
            }
            for name in asset.certificates where byCertificate[name] == nil { byCertificate[name] = number }
            for account in asset.vendorAccounts { vendorAccounts.insert(account.lowercased()) }
        }
        for binding in site.bindings { addresses.add(binding) }
    }

    /// Whether the site names anything at all; when not, no join can succeed.
    public var isEmpty: Bool { site.assets.isEmpty && site.zones.isEmpty }

    /// Records a binding that an event showed.
    public mutating func observe(_ address: IPAddress, mac: MACAddress?, host: String, at time: UTCTime) {
        let host = AssetRegister.folded(host)
        remember(Observation(address: address, mac: mac, host: host, time: time, isRelease: false))
        addresses.observe(address, mac: mac, host: host, at: time)
    }

    /// Records that an event ended a binding.
    public mutating func release(_ address: IPAddress, mac: MACAddress?, at time: UTCTime) {
        remember(Observation(address: address, mac: mac, host: "", time: time, isRelease: true))
        addresses.release(address, mac: mac, at: time)
    }

    private mutating func remember(_ observation: Observation) {
        if observed.count >= AssetRegister.observationCountMax { observed.removeFirst(observed.count / 4) }
        observed.append(observation)
    }

    /// The asset that held `address` at `time`; nil if none is known.
    public func asset(of address: IPAddress, at time: UTCTime) -> Asset? {
        guard let holder = addresses.holder(of: address, at: time) else { return nil }
        if let mac = holder.mac, let number = byMAC[mac] { return site.assets[number] }
        guard holder.mac == nil, !holder.host.isEmpty, let number = byName[holder.host] else { return nil }
        return site.assets[number]
    }

    /// Addresses that one of `assets` had, has or will have, by the site's files and by what events showed.
    public func addresses(of assets: [Asset]) -> Set<IPAddress> {
        let macs = Set(assets.flatMap(\.macs))
        var found = Set(site.bindings.filter { macs.contains($0.mac) }.map(\.address))
        for item in observed {
            if let mac = item.mac, macs.contains(mac) { found.insert(item.address) }
        }
        for host in assets.flatMap(\.hostNames) {
            found.formUnion(addresses.addresses(of: host.lowercased()))
            found.formUnion(addresses.addresses(of: AssetRegister.folded(host)))
        }
        return found
    }

    /// Addresses that the site's files bind to an asset at `time`, and those that stand for its host name.
    public func boundAddresses(at time: UTCTime) -> Set<IPAddress> {
        var found: Set<IPAddress> = []
        for binding in site.bindings where asset(of: binding.address, at: time) != nil {
            found.insert(binding.address)
        }
        for asset in site.assets { found.formUnion(asset.hostNames.compactMap { IPAddress($0) }) }
        return found
    }

    /// The asset with that hardware address.
    public func asset(of mac: MACAddress) -> Asset? { byMAC[mac].map { site.assets[$0] } }

    /// The asset with that id, serial number, AE title or host name (with or without its domain),
    /// case-folded.
    public func asset(named name: String) -> Asset? {
        let folded = name.lowercased()
        if let number = byName[folded] { return site.assets[number] }
        guard let dot = folded.firstIndex(of: "."), IPAddress(folded) == nil else { return nil }
        return byName[String(folded[..<dot])].map { site.assets[$0] }
    }

    /// The asset that a host which calls itself `name` is at `time`: by name, or where the name is an address
    /// by its binding, as where a sender or a relay knows nothing better.
    public func asset(host name: String, at time: UTCTime) -> Asset? {
        if let known = asset(named: name) { return known }
        guard let address = IPAddress(name) else { return nil }
        // One spelling, so that queries can look for it.
        guard address.v4 == nil || name == address.description || name.contains(":") else { return nil }
        return asset(of: address, at: time)
    }

    /// The asset whose certificate has that name or fingerprint, case-folded.
    public func asset(ofCertificate identity: String) -> Asset? {
        byCertificate[identity.lowercased()].map { site.assets[$0] }
    }

    /// Host name without its domain, lower case.
    public static func folded(_ host: String) -> String {
        // As most devices write it.
        if host.utf8.allSatisfy({ $0 < 0x80 && $0 != 0x2e && !(0x41...0x5a).contains($0) }) { return host }
        let folded = host.lowercased()
        guard IPAddress(folded) == nil, let dot = folded.firstIndex(of: ".") else { return folded }
        return String(folded[..<dot])
    }

    /// The zone of an address: longest prefix; unlisted private space is `unknown`, unlisted public space
    /// `internet`.
    public mutating func zone(of address: IPAddress) -> Zone {
        let isPublic = !address.isPrivate && !address.isMulticast
        if let number = zoneTable.zone(of: address) {
            let zone = site.zones[number]
            let isCatchAll = zone.prefixes.contains { $0.length == 0 || $0.length == 96 && $0.base.v4 == 0 }
            if isPublic || !isCatchAll { return zone }
        }
        let id = isPublic ? Site.internetZone : Site.unknownZone
        return Zone(id: id, prefixes: [], tier: "untrusted", isMedical: false)
    }

    /// Whether an address is public and in no zone but the site's name for everything else.
    public mutating func isInternet(_ address: IPAddress) -> Bool {
        guard !address.isPrivate, !address.isMulticast, !address.isLoopback else { return false }
        guard let number = zoneTable.zone(of: address) else { return true }
        let prefix = site.zones[number].prefixes.filter { $0.contains(address) }.map(\.length).max() ?? 0
        return prefix == 0
            || prefix == 96 && site.zones[number].prefixes.contains { $0.length == 96 && $0.base.v4 == 0 }
    }

    /// The zone with that id.
    public func zone(named id: String) -> Zone? { zoneNumbers[id].map { site.zones[$0] } }

    /// Whether `user` is a vendor's or a shipped account of any asset.
    public func isVendorAccount(_ user: String) -> Bool { vendorAccounts.contains(user.lowercased()) }

    /// Writes what events showed; the site's files are kept elsewhere.
    public func write(to encoder: SnapshotEncoder) throws {
        try encoder.write(addresses)
        try encoder.write(observed)
    }

    /// Takes what events showed; the site must be that in force when it was written.
    public mutating func resume(from decoder: SnapshotDecoder) throws {
        addresses = try decoder.value()
        observed = try decoder.value()
    }
}
