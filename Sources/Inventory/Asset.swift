// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel

/// A device or system of the site, as its inventory describes it.
public struct Asset: Hashable, SnapshotRecurring, Sendable {
    /// Identifier in the site's inventory; unique.
    public var id: String
    /// Maker.
    public var manufacturer: String
    /// Model.
    public var model: String
    /// Type in words, such as `infusion pump controller`.
    public var deviceType: String
    /// Serial number.
    public var serial: String
    /// Hardware addresses.
    public var macs: [MACAddress]
    /// Host names, lower case.
    public var hostNames: [String]
    /// DICOM application entity titles.
    public var aeTitles: [String]
    /// Names or fingerprints of its certificates, lower case.
    public var certificates: [String]
    /// Place in words.
    public var location: String
    /// Owning department.
    public var owner: String
    /// Zone id by the inventory; the address decides where it is known.
    public var zone: String
    /// Firmware or application version that the inventory knows.
    public var firmware: String
    /// Operating system.
    public var operatingSystem: String
    /// Whether it stores health information.
    public var holdsHealthInformation: Bool
    /// Whether a patient's life may depend on it.
    public var isLifeCritical: Bool
    /// Accounts of its vendor or shipped with it.
    public var vendorAccounts: [String]
    /// Who may patch it: biomed, vendor, none.
    public var patchAuthority: String

    /// Its id.
    public var recurringName: String { id }

    /// Makes an asset with an id; everything else is empty.
    public init(id: String) {
        self.id = id
        manufacturer = ""
        model = ""
        deviceType = ""
        serial = ""
        macs = []
        hostNames = []
        aeTitles = []
        certificates = []
        location = ""
        owner = ""
        zone = ""
        firmware = ""
        operatingSystem = ""
        holdsHealthInformation = false
        isLifeCritical = false
        vendorAccounts = []
        patchAuthority = ""
    }
}

/// A 48-bit hardware address.
public struct MACAddress: Hashable, Codable, Sendable, CustomStringConvertible {
    /// The address in the low 48 bits.
    public var rawValue: UInt64

    /// Parses twelve hexadecimal digits with any of `:`, `-`, `.` between them.
    public init?(_ text: String) {
        var value: UInt64 = 0
        var digits = 0
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39: value = value << 4 | UInt64(byte - 0x30)
            case 0x41...0x46: value = value << 4 | UInt64(byte - 0x41 + 10)
            case 0x61...0x66: value = value << 4 | UInt64(byte - 0x61 + 10)
            case 0x3a, 0x2d, 0x2e: continue
            default: return nil
            }
            digits += 1
        }
        guard digits == 12 else { return nil }
        rawValue = value
    }

    /// Six lower-case pairs with colons.
    public var description: String {
        (0..<6).map { index in
            let byte = rawValue >> UInt64((5 - index) * 8) & 0xff
            return (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }.joined(separator: ":")
    }
}

/// A group of addresses with one security level (IEC 62443 zone).
public struct Zone: Hashable, SnapshotRecurring, Sendable {
    /// Its id.
    public var id: String
    /// Its addresses.
    public var prefixes: [IPPrefix]
    /// How sensitive it is, in the site's words: life-critical, critical, support, transit, untrusted.
    public var tier: String
    /// Whether medical devices or clinical systems live in it.
    public var isMedical: Bool
    /// Whether it is where vendors come in: tier `transit`.
    public var isVendorZone: Bool { tier == "transit" }

    /// Its id.
    public var recurringName: String { id }

    /// Makes a zone.
    public init(id: String, prefixes: [IPPrefix], tier: String, isMedical: Bool) {
        self.id = id
        self.prefixes = prefixes
        self.tier = tier
        self.isMedical = isMedical
    }
}

/// An allowed path between zones (IEC 62443 conduit).
public struct Conduit: Hashable, Sendable {
    /// A port of a transport; nil means any.
    public struct Port: Hashable, Sendable {
        /// `tcp`, `udp`, or nil for any.
        public var transport: String?
        /// Port number, or nil for any.
        public var number: Int?

        /// Makes a port.
        public init(transport: String?, number: Int?) {
            self.transport = transport
            self.number = number
        }
    }

    /// Zone id it starts from; `*` for any.
    public var from: String
    /// Zone id it leads to; `*` for any.
    public var to: String
    /// Source addresses; empty for the whole zone.
    public var sources: [IPPrefix]
    /// Target addresses; empty for the whole zone.
    public var targets: [IPPrefix]
    /// Ports; empty for none.
    public var ports: [Port]
    /// Kind of change record that must be open; empty if always allowed.
    public var onlyIn: String
    /// Why it exists.
    public var why: String

    /// Makes a conduit.
    public init(
        from: String,
        to: String,
        sources: [IPPrefix],
        targets: [IPPrefix],
        ports: [Port],
        onlyIn: String,
        why: String
    ) {
        self.from = from
        self.to = to
        self.sources = sources
        self.targets = targets
        self.ports = ports
        self.onlyIn = onlyIn
        self.why = why
    }
}

/// Approved work: a work order, a maintenance, scan or migration window, a relocation.
public struct ChangeRecord: Hashable, SnapshotRecurring, Sendable {
    /// Its id, such as a ticket number.
    public var id: String
    /// `change-window`, `scan-window`, `migration`, `relocation` or another word of the site.
    public var kind: String
    /// Start, inclusive.
    public var start: UTCTime
    /// End, inclusive.
    public var end: UTCTime
    /// Asset ids; `*` for all.
    public var assets: [String]
    /// Accounts that do the work; empty if not named.
    public var actors: [String]
    /// Addresses that the work comes from; empty if not named.
    public var via: [IPPrefix]
    /// Version that the work leads to; empty if not named.
    public var expectedVersion: String
    /// SHA-256 of the software that the work installs; empty if not named.
    public var expectedHash: String
    /// Flow that the work needs, `SOURCE>TARGET TRANSPORT/PORT`; empty if not named.
    public var expectedFlow: String

    /// Its id.
    public var recurringName: String { id }

    /// Makes a change record.
    public init(
        id: String,
        kind: String,
        start: UTCTime,
        end: UTCTime,
        assets: [String],
        actors: [String],
        via: [IPPrefix],
        expectedVersion: String = "",
        expectedHash: String = "",
        expectedFlow: String = ""
    ) {
        self.id = id
        self.kind = kind
        self.start = start
        self.end = end
        self.assets = assets
        self.actors = actors
        self.via = via
        self.expectedVersion = expectedVersion
        self.expectedHash = expectedHash
        self.expectedFlow = expectedFlow
    }
}

/// A version that the site accepts for a model.
public struct ApprovedVersion: Hashable, Sendable {
    /// Maker.
    public var manufacturer: String
    /// Model.
    public var model: String
    /// Version text.
    public var version: String
    /// SHA-256 of the image, lower case; empty if not known.
    public var hash: String

    /// Makes an approval.
    public init(manufacturer: String, model: String, version: String, hash: String) {
        self.manufacturer = manufacturer
        self.model = model
        self.version = version
        self.hash = hash
    }
}

/// A statement of the site that a hardware address had an address for a time.
public struct SiteBinding: Hashable, Sendable {
    /// Hardware address.
    public var mac: MACAddress
    /// Network address.
    public var address: IPAddress
    /// Start, inclusive.
    public var from: UTCTime
    /// End, exclusive; nil while it lasts.
    public var through: UTCTime?

    /// Makes a binding.
    public init(mac: MACAddress, address: IPAddress, from: UTCTime, through: UTCTime?) {
        self.mac = mac
        self.address = address
        self.from = from
        self.through = through
    }
}
