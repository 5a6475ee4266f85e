// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import ArgumentParser
import EventModel
import Pipeline
import Platform
import Projections
import SegmentLog

extension StoreCommand {
    /// Segments written anew, smaller.
    struct Compact: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "compact",
            abstract: "Join small blocks and compress harder.",
            discussion: """
                Seals the newest segment, then writes sealed segments anew, one after another; each is read \
                back before it takes the place of the old one. No record changes: signed heads and proofs \
                hold. No daemon may have the store. Exit status 3 when a segment is damaged: it is left alone.
                """
        )

        @Option(
            help: ArgumentHelp(
                "Most records of a block, up to 65536: more is smaller and slower to search.",
                valueName: "N"
            )
        )
        var blockRecords = LogOptions().blockRecordCountMax

        @Option(name: .shortAndLong, help: ArgumentHelp("Output: short or json.", valueName: "MODE"))
        var output: OutputMode = .short
        @OptionGroup var store: StoreOptions
        @OptionGroup var common: CommonOptions

        func validate() throws {
            guard (1...LogLimits.blockRecordCountMax).contains(blockRecords) else {
                throw ValidationError("--block-records is 1 to \(LogLimits.blockRecordCountMax).")
            }
        }

        func run() throws {
            let context = try CommandContext(common, mode: output)
            let path = try StoreLocation.path(store, context.environment)
            let lock = try StoreLock(path)
            defer { lock.release() }
            var objects: [JSONValue] = []
            var isSound = true
            for stream in ["records", "journal"] {
                let report = try Compact.run(path, stream, blockRecords, isQuiet: common.quiet)
                isSound = isSound && report.damaged.isEmpty
                objects.append(Compact.object(stream, report))
                if !output.isForPrograms { context.output.lines(Compact.lines(stream, report)) }
            }
            try Compact.compactReadModels(path)
            if output.isForPrograms {
                let object = JSONValue.object([.init("streams", .array(objects))])
                context.output.line(TerminalText.escapedJSON(object.line))
            }
            context.output.finish()
            guard isSound else { throw ExitCode(3) }
        }

        private static func run(
            _ path: String,
            _ stream: String,
            _ countMax: Int,
            isQuiet: Bool
        ) throws -> CompactionReport {
            let storage = POSIXStorage()
            let signer = try HeadSigner.open(StorePaths(path), storage: storage)
            do throws(LogError) {
                let writer = try LogWriter.open(storage: storage, path: path, stream: stream)
                if writer.headCount > 0, !isQuiet {
                    Messages.note(
                        "\(stream): \(Amount.counted(Int64(writer.headCount), "record")) not in a block yet "
                            + "stay as they are until the daemon has run"
                    )
                }
                try writer.seal()
                try writer.close()
                do throws(StorageError) {
                    try signer.signSeals(of: writer, storage: storage, path: path, stream: stream)
                } catch {
                    throw .storage(error)
                }
                return try compactLog(storage: storage, path: path, stream: stream, countMax: countMax)
            } catch {
                throw error.wardlineError("compact", stream)
            }
        }

        /// Read models of another format are left to the daemon, which folds them anew.
        private static func compactReadModels(_ path: String) throws(WardlineError) {
            let file = StorePaths(path).readModels
            do throws(StorageError) {
                guard try POSIXStorage().exists(file) else { return }
            } catch {
                throw WardlineError(
                    .storage,
                    "The read models cannot be opened.",
                    cause: error.description,
                    location: file
                )
            }
            do throws(WardlineError) {
                try ReadModels(path: file, mode: .readOnly).close()
            } catch {
                if error.code == .input { return }
                throw error
            }
            let models = try ReadModels(path: file, mode: .readWrite)
            try models.compact()
            try models.close()
        }

        private static func lines(_ stream: String, _ report: CompactionReport) -> [String] {
            let name = TerminalText.fitted(stream, 8) + "  "
            let count = Amount.counted(Int64(report.segments), "segment")
            var line = "\(name)\(report.rewritten) of \(count) written anew"
            if report.rewritten > 0 {
                let blocks = Amount.counted(Int64(report.before.blocks), "block")
                let bytes = [report.before, report.after].map { Amount.bytes(Int64($0.bytes)) }
                line += ": \(blocks) became \(report.after.blocks), \(bytes[0]) became \(bytes[1])"
            }
            return [line]
                + report.damaged.map {
                    name + TerminalText.escaped($0) + ": damaged, left alone; see `wardline verify`"
                }
        }

        /// An element of `schemas/output/compact-v1.schema.json`.
        private static func object(_ stream: String, _ report: CompactionReport) -> JSONValue {
            .object([
                .init("stream", .text(stream)), .init("segments", .integer(Int64(report.segments))),
                .init("rewritten", .integer(Int64(report.rewritten))),
                .init("blocks_before", .integer(Int64(report.before.blocks))),
                .init("blocks_after", .integer(Int64(report.after.blocks))),
                .init("bytes_before", .integer(Int64(report.before.bytes))),
                .init("bytes_after", .integer(Int64(report.after.bytes))),
                .init("damaged", .texts(report.damaged)),
            ])
        }
    }
}
