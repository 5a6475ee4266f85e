// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Pipeline
import Platform
import QueryEngine
import SegmentLog
import WireFormats

/// The records of Wardline that decide how cited records are read and judged, and the files that they name.
struct ControlsInForce {
    /// A file that was in force, or lists those that were.
    typealias File = ActivatedFiles.File

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
        var before: [String: (offset: UInt64, fact: JSONValue)] = [:]
        var within: [(offset: UInt64, fact: JSONValue)] = []
        try store.forEachControlRecord(below: Offset(last + 1)) { offset, kind, bytes in
            guard kind != .tick, kind != .removed else { return }
            let fact = (try? JSONValue(parsing: bytes.span)) ?? .null
            if offset.value < first {
                before["\(kind) \(fact["role"]?.text ?? "")"] = (offset.value, fact)
            } else {
                within.append((offset.value, fact))
            }
        }
        var seen: Set<String> = []
        for (offset, fact) in before.values.sorted(by: { $0.offset < $1.offset }) + within {
            offsets.append(offset)
            let named = try ControlsInForce.files(of: fact) { hash throws(WardlineError) in
                try store.set(hash)
            }
            for file in named where seen.insert(file.sha256).inserted { files.append(file) }
        }
    }

    /// The files that a site fact or an activation names, with the manifest that lists them; `read` gives the
    /// bytes of one.
    static func files(
        of fact: JSONValue,
        _ read: (String) throws(WardlineError) -> [UInt8]
    ) throws(WardlineError) -> [File] {
        if let hash = fact["sha256"]?.text, fact["role"] != nil {
            return [File(name: fact["name"]?.text ?? "", sha256: hash)]
        }
        let named = ActivatedFiles(fact)
        let files = try named.files(read)
        guard case .manifest(let hash) = named else { return files }
        return [File(name: "manifest of \(fact["role"]?.text ?? "")", sha256: hash)] + files
    }
}
