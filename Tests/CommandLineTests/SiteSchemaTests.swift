// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Foundation
import Testing
import WireFormats

/// The site files of the shipped stories against the schemas of site files.
@Suite struct SiteSchemaTests {
    private func schema(_ name: String) throws -> OutputSchema {
        OutputSchema(try JSONValue(parsing: try text("schemas/site/\(name)-v1.schema.json")))
    }

    private func text(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

    private func rows(_ path: String) throws -> [JSONValue] {
        let lines = try text(path).split(separator: "\n").map {
            $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        }
        let header = try #require(lines.first)
        return lines.dropFirst().map { cells in
            .object(zip(header, cells).map { JSONValue.Member($0, .text($1)) })
        }
    }

    @Test(arguments: ["assets", "bindings", "approved"]) func `the rows of a table fit their schema`(
        name: String
    ) throws {
        let schema = try schema(name)
        let rows = try rows("replay/vendor-session/site/\(name).csv")
        #expect(rows.count >= 6)
        for row in rows { #expect(schema.faults(row) == []) }
        // A row without what it must have is a fault: the check can fail.
        #expect(schema.faults(.object([.init("why", .text("x"))])) != [])
    }

    @Test func `zones and changes fit their schemas`() throws {
        let zones = try JSONValue(parsing: try text("replay/vendor-session/site/zones.json"))
        #expect(try schema("zones").faults(zones) == [])
        let changes = try schema("changes")
        for line in try text("replay/vendor-session/site/changes.jsonl").split(separator: "\n") {
            #expect(changes.faults(try JSONValue(parsing: String(line))) == [])
        }
        #expect(changes.faults(.object([.init("change", .text("C1"))])) != [])
    }
}
