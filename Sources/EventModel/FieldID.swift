// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// A field of event v1 by number.
///
/// Below 256 the numbers are fixed by this file and stored; from 256 on they name `ext.*` fields through the
/// field table of the batch.
public struct FieldID: Hashable, Comparable, Sendable {
    /// The number.
    public var rawValue: UInt16

    /// Wraps a number.
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// Orders by number.
    public static func < (left: FieldID, right: FieldID) -> Bool { left.rawValue < right.rawValue }

    /// Whether the field has a fixed number and name.
    public var isKnown: Bool { rawValue < 256 }

    /// First number of the fields named per batch.
    public static let firstExtension: UInt16 = 256

    // The fixed fields. Names: `FieldID.knownNames`, same order.

    /// Host that the line claims to come from (`host.name`).
    public static let hostName = FieldID(rawValue: 0)
    /// Address that the line claims to come from (`host.ip`).
    public static let hostIP = FieldID(rawValue: 1)
    /// Application or syslog tag (`ext.app`).
    public static let application = FieldID(rawValue: 2)
    /// Process number (`ext.pid`).
    public static let processID = FieldID(rawValue: 3)
    /// Who acts (`user.name`).
    public static let userName = FieldID(rawValue: 4)
    /// Account that is acted on or switched to (`user.target`).
    public static let userTarget = FieldID(rawValue: 5)
    /// How the user proved identity (`auth.method`).
    public static let authMethod = FieldID(rawValue: 6)
    /// Whether a second factor was used (`auth.mfa`).
    public static let authMFA = FieldID(rawValue: 7)
    /// Session as the source names it (`session.id`).
    public static let sessionID = FieldID(rawValue: 8)
    /// Address that the act comes from (`src.ip`).
    public static let sourceIP = FieldID(rawValue: 9)
    /// Port that the act comes from (`src.port`).
    public static let sourcePort = FieldID(rawValue: 10)
    /// Host name that the act comes from (`src.host`).
    public static let sourceHost = FieldID(rawValue: 11)
    /// Hardware address that the act comes from (`src.mac`).
    public static let sourceMAC = FieldID(rawValue: 12)
    /// Zone as the source of the log names it (`src.zone`).
    public static let sourceZone = FieldID(rawValue: 13)
    /// Address that is acted on (`dst.ip`).
    public static let targetIP = FieldID(rawValue: 14)
    /// Port that is acted on (`dst.port`).
    public static let targetPort = FieldID(rawValue: 15)
    /// Host name that is acted on (`dst.host`).
    public static let targetHost = FieldID(rawValue: 16)
    /// Hardware address that is acted on (`dst.mac`).
    public static let targetMAC = FieldID(rawValue: 17)
    /// Zone of the target as the source of the log names it (`dst.zone`).
    public static let targetZone = FieldID(rawValue: 18)
    /// `tcp`, `udp`, `icmp` and so on (`network.transport`).
    public static let networkTransport = FieldID(rawValue: 19)
    /// Application protocol (`network.protocol`).
    public static let networkProtocol = FieldID(rawValue: 20)
    /// Bytes carried, both directions where both are said (`network.bytes`).
    public static let networkBytes = FieldID(rawValue: 21)
    /// Package, firmware, service or file (`software.name`).
    public static let softwareName = FieldID(rawValue: 22)
    /// Version before (`software.from`).
    public static let softwareFrom = FieldID(rawValue: 23)
    /// Version after (`software.to`).
    public static let softwareTo = FieldID(rawValue: 24)
    /// Knowledge-base number of a patch (`software.kb`).
    public static let softwareKB = FieldID(rawValue: 25)
    /// `ok`, `bad` or `none` as the source judged it (`software.signature`).
    public static let softwareSignature = FieldID(rawValue: 26)
    /// Work order or ticket that the line names (`change.id`).
    public static let changeID = FieldID(rawValue: 27)
    /// Product that wrote the line (`vendor.product`).
    public static let vendorProduct = FieldID(rawValue: 28)
    /// Message or event number of that product (`vendor.code`).
    public static let vendorCode = FieldID(rawValue: 29)
    /// Rule or policy of that product (`policy.name`).
    public static let policyName = FieldID(rawValue: 30)
    /// Text of the message (`message`).
    public static let message = FieldID(rawValue: 31)
    /// Identifier under which the line names the device it is about (`ext.device.id`): an asset id, serial or
    /// AE title.
    public static let deviceID = FieldID(rawValue: 32)
    /// Study, document or other object the event is about (`ext.object.id`).
    public static let objectID = FieldID(rawValue: 33)
    /// HMAC token of a patient identifier (`ext.patient.token`), never clear text.
    public static let patientToken = FieldID(rawValue: 34)
    /// SHA-256 of software in lower-case hexadecimal (`ext.software.hash`).
    public static let softwareHash = FieldID(rawValue: 35)
    /// Why, in the source's words (`ext.reason`).
    public static let reason = FieldID(rawValue: 36)
    /// Kind of source: firewall, nac, dhcp, ids, vpn, jump, badge, av, device and so on (`ext.source.kind`).
    public static let sourceKind = FieldID(rawValue: 37)
    /// Numeric severity or priority as the product states it (`ext.vendor.severity`).
    public static let vendorSeverity = FieldID(rawValue: 38)
    /// Windows logon type or the like (`ext.logon.type`); 2, 7, 10, 11 are interactive.
    public static let logonType = FieldID(rawValue: 39)
    /// Signature or artefact name: malware, service, binary, IDS signature (`ext.artefact`).
    public static let artefact = FieldID(rawValue: 40)
    /// `major`, `serious` or `minor`: the weight of a failure as ATNA states it (`ext.outcome.detail`).
    public static let outcomeDetail = FieldID(rawValue: 41)
    /// Name or fingerprint in the verified certificate of who sent the record (`peer.identity`).
    ///
    /// Its name has no `ext.`, so that no body can claim it.
    public static let peerIdentity = FieldID(rawValue: 42)

    /// SHA-256 of the record's kept bytes, 32 bytes; only on events that wait for judgement, never stored or
    /// searched.
    public static let recordDigest = FieldID(rawValue: 255)

    /// Fields whose values are addresses.
    public static let addresses: Set<FieldID> = [.hostIP, .sourceIP, .targetIP]

    /// Fields whose values are running text, in which a text is looked for anywhere.
    public static let runningTexts: Set<FieldID> = [.message, .reason]

    /// Names of the fixed fields by number.
    public static let knownNames: [String] = [
        "host.name", "host.ip", "ext.app", "ext.pid", "user.name", "user.target", "auth.method", "auth.mfa",
        "session.id", "src.ip", "src.port", "src.host", "src.mac", "src.zone", "dst.ip", "dst.port",
        "dst.host",
        "dst.mac", "dst.zone", "network.transport", "network.protocol", "network.bytes", "software.name",
        "software.from", "software.to", "software.kb", "software.signature", "change.id", "vendor.product",
        "vendor.code", "policy.name", "message", "ext.device.id", "ext.object.id", "ext.patient.token",
        "ext.software.hash", "ext.reason", "ext.source.kind", "ext.vendor.severity", "ext.logon.type",
        "ext.artefact",
        "ext.outcome.detail", "peer.identity",
    ]

    /// The fixed field with that name.
    public static func known(_ name: String) -> FieldID? {
        numbers[name].map { FieldID(rawValue: $0) }
    }

    private static let numbers: [String: UInt16] = Dictionary(
        uniqueKeysWithValues: knownNames.enumerated().map { ($1, UInt16($0)) }
    )
}
