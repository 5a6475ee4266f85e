// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import WireFormats

/// The pattern of a decoder file that takes lines of one shape.
///
/// A value is named by the word or key before it: `from` an address is `src.ip`, `user` a word is
/// `user.name`; what has no such name becomes `ext.` and that word.
struct PatternDraft {
    /// The pattern as `PatternSyntax` reads it.
    private(set) var pattern = ""
    /// Constant text of at least four bytes, longest first.
    private(set) var literals: [String] = []

    private var used: Set<String> = []
    private var literal: [UInt8] = []
    /// The newest word, folded; what names the next value.
    private var word = ""

    init(_ tokens: [ShapeToken]) {
        for (index, token) in tokens.enumerated() {
            switch token {
            case .blank:
                pattern += " "
                if !literal.isEmpty { literal.append(0x20) }
            case .text(let bytes):
                pattern += PatternDraft.escaped(bytes)
                literal += bytes
                if bytes.contains(where: \.isWordByte) {
                    word = String(decoding: bytes.map(\.folded), as: UTF8.self)
                }
            case .value(let type):
                close()
                // A word ends at a blank or at what follows it; at the end of a line it may be all there is.
                let isLast = index == tokens.count - 1
                pattern += "{\(name(type)):\(isLast && type == .word ? .rest : type)}"
            }
        }
        close()
        literals.sort { ($1.utf8.count, $0) < ($0.utf8.count, $1) }
    }

    private mutating func close() {
        let text = String(decoding: literal, as: UTF8.self).trimmingBlanks
        if text.utf8.count >= 4, !literals.contains(text) { literals.append(text) }
        literal = []
    }

    private static func escaped(_ bytes: [UInt8]) -> String {
        var text = ""
        for character in String(decoding: bytes, as: UTF8.self) {
            if "{}|\\".contains(character) { text.append("\\") }
            text.append(character)
        }
        return text
    }

    private mutating func name(_ type: CaptureType) -> String {
        defer { word = "" }
        var name = wellKnown(type)
        if name.isEmpty {
            let plain = word.unicodeScalars.filter { ("a"..."z").contains($0) || ("0"..."9").contains($0) }
            name = "ext." + (plain.isEmpty ? "value" : String(String.UnicodeScalarView(plain)))
        }
        if used.insert(name).inserted { return name }
        let base = name.hasPrefix("ext.") ? name : "ext." + name
        var number = 2
        while !used.insert("\(base)\(number)").inserted { number += 1 }
        return "\(base)\(number)"
    }

    /// The field that the word before a value tells; empty when it tells none.
    private func wellKnown(_ type: CaptureType) -> String {
        switch type {
        case .ip:
            if ["to", "dst", "dest", "destination", "on", "server"].contains(word) { return "dst.ip" }
            return used.contains("src.ip") ? "dst.ip" : "src.ip"
        case .mac: return "src.mac"
        case .int where ["port", "spt", "sport"].contains(word):
            return used.contains("src.port") || used.contains("dst.ip") ? "dst.port" : "src.port"
        case .word where ["user", "username", "account", "operator", "login", "by"].contains(word):
            return "user.name"
        default: return GenericDecoders.target(of: word) ?? ""
        }
    }
}

extension String {
    /// Without blanks at both ends.
    fileprivate var trimmingBlanks: String {
        var text = Substring(self)
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}
