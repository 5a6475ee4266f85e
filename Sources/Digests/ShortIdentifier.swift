// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// Short names for alerts and incidents: the start of a SHA-256 in letters that people can read aloud.
///
/// Ten characters carry 50 bits: among 100,000 alerts the chance that any two collide is below one in
/// 200,000.
public enum ShortIdentifier {
    /// Characters of an identifier unless the caller asks for more.
    public static let defaultLength = 10

    /// Most characters: all 256 bits of a digest fill 51 and one bit of another.
    public static let lengthMax = 51

    /// The first `length` characters of the digest in lower-case base 32.
    ///
    /// `length` is 1...51.
    ///
    /// - Source: RFC 4648 section 6, alphabet `a...z2...7`, without padding.
    public static func text(of digest: SHA256Digest, length: Int = defaultLength) -> String {
        precondition((1...lengthMax).contains(length), "an identifier has 1...51 characters")
        let alphabet = Array("abcdefghijklmnopqrstuvwxyz234567".utf8)
        var text: [UInt8] = []
        var pending: UInt32 = 0
        var bits: UInt32 = 0
        for byte in digest.bytes {
            pending = (pending << 8 | UInt32(byte)) & 0xffff
            bits += 8
            while bits >= 5, text.count < length {
                bits -= 5
                text.append(alphabet[Int(pending >> bits & 31)])
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
