// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import Digests
public import EventModel
import Pipeline
import Platform
public import SegmentLog
public import Timelines

/// What is known of the rule, decoder and site files of a store.
public struct SetsReport: Hashable, Sendable {
    /// Files that were looked at.
    public var checked = 0
    /// Paths of those whose bytes do not have the hash that they are named by.
    public var altered: [String] = []
    /// Paths of those that a record says were in force and that are not there; `holds` where notes of it
    /// are gone.
    public var missing: [String] = []

    /// Whether every file is there and as it was written.
    public var isSound: Bool { altered.isEmpty && missing.isEmpty }
}

extension StoreReader {
    /// Looks at the files in `sets/`, and for those that records bring into force.
    ///
    /// - Complexity: O(bytes) of the files and of blocks that can hold control records.
    public func checkedSets() throws(WardlineError) -> SetsReport {
        var report = SetsReport()
        var present: Set<String> = []
        for file in try files() where file.path.hasPrefix("sets/") {
            let name = String(file.path.dropFirst(5))
            guard name.utf8.count == 64 else { continue }
            report.checked += 1
            present.insert(name)
            if (try? set(name)) == nil { report.altered.append(file.path) }
        }
        var holds: IncidentAct.HoldsMark?
        let named = try activatedFiles(&holds)
        report.missing = named.subtracting(present).sorted().map { "sets/" + $0 }
        if let holds, !holds.isKept(in: (try? storage.readFile(path + "/holds")) ?? []) {
            report.missing.append("holds")
        }
        return report
    }

    /// What the newest record of a hold says of the file of holds; nil where there is none.
    public func holdsMark() throws(WardlineError) -> IncidentAct.HoldsMark? {
        var mark: IncidentAct.HoldsMark?
        try forEachControlRecordBackward { kind, _, bytes in
            mark = IncidentAct.HoldsMark(kind, bytes)
            return mark == nil
        }
        return mark
    }

    /// SHA-256 of all files that records of the store name; on the way the newest mark of the holds.
    private func activatedFiles(_ holds: inout IncidentAct.HoldsMark?) throws(WardlineError) -> Set<String> {
        var named: Set<String> = []
        var manifests: Set<String> = []
        var newest: IncidentAct.HoldsMark?
        defer { holds = newest }
        try forEachControlRecordBackward { kind, _, bytes in
            if newest == nil { newest = IncidentAct.HoldsMark(kind, bytes) }
            switch ActivatedFiles(kind, bytes) {
            case .listed(let files): named.formUnion(files.map(\.sha256))
            case .manifest(let hash): manifests.insert(hash)
            case nil: break
            }
            return true
        }
        for hash in manifests {
            guard let bytes = try? set(hash), let files = ActivatedFiles.files(ofManifest: bytes) else {
                continue
            }
            named.formUnion(files.map(\.sha256))
        }
        return named.union(manifests)
    }

    /// Reads every stored byte of a stream and says what is not as it was written.
    ///
    /// `keys` are the public keys that heads are checked with, in the form of a note's key, a line each;
    /// `since` is a head from elsewhere that the stream must agree with too. `removed` is given the records
    /// that retention removed, in order.
    public func verify(
        stream: String,
        keys: String,
        since: SignedHead? = nil,
        removed: (RemovedSpan) -> Void = { _ in }
    ) throws(WardlineError) -> VerifyReport {
        var heads: [SignedHead]
        let unreadable: Int
        do throws(StorageError) {
            heads = try HeadFile.read(storage: storage, path: path, stream: stream)
            unreadable = try HeadFile.unreadableCount(storage: storage, path: path, stream: stream)
        } catch {
            throw WardlineError(
                .storage,
                "The heads cannot be read.",
                cause: error.description,
                location: path
            )
        }
        if let since, since.origin.hasSuffix("/" + stream) { heads.append(since) }
        let known = keys.split(separator: "\n").compactMap { NoteKey($0) }
        let signed = heads.filter { head in known.contains { head.origin == $0.name && head.isSigned(by: $0) }
        }
        var tombstones = TombstoneNotes()
        do throws(LogError) {
            var report = try verifyLog(
                storage: storage,
                path: path,
                stream: stream,
                heads: signed,
                removed: removed
            ) { () throws(LogError) in
                tombstones = try readTombstones(stream, known)
                return tombstones.sound
            }
            if let note = missingFolder(stream, isSigned: !known.isEmpty) { report.damage.append(note) }
            if unreadable > 0 {
                let note = DamageNote(file: "heads", position: 0, from: .zero, end: .zero, reason: .signature)
                report.damage += Array(repeating: note, count: unreadable)
            }
            let refused = DamageNote(
                file: "tombstones",
                position: 0,
                from: .zero,
                end: .zero,
                reason: .signature
            )
            report.damage += Array(repeating: refused, count: tombstones.refused)
            if heads.isEmpty, report.sealedSegments > 0, !known.isEmpty {
                // One is signed whenever a segment is sealed.
                report.damage.append(
                    DamageNote(file: "heads", position: 0, from: .zero, end: .zero, reason: .missing)
                )
            }
            for head in heads where !signed.contains(head) {
                let end = Offset(head.size)
                report.damage.append(
                    DamageNote(file: "heads", position: 0, from: end, end: end, reason: .signature)
                )
            }
            return report
        } catch {
            throw error.wardlineError(path)
        }
    }

    private func readTombstones(_ stream: String, _ keys: [NoteKey]) throws(LogError) -> TombstoneNotes {
        do throws(StorageError) {
            return try TombstoneNotes(storage: storage, path: path, stream: stream, keys: keys)
        } catch {
            throw .storage(error)
        }
    }

    /// The stream's folder, where it is gone: a copy of `records` alone is no store that signs.
    private func missingFolder(_ stream: String, isSigned: Bool) -> DamageNote? {
        guard lacksStream(stream), isSigned || lacksRecords else { return nil }
        return DamageNote(file: ".", position: 0, from: .zero, end: .zero, reason: .missing)
    }

    /// Those of the offsets whose records lie in a block that cannot be read.
    public func damaged(_ offsets: [UInt64]) throws(WardlineError) -> [UInt64] {
        let records = try log("records")
        var damaged: [UInt64] = []
        for offset in offsets {
            guard let part = records.part(holding: Offset(offset)) else { continue }
            do throws(LogError) {
                if try records.soundRecords(part) == nil { damaged.append(offset) }
            } catch {
                throw error.wardlineError(path)
            }
        }
        return damaged
    }
}
