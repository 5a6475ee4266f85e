// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// Base64 with padding, in its one canonical form.
///
/// - Source: RFC 4648, section 4.
public enum Base64Text {
    private static let symbols = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8
    )

    /// The text of `bytes`.
    public static func text(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            var word = group.reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            word <<= UInt32((3 - group.count) * 8)
            for lane in 0..<4 {
                let symbol = symbols[Int(word >> UInt32(18 - lane * 6)) & 63]
                text.append(lane <= group.count ? symbol : 0x3d)
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The bytes of `text`; nil unless ``text(_:)`` gives the same text for them.
    public static func bytes(_ text: some StringProtocol) -> [UInt8]? {
        var bytes: [UInt8] = []
        var word: UInt32 = 0
        var bits = 0
        for symbol in text.utf8 {
            if symbol == 0x3d { break }
            guard let value = symbols.firstIndex(of: symbol) else { return nil }
            word = word << 6 | UInt32(value)
            bits += 6
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: word >> UInt32(bits)))
            }
        }
        return Base64Text.text(bytes) == text ? bytes : nil
    }
}
