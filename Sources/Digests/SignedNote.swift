// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// A name with the public key whose signatures count under it.
///
/// - Source: C2SP signed-note; the text form is `name+hash+key`, the hash 8 hexadecimal digits, the key the
///   base64 of the byte 1 (Ed25519) and 32 bytes.
public struct NoteKey: Hashable, Sendable {
    /// Name of the log: no spaces, no plus sign, not empty.
    public let name: String
    /// The Ed25519 public key.
    public let publicKey: [UInt8]

    private static let algorithm: UInt8 = 1

    /// A key under a name; nil if either has a wrong form.
    public init?(name: String, publicKey: [UInt8]) {
        let isPlain = name.unicodeScalars.allSatisfy {
            $0 != "+" && !$0.properties.isWhitespace && $0.value >= 0x20
        }
        guard !name.isEmpty, isPlain, publicKey.count == SigningKey.publicSize else { return nil }
        self.name = name
        self.publicKey = publicKey
    }

    /// Parses the text form; nil for anything else.
    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "+", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, let key = Base64Text.bytes(parts[2]), key.first == NoteKey.algorithm else {
            return nil
        }
        self.init(name: String(parts[0]), publicKey: Array(key.dropFirst()))
        guard Hexadecimal.text(identifier) == parts[1] else { return nil }
    }

    /// The four bytes that tell keys of one name apart.
    public var identifier: [UInt8] {
        Array(sha256(Array(name.utf8) + [0x0a, NoteKey.algorithm] + publicKey).bytes.prefix(4))
    }

    /// Whether notes of the stream of a store count under the name, which is `LOG/STREAM` or the stream's.
    public func isOf(_ stream: String) -> Bool { name == stream || name.hasSuffix("/" + stream) }

    /// The text form.
    public var text: String {
        "\(name)+\(Hexadecimal.text(identifier))+\(Base64Text.text([NoteKey.algorithm] + publicKey))"
    }
}

/// A text with signatures below it.
///
/// - Source: C2SP signed-note.
public struct SignedNote: Hashable, Sendable {
    /// What is signed: lines, each ended by a line feed, none empty.
    public let body: String
    /// The whole note.
    public let text: String
    private let signatures: [Substring]

    /// A witness may add signatures and extensions; more than this is no note.
    public static let sizeMaxBytes = 65_536

    /// Signs `body` under `name`; nil when the body has another form or signing fails.
    public init?(_ body: String, name: String, key: SigningKey) {
        guard let noteKey = NoteKey(name: name, publicKey: key.publicKey),
            let signature = key.signature(of: Array(body.utf8))
        else { return nil }
        let line = "\u{2014} \(name) \(Base64Text.text(noteKey.identifier + signature))"
        self.init("\(body)\n\(line)\n")
        guard self.body == body else { return nil }
    }

    /// Parses a note without checking its signatures; nil for anything else.
    public init?(_ text: String) {
        guard text.utf8.count <= SignedNote.sizeMaxBytes, text.hasSuffix("\n"),
            let (body, signatures) = SignedNote.parts(text), !body.hasPrefix("\n"),
            signatures.contains(where: { SignedNote.signature($0) != nil })
        else { return nil }
        self.body = String(body)
        self.text = text
        self.signatures = signatures
    }

    /// The lines of the body.
    public var lines: [Substring] { body.split(separator: "\n") }

    /// A body of these lines; line feeds inside of them are left out, so that no text makes a line of its
    /// own.
    public static func body(_ lines: [String]) -> String {
        lines.map { line in String(line.unicodeScalars.filter { $0 != "\n" && $0 != "\r" }) + "\n" }.joined()
    }

    /// What stands after `name` and a blank in the lines that begin so, in their order.
    public func values(_ name: String) -> [String] {
        // By bytes: a blank and a combining character behind it are one `Character`.
        let start = Array((name + " ").utf8)
        return lines.filter { $0.utf8.starts(with: start) }.map {
            String(decoding: $0.utf8.dropFirst(start.count), as: UTF8.self)
        }
    }

    /// Lines below the body, signatures or not.
    public var signatureCount: Int { signatures.count }

    /// Whether the note has a signature of `key` over its body.
    public func isSigned(by key: NoteKey) -> Bool {
        signatures.compactMap(SignedNote.signature).contains { name, identifier, signature in
            name == key.name && identifier == key.identifier
                && isValid(signature: signature, of: Array(body.utf8), publicKey: key.publicKey)
        }
    }

    /// What is signed, and the lines of signatures.
    private static func parts(_ text: String) -> (body: Substring, signatures: [Substring])? {
        var place = text.startIndex
        while let next = text[place...].firstIndex(of: "\n") {
            let after = text.index(after: next)
            if after < text.endIndex, text[after] == "\n" {
                let signatures = text[text.index(after: after)...].split(separator: "\n")
                return signatures.isEmpty ? nil : (text[..<after], signatures)
            }
            place = after
        }
        return nil
    }

    /// Name, key identifier and Ed25519 signature of a line; nil for a line of another form.
    private static func signature(
        _ line: Substring
    ) -> (name: Substring, key: [UInt8], signature: [UInt8])? {
        let words = line.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 3, words[0] == "\u{2014}", let bytes = Base64Text.bytes(words[2]),
            bytes.count == 4 + SigningKey.signatureSize
        else { return nil }
        return (words[1], Array(bytes.prefix(4)), Array(bytes.dropFirst(4)))
    }
}

/// A tree of `size` leaves, signed: a C2SP checkpoint, three lines and a signature.
///
/// - Source: C2SP tlog-checkpoint and signed-note.
public struct SignedHead: Hashable, Sendable {
    /// Name of the log and stream.
    public let origin: String
    /// Leaves.
    public let size: UInt64
    /// Root of the tree of them.
    public let root: TreeHash
    private let note: SignedNote

    /// The whole note.
    public var text: String { note.text }

    /// Signs a head; nil only when signing fails.
    public init?(origin: String, size: UInt64, root: TreeHash, key: SigningKey) {
        let body = "\(origin)\n\(size)\n\(Base64Text.text(root.bytes))\n"
        guard let note = SignedNote(body, name: origin, key: key) else { return nil }
        self.origin = origin
        self.size = size
        self.root = root
        self.note = note
    }

    /// Parses a note without checking its signature; nil for anything that is no checkpoint.
    public init?(_ text: String) {
        guard let note = SignedNote(text) else { return nil }
        // The last is what follows the last line feed; lines after the third are extensions.
        let lines = note.body.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count >= 4, !lines.dropLast().contains(where: \.isEmpty), let size = UInt64(lines[1]),
            String(size) == lines[1], let hash = Base64Text.bytes(lines[2]), let root = TreeHash(hash)
        else { return nil }
        origin = String(lines[0])
        self.size = size
        self.root = root
        self.note = note
    }

    /// Whether the note has a signature of `key` over what it says.
    public func isSigned(by key: NoteKey) -> Bool { note.isSigned(by: key) }
}
