// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Normalization
import Pipeline
import QueryEngine
import SiteFiles
import WireFormats

/// Decodes records of a store with the decoder files that were in force, else with those that ship.
final class StoreDecoder: RecordDecoding {
    private let store: StoreReader
    private let environment: [String: String]
    private let siteKey: SiteKey
    private var normalizers: [ActivatedFiles: Normalizer] = [:]
    private var fallback: Normalizer?

    init(_ store: StoreReader, environment: [String: String], siteKey: SiteKey) {
        self.store = store
        self.environment = environment
        self.siteKey = siteKey
    }

    var lookBackCount: Int { Normalizer.lookBackCount }

    func events(
        of records: RecordBatch,
        base: Offset,
        before: RecordBatch,
        context: DecodingContext
    ) throws(WardlineError) -> EventBatch {
        var events = EventBatch()
        var normalizer = try made(for: context)
        normalizer.prime(before, before: base, reference: context.reference)
        normalizer.decode(records, base: base, reference: context.reference, into: &events)
        if let files = context.decoders { normalizers[files] = normalizer } else { fallback = normalizer }
        return events
    }

    func object(of bytes: [UInt8]) -> JSONValue? { try? JSONValue(parsing: bytes.span) }

    private func made(for context: DecodingContext) throws(WardlineError) -> Normalizer {
        guard let files = context.decoders else { return try shipped() }
        return try normalizer(files)
    }

    private func normalizer(_ files: ActivatedFiles) throws(WardlineError) -> Normalizer {
        if let known = normalizers[files] { return known }
        var loaded: [DecoderLoader.File] = []
        for file in try files.files({ hash throws(WardlineError) in try store.set(hash) }) {
            loaded.append(DecoderLoader.File(name: file.name, bytes: try store.set(file.sha256)))
        }
        return Normalizer(decoders: DecoderLoader.load(loaded).decoders, siteKey: siteKey)
    }

    private func shipped() throws(WardlineError) -> Normalizer {
        if let fallback { return fallback }
        let set = try Content.decoders(folder: nil, environment: environment, isQuiet: true)
        return Normalizer(decoders: set, siteKey: siteKey)
    }
}
