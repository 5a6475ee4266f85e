// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Foundation
import Normalization
import SiteFiles

/// The shipped decoder files and ways to run lines through them.
enum DecoderFixtures {
    /// The package root, found from this file.
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// The conformance folder; nil when it is absent.
    static let conformance: URL? = {
        let path = ProcessInfo.processInfo.environment["WARDLINE_CONFORMANCE"]
        let url = path.map { URL(fileURLWithPath: $0) } ?? root.appending(path: "../shared/conformance")
        return FileManager.default.fileExists(atPath: url.path) ? url : nil
    }()

    /// The shipped decoder files.
    static let shipped: [DecoderLoader.File] = {
        let folder = root.appending(path: "decoders")
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.filter { $0.hasSuffix(DecoderLoader.fileSuffix) }.sorted().compactMap { name in
            FileManager.default.contents(atPath: folder.appending(path: name).path).map {
                DecoderLoader.File(name: name, bytes: Array($0))
            }
        }
    }()

    /// The shipped decoders, loaded once.
    static let loaded = DecoderLoader.load(shipped)

    static let key = SiteKey(id: "test", secret: Array("secret".utf8))

    /// The events of `lines`, decoded by `decoders` as an import with a reference late in 2026.
    static func decode(_ lines: [[UInt8]], by decoders: DecoderSet = loaded.decoders) -> EventBatch {
        var normalizer = Normalizer(decoders: decoders, siteKey: key)
        return decode(lines, &normalizer)
    }

    static func decode(_ lines: [[UInt8]], _ normalizer: inout Normalizer) -> EventBatch {
        var records = RecordBatch()
        let origin = records.index(of: Origin(listener: "test", transport: .file))
        for line in lines {
            records.append(line, kind: .device, flags: .imported, origin: origin, receiveTime: .absent)
        }
        var events = EventBatch()
        let reference = CivilTime(year: 2026, month: 12, day: 1).utc()
        normalizer.decode(records, base: .zero, reference: reference, into: &events)
        return events
    }

    /// The events of one line.
    static func decode(_ line: String) -> EventBatch { decode([Array(line.utf8)]) }

    /// The lines of a conformance file, without empty ones.
    static func lines(_ path: String) -> [[UInt8]] {
        guard
            let data = conformance.flatMap({
                FileManager.default.contents(atPath: $0.appending(path: path).path)
            })
        else { return [] }
        return data.split(separator: 0x0a).map(Array.init)
    }

    /// A loader file from text.
    static func file(_ text: String, name: String = "x.decoder.yaml") -> DecoderLoader.File {
        DecoderLoader.File(name: name, bytes: Array(text.utf8))
    }
}
