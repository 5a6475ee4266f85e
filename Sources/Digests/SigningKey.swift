// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Crypto

/// An Ed25519 key that signs (RFC 8032; computed by swift-crypto).
public struct SigningKey: Sendable {
    /// Bytes of a secret.
    public static let secretSize = 32
    /// Bytes of a public key.
    public static let publicSize = 32
    /// Bytes of a signature.
    public static let signatureSize = 64

    private let key: Curve25519.Signing.PrivateKey

    /// A new key.
    public init() { key = Curve25519.Signing.PrivateKey() }

    /// The key of a secret; nil unless it has 32 bytes.
    public init?(secret: [UInt8]) {
        guard secret.count == SigningKey.secretSize,
            let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: secret)
        else { return nil }
        self.key = key
    }

    /// The 32 secret bytes.
    public var secret: [UInt8] { Array(key.rawRepresentation) }

    /// The 32 bytes of the public key.
    public var publicKey: [UInt8] { Array(key.publicKey.rawRepresentation) }

    /// Signs; nil only when the random generator fails.
    public func signature(of bytes: [UInt8]) -> [UInt8]? {
        (try? key.signature(for: bytes)).map { Array($0) }
    }
}

/// Whether `signature` is that of `bytes` under an Ed25519 public key.
public func isValid(signature: [UInt8], of bytes: [UInt8], publicKey: [UInt8]) -> Bool {
    guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: publicKey) else { return false }
    return key.isValidSignature(signature, for: bytes)
}
