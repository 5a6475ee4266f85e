// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import Digests
import EventModel
public import Platform

/// The signed heads of a stream in the order in which they were signed; one at the end of a segment may
/// follow one of more records.
///
/// - Source: `schemas/disk/leaf-v1.md`, section 3.
public enum HeadFile {
    static let name = "heads"

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
        try NoteFile.append(head.text, storage: storage, path: path(store, stream))
    }

    /// All heads that are whole.
    public static func read(
        storage: any LogStorage,
        path store: String,
        stream: String
    ) throws(StorageError) -> [SignedHead] {
        try NoteFile.read(storage: storage, path: path(store, stream)).compactMap(SignedHead.init)
    }

    /// Notes that are no head: not those that a crash cut short, but altered ones.
    public static func unreadableCount(
        storage: any LogStorage,
        path store: String,
        stream: String
    ) throws(StorageError) -> Int {
        try NoteFile.read(storage: storage, path: path(store, stream)).filter {
            SignedHead($0) == nil && !NoteFile.isCut($0)
        }.count
    }

    /// The head that covers most; nil if there is none.
    public static func newest(
        storage: any LogStorage,
        path store: String,
        stream: String
    ) throws(StorageError) -> SignedHead? {
        try read(storage: storage, path: store, stream: stream).max { $0.size < $1.size }
    }
}
