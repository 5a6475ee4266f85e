// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Normalization
import SiteFiles
import WireFormats

/// Decodes the records of a store by the decoders, and with the reference times, that its log says.
struct LogDecoder: RecordDecoder {
    private let sets: StoreSets
    private let siteKey: SiteKey
    private var decoders: DecoderSet
    private var normalizer: Normalizer
    /// The import that runs; nil outside of imports.
    private var imported: (reference: UTCTime?, isInFile: Bool)?

    init(sets: StoreSets, siteKey: SiteKey) {
        self.sets = sets
        self.siteKey = siteKey
        decoders = DecoderLoader.load([]).decoders
        normalizer = Normalizer(decoders: decoders, siteKey: siteKey)
    }

    mutating func decode(_ records: RecordBatch, base: Offset) -> DecodedRecords {
        var decoded = DecodedRecords(records: records, base: base)
        // What made the events; without any, the decoders in force at the end.
        var epochs: Set<[UInt8]> = []
        var start = 0
        for index in records.rows.indices where records.rows[index].kind != .device {
            if index > start { epochs.insert(decoders.epoch) }
            run(start..<index, &decoded)
            let refused = control(records, index)
            if !refused.isEmpty { decoded.refused.append((index, refused)) }
            start = index + 1
        }
        if records.count > start || epochs.isEmpty { epochs.insert(decoders.epoch) }
        run(start..<records.count, &decoded)
        if epochs.count == 1, let epoch = epochs.first { decoded.epoch = epoch }
        return decoded
    }

    private mutating func run(_ rows: Range<Int>, _ decoded: inout DecodedRecords) {
        guard !rows.isEmpty else { return }
        var events = EventBatch()
        let part = rows.count < decoded.records.count ? decoded.records.part(rows) : decoded.records
        let base = decoded.base.advanced(by: rows.lowerBound)
        normalizer.decode(part, base: base, reference: imported?.reference, into: &events)
        decoded.runs.append(DecodedRecords.Run(rows: rows, events: events))
    }

    /// Acts on what a control record says of decoding.
    ///
    /// - Returns: Why parts of new decoders were refused.
    private mutating func control(_ records: RecordBatch, _ index: Int) -> [String] {
        let fact = (try? JSONValue(parsing: records.payload(index).span)) ?? .null
        switch records.rows[index].kind {
        case .importBegin:
            imported = (fact["reference_time"]?.text.flatMap { UTCTime(rfc3339: $0) }, true)
            // What stands in a file does not follow what came before it.
            normalizer.forget()
        case .importEnd:
            imported = fact["more"]?.bool == true ? (imported?.reference, false) : nil
            normalizer.forget()
        // A file that was begun waits to be resumed; files that ended wait for no more.
        case .start, .stop: if imported?.isInFile == false { imported = nil }
        case .activation where fact["role"]?.text == "decoders":
            return activate(fact)
        case .activation: normalizer.forget()
        default: break
        }
        return []
    }

    /// Brings the decoders that a fact names into force; those of before stay where it cannot be said which.
    ///
    /// - Returns: Why parts of them were refused.
    @discardableResult
    mutating func activate(_ fact: JSONValue) -> [String] {
        let (found, refused) = sets.files(fact)
        guard let files = found else { return refused }
        let outcome = DecoderLoader.load(files.map { DecoderLoader.File(name: $0.name, bytes: $0.bytes) })
        decoders = outcome.decoders
        normalizer = Normalizer(decoders: decoders, siteKey: siteKey)
        return refused + outcome.refused.map(\.description)
    }
}
