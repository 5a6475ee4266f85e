// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// The site's secret for patient tokens.
///
/// Decoded columns hold tokens only; clear identifiers stay in raw bytes.
public struct SiteKey: Hashable, Sendable {
    /// Name of the key; an input to verdicts, so that a change of key shows.
    public var id: String
    /// The secret bytes.
    public var secret: [UInt8]

    /// Wraps a secret under its name.
    public init(id: String, secret: [UInt8]) {
        self.id = id
        self.secret = secret
    }

    /// Hexadecimal digits of a token: 128 of the 256 bits, enough that no two patients of a site meet.
    public static let tokenLength = 32
}
