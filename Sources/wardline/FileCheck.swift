// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import ArgumentParser
import Cases
import Digests
import EventModel
import Pipeline
import Platform
import SegmentLog
import WireFormats

/// Checks files that were named to `verify`: segments, proofs and cases, each by what it is.
struct FileCheck {
    let context: CommandContext
    /// File of the keys to trust; nil for those that a file brings or that lie beside it.
    let key: String?
    /// File of a head that was kept elsewhere.
    let since: String?
    let isQuiet: Bool

    private enum Outcome: Int32 {
        case sound = 0
        case unproven = 1
        case broken = 3
    }

    /// Checks all of them; the worst decides the exit status.
    func run(_ files: [String], _ output: OutputMode) throws {
        var worst = Outcome.sound
        for file in files {
            let found = try check(file, output)
            if found.rawValue > worst.rawValue { worst = found }
        }
        context.output.finish()
        guard worst == .sound else { throw ExitCode(worst.rawValue) }
    }

    /// Checks one file as a case, whatever it looks like.
    func runCase(_ file: String, _ output: OutputMode) throws {
        let found = try checkCase(file, output)
        context.output.finish()
        guard found == .sound else { throw ExitCode(found.rawValue) }
    }

    private func check(_ path: String, _ output: OutputMode) throws -> Outcome {
        if let report = try segment(path) { return show(report, output) }
        guard let object = FileCheck.firstObject(try VerifyCommand.text(path)) else {
            throw WardlineError(.usage, "The file is no segment, no proof and no case.", location: path)
        }
        if object["wardline_case"] != nil { return try checkCase(path, output) }
        guard let (proof, own) = ProofText.proof(object) else {
            throw WardlineError(.usage, "The file is no segment, no proof and no case.", location: path)
        }
        return try show(proof, own, showsRecord: ProofText.showsRecord(object, of: proof))
    }

    private static func firstObject(_ text: String) -> JSONValue? {
        if let whole = try? JSONValue(parsing: Array(text.utf8).span) { return whole }
        let line = text.utf8.prefix { $0 != 0x0a }
        return try? JSONValue(parsing: Array(line).span)
    }

    private func keys() throws -> [NoteKey]? {
        try key.map { try VerifyCommand.text($0) }?.split(separator: "\n").compactMap { NoteKey($0) }
    }

    private func checkCase(_ path: String, _ output: OutputMode) throws -> Outcome {
        let read = try CaseText.read(path, key: key)
        var problems = read.problems
        if let since, problems.isEmpty, try VerifyCommand.head(since) != read.head {
            problems.append("the proofs lead to another head, of \(read.head?.size ?? 0) records")
        }
        if output.isForPrograms {
            context.output.line(TerminalText.escapedJSON(CaseText.object(read, problems).line))
        } else {
            context.output.lines(CaseText.lines(read, problems, context.palette, context.times))
        }
        if problems.isEmpty, read.isSelfSigned, !isQuiet {
            Messages.note("the keys are the case's own; compare them with ones that you trust, or use --key")
        }
        return problems.isEmpty ? .sound : .broken
    }

    private func show(_ proof: RecordProof, _ own: NoteKey?, showsRecord: Bool) throws -> Outcome {
        let known = try keys()
        let witness = try since.map { try VerifyCommand.head($0) }
        let trusted = known ?? [own].compactMap { $0 }
        let isSigned = trusted.contains { $0.name == proof.head.origin && proof.head.isSigned(by: $0) }
        let isOther = witness.map { $0 != proof.head } ?? false
        let isSound = isSigned && proof.isSound && showsRecord && !isOther
        let what = "record \(proof.offset) of \(TerminalText.escaped(proof.head.origin))"
        let why =
            !proof.isSound
            ? "the hashes do not lead to the head"
            : !isSigned
                ? "the head is not signed by the key"
                : !showsRecord
                    ? "its text under `record` is not that of the leaf"
                    : isOther
                        ? "it leads to another head, of \(proof.head.size) records"
                        : "in the tree of \(proof.head.size) records"
        context.output.line(mark(isSound) + "  \(what): \(why)")
        if isSound, known == nil, !isQuiet {
            Messages.note("the key is the proof's own; compare it with one that you trust, or use --key")
        }
        return isSound ? .sound : .broken
    }

    private func mark(_ isSound: Bool) -> String {
        context.palette.paint(isSound ? "OK  " : "FAIL", isSound ? .good : .danger)
    }
}

extension FileCheck {
    /// Checks a segment with the heads beside it and the one of `--since`; nil for another kind of file.
    private func segment(_ path: String) throws -> SegmentReport? {
        let storage = POSIXStorage()
        let folder = parentPath(path)
        let (store, stream) = (parentPath(folder), lastPathPart(folder))
        let beside = (try? VerifyCommand.text(store + "/keys/head.public")) ?? ""
        let known = try keys() ?? beside.split(separator: "\n").compactMap { NoteKey($0) }
        do throws(StorageError) {
            guard try storage.exists(path) else { throw StorageError(.open, path, 2) }
        } catch {
            throw WardlineError(.usage, "The file cannot be read.", cause: error.description, location: path)
        }
        var heads = (try? HeadFile.read(storage: storage, path: store, stream: stream)) ?? []
        if let since { heads.append(try VerifyCommand.head(since)) }
        let signed = heads.filter { head in
            known.contains { head.origin == $0.name && head.isSigned(by: $0) }
        }
        let notes = try? TombstoneNotes(storage: storage, path: store, stream: stream, keys: known)
        do throws(LogError) {
            return try verifySegment(
                storage: storage,
                file: path,
                heads: signed,
                tombstones: notes?.sound ?? []
            )
        } catch {
            throw error.wardlineError("check", path)
        }
    }

    private func show(_ segment: SegmentReport, _ output: OutputMode) -> Outcome {
        let report = segment.report
        let outcome: Outcome = !report.isSound ? .broken : report.heads > 0 ? .sound : .unproven
        if output.isForPrograms {
            context.output.line(TerminalText.escapedJSON(FileCheck.object(segment).line))
            return outcome
        }
        context.output.lines(VerifyText.lines(TerminalText.escaped(segment.stream), report, context.palette))
        let end = segment.offsets.upperBound
        if report.isSound, report.heads == 0 {
            let why =
                segment.knowsFrontier
                ? "no known signed head ends in it" : "its footer does not say what lies before it"
            context.output.line(context.palette.paint("note", .caution) + "  unproven: " + why)
        } else if report.isSound, report.signedEnd < end {
            let last = Offset(end.value - 1)
            context.output.line(
                context.palette.paint("note", .caution)
                    + "  unproven: records \(report.signedEnd) to \(last), after the last known head"
            )
        }
        return outcome
    }

    /// The object of `schemas/output/segment-v1.schema.json`.
    private static func object(_ segment: SegmentReport) -> JSONValue {
        .object([
            .init("file", .text(segment.file)), .init("sound", .bool(segment.report.isSound)),
            .init("from", .integer(Int64(clamping: segment.offsets.lowerBound.value))),
            .init(
                "roots",
                segment.roots.map { roots in
                    .texts([Base64Text.text(roots.start.bytes), Base64Text.text(roots.end.bytes)])
                } ?? .null
            ),
            .init("report", VerifyText.object(segment.stream, segment.report)),
        ])
    }
}
