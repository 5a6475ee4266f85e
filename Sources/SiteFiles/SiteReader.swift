// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel
public import Inventory

/// What a site file says.
public enum SiteRole: String, Sendable, CaseIterable {
    /// `assets.csv`: devices and systems.
    case assets
    /// `bindings.csv`: who had which address when.
    case bindings
    /// `approved.csv`: versions that may be installed.
    case approved
    /// `zones.json`: zones and the conduits between them.
    case zones
    /// `changes.jsonl`: approved work.
    case changes
}

/// Reads site files into a ``Site``; a file replaces what the earlier file of its role said.
public enum SiteReader {
    /// Reads one file; on an error nothing changes.
    ///
    /// - Returns: Warnings with their places, such as columns that nothing reads.
    /// - Throws: `input` with file, line and column of the first fault and what to do.
    @discardableResult
    public static func apply(
        role: SiteRole,
        bytes: [UInt8],
        file: String,
        to site: inout Site
    ) throws(WardlineError) -> [String] {
        do throws(SiteFilesError) {
            switch role {
            case .assets: return try readAssets(bytes, file, &site)
            case .bindings: return try readBindings(bytes, file, &site)
            case .approved: return try readApproved(bytes, file, &site)
            case .zones: return try readZones(bytes, file, &site)
            case .changes: return try readChanges(bytes, file, &site)
            }
        } catch {
            throw error.wardlineError
        }
    }

    private static func readAssets(
        _ bytes: [UInt8],
        _ file: String,
        _ site: inout Site
    ) throws(SiteFilesError) -> [String] {
        var table = try SiteTable(
            bytes,
            file: file,
            needed: ["asset_id"],
            known: [
                "manufacturer", "model", "device_type", "serial", "mac", "hostname", "ae_title",
                "certificate", "location",
                "owner",
                "zone", "firmware", "os", "phi", "life_critical", "vendor_account", "patch_by",
                // Read by people and by later versions.
                "udi_di", "os_eol", "mds2_doc", "last_patched", "last_seen", "status",
            ]
        )
        var assets: [Asset] = []
        var seen: Set<String> = []
        while try table.next() {
            var asset = Asset(id: try table.needed("asset_id"))
            guard seen.insert(asset.id).inserted else {
                throw table.error(
                    "asset_id",
                    "the asset \(asset.id) is listed twice",
                    "give each asset one row"
                )
            }
            asset.manufacturer = table.text("manufacturer")
            asset.model = table.text("model")
            asset.deviceType = table.text("device_type")
            asset.serial = table.text("serial")
            for text in table.list("mac") {
                guard let mac = MACAddress(text) else {
                    throw table.error(
                        "mac",
                        "'\(text)' is no hardware address",
                        "write six pairs, 00:1b:2c:00:00:01"
                    )
                }
                asset.macs.append(mac)
            }
            asset.hostNames = table.list("hostname").map { $0.lowercased() }
            asset.aeTitles = table.list("ae_title")
            asset.certificates = table.list("certificate").map { Fingerprint.normal($0) ?? $0.lowercased() }
            asset.location = table.text("location")
            asset.owner = table.text("owner")
            asset.zone = table.text("zone")
            asset.firmware = table.text("firmware")
            asset.operatingSystem = table.text("os")
            asset.holdsHealthInformation = try table.truth("phi")
            asset.isLifeCritical = try table.truth("life_critical")
            asset.vendorAccounts = table.list("vendor_account")
            asset.patchAuthority = table.text("patch_by")
            assets.append(asset)
        }
        site.assets = assets
        return table.warnings
    }

    private static func readBindings(
        _ bytes: [UInt8],
        _ file: String,
        _ site: inout Site
    ) throws(SiteFilesError) -> [String] {
        var table = try SiteTable(bytes, file: file, needed: ["mac", "ip", "from"], known: ["to", "source"])
        var bindings: [SiteBinding] = []
        while try table.next() {
            guard let mac = MACAddress(try table.needed("mac")) else {
                throw table.error("mac", "this is no hardware address", "write six pairs, 00:1b:2c:00:00:01")
            }
            guard let address = IPAddress(try table.needed("ip")) else {
                throw table.error("ip", "this is no address", "write an IPv4 or IPv6 address")
            }
            let from = try table.time("from") ?? .absent
            let through = try table.time("to")
            if let through, through <= from {
                throw table.error("to", "the binding ends before it begins", "order the times")
            }
            bindings.append(SiteBinding(mac: mac, address: address, from: from, through: through))
        }
        site.bindings = bindings
        return table.warnings
    }

    private static func readApproved(
        _ bytes: [UInt8],
        _ file: String,
        _ site: inout Site
    ) throws(SiteFilesError) -> [String] {
        var table = try SiteTable(
            bytes,
            file: file,
            needed: ["model", "version"],
            known: ["manufacturer", "sha256", "approved", "why"]
        )
        var approved: [ApprovedVersion] = []
        while try table.next() {
            let hash = table.text("sha256").lowercased()
            guard hash.isEmpty || hash.utf8.count == 64 && hash.allSatisfy(\.isHexDigit) else {
                throw table.error("sha256", "this is no SHA-256", "write 64 hexadecimal digits or nothing")
            }
            approved.append(
                ApprovedVersion(
                    manufacturer: table.text("manufacturer"),
                    model: try table.needed("model"),
                    version: try table.needed("version"),
                    hash: hash
                )
            )
        }
        site.approved = approved
        return table.warnings
    }
}
