// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Digests
import EventModel
import FoundationEssentials
import SwiftASN1
import X509

import struct EventModel.UTCTime

/// What is read of a certificate.
struct PeerCertificate {
    /// Most names that are looked at; a certificate with more is refused.
    static let nameCountMax = 1_000
    /// Longest name that a peer is known by, in bytes.
    static let identitySizeMaxBytes = 255

    let certificate: Certificate
    /// `sha-256:` and digits.
    let fingerprint: String
    /// `sha-1:` and digits.
    let shortFingerprint: String
    /// DNS names and addresses of the subject, or its common name where it has none of these.
    let names: [String]

    /// Nil when the bytes are no certificate, or one with too many names.
    init?(encoded: [UInt8]) {
        guard let certificate = try? Certificate(derEncoded: encoded),
            let names = PeerCertificate.names(of: certificate)
        else { return nil }
        self.certificate = certificate
        self.names = names
        fingerprint = "sha-256:" + sha256(encoded).hexadecimal
        shortFingerprint = "sha-1:" + Hexadecimal.text(sha1(encoded))
    }

    /// Name or fingerprint that a peer with this certificate is known by.
    var identity: String {
        guard let name = names.first(where: { !$0.isEmpty }),
            name.utf8.count <= PeerCertificate.identitySizeMaxBytes
        else { return fingerprint }
        return name
    }

    /// Which certificate it is, for people.
    var detail: String { "\(identity) \(fingerprint)" }

    /// Whether it may be shown by clients: it says so, or says nothing of uses.
    var isForClients: Bool {
        guard let uses = try? certificate.extensions.extendedKeyUsage else {
            return !certificate.extensions.contains { $0.oid == .X509ExtensionID.extendedKeyUsage }
        }
        return uses.contains(.clientAuth) || uses.contains(.any)
    }

    func isExpired(at time: UTCTime) -> Bool { PeerCertificate.time(certificate.notValidAfter) < time }

    func isNotYetValid(at time: UTCTime) -> Bool { PeerCertificate.time(certificate.notValidBefore) > time }

    static func date(_ time: UTCTime) -> Date {
        Date(timeIntervalSince1970: Double(time.nanoseconds / UTCTime.second))
    }

    private static func time(_ date: Date) -> UTCTime {
        let seconds = date.timeIntervalSince1970.rounded(.down)
        // Certificates may name years beyond what nanoseconds since 1970 can say.
        let bound = Double(Int64.max / UTCTime.second)
        return UTCTime(nanoseconds: Int64(max(-bound, min(bound, seconds))) * UTCTime.second)
    }

    private static func names(of certificate: Certificate) -> [String]? {
        var names: [String] = []
        if certificate.extensions.contains(where: { $0.oid == .X509ExtensionID.subjectAlternativeName }) {
            guard let alternatives = try? certificate.extensions.subjectAlternativeNames,
                alternatives.count <= nameCountMax
            else { return nil }
            for alternative in alternatives {
                switch alternative {
                case .dnsName(let name): names.append(name.lowercased())
                case .ipAddress(let octets):
                    if let address = address(Array(octets.bytes)) { names.append(address.description) }
                default: continue
                }
            }
        }
        guard names.isEmpty else { return names }
        for relative in certificate.subject {
            for attribute in relative where attribute.type == .RDNAttributeType.commonName {
                names.append(String(describing: attribute.value))
            }
        }
        return names
    }

    private static func address(_ octets: [UInt8]) -> IPAddress? {
        guard octets.count == 4 || octets.count == 16 else { return nil }
        let number = { (part: ArraySlice<UInt8>) in part.reduce(UInt64(0)) { $0 << 8 | UInt64($1) } }
        if octets.count == 4 { return IPAddress(v4: UInt32(number(octets[...]))) }
        return IPAddress(high: number(octets[..<8]), low: number(octets[8...]))
    }
}
