// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Foundation
import Normalization
import SiteFiles
import Testing

/// Every line of `conformance/sources` and every expectation beside them.
///
/// `WARDLINE_SOURCE_REPORT=FILE` writes what is unclassed and unmet there, file by file.
@Suite(.enabled(if: DecoderFixtures.conformance != nil, "the conformance folder is absent"))
struct SourceAssertionTests {
    /// What a file may fall short of, and why: a row of `sources/lines.tsv`; files without a row in nothing.
    struct Allowance {
        var unmet = 0
        var unclassed = 0
        /// Not lines that anything sends: a report or a listing as a whole.
        var isDocument = false
    }

    private static let folder = DecoderFixtures.root.appending(path: "Tests/SiteFilesTests/sources")

    private static func text(_ name: String) -> String {
        (try? String(contentsOf: folder.appending(path: name), encoding: .utf8)) ?? ""
    }

    static let table = SourceAssertionTable(text("assertions.tsv"))

    static let allowances: [String: Allowance] = {
        var rows: [String: Allowance] = [:]
        for line in text("lines.tsv").split(separator: "\n") where !line.hasPrefix("#") {
            let cells = line.split(separator: "\t").map(String.init)
            guard cells.count == 4 else { continue }
            var row = Allowance(unmet: Int(cells[1]) ?? 0, unclassed: Int(cells[2]) ?? 0)
            row.isDocument = cells[2] == "-"
            rows[cells[0]] = row
        }
        return rows
    }()

    static let paths: [String] = {
        guard let root = DecoderFixtures.conformance?.appending(path: "sources").path else { return [] }
        let names = (try? FileManager.default.subpathsOfDirectory(atPath: root)) ?? []
        return names.filter { name in
            let isLines = name.contains(".") && !name.hasSuffix(".assert") && !name.hasSuffix(".md")
            return isLines || name.hasSuffix("secure") || name.hasSuffix("-syslog")
        }.sorted()
    }()

    static let reports: [SourceReport] = {
        let lines = paths.filter { allowances[$0]?.isDocument != true }
        let reports = lines.map { SourceReport("sources/" + $0, table) }
        if let target = ProcessInfo.processInfo.environment["WARDLINE_SOURCE_REPORT"] {
            try? Data(reports.map(\.text).joined().utf8).write(to: URL(fileURLWithPath: target))
        }
        return reports
    }()

    @Test(arguments: reports)
    func `a file of lines is classed and its expectations are met`(report: SourceReport) {
        let allowance = SourceAssertionTests.allowances[String(report.path.dropFirst(8))] ?? Allowance()
        #expect(report.lineCount > 0)
        #expect(report.unclassed.count <= allowance.unclassed, "\(report.unclassed.prefix(5))")
        #expect(report.unmet.count <= allowance.unmet, "\(report.unmet.prefix(5))")
    }

    @Test func `the table knows every name`() {
        var unknown: Set<String> = []
        for report in SourceAssertionTests.reports { unknown.formUnion(report.unknownNames) }
        #expect(unknown.isEmpty)
    }

    @Test func `of all lines and expectations nearly all are classed and met`() {
        let reports = SourceAssertionTests.reports
        let lines = reports.reduce(0) { $0 + $1.lineCount }
        let unclassed = reports.reduce(0) { $0 + $1.unclassed.count }
        let mapped = reports.reduce(0) { $0 + $1.mappedCount }
        let unmet = reports.reduce(0) { $0 + $1.unmet.count }
        #expect(mapped > 6_000 && lines > 3_500)
        #expect(
            unclassed * 100 <= lines * SourceAssertionTests.unclassedMaxPercent,
            "\(unclassed) of \(lines)"
        )
        #expect(unmet * 100 <= mapped * SourceAssertionTests.unmetMaxPercent, "\(unmet) of \(mapped)")
    }

    private static let unclassedMaxPercent = 3
    private static let unmetMaxPercent = 4

    @Test func `an expectation that does not hold is found unmet`() throws {
        // The mutant beside the harness above: a wrong user in one expectation of each kind must show.
        let events = DecoderFixtures.decode(
            "<38>Oct  5 04:00:00 h9 sshd[7]: Invalid user zoe from 10.9.0.7 port 22"
        )
        let event = SourceEvent(events, 0)
        #expect(event.has("user.name", "zoe", dropped: 0))
        #expect(event.has("*", "10.9.0.7", dropped: 0))
        #expect(event.has("time", "Oct  5 04:00:00", dropped: 0))
        #expect(!event.has("user.name", "zo", dropped: 0))
        #expect(!event.has("*", "10.9.0.8", dropped: 0))
        #expect(!event.has("src.ip", "nobody", dropped: 0))
        #expect(!event.has("time", "Oct  5 04:00:01", dropped: 0))
        #expect(!event.has("time", "-10-05T04:00:01Z", dropped: 4))
        let line = #"results["s01-parse"]["a/b"][3].Evt.Meta["user"] == "z\"e""#
        let assertion = try #require(SourceAssertion(line[...]))
        #expect(assertion.name == "Meta.user" && assertion.value == #"z"e"# && assertion.subject.index == 3)
    }
}

extension SourceReport: CustomTestStringConvertible {
    var testDescription: String { path }

    /// The report as text: one line of figures, then what falls short.
    var text: String {
        let met = mappedCount - unmet.count
        let head = "\(path)\tclassed \(lineCount - unclassed.count)/\(lineCount)\tmet \(met)/\(mappedCount)\n"
        return head + unclassed.map { "  unclassed\t\($0.prefix(400))\n" }.joined()
            + unmet.map { "  unmet\t\($0.prefix(400))\n" }.joined()
    }
}
