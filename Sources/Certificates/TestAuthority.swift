// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Digests
public import EventModel
import SwiftASN1
import X509

public import struct EventModel.UTCTime

/// An authority for tests and demonstrations: its key lies beside its certificate, so nobody should believe
/// it.
public struct TestAuthority: Sendable {
    /// A certificate with its key, both as PEM text.
    public struct Issued: Sendable {
        /// The certificate.
        public var certificate: String
        /// Its private key, PKCS #8.
        public var key: String
        /// `sha-256:` and the digits of the certificate's hash.
        public var fingerprint: String
    }

    /// What a certificate is for.
    public enum Use: Sendable {
        /// Servers.
        case server
        /// Clients.
        case client
    }

    /// The authority's own certificate.
    public let issued: Issued
    private let certificate: Certificate
    private let key: Certificate.PrivateKey

    /// Makes an authority with a new P-256 key, valid between two times.
    public init(name: String, from: UTCTime, through: UTCTime) throws(CertificateError) {
        do {
            let (key, text) = try TestAuthority.newKey()
            let subject = try DistinguishedName { CommonName(name) }
            certificate = try Certificate(
                version: .v3,
                serialNumber: Certificate.SerialNumber(),
                publicKey: key.publicKey,
                notValidBefore: PeerCertificate.date(from),
                notValidAfter: PeerCertificate.date(through),
                issuer: subject,
                subject: subject,
                signatureAlgorithm: .ecdsaWithSHA256,
                extensions: try Certificate.Extensions {
                    Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
                    Critical(KeyUsage(keyCertSign: true, cRLSign: true))
                    SubjectKeyIdentifier(hash: key.publicKey)
                },
                issuerPrivateKey: key
            )
            self.key = key
            issued = try TestAuthority.issued(certificate, text)
        } catch {
            throw .notMade
        }
    }

    /// Makes a certificate below the authority, with a new P-256 key.
    ///
    /// - Parameters:
    ///   - name: Common name; a DNS name of the subject too.
    ///   - addresses: Addresses of the subject.
    public func issue(
        _ name: String,
        for use: Use,
        addresses: [IPAddress] = [],
        from: UTCTime,
        through: UTCTime
    ) throws(CertificateError) -> Issued {
        do {
            let (key, text) = try TestAuthority.newKey()
            let names =
                [GeneralName.dnsName(name)]
                + addresses.map { .ipAddress(ASN1OctetString(contentBytes: TestAuthority.octets($0)[...])) }
            let made = try Certificate(
                version: .v3,
                serialNumber: Certificate.SerialNumber(),
                publicKey: key.publicKey,
                notValidBefore: PeerCertificate.date(from),
                notValidAfter: PeerCertificate.date(through),
                issuer: certificate.subject,
                subject: try DistinguishedName { CommonName(name) },
                signatureAlgorithm: .ecdsaWithSHA256,
                extensions: try Certificate.Extensions {
                    Critical(BasicConstraints.notCertificateAuthority)
                    Critical(KeyUsage(digitalSignature: true))
                    try ExtendedKeyUsage([use == .server ? .serverAuth : .clientAuth])
                    SubjectAlternativeNames(names)
                    AuthorityKeyIdentifier(
                        keyIdentifier: try certificate.extensions.subjectKeyIdentifier?.keyIdentifier
                    )
                },
                issuerPrivateKey: self.key
            )
            return try TestAuthority.issued(made, text)
        } catch {
            throw .notMade
        }
    }

    private static func newKey() throws -> (Certificate.PrivateKey, String) {
        let text = newP256PrivateKey()
        return (try Certificate.PrivateKey(pemEncoded: text), text)
    }

    private static func issued(_ certificate: Certificate, _ key: String) throws -> Issued {
        let document = try certificate.serializeAsPEM()
        return Issued(
            certificate: document.pemString + "\n",
            key: key + "\n",
            fingerprint: "sha-256:" + sha256(document.derBytes).hexadecimal
        )
    }

    private static func octets(_ address: IPAddress) -> [UInt8] {
        let bytes = { (value: UInt64, count: Int) in
            (0..<count).map { UInt8(truncatingIfNeeded: value >> UInt64((count - 1 - $0) * 8)) }
        }
        if let v4 = address.v4 { return bytes(UInt64(v4), 4) }
        return bytes(address.high, 8) + bytes(address.low, 8)
    }
}
