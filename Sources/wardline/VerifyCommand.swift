// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import ArgumentParser
import EventModel
import QueryEngine
import SegmentLog

/// `wardline verify`: whether stored evidence is what was written.
struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check every stored byte; name file, block and record of what is damaged.",
        discussion: """
            Takes no lock and changes nothing; runs beside a daemon too. Exit status 3 when something is \
            damaged or missing. Bytes at the end of the newest file that are still being written are no \
            damage.
            """
    )

    @Flag(name: .customLong("all"), help: "Check everything; this is the default.")
    var all = false

    @Option(name: .shortAndLong, help: ArgumentHelp("Output: short or json.", valueName: "MODE"))
    var output: OutputMode = .short

    @OptionGroup var store: StoreOptions
    @OptionGroup var common: CommonOptions

    func run() throws {
        let context = try CommandContext(common, mode: output)
        let reader = try StoreReader(path: StoreLocation.path(store, context.environment))
        var reports: [(stream: String, report: VerifyReport)] = []
        for stream in ["records", "journal"] { reports.append((stream, try reader.verify(stream: stream))) }
        let sets = try reader.damagedSets()
        let isSound = reports.allSatisfy(\.report.isSound) && sets.damaged.isEmpty
        if output.isForPrograms {
            context.output.line(TerminalText.escapedJSON(VerifyText.object(reports, sets, isSound).line))
        } else {
            for (stream, report) in reports {
                context.output.lines(VerifyText.lines(stream, report, context.palette))
            }
            context.output.lines(VerifyText.lines(sets, context.palette))
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
        for note in report.damage {
            lines.append(
                palette.paint("FAIL", .danger) + "  \(stream)/\(TerminalText.escaped(note.file))  "
                    + place(note) + ": "
                    + words(note.reason)
            )
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

    static func lines(_ sets: (checked: Int, damaged: [String]), _ palette: Palette) -> [String] {
        let mark = sets.damaged.isEmpty ? palette.paint("OK  ", .good) : palette.paint("FAIL", .danger)
        let noun = Amount.counted(Int64(sets.checked), "rule, decoder or site file")
        return ["\(mark)  sets      \(noun)"]
            + sets.damaged.map {
                palette.paint("FAIL", .danger)
                    + "  \(TerminalText.escaped($0)): the bytes do not have the hash they are named by"
            }
    }

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
        case .unreadable: "the file cannot be read"
        }
    }

    /// The object of `schemas/output/verify-v1.schema.json`.
    static func object(
        _ reports: [(stream: String, report: VerifyReport)],
        _ sets: (checked: Int, damaged: [String]),
        _ isSound: Bool
    ) -> JSONValue {
        let streams = reports.map { stream, report in
            JSONValue.object([
                .init("stream", .text(stream)), .init("records", .integer(Int64(clamping: report.records))),
                .init("bytes", .integer(Int64(clamping: report.bytes))),
                .init("segments", .integer(Int64(report.segments))),
                .init("sealed_segments", .integer(Int64(report.sealedSegments))),
                .init("end", .integer(Int64(clamping: report.end.value))),
                .init("damage", .array(report.damage.map(object))),
                .init("tails", .array(report.tails.map(object))),
            ])
        }
        return .object([
            .init("sound", .bool(isSound)), .init("streams", .array(streams)),
            .init("sets", .integer(Int64(sets.checked))), .init("damaged_sets", .texts(sets.damaged)),
        ])
    }

    private static func object(_ note: DamageNote) -> JSONValue {
        .object([
            .init("file", .text(note.file)), .init("position", .integer(Int64(note.position))),
            .init("block", note.block.map { .integer(Int64($0)) } ?? .null),
            .init("from", .integer(Int64(clamping: note.from.value))),
            .init("end", .integer(Int64(clamping: note.end.value))),
            .init("reason", .text(note.reason.rawValue)),
        ])
    }
}
