// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Certificates
import Digests
import EventModel
import Testing

@Suite struct CertificatePolicyTests {
    private static let now = UTCTime(nanoseconds: 1_790_000_000 * UTCTime.second)
    private static let day: Int64 = 86_400 * UTCTime.second

    private let authority: TestAuthority

    init() throws {
        authority = try CertificatePolicyTests.authority("Test CA")
    }

    private static func authority(_ name: String) throws -> TestAuthority {
        try TestAuthority(
            name: name,
            from: now.advanced(by: -30 * day),
            through: now.advanced(by: 30 * day)
        )
    }

    private func client(
        _ name: String,
        use: TestAuthority.Use = .client,
        from: Int64 = -1,
        through: Int64 = 1,
        by other: TestAuthority? = nil
    ) throws -> TestAuthority.Issued {
        try (other ?? authority).issue(
            name,
            for: use,
            addresses: [try #require(IPAddress("10.20.0.7"))],
            from: CertificatePolicyTests.now.advanced(by: from * CertificatePolicyTests.day),
            through: CertificatePolicyTests.now.advanced(by: through * CertificatePolicyTests.day)
        )
    }

    private func verdict(
        _ issued: TestAuthority.Issued,
        names: [String] = [],
        fingerprints: [String] = []
    ) async throws -> CertificateVerdict {
        let policy = try CertificatePolicy(
            authorities: fingerprints.isEmpty ? Array(authority.issued.certificate.utf8) : nil,
            names: names,
            fingerprints: fingerprints
        )
        return await policy.verdict(on: [try encoded(issued)], at: CertificatePolicyTests.now)
    }

    private func encoded(_ issued: TestAuthority.Issued) throws -> [UInt8] {
        let lines = issued.certificate.split(separator: "\n").filter { !$0.hasPrefix("-----") }
        return try #require(Base64Text.bytes(lines.joined()))
    }

    private func refusal(_ verdict: CertificateVerdict) -> CertificateRefusal? {
        if case .refused(let reason, _) = verdict { reason } else { nil }
    }

    @Test func `a certificate of the authority is known by its name`() async throws {
        let verdict = try await verdict(client("pump-7.example.org"))
        #expect(verdict == .accepted(identity: "pump-7.example.org"))
    }

    @Test(arguments: [
        (-3, -1, CertificateRefusal.expired), (1, 3, .notYetValid),
    ])
    func `a certificate outside its time is refused for that`(
        from: Int64,
        through: Int64,
        reason: CertificateRefusal
    ) async throws {
        let verdict = try await verdict(client("a.example.org", from: from, through: through))
        #expect(refusal(verdict) == reason)
    }

    @Test func `a certificate of another authority of the same name is refused as unknown`() async throws {
        let other = try CertificatePolicyTests.authority("Test CA")
        let verdict = try await verdict(client("a.example.org", by: other))
        #expect(refusal(verdict) == .untrusted)
    }

    @Test func `a server's certificate and bytes that are none are unfit`() async throws {
        let verdict = try await verdict(client("a.example.org", use: .server))
        #expect(refusal(verdict) == .unfit)
        let policy = try CertificatePolicy(authorities: Array(authority.issued.certificate.utf8))
        for bytes in [[], [0x30, 0x03, 1, 2, 3]] as [[UInt8]] {
            #expect(refusal(await policy.verdict(on: [bytes], at: CertificatePolicyTests.now)) == .unfit)
        }
        #expect(refusal(await policy.verdict(on: [], at: CertificatePolicyTests.now)) == .unfit)
    }

    @Test(arguments: [
        (["pump-7.example.org"], "pump-7.example.org", true),
        (["PUMP-7.example.org"], "pump-7.example.org", true),
        (["*.example.org"], "pump-7.example.org", true), (["pump-7.example.org"], "*.example.org", true),
        (["*.example.org"], "a.pump-7.example.org", false), (["*.example.org"], "example.org", false),
        (["*.example.org"], "*.example.org", true), (["a.example.org"], "*.org", false),
        (["a.b.example.org"], "*.example.org", false), (["pump-7"], "pump-7.example.org", false),
        (["x", "pump-7.example.org"], "pump-7.example.org", true), (["10.20.0.7"], "other.example.org", true),
        (["10.20.0.8"], "other.example.org", false), (["ump-7.example.org"], "pump-7.example.org", false),
        (["x.org"], "*.org", false),
    ])
    func `names match but for case, a star the left-most label only`(
        names: [String],
        name: String,
        matches: Bool
    ) async throws {
        let verdict = try await verdict(client(name), names: names)
        #expect((refusal(verdict) == nil) == matches, "\(verdict)")
        if !matches { #expect(refusal(verdict) == .nameUnknown) }
    }

    @Test func `a listed fingerprint is believed whatever else the certificate says`() async throws {
        let other = try CertificatePolicyTests.authority("Elsewhere")
        let issued = try client("a.example.org", from: -3, through: -1, by: other)
        let listed = try await verdict(issued, fingerprints: [issued.fingerprint])
        #expect(listed == .accepted(identity: issued.fingerprint))
        let short = "sha-1:" + Hexadecimal.text(sha1(try encoded(issued)))
        let byShort = try await verdict(issued, fingerprints: [short])
        #expect(byShort == .accepted(identity: issued.fingerprint))
        let unlisted = try await verdict(client("a.example.org"), fingerprints: [issued.fingerprint])
        #expect(refusal(unlisted) == .fingerprintUnknown)
    }

    @Test func `authorities that are no certificates are refused`() {
        for text in ["", "no pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            #expect(throws: CertificateError.unreadable) {
                try CertificatePolicy(authorities: Array(text.utf8))
            }
        }
    }
}
