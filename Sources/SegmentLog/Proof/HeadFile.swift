// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import Digests
import EventModel
public import Platform

/// The signed heads of a stream, oldest first, in one file of text to which heads are appended.
///
/// Each note is followed by an empty line. An unfinished note at the end is that of a crash and is passed
/// over.
///
/// - Source: `schemas/disk/leaf-v1.md`, section 3.
public enum HeadFile {
    static let name = "heads"
    /// Heads of three years at one in five minutes are about 80 MB.
    static let sizeMaxBytes = 256 << 20

    private static func path(_ store: String, _ stream: String) -> String {
        FileNames.stream(store, stream) + "/" + name
    }

    /// Appends a head and makes it durable.
    public static func append(
        _ head: SignedHead,
        storage: any LogStorage,
        path store: String,
        stream: String
    ) throws(StorageError) {
        let path = path(store, stream)
        let isNew = try !storage.exists(path)
        let file = try storage.open(path, isNew ? .create : .update)
        let size = try file.size()
        // Ends a note that a crash cut short, so that this one begins after an empty line.
        let tail = try file.read(at: max(0, size - 2), count: 2)
        let gap = size == 0 || tail == [0x0a, 0x0a] ? "" : "\n\n"
        try file.write(Array((gap + head.text + "\n").utf8).span, at: size)
        try file.synchronise()
        if isNew { try storage.synchroniseDirectory(FileNames.stream(store, stream)) }
    }

    /// All heads that are whole.
    public static func read(
        storage: any LogStorage,
        path store: String,
        stream: String
    ) throws(StorageError) -> [SignedHead] {
        try notes(storage, path(store, stream)).compactMap(SignedHead.init)
    }

    /// Notes as long as a head that are none: not those that a crash cut short, but altered ones.
    public static func unreadableCount(
        storage: any LogStorage,
        path store: String,
        stream: String
    ) throws(StorageError) -> Int {
        try notes(storage, path(store, stream)).filter { SignedHead($0) == nil && isWhole($0) }.count
    }

    /// Whether the last word is as long as an Ed25519 signature with the four bytes of its key.
    private static func isWhole(_ note: String) -> Bool {
        note.split(whereSeparator: \.isWhitespace).last?.utf8.count == (4 + 64 + 2) / 3 * 4
    }

    private static func notes(_ storage: any LogStorage, _ path: String) throws(StorageError) -> [String] {
        guard let size = try storage.size(path) else { return [] }
        return notes(in: try storage.open(path, .read).read(at: 0, count: min(size, sizeMaxBytes)))
    }

    /// Runs of two paragraphs of which the second is a signature.
    static func notes(in bytes: [UInt8]) -> [String] {
        var notes: [String] = []
        var body: ArraySlice<UInt8>?
        var start = 0
        var index = 0
        while index + 1 < bytes.count {
            guard bytes[index] == 0x0a, bytes[index + 1] == 0x0a else {
                index += 1
                continue
            }
            let paragraph = bytes[start...index]
            if let first = body, paragraph.starts(with: Array("\u{2014} ".utf8)) {
                notes.append(String(decoding: first + [0x0a] + paragraph, as: UTF8.self))
                body = nil
            } else {
                body = paragraph
            }
            // A note that was cut short may leave more than one empty line.
            while index < bytes.count, bytes[index] == 0x0a { index += 1 }
            start = index
        }
        return notes
    }
}
