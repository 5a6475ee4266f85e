// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// Modifiers that turn a text into how a device would have written it.
enum TextEncoding: String, Sendable, CaseIterable {
    case base64
    case base64offset
    case wide
    case utf16le
    case utf16be
    case utf16
    case windash

    /// Why a text cannot be encoded, after the modifier's name.
    struct Refusal: Error {
        let reason: String
    }

    /// Most texts that `windash` makes of one: four dashes, five kinds each.
    static let dashCountMax = 4

    /// Whether one value of the file becomes several.
    var givesAlternatives: Bool { self == .base64offset || self == .windash }

    /// The texts that `text` becomes; one, unless ``givesAlternatives``.
    func applied(to text: SigmaText) throws(Refusal) -> [SigmaText] {
        guard text.placeholders.isEmpty else { throw Refusal(reason: "must stand before `expand`") }
        switch self {
        case .base64: return [text.with(TextEncoding.base64(try literal(text)[...]))]
        case .base64offset: return try offsets(literal(text)).map { text.with($0) }
        case .wide, .utf16le: return [TextEncoding.units(text, bigEndian: false)]
        case .utf16be: return [TextEncoding.units(text, bigEndian: true)]
        case .utf16:
            let encoded = TextEncoding.units(SigmaText(literal: try literal(text)), bigEndian: false)
            return [text.with([0xff, 0xfe] + (encoded.literal ?? []))]
        case .windash: return try TextEncoding.dashes(text)
        }
    }

    private func literal(_ text: SigmaText) throws(Refusal) -> [UInt8] {
        guard let bytes = text.literal else { throw Refusal(reason: "takes text without wildcards") }
        return bytes
    }

    // MARK: - Base64

    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8
    )

    /// RFC 4648 section 4, padded.
    static func base64(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        var encoded: [UInt8] = []
        var index = bytes.startIndex
        while index < bytes.endIndex {
            let group = bytes[index..<min(index + 3, bytes.endIndex)]
            var bits = 0
            for offset in 0..<3 { bits = bits << 8 | (offset < group.count ? Int(group[index + offset]) : 0) }
            for place in 0..<4 {
                encoded.append(place <= group.count ? alphabet[bits >> (18 - 6 * place) & 0x3f] : 0x3d)
            }
            index += 3
        }
        return encoded
    }

    /// The parts of the encoding that do not depend on what stands around the text, for its three positions.
    ///
    /// The text counts in bytes. Fewer than three leave nothing certain at some position, which with
    /// `contains` would match everything.
    private func offsets(_ bytes: [UInt8]) throws(Refusal) -> [[UInt8]] {
        guard bytes.count >= 3 else { throw Refusal(reason: "needs at least 3 bytes to look for") }
        return (0..<3).map { shift in
            let encoded = TextEncoding.base64((Array(repeating: 0x20, count: shift) + bytes)[...])
            let cut = [0, 3, 2][(bytes.count + shift) % 3]
            return Array(encoded[[0, 2, 3][shift]..<(encoded.count - cut)])
        }
    }

    // MARK: - UTF-16

    /// The text in UTF-16; wildcards stay.
    private static func units(_ text: SigmaText, bigEndian: Bool) -> SigmaText {
        text.replacingLiterals { bytes in
            let units = String(decoding: bytes, as: UTF8.self).utf16
            return [
                .literal(
                    units.flatMap { unit in
                        let pair = [UInt8(unit & 0xff), UInt8(unit >> 8)]
                        return bigEndian ? pair.reversed() : pair
                    }
                )
            ]
        }
    }

    // MARK: - Dashes

    private static let dashes = ["-", "/", "\u{2013}", "\u{2014}", "\u{2015}"].map { Array($0.utf8) }

    /// Every way to write the dashes and slashes that begin a word.
    private static func dashes(_ text: SigmaText) throws(Refusal) -> [SigmaText] {
        // A place is marked by a placeholder that no rule can write: its name is empty.
        let marked = text.replacingLiterals { bytes in
            var parts: [SigmaText.Part] = []
            var literal: [UInt8] = []
            for (index, byte) in bytes.enumerated() {
                guard byte == 0x2d || byte == 0x2f, index == 0 || !isWordByte(bytes[index - 1]),
                    index + 1 < bytes.count, isWordByte(bytes[index + 1])
                else {
                    literal.append(byte)
                    continue
                }
                parts += [.literal(literal), .placeholder("")]
                literal = []
            }
            return parts + [.literal(literal)]
        }
        guard marked.placeholders.count <= dashCountMax else {
            throw Refusal(reason: "takes at most \(dashCountMax) dashes; split the value")
        }
        var texts = [marked]
        for _ in marked.placeholders {
            texts = texts.flatMap { text in
                dashes.map { text.replacingFirstPlaceholder(by: SigmaText(literal: $0)) }
            }
        }
        return texts
    }

    /// Letters, digits and underscore; bytes beyond ASCII are taken for parts of letters.
    private static func isWordByte(_ byte: UInt8) -> Bool {
        byte >= 0x80 || RegularExpression.isWord(UInt32(byte))
    }
}

extension SigmaText {
    /// Other bytes, the same case rule.
    fileprivate func with(_ bytes: [UInt8]) -> SigmaText {
        var text = SigmaText(literal: bytes)
        text.isCased = isCased
        return text
    }
}
