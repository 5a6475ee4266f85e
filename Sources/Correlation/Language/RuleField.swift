// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// A field as rules name it: of the event, or joined to it at its time (`wardline.*`).
enum RuleField: Hashable, Sendable {
    /// `class`, `action`, `outcome`, `severity`, `decoder` of the envelope.
    case envelope(Envelope)
    /// A field of event v1.
    case known(FieldID)
    /// A field under `ext.*` that has no fixed number.
    case named(String)
    /// A fact joined as of the event's time.
    case joined(JoinedField)
    /// A field by the name that its source uses (`ext.*`), else the field of event v1 that Sigma's taxonomy
    /// maps the name to.
    case either(String, FieldID)
    /// Every field: keyword searches.
    case any

    /// Envelope fields.
    enum Envelope: String, CaseIterable, Sendable {
        case eventClass = "class"
        case action
        case outcome
        case severity
        case decoder
    }

    /// The field with that name; unmapped names fall through to `ext.*`; nil for an unknown `wardline.*`
    /// name.
    init?(name: String) {
        if name.isEmpty {
            self = .any
        } else if name.hasPrefix("wardline.") {
            guard let joined = JoinedField(rawValue: String(name.dropFirst(9))) else { return nil }
            self = .joined(joined)
        } else if let envelope = Envelope(rawValue: RuleField.withoutPrefix(name)) {
            self = .envelope(envelope)
        } else if let known = FieldID.known(name) ?? FieldID.known("ext." + name) {
            self = .known(known)
        } else if let mapped = RuleField.taxonomy[name], let known = FieldID.known(mapped) {
            self = .either("ext." + name, known)
        } else {
            self = .named(name.hasPrefix("ext.") ? name : "ext." + name)
        }
    }

    /// The fields that are read for it.
    var sources: [RuleField] {
        guard case .either(let name, let known) = self else { return [self] }
        return [.named(name), .known(known)]
    }

    private static func withoutPrefix(_ name: String) -> String {
        name.hasPrefix("event.") ? String(name.dropFirst(6)) : name
    }

    /// Sigma's, ECS's and Zeek's names for our fields; `schemas/sigma-taxonomy.yaml` is written from it.
    ///
    /// - Source: Sigma 2.1 taxonomy appendix; ECS 8; Zeek's `conn.log`.
    static let taxonomy: [String: String] = [
        "source.ip": "src.ip", "source.port": "src.port", "source.mac": "src.mac", "src_ip": "src.ip",
        "src_port": "src.port", "destination.ip": "dst.ip", "destination.port": "dst.port",
        "destination.mac": "dst.mac", "dst_ip": "dst.ip", "dst_port": "dst.port", "DestinationIp": "dst.ip",
        "DestinationPort": "dst.port", "SourceIp": "src.ip", "SourcePort": "src.port", "IpAddress": "src.ip",
        "TargetUserName": "user.name", "User": "user.name", "SubjectUserName": "user.name",
        "Computer": "host.name", "ComputerName": "host.name", "hostname": "host.name",
        "EventID": "vendor.code",
        "LogonType": "ext.logon.type", "ServiceName": "software.name",
        "SourceHostname": "src.host", "DestinationHostname": "dst.host", "WorkstationName": "src.host",
        "IpPort": "src.port", "username": "user.name", "c-ip": "src.ip", "cs-username": "user.name",
        "source.domain": "src.host", "destination.domain": "dst.host",
        "id.orig_h": "src.ip", "id.orig_p": "src.port", "id.resp_h": "dst.ip", "id.resp_p": "dst.port",
    ]

    /// Names that a rule may mean.
    static var knownNames: [String] {
        Envelope.allCases.map(\.rawValue) + FieldID.knownNames
            + taxonomy.keys.sorted() + JoinedField.allCases.map { "wardline." + $0.rawValue }
    }
}

/// Facts about now that a rule can ask for, under `wardline.`.
enum JoinedField: String, CaseIterable, Sendable {
    /// Asset that the event is about.
    case asset
    /// Type of that asset.
    case assetType = "asset.type"
    /// Whether a patient's life may depend on that asset.
    case assetIsCritical = "asset.critical"
    /// Whether it stores health information.
    case assetHoldsHealthInformation = "asset.phi"
    /// Its maker.
    case assetVendor = "asset.vendor"
    case assetModel = "asset.model"
    /// Its firmware as the inventory knows it.
    case assetFirmware = "asset.firmware"
    /// Zone that it belongs to.
    case assetZone = "asset.zone"
    /// Tier of that zone, in the site's words.
    case assetTier = "asset.tier"
    /// `internet`, `vendor`, `internal` or `none`: the widest reach of the conduits that lead to its zone and
    /// are open at the time.
    case exposure = "asset.exposure"
    /// Asset or host that the event is about.
    case subject
    case sourceAsset = "src.asset"
    case targetAsset = "dst.asset"
    /// Whether the source is an asset that is a device, not a server, in a medical zone.
    case sourceIsDevice = "src.device"
    case sourceZone = "src.zone"
    /// Tier of that zone, in the site's words.
    case sourceTier = "src.tier"
    case targetZone = "dst.zone"
    /// Whether the target is a public address that no zone of the site lists.
    case targetIsInternet = "dst.internet"
    /// Whether the source is a public address that no zone of the site lists.
    case sourceIsInternet = "src.internet"
    /// Address that was leased to the host that the event is about, the newest.
    case subjectAddress = "subject.address"
    case sourceIsMedical = "src.medical"
    case targetIsMedical = "dst.medical"
    case sourceIsScanner = "src.scanner"
    /// `allowed`, `closed`, `same_zone` or `none`.
    case conduit = "flow.conduit"
    /// No conduit covers it, and this store has not seen the peer and port before.
    case isNewPeer = "flow.new"
    /// `ADDRESS:PORT/TRANSPORT` of the target.
    case peer = "flow.peer"
    case userIsVendor = "user.vendor"
    /// Whether the account is one of the vendor of this very asset.
    case userIsOfAssetVendor = "user.asset_vendor"
    /// `on`, `off`, `local` or `unknown`: whether the vendor or default account came by its conduit.
    case userConduit = "user.conduit"
    /// Id of the change record that covers the act.
    case change
    /// Its kind, in the site's words.
    case changeKind = "change.kind"
    /// `remote`, `local`, or absent: service session open on the asset.
    case bracket
    /// `yes`, `no` or `unknown`.
    case approved
    /// Whether the software's hash contradicts the approved one.
    case hashDiffers = "hash.differs"
    /// Suspect asset that reached the event's source address in the last five minutes.
    case sourceReachedBy = "src.reached_by"
    /// Suspect asset that reached the event's asset in the last five minutes.
    case assetReachedBy = "asset.reached_by"
    /// Whether the logon is one that a person drives.
    case isInteractive = "logon.interactive"
    /// Source address as text, unless it is loopback.
    case sourceAddress = "src.address"
}

extension FieldID {
    /// Whether keywords are looked for in its values: in what the device wrote, not in hashes that Wardline
    /// made of it, where they would be found by chance.
    var holdsKeywords: Bool { self != .recordDigest && self != .patientToken }
}
