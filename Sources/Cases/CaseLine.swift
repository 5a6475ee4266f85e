// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Digests
import EventModel
import SegmentLog
import Timelines

/// The lines of a case: canonical JSON objects, each ended by a line feed.
///
/// - Source: `schemas/disk/case-v1.md`.
enum CaseLine {
    /// Version of the form.
    static let version: Int64 = 1
    /// First line of the note that seals a case.
    static let title = "wardline case v1"

    /// What a case is and which heads its proofs lead to.
    static func opening(_ content: CaseContent) -> JSONValue {
        .object([
            .init("wardline_case", .integer(version)), .init("incident", .text(content.incident.id)),
            .init("made", .text(content.made.description)), .init("actor", .text(content.actor)),
            .init("program", .text(content.program)),
            .init("keys", .texts(content.keys.map(\.text))),
            .init("heads", .texts(content.heads.map(\.text))),
        ])
    }

    /// The incident with its context, and its alerts.
    static func incident(_ content: CaseContent) -> JSONValue {
        guard case .object(var members) = content.incident.json else { return .null }
        let context = content.incident.entries.filter { $0.role == .context }
        members.append(.init("context", .array(context.map(\.json))))
        return .object([.init("timeline", .object(members)), .init("alerts", .array(content.alerts))])
    }

    /// A record or an entry of the journal, with its proof.
    static func record(_ stream: String, _ proof: RecordProof) -> JSONValue {
        .object([
            .init("stream", .text(stream)), .init("offset", .integer(Int64(clamping: proof.offset.value))),
            .init("leaf", .text(Base64Text.text(proof.content))),
            .init("path", .texts(proof.path.map { Base64Text.text($0.bytes) })),
        ])
    }

    /// A rule, decoder or site file.
    static func file(_ name: String, _ bytes: [UInt8]) -> JSONValue {
        .object([
            .init("sha256", .text(sha256(bytes).hexadecimal)), .init("name", .text(name)),
            .init("bytes", .text(Base64Text.text(bytes))),
        ])
    }

    /// What the seal signs: the number and the hash of all lines before it.
    static func sealBody(_ incident: String, lines: Int, _ digest: SHA256Digest) -> String {
        "\(title)\nincident \(incident)\nlines \(lines)\nsha256 \(digest.hexadecimal)\n"
    }

    static func seal(_ note: SignedNote) -> JSONValue { .object([.init("seal", .text(note.text))]) }
}

/// What the lines of a case say.
struct CaseContent {
    var incident: Incident
    /// Objects of the alerts, with the attribution that their rules ask for.
    var alerts: [JSONValue] = []
    var made: UTCTime
    var actor: String
    /// Name and version of the program that made it.
    var program: String
    var keys: [NoteKey]
    /// One head of each stream from which something is proven.
    var heads: [SignedHead]
}
