// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel
public import Platform
import SegmentLog
import WireFormats

/// What the log knows of the imports of one file: by the content of the file, not by its name.
public enum ImportState: Hashable, Sendable {
    /// Nothing of it is there.
    case new
    /// Begun and not ended: so many of its records are there.
    case interrupted(records: Int)
    /// All of it is there.
    case complete(records: Int)

    /// Reads the log for imports of the file with that hash.
    ///
    /// Imports do not overlap: imported records belong to the last begin before them.
    ///
    /// `sha256` is that of the bytes of the file, as in ``importBegin`` facts.
    ///
    /// - Complexity: O(records): the log is read once, one part at a time.
    public static func find(
        _ sha256: String,
        storage: any LogStorage,
        path: String
    ) throws(WardlineError) -> ImportState {
        try find([sha256], storage: storage, path: path).first ?? .new
    }

    /// Reads the log once for imports of all these files.
    ///
    /// - Returns: One state per hash, in their order.
    public static func find(
        _ hashes: [String],
        storage: any LogStorage,
        path: String
    ) throws(WardlineError) -> [ImportState] {
        do throws(LogError) {
            let reader = try LogReader.open(storage: storage, path: path, stream: "records")
            var searches = hashes.map { ImportSearch(sha256: $0) }
            // Where no import begins or ends, only records of a wanted one matter.
            for part in reader.parts
            where part.mayHoldControlRecords || searches.contains(where: \.isInside) {
                guard let records = try reader.soundRecords(part) else { continue }
                for index in searches.indices { searches[index].take(records) }
            }
            return searches.map(\.state)
        } catch {
            throw error.wardlineError("read", "the log")
        }
    }
}

/// Follows the imports of a log.
private struct ImportSearch {
    let sha256: String
    var state = ImportState.new
    /// Records of the wanted import so far.
    private var count = 0
    /// Whether the records that follow are of the wanted import.
    private(set) var isInside = false

    init(sha256: String) { self.sha256 = sha256 }

    mutating func take(_ batch: RecordBatch) {
        for (index, row) in batch.rows.enumerated() {
            switch row.kind {
            case .importBegin:
                let facts = try? JSONValue(parsing: batch.payload(index).span)
                isInside = facts?["sha256"]?.text == sha256
                guard isInside else { continue }
                count = Int(facts?["resumed"]?.integer ?? 0)
                state = .interrupted(records: count)
            case .importEnd:
                if isInside { state = .complete(records: count) }
                isInside = false
            case .device where isInside && row.flags.contains(.imported):
                count += 1
                state = .interrupted(records: count)
            default: continue
            }
        }
    }
}
