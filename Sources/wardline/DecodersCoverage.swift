// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import ArgumentParser
import EventModel
import Foundation
import Normalization
import Pipeline
import Platform
import QueryEngine
import SiteFiles

extension DecodersCommand {
    /// What nothing decodes.
    struct Coverage: ParsableCommand {
        /// What a row stands for.
        enum Grouping: String, CaseIterable, ExpressibleByArgument {
            case shape
            case decoder
        }

        static let configuration = CommandConfiguration(
            commandName: "coverage",
            abstract: "Rank the lines that no decoder takes by sender and shape.",
            discussion: """
                Lines come from files (- for standard input), else from the store, and are decoded by the \
                decoders of now. --by decoder counts what each decoder took. Exit status 0 also when every \
                line was understood.
                """
        )

        @OptionGroup var lines: LineSourceOptions
        @Option(help: "What is counted: shape (of what nothing takes) or decoder.")
        var by: Grouping = .shape
        @OptionGroup var list: ListOptions
        @OptionGroup var common: CommonOptions

        func run() throws {
            let context = try CommandContext(common, mode: list.output)
            let survey = try lines.survey(context)
            switch by {
            case .shape: writeShapes(survey, context)
            case .decoder: writeDecoders(survey, context)
            }
            context.output.finish()
            if !common.quiet { survey.note() }
        }

        private func writeShapes(_ survey: DecoderSurvey, _ context: CommandContext) {
            var table = TextTable([
                .init(title: "LINES", alignRight: true), .init(title: "HOSTS", alignRight: true),
                .init(title: "SENDER"), .init(title: "SHAPE", isElastic: true),
            ])
            var objects: [JSONValue] = []
            let groups = survey.miner.groups()
            for group in list.count.map({ Array(groups.prefix($0)) }) ?? groups {
                let sender = group.application.isEmpty ? "-" : group.application
                table.add([
                    Amount.count(Int64(group.count)), Amount.count(Int64(group.hostCount)), sender,
                    group.shape,
                ])
                objects.append(
                    .object([
                        .init("count", .integer(Int64(group.count))),
                        .init("hosts", .integer(Int64(group.hostCount))),
                        .init("application", .text(group.application)),
                        .init("format", .text(group.format.rawValue)),
                        .init("shape", .text(group.shape)),
                        .init(
                            "example",
                            .text(String(decoding: group.examples.first ?? [], as: UTF8.self))
                        ),
                    ])
                )
            }
            let rows = objects.isEmpty ? [] : table.lines(width: context.width, palette: context.palette)
            context.write(list.output, objects: objects, table: rows)
        }

        private func writeDecoders(_ survey: DecoderSurvey, _ context: CommandContext) {
            var table = TextTable([
                .init(title: "LINES", alignRight: true), .init(title: "DECODER"), .init(title: "CLASSES"),
            ])
            var objects: [JSONValue] = []
            let rows = survey.decoders.sorted { ($1.value.lines, $0.key) < ($0.value.lines, $1.key) }
            for (name, row) in list.count.map({ Array(rows.prefix($0)) }) ?? rows {
                let classes = EventClass.allCases.compactMap { kind in
                    row.classes[kind].map { (kind.name, $0) }
                }
                let text = classes.map { "\($0.0) \(Amount.count(Int64($0.1)))" }.joined(separator: ", ")
                table.add([Amount.count(Int64(row.lines)), name, text])
                objects.append(
                    .object([
                        .init("lines", .integer(Int64(row.lines))), .init("decoder", .text(name)),
                        .init(
                            "classes",
                            .object(classes.map { .init($0.0, .integer(Int64($0.1))) })
                        ),
                    ])
                )
            }
            let lines = objects.isEmpty ? [] : table.lines(width: context.width, palette: context.palette)
            context.write(list.output, objects: objects, table: lines)
        }
    }

    /// A start for what nothing decodes.
    struct Suggest: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "suggest",
            abstract: "Draft decoder files from lines that no decoder takes.",
            discussion: """
                Lines come from files (- for standard input), else from the store. The draft of the sender \
                with most of them is printed; --sender names another, --into DIR writes a file for each. A \
                draft loads as it stands: `wardline decoders test FILE`. Its samples are real lines. Exit \
                status 1 when there is nothing to draft from.
                """
        )

        @OptionGroup var lines: LineSourceOptions
        @Option(help: ArgumentHelp("Application of the lines; - for lines that name none.", valueName: "APP"))
        var sender: String?
        @Option(help: ArgumentHelp("Write one file for each sender into this folder.", valueName: "DIR"))
        var into: String?
        @OptionGroup var common: CommonOptions

        func run() throws {
            let context = try CommandContext(common)
            let survey = try lines.survey(context)
            if !common.quiet { survey.note() }
            var groups = survey.miner.groups()
            if let sender { groups.removeAll { $0.application != (sender == "-" ? "" : sender) } }
            let drafts = DecoderDraft.drafts(of: groups)
            guard let first = drafts.first else {
                if !common.quiet { Messages.note("there is nothing to draft a decoder from") }
                throw Outcome.nothingFound
            }
            if let into {
                try write(drafts, into: into)
                return
            }
            context.output.lines(first.text.split(separator: "\n").map(String.init))
            context.output.finish()
            guard !common.quiet else { return }
            tell(first)
            let others = drafts.dropFirst().map { "\($0.id) (\(Amount.count(Int64($0.lineCount))))" }
            if !others.isEmpty {
                Messages.note(
                    TerminalText.escaped(
                        "not printed: " + others.joined(separator: ", ") + "; see --sender, --into"
                    )
                )
            }
        }

        private func tell(_ draft: DecoderDraft) {
            Messages.note(
                TerminalText.escaped(draft.id) + ": \(Amount.counted(Int64(draft.ruleCount), "rule")) for "
                    + "\(Amount.counted(Int64(draft.lineCount), "line")); "
                    + "\(Amount.counted(Int64(draft.leftCount), "line")) without one"
            )
        }

        private func write(_ drafts: [DecoderDraft], into folder: String) throws {
            var isRefused = false
            let storage = POSIXStorage()
            for draft in drafts {
                let path = folder + "/" + draft.id + DecoderLoader.fileSuffix
                do throws(StorageError) {
                    try storage.makeDirectories(folder)
                    if try !storage.exists(path) {
                        try storage.writeAtomically(Array(draft.text.utf8), to: path)
                    } else if try storage.readFile(path) != Array(draft.text.utf8) {
                        Messages.error("\(path): there is another file of that name; it stays. Move it away.")
                        isRefused = true
                        continue
                    }
                } catch {
                    throw WardlineError(
                        .storage,
                        "The draft cannot be written. Check free space and permissions.",
                        cause: error.description,
                        location: path
                    )
                }
                if !common.quiet {
                    Messages.note("wrote \(TerminalText.escaped(path))")
                    tell(draft)
                }
            }
            if isRefused { throw ExitCode(2) }
        }
    }
}

/// Lines of files, of standard input or of a store.
struct LineSourceOptions: ParsableArguments {
    @Argument(
        help: ArgumentHelp("Files of lines, - for standard input; without one, the store.", valueName: "FILE")
    )
    var files: [String] = []
    @OptionGroup var time: TimeOptions
    @OptionGroup var store: StoreOptions
    @OptionGroup var source: DecoderOptions

    mutating func validate() throws {
        if !files.isEmpty, time.since != nil || time.until != nil {
            throw ValidationError("-S and -U go with a store, not with files.")
        }
    }

    /// Decodes every line.
    func survey(_ context: CommandContext) throws -> DecoderSurvey {
        let set = try Content.decoders(
            folder: source.decoders,
            environment: context.environment,
            isQuiet: context.isQuiet
        )
        var survey = DecoderSurvey(set, reference: context.now)
        try forEach(context) { survey.add($0) }
        survey.finish()
        return survey
    }

    /// Hands over every line.
    private func forEach(_ context: CommandContext, _ body: ([UInt8]) -> Void) throws {
        guard files.isEmpty else {
            for file in files { try forEachLine(of: file, body) }
            return
        }
        let reader = try StoreReader(path: StoreLocation.path(store, context.environment))
        let (since, until) = try context.interval(time)
        let everything = try Query("", context: .init(now: context.now, zone: context.times.zone))
        let decoder = StoreDecoder(
            reader,
            environment: context.environment,
            siteKey: StoreKey.reading(StorePaths(reader.path), storage: POSIXStorage())
        )
        let source = try reader.partSource(decoder: decoder)
        var scan = EventScan(
            EventSelection(query: everything, since: since, until: until, order: .offset),
            in: source
        )
        try scan.run { loaded, index in
            let event = loaded.events.events[index]
            if event.ordinal == 0 { body(loaded.bytes(at: event.offset)) }
            return true
        }
    }

    private func forEachLine(of file: String, _ body: ([UInt8]) -> Void) throws {
        var handle = FileHandle.standardInput
        if file != "-" {
            guard !POSIXStorage().isDirectory(file), let opened = FileHandle(forReadingAtPath: file) else {
                throw WardlineError(
                    .input,
                    "The file cannot be read. Check its name and permissions.",
                    location: file
                )
            }
            handle = opened
        }
        var lines = LineReader(handle)
        while let line = try lines.next() {
            if !line.bytes.isEmpty { body(line.bytes) }
        }
    }
}

/// Decodes lines and keeps those that no decoder takes.
struct DecoderSurvey {
    /// What one decoder took.
    struct Row {
        var lines = 0
        var classes: [EventClass: Int] = [:]
    }

    private let reference: UTCTime
    private var normalizer: Normalizer
    private var records = RecordBatch()
    private(set) var miner = ShapeMiner()
    private(set) var decoders: [String: Row] = [:]
    private(set) var lineCount = 0
    private(set) var undecodedCount = 0

    init(_ set: DecoderSet, reference: UTCTime) {
        self.reference = reference
        normalizer = Normalizer(decoders: set, siteKey: SiteKey(id: "survey", secret: []))
        reset()
    }

    private mutating func reset() {
        records = RecordBatch()
        _ = records.index(of: Origin(listener: "survey", transport: .file))
    }

    mutating func add(_ line: [UInt8]) {
        records.append(line, kind: .device, origin: 0, receiveTime: .absent)
        lineCount += 1
        if records.count >= LineDecoding.batchCountMax { finish() }
    }

    /// Decodes what is waiting.
    mutating func finish() {
        guard records.count > 0 else { return }
        var events = EventBatch()
        let base = Offset(UInt64(lineCount - records.count))
        normalizer.decode(records, base: base, reference: reference, into: &events)
        var taken = Array(repeating: false, count: records.count)
        for event in events.events {
            let name = events.decoders[Int(event.decoder)]
            if event.ordinal == 0 { decoders[name, default: Row()].lines += 1 }
            decoders[name, default: Row()].classes[event.eventClass, default: 0] += 1
            if !event.issues.contains(.undecoded) { taken[Int(event.offset.value - base.value)] = true }
        }
        for row in records.rows.indices where !taken[row] {
            undecodedCount += 1
            miner.add(records.payload(row))
        }
        reset()
    }

    /// Says how much was understood.
    func note() {
        let share = lineCount == 0 ? 0 : Double(undecodedCount) * 100 / Double(lineCount)
        let tenths = Int64((share * 10).rounded())
        var text =
            "\(Amount.count(Int64(undecodedCount))) of \(Amount.counted(Int64(lineCount), "line")) "
            + "(\(tenths / 10).\(tenths % 10) %) not understood by a decoder"
        if miner.overflowCount > 0 {
            text +=
                "; \(Amount.count(Int64(miner.overflowCount))) of them beyond the "
                + "\(Amount.count(Int64(ShapeMiner.shapeCountMax))) shapes told apart"
        }
        Messages.note(text)
    }
}
