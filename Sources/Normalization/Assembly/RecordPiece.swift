// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import WireFormats

/// A record that is no message by itself, or says something about records before it.
enum RecordPiece {
    /// Segment `number` of `total` of a message of Cisco ISE or ACS: `CISE_x ID TOTAL NUMBER text`.
    case segment(id: Range<Int>, total: Int, number: Int, text: Range<Int>)
    /// A line of an apt history stanza.
    case stanza(AptLine, text: Range<Int>)
    /// A line of the yum or dnf transaction log about one package.
    case package(PackageVerb, name: Range<Int>)
    /// `last message repeated 3 times`, or with the text in brackets behind it.
    case repetition(count: Int, text: Range<Int>?)
    /// A record of the Linux audit log that shares its serial with others.
    case audit(AuditRecord)

    /// Kinds of lines of apt's `history.log`.
    enum AptLine: Sendable {
        case start
        case end
        case command
        case requester
        case upgrade
        case install
        case remove
    }

    /// What happened to a package.
    enum PackageVerb: Sendable {
        case installed
        case updated
        /// The new version of a pair; the line about the old one follows.
        case announced
        /// The old version of a pair.
        case replaced
        case removed
    }

    /// What the record is; nil for one that stands for itself.
    init?(_ envelope: Envelope, _ bytes: Span<UInt8>) {
        let body = envelope.body
        guard let first = body.first else { return nil }
        if let name = envelope.application.first, bytes[name] == 0x43, envelope.application.count > 5,
            let found = RecordPiece.segment(envelope, bytes)
        {
            self = found
            return
        }
        if let found = RecordPiece.piece(bytes[first], body, bytes) {
            self = found
        } else if !envelope.application.isEmpty, envelope.issues.contains(.missingPriority),
            let found = RecordPiece.transaction(envelope, bytes)
        {
            self = found
        } else {
            return nil
        }
    }

    /// What the body says by itself; its first byte tells most of those apart that are no pieces.
    private static func piece(_ first: UInt8, _ body: Range<Int>, _ bytes: Span<UInt8>) -> RecordPiece? {
        switch first {
        case 0x61, 0x6e, 0x74: AuditRecord(bytes, body).map(RecordPiece.audit)
        case 0x6c, 0x6d: repetition(body, bytes)
        case 0x43, 0x44, 0x45, 0x49, 0x4f, 0x50, 0x52, 0x53, 0x55: line(body, bytes)
        default: nil
        }
    }

    private static func begins(_ bytes: Span<UInt8>, _ range: Range<Int>, _ text: [UInt8]) -> Bool {
        guard range.count >= text.count else { return false }
        for lane in text.indices where bytes[range.lowerBound + lane] != text[lane] { return false }
        return true
    }

    /// The decimal number at `index`, which moves past it and the blank behind it.
    private static func number(_ bytes: Span<UInt8>, _ index: inout Int, _ end: Int) -> Int? {
        let start = index
        var value = 0
        while index < end, bytes[index].isDigit, index - start < 9 {
            value = value * 10 + Int(bytes[index] - 0x30)
            index += 1
        }
        guard index > start, index < end, bytes[index] == 0x20 else { return nil }
        index += 1
        return value
    }

    private static func segment(_ envelope: Envelope, _ bytes: Span<UInt8>) -> RecordPiece? {
        guard
            begins(bytes, envelope.application, PieceWords.ise)
                || begins(bytes, envelope.application, PieceWords.acs)
        else { return nil }
        let body = envelope.body
        var index = body.lowerBound
        while index < body.upperBound, bytes[index].isDigit { index += 1 }
        let id = body.lowerBound..<index
        guard !id.isEmpty, id.count <= 20, index < body.upperBound, bytes[index] == 0x20 else { return nil }
        index += 1
        guard let total = number(bytes, &index, body.upperBound),
            let place = number(bytes, &index, body.upperBound), total >= 1
        else { return nil }
        return .segment(id: id, total: total, number: place, text: index..<body.upperBound)
    }

    private static func repetition(_ body: Range<Int>, _ bytes: Span<UInt8>) -> RecordPiece? {
        let isLast = begins(bytes, body, PieceWords.lastRepeated)
        guard isLast || begins(bytes, body, PieceWords.repeated) else { return nil }
        var index = body.lowerBound + (isLast ? PieceWords.lastRepeated.count : PieceWords.repeated.count)
        guard let count = number(bytes, &index, body.upperBound),
            begins(bytes, index..<body.upperBound, PieceWords.time)
        else { return nil }
        var open = index
        while open < body.upperBound, bytes[open] != 0x5b { open += 1 }
        guard open < body.upperBound else { return .repetition(count: count, text: nil) }
        open += 1
        while open < body.upperBound, bytes[open] == 0x20 { open += 1 }
        let close = bytes[body.upperBound - 1] == 0x5d ? body.upperBound - 1 : body.upperBound
        return open < close ? .repetition(count: count, text: open..<close) : nil
    }

    private static func line(_ body: Range<Int>, _ bytes: Span<UInt8>) -> RecordPiece? {
        for entry in PieceWords.aptLines where begins(bytes, body, entry.word) {
            let text = body.lowerBound + entry.word.count..<body.upperBound
            if entry.isAboutPackages, !AptPackages.isList(bytes, text) { break }
            return .stanza(entry.line, text: text)
        }
        var colon = body.lowerBound
        while colon < body.upperBound, bytes[colon] != 0x3a { colon += 1 }
        return transaction(body.lowerBound..<colon, min(colon + 1, body.upperBound)..<body.upperBound, bytes)
    }

    /// A line of a file: what looks like a tag is the verb.
    private static func transaction(_ envelope: Envelope, _ bytes: Span<UInt8>) -> RecordPiece? {
        transaction(envelope.application, envelope.body, bytes)
    }

    private static func transaction(
        _ word: Range<Int>,
        _ rest: Range<Int>,
        _ bytes: Span<UInt8>
    ) -> RecordPiece? {
        for entry in PieceWords.packageVerbs where entry.word.count == word.count {
            guard begins(bytes, word, entry.word) else { continue }
            var start = rest.lowerBound
            while start < rest.upperBound, bytes[start] == 0x20 { start += 1 }
            guard PackageName(bytes, start..<rest.upperBound) != nil else { return nil }
            return .package(entry.verb, name: start..<rest.upperBound)
        }
        return nil
    }
}

/// Words by which pieces are known.
private enum PieceWords {
    static let ise = Array("CISE_".utf8)
    static let acs = Array("CSCOacs_".utf8)
    static let lastRepeated = Array("last message repeated ".utf8)
    static let repeated = Array("message repeated ".utf8)
    static let time = Array("time".utf8)

    private static let aptWords: [(String, RecordPiece.AptLine, Bool)] = [
        ("Start-Date: ", .start, false), ("End-Date: ", .end, false), ("Commandline: ", .command, false),
        ("Requested-By: ", .requester, false), ("Upgrade: ", .upgrade, true), ("Downgrade: ", .upgrade, true),
        ("Install: ", .install, true), ("Reinstall: ", .install, true), ("Remove: ", .remove, true),
        ("Purge: ", .remove, true),
    ]
    static let aptLines: [(word: [UInt8], line: RecordPiece.AptLine, isAboutPackages: Bool)] = aptWords.map {
        (Array($0.0.utf8), $0.1, $0.2)
    }

    private static let packageWords: [(String, RecordPiece.PackageVerb)] = [
        ("Installed", .installed), ("Reinstalled", .installed), ("Dep-Installed", .installed),
        ("Updated", .updated), ("Upgrade", .announced), ("Downgrade", .announced), ("Upgraded", .replaced),
        ("Downgraded", .replaced), ("Erased", .removed), ("Removed", .removed), ("Obsoleted", .removed),
    ]
    static let packageVerbs: [(word: [UInt8], verb: RecordPiece.PackageVerb)] = packageWords.map {
        (Array($0.0.utf8), $0.1)
    }
}
