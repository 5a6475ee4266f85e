// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Digests
import WireFormats

extension SiteKey {
    /// The token of the patient identifier at `range`.
    ///
    /// HMAC-SHA-256 under the site key in lower-case hexadecimal, cut to ``tokenLength`` digits; blanks
    /// around the identifier do not count.
    func token(of bytes: Span<UInt8>, _ range: Range<Int>) -> [UInt8] {
        var start = range.lowerBound
        var end = range.upperBound
        while start < end, bytes[start].isBlank { start += 1 }
        while end > start, bytes[end - 1].isBlank { end -= 1 }
        var identifier: [UInt8] = []
        for index in start..<end { identifier.append(bytes[index]) }
        let mac = NormalizationDigests.hmac(key: secret, identifier)
        let digits = Array("0123456789abcdef".utf8)
        var token: [UInt8] = []
        for byte in mac.prefix(SiteKey.tokenLength / 2) {
            token.append(digits[Int(byte >> 4)])
            token.append(digits[Int(byte & 15)])
        }
        return token
    }
}

/// The digests that this module needs, in the shapes it needs them.
enum NormalizationDigests {
    /// SHA-256 of `bytes`.
    static func sha256(_ bytes: [UInt8]) -> [UInt8] { Digests.sha256(bytes).bytes }

    /// HMAC-SHA-256 of `bytes` under `key`.
    static func hmac(key: [UInt8], _ bytes: [UInt8]) -> [UInt8] { hmacSHA256(key: key, bytes) }
}
