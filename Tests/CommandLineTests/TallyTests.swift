// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Foundation
import Pipeline
import Platform
import QueryEngine
import SegmentLog
import Testing

@testable import wardline

/// The parts of a store; counts those that gave columns, or lets none do so.
private final class CountedParts: PartSource {
    private let inner: any PartSource
    private let hasColumns: Bool
    var columnCount = 0

    init(_ inner: any PartSource, hasColumns: Bool) {
        self.inner = inner
        self.hasColumns = hasColumns
    }

    func parts() throws(WardlineError) -> [StoredPart] { try inner.parts() }

    func load(_ part: StoredPart, where condition: RowCondition) throws(WardlineError) -> LoadedPart {
        try inner.load(part, where: condition)
    }

    func read(
        _ part: StoredPart,
        _ wish: EventValues.Wish,
        where condition: RowCondition,
        into values: inout EventValues
    ) throws(WardlineError) -> PartColumns {
        guard hasColumns else { return .whole }
        let found = try inner.read(part, wish, where: condition, into: &values)
        if case .read = found { columnCount += 1 }
        return found
    }
}

/// Counts by columns are those by whole events.
@Suite(.enabled(if: BuiltCommand.path != nil, "the command was not built beside the tests"))
struct TallyTests {
    /// Lines enough for blocks whose events are stored as columns by themselves.
    private static let lines = (0..<2_400).map { number in
        let (user, host) = (["ada", "eve", "m.weber"][number % 3], "ward\(number % 7)")
        let stamp = "2026-09-14T0\(number / 400):\(10 + number / 40 % 50):\(10 + number % 40)Z"
        let address = "10.\(number % 5).2.\(number % 200)"
        switch number % 4 {
        case 0:
            return
                "<38>1 \(stamp) \(host) sshd 4 - - Accepted password for \(user) from \(address) port 4 ssh2"
        case 1:
            return "<38>1 \(stamp) \(host) sshd 4 - - Failed password for \(user) from \(address) port 4 ssh2"
        case 2:
            return
                "<134>1 \(stamp) fw - - - - %ASA-4-106023: Deny tcp src in:\(address)/4 dst out:10.9.9.9/22 "
                + "by access-group \"a\" [0x0, 0x0]"
        default:
            return
                "<13>1 \(stamp) \(host) app - - - {\"user\":\"\(user)\",\"ip\":\"\(address)\","
                + "\"tags\":[\"a\",\"b\"],\"n\":\(number)}"
        }
    }

    /// A store with these lines and those of the stories, in blocks.
    private static func withStore(_ body: (StoreReader) throws -> Void) throws {
        try RulesMatchTests.inFolder(["many.log": lines.joined(separator: "\n") + "\n"]) { folder in
            let stories = try FileManager.default.contentsOfDirectory(atPath: "replay").sorted()
            let files = stories.map { "replay/\($0)/input.rec.jsonl" }.filter {
                FileManager.default.fileExists(atPath: $0)
            }
            try #require(files.count > 3)
            let store = folder + "/store"
            let taken = try BuiltCommand.run(
                ["ingest", "--quiet", "--store", store, folder + "/many.log"] + files
            )
            try #require(taken.status == 0, "\(taken.errors)")
            let compacted = try BuiltCommand.run(["store", "compact", "--store", store])
            try #require(compacted.status == 0, "\(compacted.errors)")
            try body(try StoreReader(path: store))
        }
    }

    private static func counts(
        _ field: String,
        _ selection: EventSelection,
        _ source: CountedParts
    ) throws -> (values: [String: Int64], matchCount: Int) {
        var scan = EventScan(selection, in: source)
        var counts: [String: Int64] = [:]
        try scan.tally(TallyInterest(fieldNamed: field)) { batch, index, times in
            for value in UniqueValues.of(field, batch, index, nil) { counts[value, default: 0] += times }
        }
        return (counts, scan.statistics.matchCount)
    }

    @Test func `each field has the same values as often, by columns and by whole events`() throws {
        try Self.withStore { reader in
            let key = StoreKey.reading(StorePaths(reader.path), storage: POSIXStorage())
            let decoder = StoreDecoder(reader, environment: ProcessInfo.processInfo.environment, siteKey: key)
            let inner = try reader.partSource(decoder: decoder)
            let (columns, whole) = (
                CountedParts(inner, hasColumns: true), CountedParts(inner, hasColumns: false)
            )
            let now = UTCTime(nanoseconds: 1_790_000_000_000_000_000)
            let names =
                FieldID.knownNames + [
                    "class", "action", "outcome", "severity", "decoder", "issue", "flag", "app",
                ]
            var times: [UTCTime] = []
            var all = EventScan(EventSelection(query: try Query("", context: .init(now: now))), in: whole)
            try all.run { loaded, index in
                times.append(loaded.events.events[index].time)
                return true
            }
            var different = 0
            for text in ["", "class:access", "not (outcome:failure or severity:info)", "decoder:*ssh*"] {
                var selection = EventSelection(query: try Query(text, context: .init(now: now)))
                for isCut in [false, true] {
                    selection.since = isCut ? times[times.count / 2] : nil
                    for name in names {
                        let found = try Self.counts(name, selection, columns)
                        let wanted = try Self.counts(name, selection, whole)
                        #expect(found.values == wanted.values, "\(name) of `\(text)`")
                        #expect(found.matchCount == wanted.matchCount, "\(name) of `\(text)`")
                        if wanted.values.count > 1 { different += 1 }
                    }
                }
            }
            #expect(different > 40)
            #expect(columns.columnCount > 40, "columns were read")
        }
    }
}
