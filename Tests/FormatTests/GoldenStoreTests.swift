// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Platform
import SimulationKit
import Testing

@testable import SegmentLog

/// The stores under `versions/`.
private let versions = parentPath(#filePath) + "/versions"

@Suite struct GoldenStoreTests {
    /// Every store that is kept; one without an expectation, or the other way round, is a fault.
    private static let names: [String] = {
        let names = (try? POSIXStorage().list(versions)) ?? []
        return names.filter { !$0.hasSuffix(".md") }
    }()

    @Test func `a store of every form that ever was written is kept`() {
        let forms = GoldenStores.Form.allCases.map(\.rawValue)
        #expect(Set(GoldenStoreTests.names).isSuperset(of: forms + ["v1", "events-v1"]))
    }

    @Test(arguments: GoldenStoreTests.names)
    func `a kept store is read whole: every record, every event, and it verifies`(_ name: String) throws {
        guard name != "v1" else { return }  // Its columns are no events: `FormatTests` reads it.
        let path = versions + "/" + name
        let expected = try POSIXStorage().readFile(path + "/expected.txt")
        let found = try GoldenStores.description(storage: POSIXStorage(), path: path)
        #expect(found == String(decoding: expected, as: UTF8.self))
    }

    @Test(arguments: GoldenStores.Form.allCases)
    func `a kept store has the encodings that it is named by`(_ form: GoldenStores.Form) throws {
        let path = versions + "/" + form.rawValue
        let reader = try LogReader.open(storage: POSIXStorage(), path: path, stream: "records")
        let header = try #require(reader.parts.first?.header)
        let encodings = header.chunks.map(\.encoding)
        switch form {
        case .rows: #expect(encodings == [1, 2])
        case .recordColumns: #expect(encodings == [3, 2])
        case .containers:
            #expect(encodings == [3, 4, 6, 7, 5])
            #expect(reader.parts[1].header?.chunks.map(\.encoding).contains(9) == true)
        case .removed: #expect(encodings == [3, 4, 6, 7, 8, 5])
        case .schema2: #expect(reader.parts.compactMap { reader.eventSchema($0) } == [2, 2, 2, 2])
        }
    }

    @Test(arguments: GoldenStores.Form.allCases)
    func `a store that is written now holds what the kept one of its form holds`(
        _ form: GoldenStores.Form
    )
        throws
    {
        let storage = RecordingStorage()
        try GoldenStores.write(form, storage: storage, path: "store")
        let expected = try POSIXStorage().readFile(versions + "/" + form.rawValue + "/expected.txt")
        let found = try GoldenStores.description(storage: storage, path: "store")
        #expect(found == String(decoding: expected, as: UTF8.self))
    }

    @Test func `one flipped byte of a kept store is noticed`() throws {
        let path = versions + "/columns-v3"
        let whole = try GoldenStores.description(storage: POSIXStorage(), path: path)
        let name = "/records/00000000000000000000.seg"
        var bytes = try POSIXStorage().readFile(path + name)
        bytes[bytes.count / 2] ^= 1
        let storage = RecordingStorage(files: ["store" + name: bytes])
        let found = try? GoldenStores.description(storage: storage, path: "store")
        #expect(found != whole)
    }

    @Test func `events that were stored in version 1 are read in today's version`() throws {
        let reader = try LogReader.open(
            storage: POSIXStorage(),
            path: versions + "/events-v1",
            stream: "records"
        )
        let part = try #require(reader.parts.first { reader.eventSchema($0) != nil })
        #expect(reader.eventSchema(part) == 1)
        let events = try #require(try reader.stored(part).events)
        let said = events.events.indices.map { index in
            events.fields(of: index).map { entry in
                events.name(of: entry.field) + "="
                    + String(decoding: events.bytes[entry.range], as: UTF8.self)
            }
        }
        try #require(said.count == 6)
        // A name in clear that a body had called a token; it stays in the record alone.
        #expect(!said.joined().contains { $0.contains("Mueller") || $0.hasPrefix("ext.patient.token=M") })
        #expect(said[1].contains("ext.patient.token=1cb0d705636c6fdebeffb160d2d75a6e"))
        #expect(said[2].contains("ext.claimed.source.kind=firewall"))
        #expect(!said[2].contains("ext.source.kind=firewall"))
        #expect(said[3].contains("ext.claimed.records=see appendix"))
        // What a decoder said of its product stays.
        #expect(said[5].contains("ext.source.kind=firewall"))
        let raw = try reader.records(part)
        #expect(String(decoding: raw.payload(5), as: UTF8.self).contains("Mueller, Anna 1961"))
    }

    /// Writes the store of each form that is not kept yet, and what a kept store without an expectation
    /// holds; does nothing unless asked to.
    @Test(.enabled(if: environmentValue("WARDLINE_MAKE_GOLDEN") != nil))
    func `stores that are not kept yet are written`() throws {
        let storage = POSIXStorage()
        for form in GoldenStores.Form.allCases {
            let path = versions + "/" + form.rawValue
            guard try !storage.exists(path) else { continue }
            try storage.makeDirectories(path)
            try GoldenStores.write(form, storage: storage, path: path)
        }
        for name in GoldenStoreTests.names + GoldenStores.Form.allCases.map(\.rawValue) where name != "v1" {
            let path = versions + "/" + name
            guard try !storage.exists(path + "/expected.txt") else { continue }
            let text = try GoldenStores.description(storage: storage, path: path)
            try storage.writeAtomically(Array(text.utf8), to: path + "/expected.txt")
        }
    }
}
