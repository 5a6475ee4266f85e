// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Digests
import EventModel
public import Platform

/// Signed notes, oldest first, in one file of text to which notes are appended.
///
/// Each note is followed by an empty line. An unfinished note at the end is that of a crash and is passed
/// over.
public enum NoteFile {
    /// Heads of three years at one in five minutes are about 80 MB.
    static let sizeMaxBytes = 256 << 20

    /// Appends a note and makes it durable.
    public static func append(
        _ text: String,
        storage: any LogStorage,
        path: String
    ) throws(StorageError) {
        let isNew = try !storage.exists(path)
        let file = try storage.open(path, isNew ? .create : .update)
        let size = try file.size()
        // Ends a note that a crash cut short, so that this one begins after an empty line.
        let tail = try file.read(at: max(0, size - 2), count: 2)
        let gap = size == 0 || tail == [0x0a, 0x0a] ? "" : "\n\n"
        try file.write(Array((gap + text + "\n").utf8).span, at: size)
        try file.synchronise()
        if isNew { try storage.synchroniseDirectory(parentPath(path)) }
    }

    /// The texts of all notes that are whole; none where there is no file.
    public static func read(storage: any LogStorage, path: String) throws(StorageError) -> [String] {
        guard let size = try storage.size(path) else { return [] }
        return notes(in: try storage.open(path, .read).read(at: 0, count: min(size, sizeMaxBytes)))
    }

    /// Whether a crash can have left this text of ``read(storage:path:)``: its last line is the beginning of
    /// a signature, and not all of it.
    ///
    /// Any other text that is no note was altered.
    ///
    /// - Source: `schemas/disk/leaf-v1.md`, section 3.
    static func isCut(_ text: String) -> Bool {
        guard SignedNote(text) == nil, let line = text.utf8.split(separator: 0x0a).last else { return false }
        let mark = "\u{2014}".utf8
        guard line.starts(with: mark) else { return false }
        var rest = line.dropFirst(mark.count)
        guard rest.first == 0x20 else { return rest.isEmpty }
        rest = rest.dropFirst()
        guard let blank = rest.firstIndex(of: 0x20) else { return true }
        let word = rest[blank...].dropFirst()
        let signs = word.last == 0x3d ? word.dropLast() : word
        return word.count < signatureLength && signs.allSatisfy(isBase64)
    }

    /// Letters of an Ed25519 signature with the four bytes of its key.
    private static let signatureLength = (4 + SigningKey.signatureSize + 2) / 3 * 4

    private static func isBase64(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2b, 0x2f: true
        default: false
        }
    }

    /// Runs of two paragraphs of which the second is a signature; other paragraphs are passed over.
    public static func notes(in bytes: [UInt8]) -> [String] {
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
