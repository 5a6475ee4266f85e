// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Crypto

/// A SHA-256 value: 32 bytes, compared and hashed as one value.
///
/// Source: FIPS 180-4; computed by swift-crypto.
public struct SHA256Digest: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Bytes of a digest.
    public static let byteCount = 32

    /// The 32 bytes.
    public let bytes: [UInt8]

    /// Wraps 32 bytes; nil for any other count.
    public init?(bytes: [UInt8]) {
        guard bytes.count == SHA256Digest.byteCount else { return nil }
        self.bytes = bytes
    }

    /// Parses 64 hexadecimal digits, either case; nil for anything else.
    public init?(hexadecimal text: String) {
        guard let bytes = Hexadecimal.bytes(text) else { return nil }
        self.init(bytes: bytes)
    }

    fileprivate init(_ value: SHA256.Digest) {
        bytes = Array(value)
    }

    /// The digest as 64 lower-case hexadecimal digits.
    public var hexadecimal: String { Hexadecimal.text(bytes) }

    /// The digest as 64 lower-case hexadecimal digits.
    public var description: String { hexadecimal }

    /// Orders as the bytes do.
    public static func < (left: SHA256Digest, right: SHA256Digest) -> Bool {
        left.bytes.lexicographicallyPrecedes(right.bytes)
    }
}

/// SHA-256 over bytes that arrive in pieces.
public struct SHA256Hasher: Sendable {
    private var state = SHA256()

    /// Starts with no bytes.
    public init() {}

    /// Adds `bytes`.
    public mutating func update(_ bytes: [UInt8]) {
        state.update(data: bytes)
    }

    /// Adds a part of `bytes` without copying it.
    public mutating func update(_ bytes: ArraySlice<UInt8>) {
        state.update(data: bytes)
    }

    /// The digest of all bytes added so far; more may be added afterwards.
    public func digest() -> SHA256Digest {
        SHA256Digest(state.finalize())
    }
}

/// SHA-256 of `bytes`.
public func sha256(_ bytes: [UInt8]) -> SHA256Digest {
    SHA256Digest(SHA256.hash(data: bytes))
}

/// Appends the 32 bytes of the SHA-256 of `bytes` to `output`; allocates nothing else.
///
/// For digests of single records, which are short and many: decision 0019.
public func appendSHA256(of bytes: Span<UInt8>, to output: inout [UInt8]) {
    TreeHash(digesting: bytes).append(to: &output)
}

/// HMAC-SHA-256 of `bytes` under `key`, 32 bytes.
///
/// - Source: RFC 2104 with FIPS 180-4; a key of any length, longer than 64 bytes is hashed first.
public func hmacSHA256(key: [UInt8], _ bytes: [UInt8]) -> [UInt8] {
    Array(HMAC<SHA256>.authenticationCode(for: bytes, using: SymmetricKey(data: key)))
}

/// SHA-256 of a part of a buffer, without a copy.
public func sha256(_ bytes: ArraySlice<UInt8>) -> SHA256Digest {
    SHA256Digest(SHA256.hash(data: bytes))
}

/// Random bytes from the system's generator, for keys.
public func randomBytes(_ count: Int) -> [UInt8] {
    var generator = SystemRandomNumberGenerator()
    return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
}

/// SHA-1 of `bytes`, 20 bytes; only where a standard names things by it, never to protect anything.
///
/// - Source: RFC 5425 section 4.2.2, fingerprints of certificates.
public func sha1(_ bytes: [UInt8]) -> [UInt8] { Array(Insecure.SHA1.hash(data: bytes)) }

/// A new P-256 private key as PEM text (PKCS #8).
public func newP256PrivateKey() -> String { P256.Signing.PrivateKey().pemRepresentation }
