// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import WireFormats

/// Remembers the records that later ones complete, so that what a sender split over several records is one
/// event.
///
/// What it knows is a function of the last ``lookBackCountMax`` records alone: a reader that begins in the
/// middle of a log shows it those and then gives the same events as one that began at its start, and the
/// cut of
/// batches does not matter. It reads no clock; time passes by the times of the records. See decision 0027.
struct RecordAssembler: Sendable {
    /// Records that anything is remembered for: 4,096, a second of full load.
    static let lookBackCountMax = 4_096
    /// Messages that wait for pieces; beyond it the oldest is given up.
    static let groupCountMax = 256
    /// Pieces of one message; Cisco ISE sends at most 16.
    static let pieceCountMax = 64
    /// Bytes of one message; pieces beyond it are left out, and the event says `decode_truncated`.
    static let groupSizeMaxBytes = 65_536
    /// Time after its newest piece at which a message is taken for incomplete, in nanoseconds: senders write
    /// the pieces at once.
    static let timeoutNanoseconds: Int64 = 5 * UTCTime.second
    /// Package versions announced by dnf whose predecessors are still to be named.
    static let announcementCountMax = 4_096

    /// Who sent a record, and when it came.
    struct Place {
        /// Hash of the host, else of the origin.
        var source: UInt64
        var offset: Offset
        /// Receive time, log time, or in an import without receive times the device's own.
        var clock: UTCTime
    }

    /// A message that came in pieces.
    struct Group: Sendable {
        /// One piece of it.
        struct Piece: Sendable {
            var number: Int
            var text: [UInt8]
            var offset: Offset
        }

        /// Hash of source and identifier.
        var key: UInt64
        var source: UInt64
        /// The identifier as it is written.
        var id: [UInt8]
        /// Bytes of the first piece before its body.
        var header: [UInt8]
        /// Number of pieces.
        var total: Int
        var pieces: [Piece] = []
        var sizeBytes = 0
        var isTruncated = false
        /// Count of records at its first piece.
        var first: UInt64
        /// Time of its newest piece.
        var clock: UTCTime

        /// Offsets of its pieces, rising.
        var offsets: [Offset] { pieces.map(\.offset).sorted() }
    }

    /// The open stanza of a source's apt history.
    struct Stanza: Sendable {
        var first: UInt64
        var start: [UInt8] = []
        var user: [UInt8] = []
        var command: [UInt8] = []
        var offsets: [Offset] = []
    }

    /// A new package version whose predecessor is still to be named.
    private struct Announcement: Sendable {
        var key: UInt64
        var first: UInt64
        var version: [UInt8]
        var offset: Offset
    }

    /// Records seen, those between that are none of devices included: what lies how far back must not depend
    /// on where a reader began.
    private(set) var count: UInt64 = 0
    private var newest: Offset?
    private var groups: [Group] = []
    private var stanzas: [UInt64: Stanza] = [:]
    private var announcements: [Announcement] = []
    /// Records of the Linux audit log by their serials.
    var audit = AuditGroups()
    /// Headers of tables whose rows come one by one.
    var tables = TableLines()
    private var reports: [UInt64: (hash: UInt64, at: UInt64)] = [:]

    /// Counts the record at `offset`.
    mutating func advance(to offset: Offset) {
        var step: UInt64 = 1
        if let newest, offset > newest { step = offset.value - newest.value }
        newest = offset
        count &+= step
    }

    private func isRemembered(_ first: UInt64) -> Bool { RecordAssembler.isWithinReach(first, count) }

    /// Whether what began at one count of records is still remembered at another.
    static func isWithinReach(_ first: UInt64, _ count: UInt64) -> Bool {
        count &- first <= UInt64(lookBackCountMax)
    }

    /// The key of a message of `source`.
    static func key(_ source: UInt64, _ bytes: Span<UInt8>, _ id: Range<Int>) -> UInt64 {
        var hash = StableHash()
        hash.combine(source)
        hash.combine(bytes, id)
        return hash.value
    }

    /// Takes the messages of a source that have waited too long at `clock`, oldest first.
    mutating func takeOverdue(_ place: Place) -> [Group] {
        guard !groups.isEmpty else { return [] }
        let now = count
        groups.removeAll { !RecordAssembler.isWithinReach($0.first, now) }
        guard place.clock.isPresent else { return [] }
        var overdue: [Group] = []
        groups.removeAll { group in
            let isOverdue =
                group.source == place.source && group.clock.isPresent
                && place.clock > group.clock.advanced(by: RecordAssembler.timeoutNanoseconds)
            if isOverdue { overdue.append(group) }
            return isOverdue
        }
        return overdue
    }

    /// Adds a piece to its message, which begins with it if it is the first.
    ///
    /// - Returns: The message if the piece completes it; it is forgotten then.
    mutating func add(
        _ piece: Group.Piece,
        total: Int,
        to key: UInt64,
        id: [UInt8],
        header: [UInt8],
        at place: Place
    ) -> Group? {
        var index = groups.firstIndex { $0.key == key }
        if index == nil {
            if groups.count >= RecordAssembler.groupCountMax { groups.removeFirst() }
            groups.append(
                Group(
                    key: key,
                    source: place.source,
                    id: id,
                    header: header,
                    total: total,
                    first: count,
                    clock: place.clock
                )
            )
            index = groups.count - 1
        }
        guard let index else { return nil }
        groups[index].clock = max(groups[index].clock, place.clock)
        let isKnown = groups[index].pieces.contains { $0.number == piece.number }
        if !isKnown { append(piece, to: index) }
        let isWhole =
            groups[index].pieces.count == min(groups[index].total, RecordAssembler.pieceCountMax)
        return isWhole ? groups.remove(at: index) : nil
    }

    private mutating func append(_ piece: Group.Piece, to index: Int) {
        var piece = piece
        let size = groups[index].sizeBytes + piece.text.count
        if size > RecordAssembler.groupSizeMaxBytes
            || groups[index].pieces.count >= RecordAssembler.pieceCountMax
        {
            // What the piece says is left out, that it came is not.
            groups[index].isTruncated = true
            piece.text = []
        }
        if groups[index].pieces.count < RecordAssembler.pieceCountMax { groups[index].pieces.append(piece) }
        groups[index].sizeBytes += piece.text.count
    }

    // MARK: - Packages

    /// Changes the open stanza of a source; a start begins a new one.
    mutating func amendStanza(_ place: Place, begins: Bool, _ change: (inout Stanza) -> Void) {
        if begins { stanzas[place.source] = Stanza(first: count) }
        guard var stanza = stanzas[place.source], isRemembered(stanza.first) else { return }
        change(&stanza)
        if stanza.offsets.count < RecordAssembler.pieceCountMax { stanza.offsets.append(place.offset) }
        stanzas[place.source] = stanza
        guard stanzas.count > 2 * RecordAssembler.lookBackCountMax else { return }
        // Only what no stanza within reach can hold is given up.
        let now = count
        stanzas = stanzas.filter { RecordAssembler.isWithinReach($0.value.first, now) }
    }

    /// The open stanza of a source.
    func stanza(_ source: UInt64) -> Stanza? {
        stanzas[source].flatMap { isRemembered($0.first) ? $0 : nil }
    }

    /// Ends the stanza of a source.
    mutating func endStanza(_ source: UInt64) { stanzas[source] = nil }

    /// Remembers the new version of a package.
    mutating func announce(_ key: UInt64, _ version: [UInt8], at offset: Offset) {
        let now = count
        announcements.removeAll { $0.key == key || !RecordAssembler.isWithinReach($0.first, now) }
        if announcements.count >= RecordAssembler.announcementCountMax { announcements.removeFirst() }
        announcements.append(Announcement(key: key, first: count, version: version, offset: offset))
    }

    /// Takes the new version of a package whose old one is named now.
    mutating func takeAnnouncement(_ key: UInt64) -> (version: [UInt8], offset: Offset)? {
        guard let index = announcements.firstIndex(where: { $0.key == key }),
            isRemembered(announcements[index].first)
        else { return nil }
        let found = announcements.remove(at: index)
        return (found.version, found.offset)
    }

    /// Whether a source's report of its software is new: another than the last, or none within reach.
    mutating func isNews(_ source: UInt64, _ hash: UInt64) -> Bool {
        let known = reports[source]
        reports[source] = (hash, count)
        if reports.count > 2 * RecordAssembler.lookBackCountMax {
            let now = count
            reports = reports.filter { RecordAssembler.isWithinReach($0.value.at, now) }
        }
        guard let known, isRemembered(known.at) else { return true }
        return known.hash != hash
    }
}
