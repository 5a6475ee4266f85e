// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// A certificate or key that cannot be read or made.
public enum CertificateError: Error, Hashable, CustomStringConvertible {
    /// The bytes are no PEM certificates.
    case unreadable
    /// The library refused to make one.
    case notMade

    /// What it is.
    public var description: String {
        switch self {
        case .unreadable: "these are no certificates in PEM form"
        case .notMade: "the certificate could not be made"
        }
    }
}

/// Why a peer's certificate is not believed.
public enum CertificateRefusal: Hashable, Sendable, CaseIterable {
    /// Its time is over, or that of an authority above it.
    case expired
    /// Its time has not come.
    case notYetValid
    /// No path leads to an authority that is believed.
    case untrusted
    /// It has none of the names that are expected.
    case nameUnknown
    /// Its fingerprint is not listed.
    case fingerprintUnknown
    /// It cannot be read, or was made for other uses.
    case unfit
}

/// What was decided about a peer's certificate.
public enum CertificateVerdict: Hashable, Sendable {
    /// Believed; the name or fingerprint that the peer is known by.
    case accepted(identity: String)
    /// Not believed; `detail` says which certificate it was.
    case refused(CertificateRefusal, detail: String)
}
