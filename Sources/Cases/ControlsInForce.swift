// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Platform
import QueryEngine
import SegmentLog
import WireFormats

/// The records of Wardline that decide how cited records are read and judged, and the files that they name.
struct ControlsInForce {
    /// A file that was in force.
    struct File: Hashable {
        var sha256: String
        var name: String
    }

    /// Offsets, rising.
    private(set) var offsets: [UInt64] = []
    /// Files, each once, in the order in which they came into force.
    private(set) var files: [File] = []

    /// Of the records `cited`, which are rising: what came into force between the first and the last, and of
    /// each role what was in force before.
    init(
        _ store: StoreReader,
        _ storage: any LogStorage,
        cited: [UInt64]
    ) throws(WardlineError) {
        guard let first = cited.first, let last = cited.last else { return }
        var before: [String: (offset: UInt64, files: [File])] = [:]
        var within: [(offset: UInt64, files: [File])] = []
        try store.forEachControlRecord(below: Offset(last + 1)) { offset, kind, bytes in
            guard kind != .tick, kind != .removed else { return }
            let fact = (try? JSONValue(parsing: bytes.span)) ?? .null
            let found = (offset.value, ControlsInForce.files(of: fact))
            if offset.value < first {
                before["\(kind) \(fact["role"]?.text ?? "")"] = found
            } else {
                within.append(found)
            }
        }
        var seen: Set<String> = []
        for (offset, named) in before.values.sorted(by: { $0.offset < $1.offset }) + within {
            offsets.append(offset)
            for file in named where seen.insert(file.sha256).inserted { files.append(file) }
        }
    }

    /// The files that a site fact or an activation names.
    static func files(of fact: JSONValue) -> [File] {
        if let hash = fact["sha256"]?.text, fact["role"] != nil {
            return [File(sha256: hash, name: fact["name"]?.text ?? "")]
        }
        return (fact["files"]?.elements ?? []).compactMap { file in
            file["sha256"]?.text.map { File(sha256: $0, name: file["name"]?.text ?? "") }
        }
    }
}
