// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// What a listener refuses or finds wrong; the text stands in facts and in `status`.
enum IntakeFault: String, Hashable, Sendable, CaseIterable {
    // Who may send.
    case addressNotAllowed = "address not allowed"
    case tooManyConnections = "too many connections"
    case tooManyOfPeer = "too many connections of one peer"
    case idle = "idle timeout"

    // TLS, before the first record.
    case certificateMissing = "no client certificate"
    case certificateExpired = "client certificate expired"
    case certificateNotYetValid = "client certificate not yet valid"
    case certificateUntrusted = "client certificate of an unknown authority"
    case certificateNameUnknown = "client certificate without an expected name"
    case certificateNotListed = "client certificate with an unlisted fingerprint"
    case certificateUnfit = "client certificate not made for clients, or unreadable"
    case weakVersion = "TLS version too low"
    case noCommonCipher = "no common TLS cipher"
    case notTLS = "no TLS"
    case serverRefused = "peer refused the server certificate"
    case handshakeFailed = "TLS handshake failed"
    case handshakeSlow = "TLS handshake not finished in time"

    // The bytes.
    case countWrong = "octet count wrong"
    case cutInsideCount = "connection ended inside a counted frame"
    case oversized = "record longer than the cap"
    case mixedFraming = "counted and delimited frames on one connection"
    case fillerFlood = "flood of NUL or blanks between frames"
    case relpProtocol = "RELP protocol error"

    // Losses.
    case rateExceeded = "rate limit: datagrams dropped"

    /// Whether bytes were lost that absence must not be concluded from.
    var isLoss: Bool { self == .rateExceeded }

    /// Whether somebody was refused, rather than taken with a flaw.
    var isRefusal: Bool {
        switch self {
        case .countWrong, .cutInsideCount, .oversized, .mixedFraming, .fillerFlood, .rateExceeded, .idle:
            false
        default: true
        }
    }
}
