// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import ArgumentParser
import Digests
import EventModel
import Pipeline
import Platform
import QueryEngine
import SegmentLog

/// `wardline prove`: that one record is in the log, checkable without the store.
struct ProveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prove",
        abstract: "Write a proof that a record is in the log; `wardline verify PROOF` checks it anywhere.",
        discussion: """
            The proof is one JSON object: the record with everything that is known of its receipt, the \
            hashes from it to the root, the newest signed head and the public key. A record with patient \
            data is written out with --reveal only. Exit status 1 when no head covers the record.
            """
    )

    @Argument(
        help: ArgumentHelp("Offset of the record, as timelines and queries cite it.", valueName: "OFFSET")
    )
    var offset: UInt64

    @Option(help: ArgumentHelp("The stream: records or journal.", valueName: "NAME"))
    var stream = "records"

    @Option(
        help: ArgumentHelp(
            "Write out a record that holds patient data; the reason and who asks go into the log.",
            valueName: "REASON"
        )
    )
    var reveal: String?

    @OptionGroup var store: StoreOptions
    @OptionGroup var common: CommonOptions

    func validate() throws {
        if let reveal { try Reveal.validate(reveal) }
        guard ["records", "journal"].contains(stream) else {
            throw ValidationError("--stream is records or journal, not '\(TerminalText.escaped(stream))'.")
        }
    }

    func run() throws {
        let context = try CommandContext(common)
        let reader = try StoreReader(path: StoreLocation.path(store, context.environment))
        try checkPatients(reader, context)
        guard let head = try reader.newestHead(stream: stream),
            let proof = try reader.proof(of: Offset(offset), in: head, stream: stream)
        else {
            if !common.quiet {
                Messages.note(
                    "no signed head of \(stream) covers record \(offset), or it was removed: "
                        + "`wardline verify` says what is gone"
                )
            }
            throw ExitCode(1)
        }
        guard proof.isSound else {
            Messages.error("the store does not agree with its newest head. Run `wardline verify`.")
            throw ExitCode(3)
        }
        let keys = VerifyCommand.storedKeys(reader.path).split(separator: "\n").compactMap { NoteKey($0) }
        let key = keys.first { $0.name == head.origin }
        context.output.line(TerminalText.escapedJSON(ProofText.object(proof, key).line))
        context.output.finish()
    }
}

extension ProveCommand {
    /// Refuses to write out patient data without a reason, and writes down that they are.
    private func checkPatients(_ reader: StoreReader, _ context: CommandContext) throws {
        guard stream == "records" else { return }
        let decoder = StoreDecoder(
            reader,
            environment: context.environment,
            siteKey: StoreKey.reading(StorePaths(reader.path), storage: POSIXStorage())
        )
        guard try Reveal.isNeeded(Offset(offset), try reader.partSource(decoder: decoder)) else { return }
        guard let reveal else {
            throw WardlineError(
                .usage,
                "Record \(offset) holds patient data. --reveal REASON writes it out; the log keeps who asked "
                    + "and why.",
                location: "--reveal"
            )
        }
        try Reveal.journal(reveal, "prove \(offset)", reader.path, context)
    }
}

/// A proof as an object and back.
enum ProofText {
    /// Version of the form.
    private static let version: Int64 = 1
    /// Largest file that is read as a proof: a record of 64 MiB in base64.
    static let sizeMaxBytes = 96 << 20

    /// The object of `schemas/output/proof-v1.schema.json`.
    static func object(_ proof: RecordProof, _ key: NoteKey?) -> JSONValue {
        .object([
            .init("wardline_proof", .integer(version)),
            .init("offset", .integer(Int64(clamping: proof.offset.value))),
            .init("record", proof.record.map { .text(String(decoding: $0, as: UTF8.self)) } ?? .null),
            .init("leaf", .text(Base64Text.text(proof.content))),
            .init("path", .texts(proof.path.map { Base64Text.text($0.bytes) })),
            .init("head", .text(proof.head.text)),
            .init("key", key.map { .text($0.text) } ?? .null),
        ])
    }

    /// Whether the text that people read in the object is that of the record whose hash is proven.
    static func showsRecord(_ object: JSONValue, of proof: RecordProof) -> Bool {
        guard let shown = object["record"], shown != .null else { return true }
        guard let text = shown.text, let record = proof.record else { return false }
        // As bytes: equal letters may be composed differently.
        return Array(text.utf8) == Array(String(decoding: record, as: UTF8.self).utf8)
    }

    /// The proof in an object, with the key that it brings; nil for anything else.
    static func proof(_ object: JSONValue) -> (proof: RecordProof, key: NoteKey?)? {
        guard object["wardline_proof"]?.integer == version, let offset = object["offset"]?.integer,
            offset >= 0,
            let content = object["leaf"]?.text.flatMap({ Base64Text.bytes($0) }),
            let head = object["head"]?.text.flatMap({ SignedHead($0) }),
            case .array(let items)? = object["path"]
        else { return nil }
        let path = items.compactMap { $0.text.flatMap { Base64Text.bytes($0) }.flatMap { TreeHash($0) } }
        guard path.count == items.count else { return nil }
        let proof = RecordProof(offset: Offset(UInt64(offset)), content: content, path: path, head: head)
        return (proof, object["key"]?.text.flatMap { NoteKey($0) })
    }
}
