// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Ingest
import Pipeline
import Platform
import Testing
import WireFormats

@Suite struct FileImportTests {
    private func importer(_ store: StoreFixture) -> FileImport {
        FileImport(engine: store.engine, storePath: store.path)
    }

    @Test func `a file is imported line by line, once`() throws {
        let store = try StoreFixture()
        let path = try store.write(Array("first\r\n\n  second\nlast".utf8), to: "input.log")
        let time = UTCTime(nanoseconds: 1_000_000_000)
        let report = try importer(store).run(ImportRequest(path: path, referenceTime: time))
        #expect(report.added == 3)
        #expect(report.referenceSource == "flag")
        let again = try importer(store).run(ImportRequest(path: path))
        #expect(again.wasComplete)
        #expect(again.added == 0)
        #expect(again.skipped == 3)
        // The content decides, not the name.
        let copy = try store.write(Array("first\r\n\n  second\nlast".utf8), to: "copy.log")
        #expect(try importer(store).run(ImportRequest(path: copy)).wasComplete)
        try store.engine.stop()
        let stored = try store.stored()
        #expect(stored.map(\.text) == ["first", "  second", "last"])
        #expect(stored.allSatisfy { $0.row.flags == .imported && !$0.row.receiveTime.isPresent })
        let begins = try store.stored(.importBegin).compactMap { try? JSONValue(parsing: $0.text) }
        #expect(begins.count == 1)
        #expect(begins.first?["reference_time"]?.text == "1970-01-01T00:00:01Z")
        #expect(try store.stored(.importEnd).count == 1)
    }

    @Test func `a document is one record with all its lines, cut at its bound`() throws {
        let store = try StoreFixture()
        let text = "<a>\r\n\n  <b/>\n</a>\n"
        let bound = ImportFormat.documentSizeMaxBytes
        let long = [UInt8](repeating: 0x78, count: bound + 1)
        for (name, bytes) in [("report.xml", Array(text.utf8)), ("long.csv", long), ("empty.csv", [])] {
            var request = ImportRequest(path: try store.write(bytes, to: name))
            request.format = .document
            let report = try importer(store).run(request)
            #expect(report.added == (bytes.isEmpty ? 0 : 1))
            #expect(report.truncated == (bytes.count > bound ? 1 : 0))
        }
        try store.engine.stop()
        let stored = try store.stored()
        #expect(stored.first?.text == text && stored.count == 2)
        #expect(stored.last?.row.range.count == bound && stored.last?.row.originalLength == bound + 1)
    }

    @Test func `the reference time is that of the file unless it is given`() throws {
        let store = try StoreFixture()
        let path = try store.write(Array("x\n".utf8), to: "input.log")
        let report = try importer(store).run(ImportRequest(path: path))
        #expect(report.referenceSource == "mtime")
        #expect(report.referenceTime == (try POSIXStorage().changeTime(path)))
        try store.engine.stop()
    }

    @Test func `an import that was cut off goes on where it ended`() throws {
        let store = try StoreFixture()
        let lines = (0..<5_000).map { "line \($0)" }
        let path = try store.write(Array(lines.joined(separator: "\n").utf8), to: "input.log")
        // The first thousand records of the file, as an import leaves them that a kill ended.
        let sha256 = try importer(store).run(
            ImportRequest(path: try store.write(Array("other\n".utf8), to: "other.log"))
        ).sha256
        #expect(!sha256.isEmpty)
        let whole = try probe(path)
        #expect(
            store.engine.intake.put(
                ImportFacts.begin(
                    file: path,
                    sha256: whole,
                    bytes: 1,
                    referenceTime: UTCTime(nanoseconds: 0),
                    referenceSource: "flag",
                    resumed: 0,
                    at: .absent
                )
            )
        )
        var batch = RecordBatch()
        let origin = batch.index(of: Origin(listener: path, transport: .file))
        for line in lines.prefix(1_000) {
            batch.append(
                Array(line.utf8),
                kind: .device,
                flags: .imported,
                origin: origin,
                receiveTime: .absent
            )
        }
        #expect(store.engine.intake.put(batch))
        _ = try store.engine.synchronise()
        store.engine.abandon()

        let next = try StoreFixture(at: store.path)
        let report = try importer(next).run(ImportRequest(path: path))
        #expect(report.skipped == 1_000)
        #expect(report.added == 4_000)
        #expect(try importer(next).run(ImportRequest(path: path)).wasComplete)
        try next.engine.stop()
        #expect(try next.stored().filter { $0.origin.listener == path }.map(\.text) == lines)
    }

    /// The hash that an import of the file has, from an import into another store.
    private func probe(_ path: String) throws -> String {
        let store = try StoreFixture()
        defer { store.engine.abandon() }
        return try importer(store).run(ImportRequest(path: path)).sha256
    }

    /// `printf "one\ntwo\n" | gzip -n`: one member.
    static let member: [UInt8] = [
        0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0xcb, 0xcf, 0x4b, 0xe5, 0x2a, 0x29, 0xcf,
        0xe7,
        0x02, 0x00, 0xe6, 0x0b, 0xba, 0x12, 0x08, 0x00, 0x00, 0x00,
    ]

    @Test func `gzip members after another are one file`() throws {
        let store = try StoreFixture()
        let path = try store.write(FileImportTests.member + FileImportTests.member, to: "input.log.gz")
        let report = try importer(store).run(ImportRequest(path: path))
        #expect(report.added == 4)
        try store.engine.stop()
        #expect(try store.stored().map(\.text) == ["one", "two", "one", "two"])
    }

    @Test func `a gzip file that was cut keeps what it gives and says so`() throws {
        let store = try StoreFixture()
        let path = try store.write(Array(FileImportTests.member.dropLast(6)), to: "input.log.gz")
        let error = try #require(throws: WardlineError.self) {
            try importer(store).run(ImportRequest(path: path))
        }
        #expect(error.code == .input)
        #expect(error.location == path)
        try store.engine.stop()
        #expect(try store.stored().map(\.text) == ["one", "two"])
        #expect(try store.stored(.importEnd).isEmpty)
    }

    @Test func `records with claims keep text, claimed time and peer`() throws {
        let store = try StoreFixture()
        let text = """
            {"received":"2026-01-02T03:04:05.5+01:00","peer":"192.0.2.7","line":"<1>a\\nb"}
            plain

            """
        let path = try store.write(Array(text.utf8), to: "input.rec.jsonl")
        let report = try importer(store).run(ImportRequest(path: path))
        #expect(report.malformed == 1)
        try store.engine.stop()
        let stored = try store.stored()
        #expect(stored.map(\.text) == ["<1>a\nb", "plain"])
        #expect(stored[0].row.flags == [.imported, .claimedReceiveTime])
        #expect(stored[0].row.receiveTime.description.hasPrefix("2026-01-02T02:04:05.5"))
        #expect(stored[0].origin.peer == IPAddress("192.0.2.7"))
        #expect(stored[1].row.flags == [.imported, .unreadableClaim])
    }

    @Test(
        arguments: [
            (#"{"line":"a"}"#, "a", "-", nil, false),
            (#"{"received":null,"peer":null,"line":"a"}"#, "a", "-", nil, false),
            (#"{"line":"é\u0000😀","x":[1]}"#, "é\u{0}😀", "-", nil, false),
            (#"{"received":"2026-01-02 03:04:05Z","line":"a"}"#, "a", "2026-01-02T03:04:05Z", nil, false),
            (#"{"received":"2026-01-02","peer":"2001:db8::1","line":"a"}"#, "a", "-", "2001:db8::1", true),
            (#"{"received":17,"line":"a"}"#, "a", "-", nil, true),
            (#"{"peer":"host.example","line":"a"}"#, "a", "-", nil, true),
            (#"{"text":"a"}"#, #"{"text":"a"}"#, "-", nil, true), (#"["a"]"#, #"["a"]"#, "-", nil, true),
            (#"{"line":7,"line":"a"}"#, #"{"line":7,"line":"a"}"#, "-", nil, true),
            (#"{"line":"cut"#, #"{"line":"cut"#, "-", nil, true),
            (#"{"line":["a"]}"#, #"{"line":["a"]}"#, "-", nil, true),
        ] as [(String, String, String, String?, Bool)]
    )
    func `a line of claims is a record whatever it holds`(
        line: String,
        text: String,
        time: String,
        peer: String?,
        isMalformed: Bool
    ) throws {
        let store = try StoreFixture()
        let path = try store.write(Array(line.utf8), to: "input.rec.jsonl")
        let report = try importer(store).run(ImportRequest(path: path))
        #expect(report.added == 1)
        #expect(report.malformed == (isMalformed ? 1 : 0))
        try store.engine.stop()
        let stored = try store.stored()
        #expect(stored.map(\.text) == [text])
        let row = try #require(stored.first?.row)
        #expect(row.receiveTime.description == time)
        #expect(row.flags.contains(.claimedReceiveTime) == (time != "-"))
        #expect(row.flags.contains(.unreadableClaim) == isMalformed)
        #expect(stored.first?.origin.peer == peer.flatMap { IPAddress($0) })
    }

    @Test func `files of one call are one import, which the last of them ends`() throws {
        let store = try StoreFixture()
        let names = ["one", "two", "three"]
        let paths = try names.map { try store.write(Array("\($0)\n".utf8), to: "\($0).log") }
        let old = try importer(store).run(ImportRequest(path: paths[2]))
        #expect(old.added == 1)
        // The last two bring nothing new: a content that the log has, and one that the call has.
        let twice = paths + [paths[0]]
        let reports = try importer(store).run(twice.map { ImportRequest(path: $0) })
        #expect(reports.map(\.added) == [1, 1, 0, 0])
        #expect(reports.map(\.wasComplete) == [false, false, true, true])
        try store.engine.stop()
        #expect(try store.stored().map(\.text) == ["three", "one", "two"])
        let ends = try store.stored(.importEnd).map { try JSONValue(parsing: $0.text)["more"]?.bool }
        #expect(ends == [nil, true, nil])
    }

    @Test func `a name that is wrong stops a call before it stores anything`() throws {
        let store = try StoreFixture()
        let path = try store.write(Array("x\n".utf8), to: "input.log")
        #expect(throws: WardlineError.self) {
            try importer(store).run([ImportRequest(path: path), ImportRequest(path: store.path + "/absent")])
        }
        try store.engine.stop()
        #expect(try store.stored().isEmpty)
        #expect(try store.stored(.importBegin).isEmpty)
    }

    @Test func `a file that is not there is an input error with its name`() throws {
        let store = try StoreFixture()
        let error = try #require(throws: WardlineError.self) {
            try importer(store).run(ImportRequest(path: store.path + "/absent.log"))
        }
        #expect(error.code == .input)
        #expect(error.location.hasSuffix("absent.log"))
        try store.engine.stop()
    }
}
