// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

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
        #expect(Set(GoldenStoreTests.names).isSuperset(of: forms + ["v1"]))
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

    /// Writes the store of each form that is not kept yet; does nothing unless asked to.
    @Test(.enabled(if: environmentValue("WARDLINE_MAKE_GOLDEN") != nil))
    func `stores that are not kept yet are written`() throws {
        let storage = POSIXStorage()
        for form in GoldenStores.Form.allCases {
            let path = versions + "/" + form.rawValue
            guard try !storage.exists(path) else { continue }
            try storage.makeDirectories(path)
            try GoldenStores.write(form, storage: storage, path: path)
            let text = try GoldenStores.description(storage: storage, path: path)
            try storage.writeAtomically(Array(text.utf8), to: path + "/expected.txt")
        }
    }
}
