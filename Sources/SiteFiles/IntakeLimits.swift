// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel

/// Bounds of one listener: who may send, how much, how fast.
///
/// One place for all transports: a listener asks these, whatever carries its bytes.
public struct IntakeLimits: Hashable, Sendable {
    /// Who may send to a listener, by the address that the kernel saw.
    public enum Allowed: Hashable, Sendable {
        /// Anybody.
        case everyone
        /// Addresses that the site files bind to an asset.
        case inventory
        /// Addresses inside one of these prefixes.
        case prefixes([IPPrefix])
    }

    /// Who may send.
    public var allowed = Allowed.everyone
    /// Connections of one peer address; nil for as many as the listener takes.
    public var connectionsPerPeerMax: Int?
    /// Quiet time after which a connection is closed, in nanoseconds; nil for never.
    public var idleNanoseconds: Int64?
    /// Kept bytes of one record; nil for `limits.max_message`, or the transport's default.
    public var messageSizeMaxBytes: Int?
    /// Records a second of one peer address; nil for any number.
    ///
    /// A second's worth may come at once. Connections are held back beyond it; datagrams are dropped and
    /// counted.
    public var recordsPerSecondMax: Int?

    /// No bounds but those of the process.
    public init() {}

    /// Kept bytes of a datagram when nothing else is said: what fits one.
    public static let datagramSizeDefaultBytes = 65_536
    /// Kept bytes of a frame of a connection when nothing else is said: 1 MiB, a large audit message.
    public static let frameSizeDefaultBytes = 1_048_576
}

/// How a listener proves who it is and whom it believes: paths and names, read when it opens and at a reload.
public struct TransportSecurity: Hashable, Sendable {
    /// Whether senders show a certificate.
    public enum Client: String, Hashable, Sendable, CaseIterable {
        /// They are not asked.
        case none
        /// One that is shown must be good.
        case optional
        /// Without one there is no connection.
        case required
    }

    /// What makes a certificate good.
    public enum Mode: String, Hashable, Sendable, CaseIterable {
        /// A path to an authority of `client_ca`, and a name of `names` if there are any.
        case pkix
        /// Its fingerprint is listed.
        case fingerprint
    }

    /// Oldest version that is spoken.
    public enum Version: String, Hashable, Sendable, CaseIterable {
        /// TLS 1.2.
        case tls12 = "1.2"
        /// TLS 1.3.
        case tls13 = "1.3"
    }

    /// PEM file with the certificate and those that lead from it to its root.
    public var certificatePath: String
    /// PEM file with the certificate's private key.
    public var keyPath: String
    /// PEM file with the authorities of senders; nil if there is none.
    public var authorityPath: String?
    /// Whether senders show a certificate.
    public var client = Client.none
    /// What makes it good.
    public var mode = Mode.pkix
    /// Fingerprints that are believed, lower case: `sha-256:` or `sha-1:` and hexadecimal digits.
    public var fingerprints: [String] = []
    /// Names of which a certificate must have one; empty for any name.
    public var names: [String] = []
    /// Oldest version that is spoken.
    public var versionMin = Version.tls12

    /// A server that asks nobody for a certificate.
    public init(certificatePath: String, keyPath: String) {
        self.certificatePath = certificatePath
        self.keyPath = keyPath
    }

    /// The same with relative paths made absolute by `absolute`.
    func resolved(_ absolute: (String) -> String) -> TransportSecurity {
        var result = self
        result.certificatePath = absolute(certificatePath)
        result.keyPath = absolute(keyPath)
        result.authorityPath = authorityPath.map(absolute)
        return result
    }
}
