// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Digests
import EventModel
import QueryEngine
import Timelines
import WireFormats

/// The acts of the log that say of the file of holds what it was.
///
/// - Source: `schemas/disk/leaf-v1.md`, section 6; `schemas/disk/act-v1.schema.json`.
struct HoldActs {
    /// One of them.
    struct Act {
        var offset: Offset
        /// Its members but `act`, in the order of their names.
        var members: [JSONValue.Member]
        /// `add NAME` or `remove NAME`.
        var query: String
        /// What it says of the file; nil where a later version says it otherwise.
        var mark: IncidentAct.HoldsMark?

        init?(_ record: ReadRecord) {
            let bytes = record.bytes
            guard let object = try? JSONValue(parsing: bytes.span), object["act"]?.text == "hold"
            else { return nil }
            offset = record.offset
            members = object.sortedMembers(without: ["act"])
            query = object["query"]?.text ?? ""
            mark = IncidentAct(object, at: .zero)?.holds
        }
    }

    /// All of them, in the order of the log.
    let acts: [Act]
    /// First offset after the log as it was read.
    let end: Offset
    /// Whether all of the log could be read.
    let isWhole: Bool

    /// Reads those of a store.
    init(_ store: StoreReader) throws(WardlineError) {
        var found: [Act] = []
        let extent = try store.forEachReadableRecord(of: .act, in: "records") { record in
            if let act = Act(record) { found.append(act) }
        }
        acts = found
        end = extent.end
        isWhole = extent.isWhole
    }

    /// Compares what they say with the bytes of the file, in which `notes` were read.
    func check(_ bytes: [UInt8], _ notes: HoldNotes, _ report: inout AccountsReport) {
        let sizes = Set(acts.compactMap { $0.mark?.size }).filter { $0 <= bytes.count }
        var hashes: [Int: String] = [:]
        var hasher = SHA256Hasher()
        var position = 0
        for size in sizes.sorted() {
            hasher.update(bytes[position..<size])
            position = size
            hashes[size] = hasher.digest().hexadecimal
        }
        for act in acts {
            guard let mark = act.mark else { continue }
            if hashes[mark.size] != mark.sha256 {
                report.tell(
                    "holds",
                    act.offset,
                    .holdAct,
                    "notes are gone or altered that act \(act.offset) says were there (\(act.query))"
                )
            } else if notes.deeds[mark.size] != act.query {
                let deed = notes.deeds[mark.size] ?? "none"
                report.tell(
                    "holds",
                    act.offset,
                    .holdAct,
                    "act \(act.offset) says \(act.query), and the note is \(deed)"
                )
            }
        }
    }

    /// Compares them with the entries of the journal, which was read after them and repeats them.
    func check(_ journal: JournalAccounts, _ report: inout AccountsReport) {
        let known = Dictionary(acts.map { ($0.offset.value, $0) }) { first, _ in first }
        for (place, entry) in journal.held.sorted(by: { $0.key < $1.key }) where place < end.value {
            guard let act = known[place] else {
                guard isWhole else { continue }
                let what = entry.query.isEmpty ? "" : " (\(entry.query))"
                report.tell(
                    "journal",
                    entry.offset,
                    .holdEntry,
                    "entry \(entry.offset) tells of a hold\(what) by record \(place), which is no such act"
                )
                continue
            }
            let names = JSONValue.differences(entry.members, act.members)
            guard !names.isEmpty else { continue }
            let other = names.joined(separator: ", ")
            report.tell(
                "journal",
                entry.offset,
                .holdEntry,
                "entry \(entry.offset) has another \(other) than act \(act.offset)"
            )
        }
        for offset in journal.strayHeld {
            report.tell(
                "journal",
                offset,
                .holdEntry,
                "entry \(offset) tells of a hold, and not by which act"
            )
        }
        guard journal.isWhole else { return }
        for act in acts where act.mark != nil && journal.held[act.offset.value] == nil {
            // What was concluded at one offset may be told in parts, and a crash may come between.
            guard journal.hasPassed(act.offset) else { continue }
            report.tell(
                "journal",
                act.offset,
                .holdEntry,
                "act \(act.offset) (\(act.query)) was judged, and no entry tells of it"
            )
        }
    }
}

extension JSONValue {
    /// The members of an object in the order of their names, those of its objects too; none of another value.
    func sortedMembers(without names: Set<String>) -> [Member] {
        guard case .object(let members) = self else { return [] }
        return members.filter { !names.contains($0.name) }.map { Member($0.name, $0.value.sorted) }.sorted {
            $0.name < $1.name
        }
    }

    private var sorted: JSONValue {
        switch self {
        case .object: .object(sortedMembers(without: []))
        case .array(let values): .array(values.map(\.sorted))
        default: self
        }
    }

    /// Names of the members that only one of two objects has, or that have other values; sorted.
    static func differences(_ left: [Member], _ right: [Member]) -> [String] {
        let (mine, theirs) = (Set(left), Set(right))
        return Set(mine.symmetricDifference(theirs).map(\.name)).sorted()
    }
}
