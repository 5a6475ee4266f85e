// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Digests
public import EventModel
public import Pipeline
public import Platform
import SegmentLog
public import Timelines

/// The holds of a store: signed notes that place and end them, oldest first, none ever removed.
///
/// - Source: `schemas/disk/leaf-v1.md`, section 6.
public struct HoldFile: Sendable {
    private let storage: any LogStorage
    private let store: StorePaths
    private var path: String { store.root + "/holds" }

    /// The holds of `store`.
    public init(_ store: StorePaths, storage: any LogStorage) {
        self.store = store
        self.storage = storage
    }

    /// The holds in force.
    ///
    /// - Throws: `integrity` when a note has no signature of the store's key or is no hold: what is held
    ///   would be unknown.
    public func inForce() throws(WardlineError) -> [Hold] {
        var holds: [Hold] = []
        let keys = try keys()
        for text in try notes() {
            guard let note = SignedNote(text), keys.contains(where: { note.isSigned(by: $0) }) else {
                throw WardlineError(
                    .integrity,
                    "A hold is not signed by the store's key: nothing is removed until this is cleared up.",
                    location: path
                )
            }
            if let hold = Hold(note) {
                holds.removeAll { $0.name == hold.name }
                holds.append(hold)
            } else if let name = Hold.removed(by: note) {
                holds.removeAll { $0.name == name }
            } else {
                throw WardlineError(.integrity, "A note among the holds is none.", location: path)
            }
        }
        return holds
    }

    /// What the file is now, for the log to keep.
    public func mark() throws(WardlineError) -> IncidentAct.HoldsMark {
        IncidentAct.HoldsMark(of: try onDisk { () throws(StorageError) -> [UInt8] in try bytes() })
    }

    /// Checks that nothing is gone of what the log says was there; nil where it says nothing.
    ///
    /// - Throws: `integrity` when something is: what was held would be unknown.
    public func check(_ mark: IncidentAct.HoldsMark?) throws(WardlineError) {
        let stored = try onDisk { () throws(StorageError) -> [UInt8] in try bytes() }
        guard let mark, !mark.isKept(in: stored) else { return }
        throw WardlineError(
            .integrity,
            "Holds are gone that the log says were placed or ended: nothing is removed until the file is "
                + "restored from a copy.",
            location: path
        )
    }

    /// Places a hold.
    ///
    /// - Throws: `usage` when there is one of that name.
    public func add(_ hold: Hold) throws(WardlineError) {
        guard try !inForce().contains(where: { $0.name == hold.name }) else {
            throw WardlineError(.usage, "There is a hold `\(hold.name)` already. Choose another name.")
        }
        try append(hold.body) { note in
            Hold(note).map { $0.offsets == hold.offsets && $0.period == hold.period } ?? false
        }
    }

    /// Ends a hold; the notes of it stay.
    ///
    /// - Throws: `usage` when there is none of that name.
    public func remove(
        _ name: String,
        reason: String,
        actor: String,
        time: UTCTime
    ) throws(WardlineError) {
        guard try inForce().contains(where: { $0.name == name }) else {
            throw WardlineError(.usage, "There is no hold `\(name)`. `wardline hold list` lists them.")
        }
        try append(Hold.removal(name, reason: reason, actor: actor, time: time)) {
            Hold.removed(by: $0) == name
        }
    }

    /// Appends a signed note which `isWhole` reads as what was meant: another one would hide all others.
    private func append(_ body: String, _ isWhole: (SignedNote) -> Bool) throws(WardlineError) {
        let signer = try HeadSigner.open(store, storage: storage)
        guard let note = signer.note(body, stream: "records"), isWhole(note) else {
            throw WardlineError(.internal, "The note could not be signed.", location: path)
        }
        // Written anew as a whole: a note that a crash cut short would look like one that was broken.
        try onDisk { () throws(StorageError) in
            try storage.writeAtomically(try bytes() + Array((note.text + "\n").utf8), to: path)
        }
    }

    private func bytes() throws(StorageError) -> [UInt8] {
        try storage.exists(path) ? storage.readFile(path) : []
    }

    /// The notes; the file must consist of them.
    private func notes() throws(WardlineError) -> [String] {
        let stored = try onDisk { () throws(StorageError) -> [UInt8] in try bytes() }
        let notes = NoteFile.notes(in: stored)
        guard notes.flatMap({ Array(($0 + "\n").utf8) }) == stored else {
            throw WardlineError(
                .integrity,
                "The file of holds was changed: nothing can be removed until this is cleared up.",
                location: path
            )
        }
        return notes
    }

    private func keys() throws(WardlineError) -> [NoteKey] {
        try onDisk { () throws(StorageError) in
            guard try storage.exists(store.headPublic) else { return [] }
            let text = String(decoding: try storage.readFile(store.headPublic), as: UTF8.self)
            return text.split(separator: "\n").compactMap { NoteKey($0) }
        }
    }

    private func onDisk<Result>(
        _ body: () throws(StorageError) -> Result
    ) throws(WardlineError) -> Result {
        do throws(StorageError) {
            return try body()
        } catch {
            throw WardlineError(
                .storage,
                "The holds cannot be read or written.",
                cause: error.description,
                location: path
            )
        }
    }
}
