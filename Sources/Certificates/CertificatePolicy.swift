// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import SwiftASN1
@_spi(FixedExpiryValidationTime) import X509

public import struct EventModel.UTCTime

/// Which certificates of peers are believed.
///
/// Either by fingerprint, or by a path to an authority and a name; never because the machine trusts somebody.
///
/// - Source: RFC 5425 sections 4.2 and 5.
public struct CertificatePolicy: Sendable {
    /// Most certificates of a chain that are looked at.
    static let chainCountMax = 10

    private let authorities: CertificateStore
    private let names: [String]
    private let fingerprints: Set<String>

    /// Makes a policy.
    ///
    /// - Parameters:
    ///   - authorities: PEM text with the authorities that are believed; nil where fingerprints decide.
    ///   - names: Names of which a certificate must have one; empty for any.
    ///   - fingerprints: `sha-256:` or `sha-1:` and lower-case digits; not empty where they decide.
    /// - Throws: ``CertificateError/unreadable`` when the authorities are no certificates.
    public init(
        authorities: [UInt8]?,
        names: [String] = [],
        fingerprints: [String] = []
    ) throws(CertificateError) {
        self.names = names
        self.fingerprints = Set(fingerprints)
        guard let authorities else {
            self.authorities = CertificateStore()
            return
        }
        do {
            let documents = try PEMDocument.parseMultiple(
                pemString: String(decoding: authorities, as: UTF8.self)
            )
            let roots = try documents.filter { $0.discriminator == "CERTIFICATE" }.map {
                try Certificate(pemDocument: $0)
            }
            guard !roots.isEmpty else { throw CertificateError.unreadable }
            self.authorities = CertificateStore(roots)
        } catch {
            throw .unreadable
        }
    }

    /// Decides about the chain that a peer showed, its own certificate first.
    ///
    /// `chain` holds DER; `now` is compared with the dates of all certificates.
    public func verdict(on chain: [[UInt8]], at now: UTCTime) async -> CertificateVerdict {
        guard let first = chain.first, let peer = PeerCertificate(encoded: first) else {
            return .refused(.unfit, detail: "unreadable")
        }
        guard fingerprints.isEmpty else {
            // The certificate itself is listed: neither its dates nor who signed it add anything.
            let isListed =
                fingerprints.contains(peer.fingerprint) || fingerprints.contains(peer.shortFingerprint)
            return isListed
                ? .accepted(identity: peer.fingerprint) : .refused(.fingerprintUnknown, detail: peer.detail)
        }
        if peer.isExpired(at: now) { return .refused(.expired, detail: peer.detail) }
        if peer.isNotYetValid(at: now) { return .refused(.notYetValid, detail: peer.detail) }
        let others = chain.dropFirst().prefix(CertificatePolicy.chainCountMax - 1)
        let refusal = await path(
            from: peer.certificate,
            at: now,
            over: others.compactMap { try? Certificate(derEncoded: $0) }
        )
        if let refusal { return .refused(refusal, detail: peer.detail) }
        guard peer.isForClients else { return .refused(.unfit, detail: peer.detail) }
        guard !names.isEmpty else { return .accepted(identity: peer.identity) }
        guard let name = peer.names.first(where: { name in names.contains { HostNames.match($0, name) } })
        else {
            return .refused(.nameUnknown, detail: peer.detail)
        }
        return .accepted(identity: name)
    }

    /// Nil when a path leads to an authority.
    private func path(
        from peer: Certificate,
        at now: UTCTime,
        over others: [Certificate]
    ) async -> CertificateRefusal? {
        var verifier = Verifier(rootCertificates: authorities) {
            RFC5280Policy(fixedExpiryValidationTime: PeerCertificate.date(now))
            UsesLeftToCaller()
        }
        switch await verifier.validate(leaf: peer, intermediates: CertificateStore(others)) {
        case .validCertificate: return nil
        case .couldNotValidate(let failures):
            let isOld = failures.contains { "\($0.policyFailureReason)".contains("expired") }
            return isOld ? .expired : .untrusted
        }
    }
}

/// Says that names and uses are looked at, which ``CertificatePolicy`` does itself.
private struct UsesLeftToCaller: VerifierPolicy {
    let verifyingCriticalExtensions: [ASN1ObjectIdentifier] = [
        .X509ExtensionID.extendedKeyUsage, .X509ExtensionID.subjectAlternativeName,
    ]

    func chainMeetsPolicyRequirements(
        chain: UnverifiedCertificateChain
    ) async -> PolicyEvaluationResult { .meetsPolicy }
}
