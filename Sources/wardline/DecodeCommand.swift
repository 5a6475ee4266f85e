// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import ArgumentParser
import EventModel
import Foundation
import Inventory
import Normalization
import Pipeline
import Platform
import QueryEngine

/// `wardline decode`: how a line is read, by the decoders that the daemon uses.
struct DecodeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "decode",
        abstract: "Show how log lines are parsed and decoded; nothing is stored.",
        discussion: """
            All words after the options are one line, so that it needs no quotes where the shell \
            leaves it alone. With - or without LINE, lines are read from standard input. -o jsonl \
            prints one flat object per line; further events of the same line stand under `more`. \
            Standard error says how many were understood.
            """
    )

    @Argument(
        parsing: .remaining,
        help: ArgumentHelp("The line as it was sent; - for standard input.", valueName: "LINE")
    )
    var words: [String] = []

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Output: short (in words), json, jsonl, ocsf or ecs.", valueName: "MODE")
    )
    var output: OutputMode = .short

    @Option(
        name: .customLong("decoders"),
        help: ArgumentHelp("Folder with *.decoder.yaml files.", valueName: "DIR")
    )
    var decoders: String?

    @Option(
        name: .customLong("reference-time"),
        help: ArgumentHelp("Resolves times without a year; default: now.", valueName: "TIME")
    )
    var referenceTime: String?

    @Option(
        name: .customLong("site"),
        help: ArgumentHelp(
            "Folder of site files: says which assets and zones the line is about.",
            valueName: "DIR"
        )
    )
    var site: String?

    @Option(
        name: .customLong("store"),
        help: ArgumentHelp("Store whose site files and patient tokens count.", valueName: "DIR")
    )
    var store: String?

    @OptionGroup var common: CommonOptions

    mutating func validate() throws {
        guard site == nil || store == nil else {
            throw ValidationError("--site and --store exclude each other: a store has site files of its own.")
        }
        guard [.short, .verbose, .json, .jsonl, .ocsf, .ecs].contains(output) else {
            throw ValidationError(
                "decode has the outputs short, json, jsonl, ocsf and ecs, not \(output.rawValue)."
            )
        }
    }

    func run() throws {
        let context = try CommandContext(common, mode: output)
        let reference = try context.time(referenceTime, flag: "--reference-time") ?? context.now
        let set = try Content.decoders(
            folder: decoders,
            environment: context.environment,
            isQuiet: common.quiet
        )
        var decoding = LineDecoding(set, reference: reference, output: output, context: context)
        if let store {
            let reader = try StoreReader(path: store)
            decoding.resolve(by: try SiteInForce.register(reader))
            decoding.tokenise(by: StoreKey.reading(StorePaths(store), storage: POSIXStorage()))
        } else if let site {
            decoding.resolve(by: try SiteInForce.register(folder: site))
        }
        if words.isEmpty || words == ["-"] {
            if words.isEmpty, TerminalInfo(.input).isTerminal {
                throw CleanExit.helpRequest(self)
            }
            var lines = LineReader(FileHandle.standardInput)
            while let line = try lines.next() { decoding.add(line) }
        } else {
            decoding.add(
                LineReader.Line(bytes: Array(words.joined(separator: " ").utf8), originalLength: nil)
            )
        }
        decoding.finish()
        context.output.finish()
        if !common.quiet, common.verbose || decoding.lineCount > 1, !output.isForPrograms {
            Messages.note(
                "\(Amount.count(Int64(decoding.understoodCount))) of "
                    + "\(Amount.counted(Int64(decoding.lineCount), "line")) "
                    + "understood by a decoder"
            )
        }
    }
}

/// Decodes lines in batches and writes what they became.
struct LineDecoding {
    /// Lines decoded at once: enough to keep the normalizer warm, few enough to answer a person who types.
    static let batchCountMax = 1_024

    private let reference: UTCTime
    private let output: OutputMode
    private let context: CommandContext
    private let decoders: DecoderSet
    private var normalizer: Normalizer
    private var resolver: SiteResolver?
    private var records = RecordBatch()
    private var base = Offset.zero
    private var isFirst = true
    private(set) var understoodCount = 0
    private(set) var lineCount = 0

    init(_ decoders: DecoderSet, reference: UTCTime, output: OutputMode, context: CommandContext) {
        self.reference = reference
        self.output = output
        self.context = context
        self.decoders = decoders
        normalizer = Normalizer(decoders: decoders, siteKey: SiteKey(id: "decode", secret: []))
        reset()
    }

    /// Says of each line which assets and zones it is about.
    mutating func resolve(by register: AssetRegister) { resolver = SiteResolver(register) }

    /// Makes the tokens that a store's events carry.
    mutating func tokenise(by key: SiteKey) { normalizer = Normalizer(decoders: decoders, siteKey: key) }

    private mutating func reset() {
        records = RecordBatch()
        _ = records.index(of: Origin(listener: "decode", transport: .standardInput))
    }

    mutating func add(_ line: LineReader.Line) {
        records.append(
            line.bytes,
            kind: .device,
            flags: line.originalLength == nil ? [] : .truncated,
            origin: 0,
            originalLength: line.originalLength,
            receiveTime: .absent
        )
        lineCount += 1
        if records.count >= LineDecoding.batchCountMax { flush() }
    }

    mutating func finish() {
        flush()
        if output == .json { context.output.line(isFirst ? "[]" : "]") }
    }

    private mutating func flush() {
        guard records.count > 0 else { return }
        var events = EventBatch()
        normalizer.decode(records, base: base, reference: reference, into: &events)
        var index = 0
        for row in records.rows.indices {
            let offset = base.advanced(by: row)
            let start = index
            while index < events.events.count, events.events[index].offset == offset { index += 1 }
            if events.events[start..<index].contains(where: { !$0.issues.contains(.undecoded) }) {
                understoodCount += 1
            }
            write(events, start..<index, row, offset)
        }
        base = base.advanced(by: records.count)
        reset()
    }

    private mutating func write(_ events: EventBatch, _ range: Range<Int>, _ row: Int, _ offset: Offset) {
        switch output {
        case .json, .jsonl:
            let text = TerminalText.escapedJSON(object(events, range).line)
            context.output.line(output == .jsonl ? text : (isFirst ? "[" : ",") + text)
        case .ocsf, .ecs:
            for index in range {
                let object =
                    output == .ocsf ? OCSFObject.json(events, index) : ECSObject.json(events, index)
                context.output.line(TerminalText.escapedJSON(object.line))
            }
        default:
            if !isFirst { context.output.line("") }
            let explanation = LineExplanation(
                events: events,
                range: range,
                times: context.times,
                resolver: resolver
            )
            context.output.lines(
                explanation.lines(
                    number: offset.value + 1,
                    bytes: records.payload(row),
                    originalLength: records.rows[row].originalLength,
                    palette: context.palette
                )
            )
        }
        isFirst = false
    }

    /// The first event as a flat object, further ones under `more`.
    private func object(_ events: EventBatch, _ range: Range<Int>) -> JSONValue {
        guard let first = range.first else { return .object([]) }
        var members = EventObject.members(events, first, withPosition: false)
        if let resolver {
            members += LineResolution.all(events, first, by: resolver).map { .init($0.name, .text($0.value)) }
        }
        if range.count > 1 {
            members.append(
                .init(
                    "more",
                    .array(range.dropFirst().map { EventObject.json(events, $0, withPosition: false) })
                )
            )
        }
        return .object(members)
    }
}
