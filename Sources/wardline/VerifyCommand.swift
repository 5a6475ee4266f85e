// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import ArgumentParser
import Digests
import EventModel
import Pipeline
import Platform
import QueryEngine
import Retention
import SegmentLog
import WireFormats

/// `wardline verify`: whether stored evidence is what was written.
struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check every stored byte; name file, block and record of what is damaged.",
        discussion: """
            Takes no lock and changes nothing; runs beside a daemon too. Exit status 3 when something is \
            damaged or missing. Bytes at the end of the newest file that are still being written are no \
            damage.

            Records are hashed into the tree of their stream and compared with every signed head. With \
            --since a head that was kept elsewhere is compared too: then not even who holds the store's key \
            can rewrite what lies before it.

            A segment that is named is checked by itself, wherever it lies: with the heads and keys beside \
            it, or with --since and --key. Exit status 1 when no head proves it.
            """
    )

    @Argument(
        help: ArgumentHelp(
            "Segments, proofs or cases to check instead; no store is needed.",
            valueName: "FILE"
        )
    )
    var files: [String] = []

    @Flag(name: .customLong("all"), help: "Check everything; this is the default.")
    var all = false

    @Option(
        help: ArgumentHelp("A head that was kept elsewhere; the store must agree with it.", valueName: "FILE")
    )
    var since: String?

    @Option(
        help: ArgumentHelp(
            "Public keys that heads are checked with; the store's unless given.",
            valueName: "FILE"
        )
    )
    var key: String?

    @Option(name: .shortAndLong, help: ArgumentHelp("Output: short or json.", valueName: "MODE"))
    var output: OutputMode = .short

    @OptionGroup var store: StoreOptions
    @OptionGroup var common: CommonOptions

    func run() throws {
        let context = try CommandContext(common, mode: output)
        if !files.isEmpty {
            let check = FileCheck(context: context, key: key, since: since, isQuiet: common.quiet)
            return try check.run(files, output)
        }
        let reader = try StoreReader(path: StoreLocation.path(store, context.environment))
        var reports: [(stream: String, report: VerifyReport)] = []
        let given = try key.map { try VerifyCommand.text($0) }
        let keys = given ?? VerifyCommand.storedKeys(reader.path)
        let witness = try since.map { try VerifyCommand.head($0) }
        if let witness, !keys.split(separator: "\n").contains(where: { NoteKey($0)?.name == witness.origin })
        {
            throw WardlineError(
                .usage,
                "There is no public key for heads of \(TerminalText.escaped(witness.origin)): give --key.",
                location: since ?? ""
            )
        }
        var check = try AccountsCheck(reader, keys: keys)
        let records = try reader.verify(stream: "records", keys: keys, since: witness) { check.add($0) }
        reports.append(("records", records))
        reports.append(("journal", try reader.verify(stream: "journal", keys: keys, since: witness)))
        let sets = try reader.checkedSets()
        let accounts = try check.report(of: records)
        let isSound = reports.allSatisfy(\.report.isSound) && sets.isSound && accounts.isSound
        if output.isForPrograms {
            let object = VerifyText.object(reports, sets, accounts, isSound)
            context.output.line(TerminalText.escapedJSON(object.line))
        } else {
            for (stream, report) in reports {
                context.output.lines(VerifyText.lines(stream, report, context.palette))
            }
            context.output.lines(VerifyText.lines(sets, context.palette))
            context.output.lines(VerifyText.lines(accounts, context.palette))
        }
        context.output.finish()
        guard isSound else {
            if !common.quiet {
                Messages.error(
                    "stored evidence is damaged; the rest stays readable. Keep the store as it is "
                        + "and copy it."
                )
            }
            throw ExitCode(3)
        }
    }
}

extension VerifyCommand {
    /// The text of a file named on the command line.
    static func text(_ path: String) throws -> String {
        do throws(StorageError) {
            return String(decoding: try POSIXStorage().readFile(path), as: UTF8.self)
        } catch {
            throw WardlineError(.usage, "The file cannot be read.", cause: error.description, location: path)
        }
    }

    /// The public keys of a store; none if it has signed nothing.
    static func storedKeys(_ path: String) -> String { (try? text(StorePaths(path).headPublic)) ?? "" }

    /// The head in a file.
    static func head(_ path: String) throws -> SignedHead {
        guard let head = SignedHead(try text(path)) else {
            throw WardlineError(
                .usage,
                "The file holds no signed head, as `wardline head` prints one.",
                location: path
            )
        }
        return head
    }
}

/// What verifying found, as text and as an object.
enum VerifyText {
    static func lines(_ stream: String, _ report: VerifyReport, _ palette: Palette) -> [String] {
        let mark = report.isSound ? palette.paint("OK  ", .good) : palette.paint("FAIL", .danger)
        var lines = [
            "\(mark)  \(TerminalText.fitted(stream, 8))  "
                + "\(Amount.counted(Int64(clamping: report.records), "record")), "
                + "\(Amount.counted(Int64(report.segments), "segment")) (\(report.sealedSegments) sealed), "
                + Amount.bytes(Int64(clamping: report.bytes))
        ]
        if report.heads > 0 {
            lines.append(
                palette.paint("OK  ", .good)
                    + "  \(TerminalText.fitted(stream, 8))  "
                    + "\(Amount.counted(Int64(report.heads), "signed head")), "
                    + "the last of \(Amount.counted(Int64(clamping: report.signedEnd.value), "record"))"
            )
        }
        for note in report.damage {
            lines.append(
                palette.paint("FAIL", .danger) + "  \(stream)/\(TerminalText.escaped(note.file))  "
                    + place(note) + ": "
                    + words(note.reason)
            )
        }
        for note in report.removals {
            let count = Amount.counted(Int64(clamping: note.count), "record")
            for (index, tombstone) in note.tombstones.enumerated() {
                let what = index == note.tombstones.count - 1 ? "\(count) removed" : "removed before"
                let why = tombstone.reasons.joined(separator: "; ")
                lines.append(
                    palette.paint("gone", .caution)
                        + "  \(stream)/\(note.segment)  \(what) "
                        + "\(tombstone.time) by \(TerminalText.escaped(tombstone.actor)): "
                        + TerminalText.escaped(why)
                )
            }
        }
        for note in report.tails {
            lines.append(
                palette.paint("note", .caution)
                    + "  \(stream)/\(TerminalText.escaped(note.file))  byte "
                    + "\(Amount.count(Int64(note.position))): "
                    + "unfinished bytes at the end, as beside a writer or after a crash"
            )
        }
        return lines
    }

    static func lines(_ sets: SetsReport, _ palette: Palette) -> [String] {
        let mark = sets.isSound ? palette.paint("OK  ", .good) : palette.paint("FAIL", .danger)
        let noun = Amount.counted(Int64(sets.checked), "rule, decoder or site file")
        return ["\(mark)  sets      \(noun)"]
            + sets.altered.map {
                palette.paint("FAIL", .danger)
                    + "  \(TerminalText.escaped($0)): the bytes do not have the hash they are named by"
            }
            + sets.missing.map {
                palette.paint("FAIL", .danger)
                    + "  \($0): a record says that it was in force, and it is missing"
            }
    }

    static func lines(_ accounts: AccountsReport, _ palette: Palette) -> [String] {
        accounts.notes.map { note in
            let mark = note.isDamage ? palette.paint("FAIL", .danger) : palette.paint("note", .caution)
            return "\(mark)  \(TerminalText.escaped(note.file + ": " + note.text))"
        }
    }

    /// Where the damage is and what it is.
    static func description(_ note: DamageNote) -> String { place(note) + ": " + words(note.reason) }

    private static func place(_ note: DamageNote) -> String {
        var parts: [String] = []
        if let block = note.block { parts.append("block \(block)") }
        if note.end > note.from {
            let last = Offset(note.end.value - 1)
            parts.append(last == note.from ? "record \(note.from)" : "records \(note.from) to \(last)")
        }
        parts.append("byte \(Amount.count(Int64(note.position)))")
        return parts.joined(separator: "  ")
    }

    private static func words(_ reason: DamageNote.Reason) -> String {
        switch reason {
        case .header: "the file's header is missing, damaged or belongs to another file"
        case .blockHeader: "the block's header is damaged"
        case .chunk: "stored bytes do not match their checksum"
        case .content: "a chunk does not decode to what its header says"
        case .batch: "a batch of the write-ahead log is damaged"
        case .unsealed: "the segment has no whole footer and is not the last one"
        case .footer: "the footer contradicts the blocks"
        case .tail: "bytes after the last whole block"
        case .order: "offsets or log times go back"
        case .hole: "records are missing"
        case .tree: "the records are not those whose hashes the block holds"
        case .signed: "the records are not those that a head was signed for, or some are missing"
        case .signature: "a head or tombstone is not signed by a known key"
        case .removed: "records were removed, and no signed tombstone accounts for them"
        case .unreadable: "the file cannot be read"
        case .missing: "it must be there and is not"
        }
    }

    /// The object of `schemas/output/verify-v1.schema.json`.
    static func object(
        _ reports: [(stream: String, report: VerifyReport)],
        _ sets: SetsReport,
        _ accounts: AccountsReport,
        _ isSound: Bool
    ) -> JSONValue {
        let streams = reports.map { object($0.stream, $0.report) }
        return .object([
            .init("sound", .bool(isSound)), .init("streams", .array(streams)),
            .init("sets", .integer(Int64(sets.checked))), .init("damaged_sets", .texts(sets.altered)),
            .init("missing_sets", .texts(sets.missing)),
            .init("accounts", .array(accounts.notes.map(object))),
        ])
    }

    /// What was found of one stream, or of one segment of it.
    static func object(_ stream: String, _ report: VerifyReport) -> JSONValue {
        .object([
            .init("stream", .text(stream)), .init("records", .integer(Int64(clamping: report.records))),
            .init("bytes", .integer(Int64(clamping: report.bytes))),
            .init("segments", .integer(Int64(report.segments))),
            .init("sealed_segments", .integer(Int64(report.sealedSegments))),
            .init("end", .integer(Int64(clamping: report.end.value))),
            .init("heads", .integer(Int64(report.heads))),
            .init("signed_end", .integer(Int64(clamping: report.signedEnd.value))),
            .init("removed", .array(report.removals.map(object))),
            .init("damage", .array(report.damage.map(object))),
            .init("tails", .array(report.tails.map(object))),
        ])
    }

    private static func object(_ note: RemovalNote) -> JSONValue {
        let tombstones = note.tombstones.map { tombstone in
            JSONValue.object([
                .init("time", .text(tombstone.time.description)), .init("actor", .text(tombstone.actor)),
                .init("removed", .integer(Int64(clamping: tombstone.removed))),
                .init("reasons", .texts(tombstone.reasons)),
            ])
        }
        return .object([
            .init("segment", .text(note.segment)), .init("records", .integer(Int64(clamping: note.count))),
            .init("tombstones", .array(tombstones)),
        ])
    }

    private static func object(_ note: AccountNote) -> JSONValue {
        .object([
            .init("file", .text(note.file)),
            .init("record", note.record.map { .integer(Int64(clamping: $0.value)) } ?? .null),
            .init("reason", .text(note.reason.rawValue)), .init("text", .text(note.text)),
            .init("damage", .bool(note.isDamage)),
        ])
    }

    /// A place of damage, as the outputs of `verify` and `store repair` have it.
    static func object(_ note: DamageNote) -> JSONValue {
        .object([
            .init("file", .text(note.file)), .init("position", .integer(Int64(note.position))),
            .init("block", note.block.map { .integer(Int64($0)) } ?? .null),
            .init("from", .integer(Int64(clamping: note.from.value))),
            .init("end", .integer(Int64(clamping: note.end.value))),
            .init("reason", .text(note.reason.rawValue)),
        ])
    }
}
