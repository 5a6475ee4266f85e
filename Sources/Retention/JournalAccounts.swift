// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Digests
import EventModel
import QueryEngine
import SegmentLog
import WireFormats

/// What a tombstone and an entry of the journal both say of a removal.
///
/// What else an entry has is not compared: a later version may say more.
///
/// - Source: `schemas/disk/leaf-v1.md`, section 5.
struct RemovalStatement: Hashable {
    var segment: String
    var from: Int64
    var end: Int64
    var records: Int64
    var digest: String
    var reasons: [String]
    var actor: String
    var time: UTCTime

    init(_ tombstone: Tombstone) {
        segment = tombstone.segment
        from = Int64(clamping: tombstone.offsets.lowerBound)
        end = Int64(clamping: tombstone.offsets.upperBound)
        records = Int64(clamping: tombstone.removed)
        digest = tombstone.digest.hexadecimal
        reasons = tombstone.reasons.map(RemovalStatement.line)
        actor = RemovalStatement.line(tombstone.actor)
        time = tombstone.time
    }

    /// Reads an entry; nil when it does not say all.
    init?(_ entry: JSONValue) {
        guard let segment = entry["id"]?.text, let from = entry["from"]?.integer,
            let end = entry["end"]?.integer, let records = entry["records"]?.integer,
            let digest = entry["digest"]?.text, let reasons = entry["reasons"]?.elements,
            let actor = entry["actor"]?.text,
            let time = entry["time"]?.text.flatMap({ UTCTime(rfc3339: $0) })
        else { return nil }
        self.segment = segment
        self.from = from
        self.end = end
        self.records = records
        self.digest = digest
        self.reasons = reasons.compactMap(\.text).map(RemovalStatement.line)
        self.actor = RemovalStatement.line(actor)
        self.time = time
        guard self.reasons.count == reasons.count else { return nil }
    }

    /// A text as a tombstone can say it: on one line.
    private static func line(_ text: String) -> String {
        String(text.unicodeScalars.filter { $0 != "\n" && $0 != "\r" })
    }

    /// Names of the members of the entry that another one has otherwise.
    func differences(from other: RemovalStatement) -> [String] {
        var names: [String] = []
        if from != other.from { names.append("from") }
        if end != other.end { names.append("end") }
        if records != other.records { names.append("records") }
        if digest != other.digest { names.append("digest") }
        if reasons != other.reasons { names.append("reasons") }
        if actor != other.actor { names.append("actor") }
        return names
    }
}

/// What the journal says of removals and of acts of holds.
struct JournalAccounts {
    /// An entry of a removal.
    struct Removal {
        var offset: Offset
        /// When it was written, by the clock of the log.
        var logTime: UTCTime
        /// Segment and time as it gives them, for people.
        var name: String
        /// What it says; nil when it does not say all.
        var statement: RemovalStatement?
    }

    /// An entry that repeats the act of a hold.
    struct Held {
        var offset: Offset
        /// Members that the act has too, in the order of their names.
        var members: [JSONValue.Member]
        var query: String
    }

    /// Entries of removals, in order.
    private(set) var removals: [Removal] = []
    /// By the offset of the act, the newest entry of each.
    private(set) var held: [UInt64: Held] = [:]
    /// Entries of acts of holds that name no offset.
    private(set) var strayHeld: [Offset] = []
    /// Whether all of the journal could be read.
    private(set) var isWhole = true
    /// The two greatest offsets below which the log had been judged.
    private var reached: [Int64] = []

    private init() {}

    /// Reads the journal of a store.
    static func read(_ store: StoreReader) throws(WardlineError) -> JournalAccounts {
        var found = JournalAccounts()
        let extent = try store.forEachReadableRecord(of: .fact, in: "journal") { record in
            found.add(record)
        }
        found.isWhole = extent.isWhole
        return found
    }

    /// Whether everything was told that was concluded from the record at `offset`.
    ///
    /// What was concluded when the log was judged below one offset may be told in parts.
    func hasPassed(_ offset: Offset) -> Bool {
        reached.count { $0 > 0 && UInt64($0) > offset.value } > 1
    }

    private mutating func add(_ record: ReadRecord) {
        let bytes = record.bytes
        guard let entry = try? JSONValue(parsing: bytes.span) else { return }
        if let at = entry["at"]?.integer, !reached.contains(at) {
            reached = Array((reached + [at]).sorted(by: >).prefix(2))
        }
        switch entry["fact"]?.text {
        case "retention.removed":
            let segment = entry["id"]?.text ?? "no segment"
            removals.append(
                Removal(
                    offset: record.offset,
                    logTime: record.logTime,
                    name: "\(segment) at \(entry["time"]?.text ?? "no time")",
                    statement: RemovalStatement(entry)
                )
            )
        case "act.held":
            guard let place = entry["id"]?.text.flatMap({ UInt64($0) }) else {
                strayHeld.append(record.offset)
                return
            }
            held[place] = Held(
                offset: record.offset,
                members: entry.sortedMembers(without: ["fact", "id", "at"]),
                query: entry["query"]?.text ?? ""
            )
        default: break
        }
    }
}
