// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Digests
import EventModel
import Pipeline
import Platform

/// A file that is ready for import: its bytes can be read as often as needed, its hash is known.
struct ImportSource {
    let request: ImportRequest
    /// Where its bytes lie.
    let path: String
    /// Whether `path` is a copy that the import removes.
    let isSpool: Bool
    var report: ImportReport

    /// Reads all of a file once; what can be read only once is copied to `spool`.
    init(
        _ request: ImportRequest,
        storage: any LogStorage,
        spool: String,
        clock: any WallClock
    ) throws(WardlineError) {
        let input = try ImportSource.onInput(request.path) { () throws(StorageError) in
            request.path == "-" ? try InputFile() : try InputFile(request.path)
        }
        self.request = request
        isSpool = !input.isRegular || request.path == "-"
        path = isSpool ? spool : request.path
        if isSpool { try ImportSource.copy(input, to: spool, storage) }
        do {
            let (sha256, bytes) = try ImportSource.hash(path)
            report = ImportReport(file: request.path, sha256: sha256, bytes: bytes)
        } catch {
            if isSpool { try? storage.remove(spool) }
            throw error
        }
        if let time = request.referenceTime {
            (report.referenceTime, report.referenceSource) = (time, "flag")
        } else if input.changeTime.isPresent {
            (report.referenceTime, report.referenceSource) = (input.changeTime, "mtime")
        } else {
            (report.referenceTime, report.referenceSource) = (clock.now(), "now")
        }
    }

    /// The control record before its records.
    func begin(at time: UTCTime) -> RecordBatch {
        ImportFacts.begin(
            file: report.file,
            sha256: report.sha256,
            bytes: report.bytes,
            referenceTime: report.referenceTime,
            referenceSource: report.referenceSource,
            resumed: report.skipped,
            at: time
        )
    }

    /// The control record after its records.
    func end(isFollowed: Bool, at time: UTCTime) -> RecordBatch {
        ImportFacts.end(
            file: report.file,
            sha256: report.sha256,
            records: report.skipped + report.added,
            isFollowed: isFollowed,
            at: time
        )
    }

    /// SHA-256 and length of a file.
    private static func hash(_ path: String) throws(WardlineError) -> (sha256: String, bytes: Int) {
        let input = try onInput(path) { () throws(StorageError) in try InputFile(path) }
        var hasher = SHA256Hasher()
        var count = 0
        while true {
            let piece = try onInput(path) { () throws(StorageError) in
                try input.read(FileImport.readSizeBytes)
            }
            guard !piece.isEmpty else { return (hasher.digest().hexadecimal, count) }
            hasher.update(piece)
            count += piece.count
        }
    }

    /// Copies what can be read only once.
    private static func copy(
        _ input: borrowing InputFile,
        to path: String,
        _ storage: any LogStorage
    ) throws(WardlineError) {
        do throws(StorageError) {
            if try storage.exists(path) { try storage.remove(path) }
            let file = try storage.open(path, .create)
            var position = 0
            while true {
                let piece = try input.read(FileImport.readSizeBytes)
                guard !piece.isEmpty else { return }
                try file.write(piece.span, at: position)
                position += piece.count
            }
        } catch {
            try? storage.remove(path)
            throw WardlineError(
                .storage,
                "Could not copy the input to the store; free some space or import a file.",
                cause: error.description
            )
        }
    }

    static func onInput<Result>(
        _ path: String,
        _ body: () throws(StorageError) -> Result
    ) throws(WardlineError) -> Result {
        do throws(StorageError) {
            return try body()
        } catch {
            throw WardlineError(.input, "The file cannot be read: \(error.reason).", location: path)
        }
    }
}
